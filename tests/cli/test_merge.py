"""What `merge` prints, writes and refuses, as its users see it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.builders import NAME, multi_platform
from tests.cli.test_schemas import check, check_error
from tests.command import ocitool
from tests.folders import files_of, names_in
from tests.laws.filtering import filtered, merged
from tests.laws.test_folder_laws import members

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "docker.io/library/other:2"


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """Provide one archive for each platform of an image."""
    done = ocitool(
        "split", "-", "-d", tmp_path, "--name-template", "{arch}{ext}", "-q", stdin=multi_platform().pack()
    )
    assert done.returncode == 0, done.stderr
    return [tmp_path / f"{name}.tar" for name in ("amd64", "arm64", "arm")]


@pytest.fixture
def whole(parts: list[Path]) -> bytes:
    return merged([path.read_bytes() for path in parts])


def merge(*arguments: str | Path, stdin: bytes | None = None) -> str:
    done = ocitool("merge", *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_report_and_archive(parts: list[Path], whole: bytes, tmp_path: Path) -> None:
    lines = merge(*parts, "-o", tmp_path / "image.tar").splitlines()
    assert [line.split()[:3] for line in lines[:3]] == [
        ["keep", platform, NAME] for platform in ("linux/amd64", "linux/arm64", "linux/arm/v7")
    ]
    assert lines[3].startswith(f"{NAME}: now sha256:")
    assert lines[3].endswith("(nested)")
    assert lines[4].startswith(f"wrote {tmp_path}/image.tar: 20.0 KiB of 33.0 KiB, 39 % less")
    assert (tmp_path / "image.tar").read_bytes() == whole


def test_order_is_that_of_the_command(parts: list[Path], tmp_path: Path) -> None:
    lines = merge(*reversed(parts), "-o", tmp_path / "image.tar").splitlines()
    assert [line.split()[1] for line in lines[:3]] == ["linux/arm/v7", "linux/arm64", "linux/amd64"]


def test_other_names_stand_side_by_side(parts: list[Path], tmp_path: Path) -> None:
    (tmp_path / "other.tar").write_bytes(multi_platform(("linux/amd64",), name=OTHER).pack())
    merge(*parts, tmp_path / "other.tar", "-o", tmp_path / "image.tar")
    listed = json.loads(ocitool("inspect", tmp_path / "image.tar", "--format", "json").stdout)
    assert [image["name"] for image in listed["images"]] == [NAME, OTHER]


def test_platforms_and_images_are_chosen_as_for_filter(parts: list[Path], tmp_path: Path) -> None:
    (tmp_path / "other.tar").write_bytes(multi_platform(("linux/amd64",), name=OTHER).pack())
    lines = merge(*parts, tmp_path / "other.tar", "--image", "lab", "-p", "linux/arm64", "-o", tmp_path / "one.tar")
    reasons = [line.split("  ")[-1].strip() for line in lines.splitlines() if line.startswith("drop")]
    assert sorted(reasons) == ["image not chosen by --image", "platform not selected", "platform not selected"]
    assert (tmp_path / "one.tar").read_bytes() == filtered(multi_platform().pack(), ["linux/arm64"])


def test_quiet_prints_nothing(parts: list[Path], tmp_path: Path) -> None:
    done = ocitool("merge", *parts, "-o", tmp_path / "image.tar", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_json_report(parts: list[Path], whole: bytes, tmp_path: Path) -> None:
    report = check("merge", merge(*parts, "-o", tmp_path / "image.tar", "--format", "json").encode())
    assert report["sources"] == [{"name": str(path), "size": path.stat().st_size} for path in parts]
    assert report["sourceSize"] == sum(path.stat().st_size for path in parts)
    assert report["outputSize"] == report["tarSize"] == len(whole)
    (image,) = report["images"]
    assert image["digest"] != image["originalDigest"]
    assert report["digestMap"] == {}


def test_dry_run_towards_a_folder_and_a_compressed_file(parts: list[Path], tmp_path: Path) -> None:
    plan = check("plan", merge(*parts, "-o", f"{tmp_path}/out/", "--dry-run", "--format", "json").encode())
    merge(*parts, "-o", f"{tmp_path}/out/")
    files = files_of(tmp_path / "out")
    (output,) = plan["outputs"]
    assert output["form"] == "folder"
    assert {step["file"]: step["size"] for step in output["steps"]} == {
        name: len(data) for name, data in files.items()
    }
    assert plan["bytesWritten"] == output["size"] == sum(map(len, files.values()))
    text = merge(*parts, "-o", tmp_path / "out.tar.gz", "--dry-run")
    assert "would write" in text
    assert text.count("20.0 KiB before compression") == 2


def test_dry_run(parts: list[Path], tmp_path: Path) -> None:
    before = names_in(tmp_path)
    plan = check("plan", merge(*parts, "-o", tmp_path / "image.tar", "--dry-run", "--format", "json").encode())
    assert [source["name"] for source in plan["sources"]] == list(map(str, parts))
    (output,) = plan["outputs"]
    assert sum(step["size"] for step in output["steps"]) == output["size"]
    assert {step["source"] for step in output["steps"] if "source" in step} == {0, 1, 2}
    text = merge(*parts, "-o", tmp_path / "image.tar", "--dry-run")
    assert f"would write {tmp_path}/image.tar: 20.0 KiB" in text
    assert names_in(tmp_path) == before


def test_a_pipe_in_and_out(parts: list[Path], whole: bytes) -> None:
    done = ocitool("merge", "-", *parts[1:], "-o", "-", "--format", "json", stdin=parts[0].read_bytes())
    assert done.stdout == whole
    report = check("merge", done.stderr)
    assert [source["name"] for source in report["sources"]] == ["standard input", *map(str, parts[1:])]


def test_a_folder_in_and_out(parts: list[Path], whole: bytes, tmp_path: Path) -> None:
    assert ocitool("filter", parts[1], "-p", "all", "-o", f"{tmp_path}/layout/").returncode == 0
    merge(parts[0], tmp_path / "layout", parts[2], "-o", f"{tmp_path}/out/")
    assert files_of(tmp_path / "out") == members(whole)[0]


@pytest.mark.parametrize("arguments", [["out.tar.gz"], ["out.bin", "--compress", "gzip:9"]])
def test_compression(parts: list[Path], whole: bytes, tmp_path: Path, arguments: list[str]) -> None:
    name, *more = arguments
    assert "unpacked 20.0 KiB" in merge(*parts, "-o", tmp_path / name, *more)
    assert gzip.decompress((tmp_path / name).read_bytes()) == whole


def test_digest_map(parts: list[Path], tmp_path: Path) -> None:
    merge(*parts, "-o", tmp_path / "image.tar", "--digest-map", tmp_path / "map.json")
    # The manifests are what they were; it is only the name that stands for something else.
    assert json.loads((tmp_path / "map.json").read_text()) == {}
    for place in (parts[1], tmp_path / "image.tar"):
        done = ocitool("merge", *parts, "-o", tmp_path / "image.tar", "--digest-map", place)
        assert done.returncode == 2
        assert b"--digest-map is the " in done.stderr


@pytest.mark.parametrize("mode", ["plain", "json", "none", "auto"])
def test_progress_modes(parts: list[Path], tmp_path: Path, mode: str) -> None:
    done = ocitool("merge", *parts, "-o", tmp_path / "image.tar", "-q", "--progress", mode)
    assert done.returncode == 0
    assert bool(done.stderr) == (mode in {"plain", "json"})
    if mode == "json":
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert [line["phase"] for line in lines if line["done"] == 0] == ["merging", "saving", "saving"]


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (["amd64.tar", "no.tar", "-o", "x.tar"], 3, "archive"),
        (["amd64.tar", "arm64.tar", "-p", "linux/s390x", "-o", "x.tar"], 4, "selection"),
        (["amd64.tar", "arm64.tar", "-o", "no/x.tar"], 6, "output"),
        (["-", "-", "-o", "x.tar"], 2, "usage"),
        (["amd64.tar"], 2, "usage"),
        (["-o", "x.tar"], 2, "usage"),
    ],
)
@pytest.mark.usefixtures("parts")
def test_errors_as_json(tmp_path: Path, arguments: list[str], code: int, kind: str) -> None:
    before = names_in(tmp_path)
    done = ocitool("merge", *arguments, "--format", "json", folder=tmp_path)
    check_error(done, kind, code)
    assert names_in(tmp_path) == before


def test_help() -> None:
    done = ocitool("merge", "-h")
    assert done.returncode == 0
    assert b"Usage: " in done.stdout
    assert b"Examples:" in done.stdout
    assert b"\x08" not in done.stdout
