"""One image in every form and wrapping gives the same content, which imports everywhere."""

from __future__ import annotations

import gzip
import json
import shlex
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.archive.codec.test_decompress import COMPRESSORS
from tests.builders import sha256

from .availability import give_up
from .daemon import DaemonError
from .sample import NAME, greeting, host_platform
from .source_forms import DOCKER_ARCHIVES, FORMS, UNPACKED, stored
from .test_filtered_archives import HOST, OCITOOL, Contents, Cutter, assert_runs, imported, is_ready
from .test_filtered_elsewhere import FAMILIAR_NAME
from .test_pipes import TOOL, shell

if TYPE_CHECKING:
    from pathlib import Path

    from .containerd import ContainerdServer
    from .docker import DockerServer
    from .engines import Engines
    from .podman import Podman

WRAPPINGS = ["plain", *sorted(set(COMPRESSORS) - {"lz4"})]


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cutter:
    """Provide the tool, with its outputs kept for the whole run."""
    return Cutter(tmp_path_factory.mktemp("cut"))


@pytest.fixture
def source(engines: Engines, request: pytest.FixtureRequest) -> Path:
    """Provide the image in the form that the test is run for."""
    try:
        return stored(engines, request.param)
    except DaemonError as error:
        give_up(str(error))


def plain_tar(source: Path, folder: Path) -> bytes:
    """Return an archive as it is, a folder as tar(1) packs it."""
    if source.is_file():
        return source.read_bytes()
    subprocess.run(["tar", "-C", source, "-cf", folder / "packed.tar", "."], check=True)
    return (folder / "packed.tar").read_bytes()


@pytest.mark.parametrize("source", FORMS, indirect=True, ids=str)
def test_every_form_gives_the_same_content(source: Path, engines: Engines, cut: Cutter) -> None:
    export = Contents(stored(engines, "ctr export"))
    blobs = Contents(cut(source, HOST).path).blobs
    image = export.image(HOST)
    manifest = json.loads(export.blobs[export.manifest(HOST)["digest"]])
    config = json.loads(export.blobs[manifest["config"]["digest"]])
    unpacked = {manifest["config"]["digest"], *config["rootfs"]["diff_ids"]}
    if image <= set(blobs):
        assert set(blobs) == image
    else:  # docker's own store keeps layers unpacked; the manifest is another one then
        made = Contents(cut(source, HOST).path).root["digest"]
        assert set(blobs) == {made, *unpacked}
    assert {
        sha256(gzip.decompress(data)) if data[:2] == b"\x1f\x8b" else sha256(data) for data in blobs.values()
    } >= (unpacked)


def test_only_docker_stores_layers_unpacked(engines: Engines, cut: Cutter) -> None:
    """All that did so gave one manifest: what docker 28 wrote itself is what was made for those that wrote none."""
    roots = {form: Contents(cut(stored(engines, form), HOST).path).root["digest"] for form in FORMS}
    assert len({roots[form] for form in UNPACKED}) == 1
    assert len({roots[form] for form in FORMS if form not in UNPACKED}) == 1
    assert {form for form in FORMS if "made" in cut(stored(engines, form), HOST).notes} == set(DOCKER_ARCHIVES)


@pytest.mark.parametrize("source", FORMS, indirect=True, ids=str)
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_the_wrapping_does_not_matter(source: Path, cut: Cutter, tmp_path: Path, wrapping: str) -> None:
    plain = plain_tar(source, tmp_path)
    wrapped = tmp_path / "wrapped"
    wrapped.write_bytes(plain if wrapping == "plain" else COMPRESSORS[wrapping](plain))
    expected = cut(source, HOST).path.read_bytes()
    target = tmp_path / "out.tar"
    assert OCITOOL.run("filter", str(wrapped), "-p", HOST, "-o", str(target)).returncode == 0
    assert target.read_bytes() == expected
    piped = tmp_path / "piped.tar"
    codes, _, complaints = shell(f"cat {wrapped} | {TOOL} filter - -p {HOST} -o - | cat > {piped}")
    assert codes == [0, 0, 0], complaints
    assert piped.read_bytes() == expected


@pytest.mark.parametrize("source", FORMS, indirect=True, ids=str)
def test_every_form_imports(source: Path, containerd: ContainerdServer, cut: Cutter) -> None:
    with containerd.namespace() as namespace:
        imported(containerd, namespace, cut(source, HOST).path)
        assert is_ready(containerd, namespace)
        assert_runs(containerd, namespace)


