"""What `advise` says of docker, podman and skopeo comes true, for archives of many shapes."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from ocitool.advice.choice import Choice, choose
from ocitool.advice.docker import Docker
from ocitool.advice.docker_containerd import DockerContainerd
from ocitool.advice.podman import Podman as PodmanImporter
from ocitool.advice.skopeo import STORAGE, Skopeo
from tests.builders import NAME

from .advice_comparison import archive_facts as facts_of
from .advised import HOST, hold, target_of
from .availability import give_up, require
from .engines import labels
from .load_shapes import SHAPES
from .podman import private_environment
from .sample import host_platform

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from ocitool.advice.importer import Importer
    from ocitool.advice.outcome import Outcome
    from ocitool.advice.target import Target

    from .docker import DockerServer
    from .engines import Engines
    from .podman import Podman
    from .program import Program

WANTED = (HOST,)
TELLING = [
    "nested-multi",
    "nested-multi docker",
    "nested-host",
    "nested-foreign docker",
    "flat-foreign",
    "flat-foreign listed",
    "flat-multi docker",
    "missing-platforms docker",
    "missing-host",
    "partial-foreign docker",
    "platforms-not-listed",
    "referrer docker",
    "unnamed",
    "bare-tag",
    "several docker",
    "docker-archive of skopeo",
]
"""Shapes that end differently for another platform or reference."""

DANGLING = "<none>:<none>"


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Provide an archive of each shape."""
    if host_platform().architecture != "amd64":
        give_up("the shapes are made for amd64")
    folder = tmp_path_factory.mktemp("shapes")
    paths = {}
    for number, (name, make) in enumerate(SHAPES.items()):
        paths[name] = folder / f"shape-{number}.tar"
        paths[name].write_bytes(make())
    return paths


@pytest.fixture(params=SHAPES)
def archive(shapes: dict[str, Path], request: pytest.FixtureRequest) -> Path:
    """Provide one archive after the other."""
    return shapes[request.param]


def advised(importer: Importer, target: Target, archive: Path) -> Choice:
    return choose(facts_of(archive), importer, target, WANTED)


# Docker


def docker_names(server: DockerServer) -> set[str]:
    """Return the names that a server has, as it keeps them: full ones, "" for an image without."""
    if server.containerd_store:
        return set(server.containerd.images("moby"))
    return {"" if name == DANGLING else f"docker.io/library/{name}" for name in server.images()}


def docker_importer(server: DockerServer) -> tuple[Importer, Target]:
    if server.containerd_store:
        return DockerContainerd(), target_of("docker-containerd", server.version)
    return Docker(), target_of("docker", server.version)


def load(server: DockerServer, arguments: tuple[str, ...], archive: Path) -> CompletedProcess[str]:
    importer, _ = docker_importer(server)
    server.clear()
    return server.docker(*importer.words(arguments, str(archive))[1:])


def hold_docker(server: DockerServer, outcome: Outcome, result: CompletedProcess[str]) -> None:
    """Hold a prediction against what happened, and whether what is to be ready can be run."""
    hold(outcome, result, docker_names(server))
    for image in outcome.images:
        if HOST.display in image.ready and image.name and not image.name.startswith("moby-dangling"):
            created = server.docker("create", "--platform", HOST.display, "--pull=never", image.name, "/bin/true")
            assert created.returncode == 0, (image, created)
        if server.containerd_store and HOST.display in image.lost and not result.returncode:
            created = server.docker("create", "--platform", HOST.display, "--pull=never", image.name, "/bin/true")
            assert created.returncode != 0, (image, created)


def test_docker_does_what_is_predicted_and_advised(docker_server: DockerServer, archive: Path) -> None:
    importer, target = docker_importer(docker_server)
    outcome = importer.predict(facts_of(archive), target, ())
    hold_docker(docker_server, outcome, load(docker_server, (), archive))
    best = advised(importer, target, archive).best
    if best is not None and best.arguments:
        hold_docker(docker_server, best.outcome, load(docker_server, best.arguments, archive))


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
@pytest.mark.parametrize("docker_server", ["docker-sid", "docker-sid-containerd-store"], indirect=True)
@pytest.mark.parametrize("archive", TELLING, indirect=True)
def test_docker_takes_a_platform_as_predicted(docker_server: DockerServer, archive: Path, platform: str) -> None:
    importer, target = docker_importer(docker_server)
    arguments = ("--platform", platform)
    outcome = importer.predict(facts_of(archive), target, arguments)
    hold(outcome, load(docker_server, arguments, archive), docker_names(docker_server))


