"""Prove that archives laid out to share blocks, with filler before large layers, are read by every engine."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from .sample import NAME, greeting, host_platform
from .test_filtered_archives import HOST, OCITOOL, PAIR, Contents
from .test_filtered_elsewhere import FAMILIAR_NAME, copied_digest

if TYPE_CHECKING:
    from pathlib import Path

    from .containerd import ContainerdServer
    from .docker import DockerServer
    from .podman import Podman
    from .program import Program


def shifted(archive: Path, by: int) -> bytes:
    """Return an archive with another file of ``by`` bytes before everything in it."""
    info = tarfile.TarInfo("shift")
    info.size = by
    return info.tobuf(tarfile.USTAR_FORMAT) + bytes(by) + archive.read_bytes()


def aligned(export: Path, folder: Path, platforms: str) -> Path:
    """Filter an export, shifted until its layers do not stand where those of an output would without filler."""
    source, target = folder / "in.tar", folder / "out.tar"
    for by in (512, 1024):
        source.write_bytes(shifted(export, by))
        result = OCITOOL.run("filter", str(source), "-p", platforms, "--reflink", "auto", "-o", str(target))
        assert result.returncode == 0, result
        with tarfile.open(target) as entries:
            if any("comment" in entry.pax_headers for entry in entries):
                return target
    pytest.fail("no layer needs filler")


@pytest.fixture(scope="session")
def one(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the host platform with filler."""
    return aligned(export, tmp_path_factory.mktemp("one"), HOST)


@pytest.fixture(scope="session")
def two(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide two platforms with filler."""
    return aligned(export, tmp_path_factory.mktemp("two"), PAIR)


def test_ctr_imports_and_runs(containerd: ContainerdServer, one: Path) -> None:
    with containerd.namespace() as namespace:
        done = containerd.ctr("images", "import", str(one), namespace=namespace)
        assert done.returncode == 0, done.stderr
        assert containerd.images(namespace) == [NAME]
        ran = containerd.run_image(NAME, namespace=namespace)
        assert ran.stdout.strip() == greeting(host_platform()), ran.stderr


def test_docker_loads_and_runs(dockerd: DockerServer, one: Path) -> None:
    loaded = dockerd.docker("load", "--input", str(one))
    assert loaded.returncode == 0, loaded
    ran = dockerd.docker("run", "--rm", "--network=none", FAMILIAR_NAME)
    assert (ran.returncode, ran.stdout.strip()) == (0, greeting(host_platform())), ran


def test_podman_loads(podman: Podman, one: Path) -> None:
    loaded = podman.run("load", "--input", str(one))
    assert loaded.returncode == 0, loaded
    assert podman.images() == [NAME]


def test_skopeo_copies_all(skopeo: Program, two: Path, tmp_path: Path) -> None:
    copied = skopeo.run("copy", "--all", f"oci-archive:{two}", f"oci:{tmp_path / 'layout'}:1.0")
    assert copied.returncode == 0, copied
    assert copied_digest(tmp_path / "layout") == Contents(two).root["digest"]


def test_umoci_and_tar_read_it(umoci: Program, one: Path, tmp_path: Path) -> None:
    with tarfile.open(one) as entries:
        entries.extractall(tmp_path / "layout", filter="data")
    stat = umoci.run("stat", "--image", f"{tmp_path / 'layout'}:1.0", "--json")
    assert stat.returncode == 0, stat
    assert len(json.loads(stat.stdout)["history"]) == 2