@pytest.mark.parametrize("source", FORMS, indirect=True, ids=str)
def test_every_form_loads_into_podman(source: Path, podman: Podman, cut: Cutter) -> None:
    loaded = podman.run("load", "--input", str(cut(source, HOST).path))
    assert loaded.returncode == 0, loaded
    assert podman.images() == [NAME]


@pytest.mark.parametrize("source", FORMS, indirect=True, ids=str)
def test_every_form_loads_into_docker(source: Path, dockerd: DockerServer, cut: Cutter) -> None:
    loaded = dockerd.docker("load", "--input", str(cut(source, HOST).path))
    assert loaded.returncode == 0, loaded
    assert dockerd.images() == [FAMILIAR_NAME]
    ran = dockerd.docker("run", "--rm", "--network=none", FAMILIAR_NAME)
    assert (ran.returncode, ran.stdout.strip()) == (0, greeting(host_platform())), ran


def test_docker_save_filter_load(dockerd: DockerServer, cut: Cutter, engines: Engines) -> None:
    """Both ends are pipes: `docker save | ocitool filter | docker load`, and the reader that leaves early."""
    loaded = dockerd.docker("load", "--input", str(cut(stored(engines, "ctr export"), HOST).path))
    assert loaded.returncode == 0, loaded
    program = dockerd.engine.program("docker", "--host", dockerd.socket)
    docker = shlex.join([str(program.path), *program.arguments])
    codes, _, complaints = shell(f"{docker} save {NAME} | {TOOL} filter - -p {HOST} -o - | {docker} load")
    assert codes == [0, 0, 0], complaints
    codes, _, complaints = shell(f"{docker} save {NAME} | {TOOL} filter - -p {HOST} -o - | head -c 1 > /dev/null")
    assert codes[1:] == [6, 0], complaints
    assert complaints == ""
    assert dockerd.images() == [FAMILIAR_NAME]


@pytest.mark.parametrize("layers", ["gzip", "zstd"])
@pytest.mark.parametrize("source", ["ctr export", "docker 20.10 save"], indirect=True, ids=str)
def test_layers_compressed_anew_import(source: Path, containerd: ContainerdServer, cut: Cutter, layers: str) -> None:
    filtered = cut(source, HOST, "--layers", layers)
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path)
        assert is_ready(containerd, namespace)
        assert_runs(containerd, namespace)


def test_gzip_rescues_an_old_docker(dockerd: DockerServer, engines: Engines, cut: Cutter) -> None:
    zstd = cut(stored(engines, "ctr export"), HOST, "--layers", "zstd")
    assert "docker below 23 cannot unpack them" in zstd.notes
    loaded = dockerd.docker("load", "--input", str(zstd.path))
    if dockerd.version.startswith("20."):
        assert loaded.returncode != 0, loaded  # "invalid tar header" or "unexpected EOF", as the bytes have it
        assert dockerd.images() == []
    else:
        assert loaded.returncode == 0, loaded
    dockerd.clear()
    rescued = cut(zstd.path, "all", "--layers", "gzip")
    loaded = dockerd.docker("load", "--input", str(rescued.path))
    assert loaded.returncode == 0, loaded
    ran = dockerd.docker("run", "--rm", "--network=none", FAMILIAR_NAME)
    assert (ran.returncode, ran.stdout.strip()) == (0, greeting(host_platform())), ran


def test_several_platforms_compressed_anew_import(
    containerd: ContainerdServer, real_export: Path, cut: Cutter
) -> None:
    filtered = cut(real_export, "all", "--layers", "zstd")
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path, "--all-platforms")
        assert is_ready(containerd, namespace)
        assert_runs(containerd, namespace)


def test_podman_takes_docker_types_that_became_oci(podman: Podman, cut: Cutter, tmp_path: Path) -> None:
    """Docker's manifests have no type for zstd; the whole image becomes OCI's then."""
    from tests.builders import Layout

    layout = Layout()
    layout.add(layout.index([layout.manifest(HOST, docker=True)], docker=True), NAME)
    docker = tmp_path / "docker.tar"
    docker.write_bytes(layout.pack())
    for options in ((), ("--layers", "zstd"), ("--layers", "zstd", "--index", "nested")):
        loaded = podman.run("load", "--input", str(cut(docker, HOST, *options).path))
        assert loaded.returncode == 0, loaded
        assert podman.images() == [NAME]
        podman.clear()


def test_a_form_is_what_it_is_called(engines: Engines) -> None:
    for form in DOCKER_ARCHIVES:
        with tarfile.open(stored(engines, form)) as entries:
            names = entries.getnames()
        assert "manifest.json" in names
        assert "index.json" not in names
