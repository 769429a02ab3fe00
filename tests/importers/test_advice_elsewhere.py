"""What `advise` says of docker, podman and skopeo comes true, for archives of many shapes."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from ocitool.advice.choice import Choice, Quality, choose
from ocitool.advice.docker import Docker
from ocitool.advice.docker_containerd import DockerContainerd
from ocitool.advice.podman import Podman as PodmanImporter
from ocitool.advice.skopeo import STORAGE, Skopeo
from tests.builders import NAME

from .advised import HOST, facts_of, hold, target_of
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


def run(program: Program, importer: Importer, arguments: tuple[str, ...], archive: Path) -> CompletedProcess[str]:
    """Run a command as it is told to be typed."""
    return program.run(*importer.words(arguments, str(archive))[1:])


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


def test_docker_does_what_is_predicted(docker_server: DockerServer, archive: Path) -> None:
    importer, target = docker_importer(docker_server)
    outcome = importer.predict(facts_of(archive), target, ())
    hold_docker(docker_server, outcome, load(docker_server, (), archive))


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
@pytest.mark.parametrize("docker_server", ["docker-sid", "docker-sid-containerd-store"], indirect=True)
def test_docker_takes_a_platform_as_predicted(docker_server: DockerServer, archive: Path, platform: str) -> None:
    importer, target = docker_importer(docker_server)
    arguments = ("--platform", platform)
    outcome = importer.predict(facts_of(archive), target, arguments)
    hold(outcome, load(docker_server, arguments, archive), docker_names(docker_server))


def test_docker_does_what_is_advised(docker_server: DockerServer, archive: Path) -> None:
    importer, target = docker_importer(docker_server)
    choice = advised(importer, target, archive)
    if choice.best is None:
        assert load(docker_server, (), archive).returncode != 0 or choice.plain.quality is Quality.FAILS
        return
    hold_docker(docker_server, choice.best.outcome, load(docker_server, choice.best.arguments, archive))


# podman


def podman_names(podman: Podman) -> set[str]:
    return {"" if name == DANGLING else name for name in podman.images()}


def test_podman_does_what_is_predicted(podman: Podman, archive: Path) -> None:
    importer, target = PodmanImporter(), target_of("podman", podman.engine.version)
    outcome = importer.predict(facts_of(archive), target, ())
    result = podman.run("load", "--input", str(archive))
    hold(outcome, result, podman_names(podman))


def test_podman_does_what_is_advised(podman: Podman, archive: Path) -> None:
    importer, target = PodmanImporter(), target_of("podman", podman.engine.version)
    best = advised(importer, target, archive).best
    if best is None or not best.arguments:
        return  # the plain command, which the test before runs
    result = podman.run(*importer.words(best.arguments, str(archive))[1:])
    hold(best.outcome, result, podman_names(podman))


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


SKOPEO_ARGUMENTS = (
    (),
    ("--override-arch", "arm64"),
    ("--all",),
    ("oci-archive:SRC:1.0",),
    ("docker-archive:SRC",),
)


@pytest.mark.parametrize("arguments", SKOPEO_ARGUMENTS, ids=lambda arguments: " ".join(arguments) or "plain")
def test_skopeo_does_what_is_predicted(
    storing_skopeo: tuple[Program, str, Path], archive: Path, arguments: tuple[str, ...]
) -> None:
    program, version, _ = storing_skopeo
    importer, complete = Skopeo(), (*arguments, f"{STORAGE}:{NAME}")
    outcome = importer.predict(facts_of(archive), target_of("skopeo", version), complete)
    result = run(program, importer, complete, archive)
    hold(outcome, result, set() if result.returncode else {NAME})


def test_skopeo_does_what_is_advised(storing_skopeo: tuple[Program, str, Path], archive: Path) -> None:
    program, version, folder = storing_skopeo
    importer = Skopeo()
    best = advised(importer, target_of("skopeo", version), archive).best
    if best is None or not best.arguments:
        return  # nothing to be run without a name that the reader chooses
    result = run(program, importer, best.arguments, archive)
    stored = program.run("inspect", "--raw", f"{STORAGE}:{best.outcome.names[0]}")
    assert stored.returncode == 0, (result, stored)
    hold(best.outcome, result, set(best.outcome.names))
    shutil.rmtree(folder / "graph", ignore_errors=True)