# podman


def podman_names(podman: Podman) -> set[str]:
    return {"" if name == DANGLING else name for name in podman.images()}


def test_podman_does_what_is_predicted_and_advised(podman: Podman, archive: Path) -> None:
    importer, target = PodmanImporter(), target_of("podman", podman.engine.version)
    outcome = importer.predict(facts_of(archive), target, ())
    result = podman.run(*importer.words((), str(archive))[1:])
    hold(outcome, result, podman_names(podman))
    best = advised(importer, target, archive).best
    if best is not None and best.arguments:
        podman.clear()
        result = podman.run(*importer.words(best.arguments, str(archive))[1:])
        hold(best.outcome, result, podman_names(podman))


@pytest.mark.parametrize("archive", TELLING, indirect=True)
def test_podman_pulls_a_foreign_platform_as_predicted(podman: Podman, archive: Path) -> None:
    importer, target = PodmanImporter(), target_of("podman", podman.engine.version)
    arguments = ("pull", "--arch", "arm64", "oci-archive:SRC")
    outcome = importer.predict(facts_of(archive), target, arguments)
    result = podman.run(*importer.words(arguments, str(archive))[1:])
    hold(outcome, result, podman_names(podman))


# skopeo


@pytest.fixture(params=labels("skopeo"))
def storing_skopeo(engines: Engines, request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Program, str, Path]:
    """Provide skopeo of each version with a storage of its own, its version and where that storage is."""
    engine = require(engines, request.param)
    folder = tmp_path / "storage"
    program = engine.program("skopeo", "--insecure-policy", environment=private_environment(folder))
    return program, engine.version, folder


def copy(skopeo: tuple[Program, str, Path], archive: Path, arguments: tuple[str, ...]) -> CompletedProcess[str]:
    program, _, folder = skopeo
    shutil.rmtree(folder / "graph", ignore_errors=True)
    return program.run(*Skopeo().words(arguments, str(archive))[1:])


def hold_skopeo(skopeo: tuple[Program, str, Path], archive: Path, arguments: tuple[str, ...]) -> None:
    outcome = Skopeo().predict(facts_of(archive), target_of("skopeo", skopeo[1]), arguments)
    result = copy(skopeo, archive, arguments)
    hold(outcome, result, set() if result.returncode else {NAME})


@pytest.mark.parametrize("archive", TELLING, indirect=True)
@pytest.mark.parametrize(
    "arguments",
    [("--override-arch", "arm64"), ("--all",), ("oci-archive:SRC:1.0",), ("docker-archive:SRC",)],
    ids=" ".join,
)
def test_skopeo_takes_what_it_is_told_as_predicted(
    storing_skopeo: tuple[Program, str, Path], archive: Path, arguments: tuple[str, ...]
) -> None:
    hold_skopeo(storing_skopeo, archive, (*arguments, f"{STORAGE}:{NAME}"))


def test_skopeo_does_what_is_predicted_and_advised(storing_skopeo: tuple[Program, str, Path], archive: Path) -> None:
    hold_skopeo(storing_skopeo, archive, (f"{STORAGE}:{NAME}",))
    best = advised(Skopeo(), target_of("skopeo", storing_skopeo[1]), archive).best
    if best is None or "NAME" in best.outcome.names:
        return  # nothing to be run without a name that the reader chooses
    result = copy(storing_skopeo, archive, best.arguments)
    (name,) = best.outcome.names
    stored = storing_skopeo[0].run("inspect", "--raw", f"{STORAGE}:{name}")
    assert result.returncode == stored.returncode == 0, (result, stored)
