"""One job, one platform of four from archive to archive, by every program of Debian that can be asked for it.

Of each: seconds, processor seconds, the peak of memory, and of what it keeps on disk beside source and output.
Servers are measured with their clients; starting and stopping them, and emptying their stores, is not counted.
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import peer_commands
from benchmarks.checks import check_usable
from benchmarks.corpus import NAME, TAG, Recipe
from benchmarks.engines import newest
from benchmarks.measure import Command, Role, measure_with_peers
from benchmarks.measurement import Conditions, Findings, Measurement, Needs, NotPossible, Ratio, Skip, rows_of, times
from benchmarks.peer_commands import Job
from benchmarks.processes import processes_of
from benchmarks.setting import (
    GIB,
    MIB,
    UNVERIFIED,
    VERIFIED,
    WANTED,
    Setting,
    make_setting,
    memory_workspace,
    settle,
)
from tests.importers.containerd import ContainerdServer
from tests.importers.daemon import DaemonError
from tests.importers.docker import DockerServer
from tests.importers.podman import Podman, private_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from benchmarks.measure import Cost
    from tests.importers.program import Program

LAYER: Final = 192 * MIB
BY_HAND: Final = "tar and jq"

_REASON: Final = 300  # characters of what a program says
_ROOM_FOR_SERVERS: Final = 256 * MIB
_ROOM: Final = 8
"""How many times the archive its file system holds: podman writes layers several times."""


def take(conditions: Conditions) -> Findings:
    """Measure every peer that is there on an archive of 768 MiB in memory."""
    recipe = Recipe(conditions.size(LAYER))
    with (
        memory_workspace(conditions.memory, _ROOM * recipe.size + _ROOM_FOR_SERVERS) as (folder, skipped),
        ExitStack() as stack,
    ):
        skips = list(skipped)
        setting = make_setting(folder, recipe)
        commands = [setting.filter(VERIFIED), setting.filter(UNVERIFIED, "--no-verify")]
        for name, enter in _PEERS.items():
            try:
                commands.append(stack.enter_context(enter(setting)))
            except (NotPossible, DaemonError) as reason:
                skips.append(_skip(name, reason))
        commands = [_watched(setting, command) for command in commands]
        costs, failed = measure_with_peers(commands, runs=conditions.runs)
        return Findings(rows_of(commands, costs), ratios(costs), setting.facts(), (*skips, *failed))


def ratios(costs: Mapping[str, Cost]) -> tuple[Ratio, ...]:
    """Return how many times as long each peer takes as the verified filter, its start counted."""
    return tuple(
        Ratio(f"{name} / filter", times(cost.seconds, costs[VERIFIED].seconds))
        for name, cost in costs.items()
        if name not in {VERIFIED, UNVERIFIED}
    )


def _skip(name: str, reason: Exception) -> Skip:
    return Skip(name, " ".join(str(reason).split())[:_REASON])


def _watched(setting: Setting, command: Command) -> Command:
    most = setting.kept_size * 5 // 4 + MIB
    check = command.check or partial(check_usable, command.name, setting.output, WANTED, most)
    environment = {"TMPDIR": str(setting.folder), **(command.environment or {})}
    return replace(command, space=setting.folder, output=setting.output, check=check, environment=environment)


def _job(setting: Setting, name: str) -> Job:
    folder = setting.folder / name
    folder.mkdir(exist_ok=True)
    return Job(setting.corpus.path, setting.output, folder, WANTED, NAME, TAG)


def _command(
    name: str,
    text: str,
    job: Job,
    *,
    environment: Mapping[str, str] | None = None,
    clear: Callable[[], None] | None = None,
    servers: Callable[[], tuple[int, ...]] | None = None,
) -> Command:
    def prepare() -> None:
        job.output.unlink(missing_ok=True)
        if clear is None:
            shutil.rmtree(job.folder, ignore_errors=True)
            job.folder.mkdir()
        else:
            clear()
        settle(job.folder, job.source.stat().st_size)

    variables = {"TMPDIR": str(job.folder), **(environment or {})}
    return Command(name, ["sh", "-c", text], prepare, variables, Role.PEER, servers=servers)


@contextmanager
def _by_hand(setting: Setting) -> Iterator[Command]:
    if shutil.which("jq") is None:
        raise NotPossible("no jq here")
    job = _job(setting, "hand")
    yield _command(BY_HAND, peer_commands.by_hand(job), job)


@contextmanager
def _plain(
    product: str, write: Callable[[str, Job], str], setting: Setting, *, needs_jq: bool = False
) -> Iterator[Command]:
    if needs_jq and shutil.which("jq") is None:
        raise NotPossible("no jq here")
    engine = newest(product)
    job = _job(setting, product)
    home = setting.folder / f"{product}-home"
    environment = {**private_environment(home), "TMPDIR": str(job.folder), "PATH": engine.search_path}
    text = write(str(engine.commands[product]), job)
    yield _command(f"{product} {engine.version}", text, job, environment=environment)


@contextmanager
def _podman(setting: Setting) -> Iterator[Command]:
    engine = newest("podman")
    job = _job(setting, "p")  # podman refuses a run root of more than 50 characters
    podman = Podman(engine, job.folder)
    text = peer_commands.podman(_client(podman.program), job)
    yield _command(f"podman {engine.version}", text, job, environment=podman.program.environment, clear=podman.clear)


@contextmanager
def _containerd(setting: Setting) -> Iterator[Command]:
    engine = newest("containerd")
    with _in_folder(setting.folder), ContainerdServer(engine) as server:
        job = _job(setting, "containerd")
        client = engine.program("ctr", "--address", server.socket, "--namespace", "bench")
        yield _command(
            f"containerd {engine.version}",
            peer_commands.containerd(_client(client), job),
            job,
            environment=client.environment,
            clear=lambda: _discard(server.ctr("images", "rm", "--sync", NAME, namespace="bench")),
            servers=partial(processes_of, server.folder),
        )


@contextmanager
def _docker(setting: Setting) -> Iterator[Command]:
    engine = newest("docker")
    if int(engine.version.partition(".")[0]) < 28:
        raise NotPossible(f"docker {engine.version} cannot load one platform")
    with _in_folder(setting.folder), DockerServer(engine, containerd_store=True) as server:
        job = _job(setting, "docker")
        environment = {"DOCKER_HOST": server.socket, "DOCKER_CONFIG": str(job.folder)}
        client = engine.program("docker", environment=environment)
        folders = (Path(server.socket.removeprefix("unix://")).parent, server.containerd.folder)
        yield _command(
            f"docker {engine.version}",
            peer_commands.docker(_client(client), job),
            job,
            environment=client.environment,
            clear=server.clear,
            servers=lambda: tuple(sorted({each for folder in folders for each in processes_of(folder)})),
        )


@contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """Have servers keep what they keep on the file system that is watched."""
    usual, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = usual


def _client(program: Program) -> str:
    return shlex.join([str(program.path), *program.arguments])


def _discard(_: object) -> None:
    """Take what a command said, which does not matter."""


_PEERS: Final[Mapping[str, Callable[[Setting], AbstractContextManager[Command]]]] = {
    BY_HAND: _by_hand,
    "oras": partial(_plain, "oras", peer_commands.oras),
    "umoci": partial(_plain, "umoci", peer_commands.umoci, needs_jq=True),
    "skopeo": partial(_plain, "skopeo", peer_commands.skopeo),
    "podman": _podman,
    "containerd": _containerd,
    "docker": _docker,
}

MEASUREMENT: Final = Measurement(
    "peers", "One platform of four, archive to archive, by others", Needs(memory=5 * GIB), take
)
