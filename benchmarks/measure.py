"""Run a command and tell what it cost."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: wall clock and processor time in seconds, peak resident memory in bytes."""

    seconds: float
    processor: float
    memory: int


@dataclass(frozen=True, slots=True)
class Command:
    """Something to measure; `prepare` runs before each run and is not counted."""

    name: str
    arguments: Sequence[str]
    prepare: Callable[[], None] | None = None
    environment: Mapping[str, str] | None = None


def run_once(command: Command) -> Cost:
    """Run a command once; raises `RuntimeError` with its output if it fails."""
    if command.prepare is not None:
        command.prepare()
    environment = None if command.environment is None else {**os.environ, **command.environment}
    start = time.perf_counter()
    with subprocess.Popen(
        command.arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    ) as process:
        errors = process.stderr.read() if process.stderr is not None else b""
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command.name} failed: {errors.decode(errors='replace')}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def measure(commands: Sequence[Command], *, runs: int) -> dict[str, Cost]:
    """Run all commands in turn, `runs` times after one discarded round, and return the medians.

    In turn and not one after the other, so that a slow moment of the machine touches all of them.
    """
    costs: dict[str, list[Cost]] = {command.name: [] for command in commands}
    for round_number in range(runs + 1):
        for command in commands:
            cost = run_once(command)
            if round_number > 0:
                costs[command.name].append(cost)
    return {
        name: Cost(
            statistics.median(cost.seconds for cost in measured),
            statistics.median(cost.processor for cost in measured),
            max(cost.memory for cost in measured),
        )
        for name, measured in costs.items()
    }
