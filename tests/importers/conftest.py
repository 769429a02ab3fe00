"""Offer the real engines as fixtures.

Collecting needs no network: ids come from the table of engines, which are brought when
the first test asks for one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from . import sample
from .availability import give_up, require
from .containerd import ContainerdServer
from .daemon import DaemonError
from .debian import DebianError
from .docker import DockerServer
from .engines import ARCHIVED_CONTAINERD, Engines, labels
from .engines import provision as provision_engines
from .oras import Oras
from .podman import Podman, private_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

CONTAINERD_STORE = "docker-sid-containerd-store"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, so that strict markers accept it."""
    config.addinivalue_line("markers", "importer: runs a real engine; needs root and a network")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder):
            item.add_marker(pytest.mark.importer)


@pytest.fixture(scope="session")
def engines() -> Engines:
    """Provide every engine of the table."""
    if os.geteuid() != 0:
        give_up("engines need root")
    return provision_engines()


@pytest.fixture(scope="session", params=labels("containerd"))
def containerd(engines: Engines, request: pytest.FixtureRequest) -> Iterator[ContainerdServer]:
    """Provide a running containerd of each version line."""
    server = ContainerdServer(require(engines, request.param))
    try:
        server.__enter__()
    except DaemonError as error:
        give_up(str(error))
    yield server
    server.__exit__(None, None, None)


@pytest.fixture(scope="session", params=[*labels(ARCHIVED_CONTAINERD), *labels("containerd")])
def any_containerd(engines: Engines, request: pytest.FixtureRequest) -> Iterator[ContainerdServer]:
    """Provide a running containerd of each version line, those of archived suites too."""
    server = ContainerdServer(require(engines, request.param))
    try:
        server.__enter__()
    except DaemonError as error:
        give_up(str(error))
    yield server
    server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def sample_archive() -> Path:
    """Provide the multi-platform archive as built here, before any engine saw it."""
    try:
        return sample.sample_archive()
    except DebianError as error:
        give_up(str(error))


@pytest.fixture(scope="session")
def real_export(containerd: ContainerdServer, sample_archive: Path) -> Path:
    """Provide what this containerd exports of all platforms."""
    return sample.multi_platform_export(containerd)


@pytest.fixture(scope="session")
def export(engines: Engines, sample_archive: Path) -> Path:
    """Provide the real export of one containerd; the others' are alike."""
    try:
        with ContainerdServer(require(engines, "containerd-1.7")) as server:
            return sample.multi_platform_export(server)
    except DaemonError as error:
        give_up(str(error))


@pytest.fixture(scope="session")
def sparse_export(containerd: ContainerdServer, sample_archive: Path) -> Path:
    """Provide what this containerd exports of the host platform alone."""
    return sample.sparse_export(containerd)


@pytest.fixture
def flat_archive(sample_archive: Path, tmp_path: Path) -> Path:
    """Provide the host platform as an archive every engine reads."""
    return sample.flat_archive(tmp_path / "flat.tar")


@pytest.fixture(scope="session", params=labels("skopeo"))
def skopeo(engines: Engines, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Provide skopeo of each version, without a signature policy."""
    engine = require(engines, request.param)
    environment = private_environment(tmp_path_factory.mktemp("skopeo"))
    return engine.program("skopeo", "--insecure-policy", environment=environment)


@pytest.fixture(scope="session", params=labels("umoci"))
def umoci(engines: Engines, request: pytest.FixtureRequest) -> Program:
    """Provide umoci of each version."""
    return require(engines, request.param).program("umoci")


@pytest.fixture(scope="session", params=labels("oras"))
def oras(engines: Engines, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Oras:
    """Provide oras of each version."""
    return Oras(require(engines, request.param), tmp_path_factory.mktemp("oras"))


@pytest.fixture(params=labels("podman"))
def podman(engines: Engines, request: pytest.FixtureRequest) -> Iterator[Podman]:
    """Provide podman of each version with an empty storage."""
    engine = require(engines, request.param)
    with tempfile.TemporaryDirectory(prefix="podman-") as folder:
        yield Podman(engine, Path(folder))


@pytest.fixture(scope="session", params=[*labels("docker"), CONTAINERD_STORE])
def docker_server(engines: Engines, request: pytest.FixtureRequest) -> Iterator[DockerServer]:
    """Provide a running dockerd of each version and image store."""
    label = request.param.removesuffix("-containerd-store")
    server = DockerServer(require(engines, label), containerd_store=request.param == CONTAINERD_STORE)
    try:
        server.__enter__()
    except DaemonError as error:
        give_up(str(error))
    yield server
    server.__exit__(None, None, None)


@pytest.fixture
def dockerd(docker_server: DockerServer) -> DockerServer:
    """Provide each dockerd without any image."""
    docker_server.clear()
    return docker_server
