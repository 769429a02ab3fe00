"""Prove that every engine runs here and reads what it is known to read."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from .availability import require
from .engines import TABLE, EngineRow, Engines
from .sample import NAME, PLATFORMS, greeting, host_platform

if TYPE_CHECKING:
    from pathlib import Path

    from .containerd import ContainerdServer
    from .docker import DockerServer
    from .podman import Podman
    from .program import Program

FAMILIAR_NAME = "lab:1.0"
HOST = host_platform()


def unpack_layout(archive: Path, target: Path) -> Path:
    """Write the files of an archive built here as an image layout folder."""
    with tarfile.open(archive) as entries:
        for entry in entries:
            content = entries.extractfile(entry)
            if content is not None:
                path = target / entry.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
    return target


def listed_platforms(archive: Path) -> list[str]:
    """Return the platforms that the index nested in ``archive`` lists."""
    with tarfile.open(archive) as entries:

        def load(name: str) -> list[dict[str, dict[str, str]]]:
            content = entries.extractfile(name)
            assert content is not None
            manifests: list[dict[str, dict[str, str]]] = json.load(content)["manifests"]
            return manifests

        top = str(load("index.json")[0]["digest"])
        nested = load(f"blobs/{top.replace(':', '/')}")
        keys = ("os", "architecture", "variant")
        return ["/".join(filter(None, map(entry["platform"].get, keys))) for entry in nested]


def blob_names(archive: Path) -> set[str]:
    """Return the names of the blobs in ``archive``."""
    with tarfile.open(archive) as entries:
        return {entry.name for entry in entries if entry.isfile() and "/sha256/" in entry.name}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.label)
def test_every_engine_is_had_in_its_series(engines: Engines, row: EngineRow) -> None:
    engine = require(engines, row.label)
    assert engine.version.startswith(row.series)
    assert set(engine.commands) == set(row.commands)


def test_containerd_answers_with_its_own_version(containerd: ContainerdServer) -> None:
    result = containerd.ctr("version")
    assert result.returncode == 0, result.stderr
    client, _, server = result.stdout.partition("Server:")
    assert containerd.version in client
    assert containerd.version in server


def test_export_holds_every_platform(real_export: Path) -> None:
    assert listed_platforms(real_export) == [str(platform) for platform in PLATFORMS]


def test_sparse_export_lists_platforms_it_lacks(real_export: Path, sparse_export: Path) -> None:
    assert listed_platforms(sparse_export) == listed_platforms(real_export)
    assert blob_names(sparse_export) < blob_names(real_export)


def test_containerd_imports_unpacks_and_runs(containerd: ContainerdServer, real_export: Path) -> None:
    with containerd.namespace() as namespace:
        imported = containerd.ctr("images", "import", str(real_export), namespace=namespace)
        assert imported.returncode == 0, imported.stderr
        assert containerd.images(namespace) == [NAME]
        check = containerd.ctr("images", "check", f"name=={NAME}", namespace=namespace)
        assert "complete (" in check.stdout, check
        assert check.stdout.split()[-1] == "true", check
        ran = containerd.run_image(NAME, namespace=namespace)
        assert (ran.returncode, ran.stdout.strip()) == (0, greeting(HOST)), ran


def test_containerd_namespaces_are_apart(containerd: ContainerdServer, real_export: Path) -> None:
    with containerd.namespace() as first, containerd.namespace() as second:
        containerd.ctr("images", "import", str(real_export), namespace=first)
        assert containerd.images(first) == [NAME]
        assert containerd.images(second) == []


def test_skopeo_inspects_the_export(skopeo: Program, real_export: Path) -> None:
    result = skopeo.run("inspect", "--raw", f"oci-archive:{real_export}")
    assert result.returncode == 0, result.stderr
    assert len(json.loads(result.stdout)["manifests"]) == len(PLATFORMS)


def test_skopeo_copies_the_host_platform(skopeo: Program, flat_archive: Path) -> None:
    target = flat_archive.with_name("layout")
    copied = skopeo.run("copy", f"oci-archive:{flat_archive}", f"oci:{target}:1.0")
    assert copied.returncode == 0, copied.stderr
    inspected = skopeo.run("inspect", f"oci:{target}:1.0")
    assert json.loads(inspected.stdout)["Architecture"] == HOST.architecture


def test_umoci_lists_the_tag(umoci: Program, flat_archive: Path) -> None:
    layout = unpack_layout(flat_archive, flat_archive.with_name("layout"))
    listed = umoci.run("list", "--layout", str(layout))
    assert listed.stdout.split() == ["1.0"], listed
    stat = umoci.run("stat", "--image", f"{layout}:1.0", "--json")
    assert stat.returncode == 0, stat.stderr
    assert len(json.loads(stat.stdout)["history"]) == 2


def test_podman_loads_a_flat_archive(podman: Podman, flat_archive: Path) -> None:
    loaded = podman.run("load", "--input", str(flat_archive))
    assert loaded.returncode == 0, loaded.stderr
    assert podman.images() == [NAME]
    inspected = podman.run("inspect", "--type", "image", NAME)
    assert json.loads(inspected.stdout)[0]["Architecture"] == HOST.architecture


def test_docker_loads_a_flat_archive(dockerd: DockerServer, flat_archive: Path) -> None:
    loaded = dockerd.docker("load", "--input", str(flat_archive))
    assert loaded.returncode == 0, loaded.stderr
    assert dockerd.images() == [FAMILIAR_NAME]
    ran = dockerd.docker("run", "--rm", "--network=none", FAMILIAR_NAME)
    assert (ran.returncode, ran.stdout.strip()) == (0, greeting(HOST)), ran
