"""Run a command and tell what it cost."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.measurement import Skip
from benchmarks.processes import ServerWatch
from benchmarks.space import SpaceWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LAUNCHER: Final = Path(__file__).with_name("launching.py")
_REASON: Final = 300  # characters of what a program says


class Role(StrEnum):
    """What a command is there for."""

    TOOL = "ocitool"
    YARDSTICK = "yardstick"
    """What the machine can do: hashing, copying, decompressing."""
    PEER = "peer"
    """Another program that does the same job."""
    START = "start"
    """What starting costs, which ratios leave out."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: wall clock and processor time in seconds, peak resident memory in bytes.

    `disk` is the peak of bytes on disk beside source and output; None where nobody looked.
    """

    seconds: float
    processor: float
    memory: int
    disk: int | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """Something to measure; `prepare` runs before each run, `check` after the discarded one, and neither is counted.

    `servers` names processes that do part of the work: their processor time counts, and so does their memory. With
    `space`, how much its file system holds is watched, beside what `output` holds in the end. With `rounds` it runs
    that often in all, and all of them count: for what takes far longer than the rest.
    """

    name: str
    arguments: Sequence[str]
    prepare: Callable[[], None] | None = None
    environment: Mapping[str, str] | None = None
    role: Role = Role.TOOL
    check: Callable[[], None] | None = None
    servers: Callable[[], Sequence[int]] | None = None
    space: Path | None = None
    output: Path | None = None
    rounds: int | None = None


class CommandFailed(RuntimeError):
    """A measured command did not end well; the message has what it said, `name` which one it was."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name} {message}")
        self.name = name


def run_once(command: Command) -> Cost:
    """Run a command once; raises `CommandFailed` with its output if it fails."""
    if command.prepare is not None:
        command.prepare()
    environment = plain_environment() | dict(command.environment or {})
    servers = ServerWatch(command.servers() if command.servers is not None else ())
    with SpaceWatch(command.space) if command.space is not None else nullcontext() as watch:
        seconds, processor, memory, code, errors = _launch(command.arguments, environment)
    if code != 0:
        raise CommandFailed(command.name, f"failed: {errors}")
    written = command.output.stat().st_size if command.output is not None else 0
    return Cost(
        seconds,
        processor + servers.processor(),
        max(memory, servers.peak_memory()),
        None if watch is None else max(0, watch.peak - written),
    )


def plain_environment() -> dict[str, str]:
    """Return this environment without what changes how Python starts."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def compile_package(package: str) -> None:
    """Compile a package's modules as installing it does: a start that compiles is none that users see."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", package], check=True, env=plain_environment())


def _launch(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float, int, int, str]:
    """Return seconds, processor seconds, peak memory in bytes, exit code and what was said on standard error."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as told:
        try:
            launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(writer), *arguments]
            said = _said(launcher, environment, writer)
        finally:
            os.close(writer)
        figures = told.read().split()
    errors = said.decode(errors="replace").strip()
    if not figures:
        raise CommandFailed(arguments[0], f"cannot be run: {errors}")
    seconds, processor, memory, code = figures
    return float(seconds), float(processor), int(memory) * 1024, int(code), errors


def _said(launcher: Sequence[str], environment: Mapping[str, str], descriptor: int) -> bytes:
    """Run the launcher in a session of its own, of which nothing lives on if this is interrupted."""
    with subprocess.Popen(
        launcher,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        pass_fds=(descriptor,),
        start_new_session=True,
    ) as process:
        try:
            _, errors = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return errors


def measure(commands: Sequence[Command], *, runs: int) -> dict[str, Cost]:
    """Run all commands in turn, `runs` times after one discarded round, and return the medians.

    In turn and not one after the other, so that a slow moment of the machine touches all of them. Raises
    `CommandFailed`.
    """
    costs, failures = _rounds(commands, runs, may_fail=frozenset())
    assert not failures
    return costs


def measure_with_peers(commands: Sequence[Command], *, runs: int) -> tuple[dict[str, Cost], tuple[Skip, ...]]:
    """Do what `measure` does, but leave out peers that fail, and say so: all that was measured stays."""
    peers = frozenset(command.name for command in commands if command.role is Role.PEER)
    return _rounds(commands, runs, may_fail=peers)


def _rounds(
    commands: Sequence[Command], runs: int, *, may_fail: frozenset[str]
) -> tuple[dict[str, Cost], tuple[Skip, ...]]:
    costs: dict[str, list[Cost]] = {command.name: [] for command in commands}
    skips = []
    for round_number in range(runs + 1):
        for command in commands:
            if command.name not in costs or (command.rounds is not None and round_number >= command.rounds):
                continue
            try:
                cost = run_once(command)
                if round_number == 0 and command.check is not None:
                    command.check()
            except CommandFailed as reason:
                if command.name not in may_fail:
                    raise
                skips.append(Skip(command.name, " ".join(str(reason).split())[:_REASON]))
                del costs[command.name]
                continue
            if round_number > 0 or command.rounds is not None:
                costs[command.name].append(cost)
    return {name: typical(measured) for name, measured in costs.items()}, tuple(skips)


def typical(costs: Sequence[Cost]) -> Cost:
    """Return the medians of what several runs took, and the peaks of what they held."""
    disks = [cost.disk for cost in costs if cost.disk is not None]
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.processor for cost in costs),
        max(cost.memory for cost in costs),
        max(disks) if disks else None,
    )
