"""The README's recipes are run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import zstandard

from tests.builders import Layout, multi_platform
from tests.docker_archives import DockerArchive

README = (Path(__file__).resolve().parent.parent / "README.md").read_text()
EXAMPLES = sorted((Path(__file__).resolve().parent / "readme_examples").glob("*.py"))
PRINTED = {
    "filter_files": r"^\d+ bytes, \d+ manifests dropped\nsha256:\w+ is now sha256:\w+\n",
    "filter_in_memory": r"^\d+ bytes of \d+\n$",
    "handle_errors": r"^not in there: .*linux/riscv64.*\nusage 2 .*'arm46'",
    "inspect_images": r"^docker.io/library/lab:1.0\nlinux/amd64 \d+\n",
    "split_parts": r"^parts/image-linux-amd64.tar \d+ sha256:\w+ \['linux/amd64'\]\n",
    "verify_findings": r"error .*linux/s390x.*\n(.*\n)*do not ship it\n$",
    "watch_progress": r"^spooling\ndone\nfiltering\n(\d+ %\n)+saving\ndone\n$",
}
RECIPES = re.findall(r"<!-- recipe -->\n```console\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    layout = multi_platform(("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386"), attested=True)
    (tmp_path / "image.tar").write_bytes(layout.pack())
    for name, data in layout.entries().items():
        (tmp_path / "layout" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "layout" / name).write_bytes(data)
    labels = Layout()
    children = [labels.manifest(text) for text in ("linux/amd64", "linux/arm64", "linux/arm/v6")]
    children[1]["platform"] = {"os": "linux", "architecture": "amd64"}
    del children[0]["platform"], children[2]["platform"]["variant"]
    (tmp_path / "mislabelled.tar").write_bytes(labels.add(labels.index(children)).pack())
    signed = multi_platform()
    (index,) = signed.roots
    for number, subject in enumerate((index, signed.read(index)["manifests"][1])):
        tag = f"sha256-{subject['digest'][7:]}.sig"
        signed.add(signed.artifact(f"signature {number}"), f"docker.io/library/lab:{tag}")
    (tmp_path / "signed.tar").write_bytes(signed.pack())
    (tmp_path / "bundle.tar.zst").write_bytes(zstandard.compress(layout.pack()))
    (tmp_path / "yesterday.tar").write_bytes(layout.pack())
    (tmp_path / "today.tar").write_bytes(multi_platform(own="rebuilt {}".format, attested=True).pack())
    layout.drop(layout.read(layout.roots[0])["manifests"][1])
    (tmp_path / "sparse.tar").write_bytes(layout.pack())
    (tmp_path / "saved.tar").write_bytes(DockerArchive().image("lab:1.0").pack())
    for platform in ("linux/amd64", "linux/arm64"):
        archive = multi_platform((platform,)).pack()
        (tmp_path / f"{platform.removeprefix('linux/')}.tar").write_bytes(archive)
    bundle = Layout()
    for number in range(3):
        bundle.add(bundle.index([bundle.manifest(layers=(f"{number}",))]), f"docker.io/library/app{number}:1.0")
    (tmp_path / "bundle.tar").write_bytes(bundle.pack())
    (tmp_path / "deploy.sh").write_text("#!/bin/sh\nctr images import --local=true image.tar\n")
    (tmp_path / "images.txt").write_text("# all\napp0:1.0\ndocker.io/library/app1:1.0\napp2:1.0 # new\n")
    with zipfile.ZipFile(tmp_path / "delivery.zip", "w", zipfile.ZIP_DEFLATED) as delivery:
        delivery.write(tmp_path / "image.tar", "image.tar")
    return tmp_path


def test_there_are_recipes() -> None:
    assert len(RECIPES) >= 9


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda text: str(text).splitlines()[0])
def test_recipe_works(recipe: str, folder: Path) -> None:
    programs = Path(sys.executable).parent
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", recipe.replace("-p local", "-p linux/amd64")],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "DASK_TEMPORARY_DIRECTORY": str(folder),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout


def test_library_examples_are_the_files_that_are_checked() -> None:
    """Types and style of those in `tests/readme_examples` are held with all others."""
    shown = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert sorted(shown) == sorted(path.read_text() for path in EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_library_example_works(example: Path, folder: Path) -> None:
    result = subprocess.run([sys.executable, example], cwd=folder, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search(PRINTED[example.stem], result.stdout), result.stdout


@pytest.mark.parametrize(
    "extra", [(), ("--source", "image.tar", "--platform", "linux/386"), ("--source", "image.tar")]
)
def test_demo_runs(folder: Path, extra: tuple[str, ...]) -> None:
    root = str(Path(__file__).resolve().parent.parent)
    result = subprocess.run(
        [sys.executable, "-m", "tests.demo", *extra],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ctr images import demo/" in result.stdout
