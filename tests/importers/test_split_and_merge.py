"""Prove on real engines that the parts of a split import alone, and that merged they are the image again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .sample import NAME, PLATFORMS, greeting, host_platform
from .test_filtered_archives import (
    FOREIGN,
    HOST,
    OCITOOL,
    Contents,
    Cutter,
    assert_runs,
    imported,
    is_ready,
    platform_text,
    recorded_digest,
    spelled,
    surviving_content,
)

if TYPE_CHECKING:
    from pathlib import Path

    from .containerd import ContainerdServer
    from .docker import DockerServer
    from .podman import Podman
    from .program import Program

FAMILIAR_NAME = "lab:1.0"


def file_name(platform: str) -> str:
    """Return what the part of a platform is called."""
    return f"image-{platform.removesuffix('/v8').replace('/', '-')}.tar"


def split(source: Path, folder: Path, *options: str) -> Path:
    """Split ``source`` into ``folder`` and return that."""
    result = OCITOOL.run("split", str(source), "-d", str(folder), *options)
    assert result.returncode == 0, result
    return folder


def merge(sources: list[Path], target: Path, *options: str) -> Path:
    """Merge ``sources`` into ``target`` and return that."""
    result = OCITOOL.run("merge", *map(str, sources), "-o", str(target), *options)
    assert result.returncode == 0, result
    return target


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cutter:
    """Provide the tool, with its outputs kept for the whole run."""
    return Cutter(tmp_path_factory.mktemp("cut"))


@pytest.fixture(scope="session")
def real_parts(containerd: ContainerdServer, real_export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the parts of what this containerd exports."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "image.tar").symlink_to(real_export)
    return split(folder / "image.tar", folder / containerd.version)


@pytest.fixture(scope="session")
def parts(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the parts of one export."""
    folder = tmp_path_factory.mktemp("parts")
    (folder / "image.tar").symlink_to(export)
    return split(folder / "image.tar", folder / "parts")


@pytest.fixture(scope="session")
def whole(parts: Path) -> Path:
    """Provide the parts, merged again."""
    return merge(sorted(parts.iterdir()), parts.parent / "whole.tar")


@pytest.mark.parametrize("platform", list(map(str, PLATFORMS)))
def test_every_part_imports_without_flags(
    containerd: ContainerdServer, real_export: Path, real_parts: Path, platform: str
) -> None:
    part = real_parts / file_name(platform)
    expected = Contents(real_export).image(platform)
    with containerd.namespace() as namespace:
        imported(containerd, namespace, part)
        assert is_ready(containerd, namespace)
        assert recorded_digest(containerd, namespace) == Contents(real_export).manifest(platform)["digest"]
        assert surviving_content(containerd, namespace) == expected
        if platform == HOST:
            assert_runs(containerd, namespace)


@pytest.mark.parametrize("flags", [(), ("--platform", HOST), ("--all-platforms", "--no-unpack")], ids=spelled)
def test_merged_parts_import_and_run(
    containerd: ContainerdServer, real_export: Path, real_parts: Path, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    whole = merge(sorted(real_parts.iterdir()), tmp_path / "whole.tar")
    children = {child["digest"]: platform_text(child) for child in Contents(whole).children()}
    assert children == {child["digest"]: platform_text(child) for child in Contents(real_export).children()}
    with containerd.namespace() as namespace:
        imported(containerd, namespace, whole, *flags)
        assert recorded_digest(containerd, namespace) == Contents(whole).root["digest"]
        if "--no-unpack" in flags:
            assert set(Contents(whole).blobs) <= surviving_content(containerd, namespace)
        assert_runs(containerd, namespace)


def test_parts_are_what_filter_writes(export: Path, parts: Path, cut: Cutter) -> None:
    assert {path.name for path in parts.iterdir()} == {file_name(str(platform)) for platform in PLATFORMS}
    for platform in map(str, PLATFORMS):
        assert (parts / file_name(platform)).read_bytes() == cut(export, platform).path.read_bytes()


def test_sparse_parts_merged_are_the_original_image(export: Path, cut: Cutter, tmp_path: Path) -> None:
    """Each lists platforms that only the other holds, as exports of one platform do."""
    pair = cut(export, f"{HOST},{FOREIGN}").path
    sparse = [cut(pair, platform, "--index", "keep").path for platform in (HOST, FOREIGN)]
    assert merge(sparse, tmp_path / "whole.tar").read_bytes() == pair.read_bytes()


def test_merged_archives_of_docker_import_and_run(
    containerd: ContainerdServer, skopeo: Program, parts: Path, tmp_path: Path
) -> None:
    """Docker's own form holds one platform; several of them make one image of several."""
    saved: list[Path] = []
    for platform in (HOST, FOREIGN):
        target = tmp_path / f"{platform.replace('/', '-')}.tar"
        result = skopeo.run(
            "copy", f"oci-archive:{parts / file_name(platform)}", f"docker-archive:{target}:{FAMILIAR_NAME}"
        )
        assert result.returncode == 0, result
        saved.append(target)
    whole = merge(saved, tmp_path / "whole.tar")
    assert [platform_text(child) for child in Contents(whole).children()] == [HOST, FOREIGN]
    with containerd.namespace() as namespace:
        imported(containerd, namespace, whole)
        assert is_ready(containerd, namespace)
        assert_runs(containerd, namespace)


def test_skopeo_reads_every_part_and_the_whole(
    skopeo: Program, export: Path, parts: Path, whole: Path, tmp_path: Path
) -> None:
    for platform in map(str, PLATFORMS):
        result = skopeo.run("inspect", "--raw", f"oci-archive:{parts / file_name(platform)}")
        document = json.loads(result.stdout)
        assert document == json.loads(Contents(export).blobs[Contents(export).manifest(platform)["digest"]])
    copied = skopeo.run("copy", "--all", f"oci-archive:{whole}", f"oci:{tmp_path / 'layout'}:1.0")
    assert copied.returncode == 0, copied


def test_podman_loads_a_part_and_the_whole(podman: Podman, parts: Path, whole: Path) -> None:
    for archive in (parts / file_name(HOST), whole):
        loaded = podman.run("load", "--input", str(archive))
        assert loaded.returncode == 0, loaded
        assert podman.images() == [NAME]
        (image,) = json.loads(podman.run("inspect", "--type", "image", NAME).stdout)
        assert image["Architecture"] == host_platform().architecture


def test_docker_loads_a_part_and_the_whole(dockerd: DockerServer, parts: Path, whole: Path) -> None:
    for archive in (parts / file_name(HOST), whole):
        loaded = dockerd.docker("load", "--input", str(archive))
        assert loaded.returncode == 0, loaded
        assert FAMILIAR_NAME in dockerd.images()
        ran = dockerd.docker("run", "--rm", "--network=none", FAMILIAR_NAME)
        assert (ran.returncode, ran.stdout.strip()) == (0, greeting(host_platform())), ran


def test_umoci_reads_a_part_written_as_a_folder(umoci: Program, export: Path, tmp_path: Path) -> None:
    split(export, tmp_path / "layouts", "--name-template", "{arch}{-variant}/")
    for platform in PLATFORMS:
        layout = tmp_path / "layouts" / platform_folder(str(platform))
        listed = umoci.run("ls", "--layout", str(layout))
        assert (listed.returncode, listed.stdout.split()) == (0, ["1.0"]), listed


def platform_folder(platform: str) -> str:
    """Return what the folder of a platform is called."""
    return platform.removesuffix("/v8").removeprefix("linux/").replace("/", "-")
