"""What a measurement is, and what it finds: values, without a file or a process."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from benchmarks.measure import Command, Cost, Role


class NotPossible(Exception):
    """A measurement, or a part of it, cannot be taken on this machine; the message says why."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a measurement takes at its full size: bytes of memory and of disk, programs, and whether it mounts."""

    memory: int = 0
    disk: int = 0
    programs: tuple[str, ...] = ("openssl",)
    root: bool = False


@dataclass(frozen=True, slots=True)
class Conditions:
    """Where and how to measure: a folder in memory, one on a disk, measured rounds.

    Archives are `shrink` times smaller than usual; only those of the usual size say whether a limit holds.
    """

    memory: Path
    disk: Path
    runs: int
    shrink: int = 1

    def size(self, usual: int) -> int:
        """Return how many bytes to take instead of the `usual` ones."""
        return usual // self.shrink


@dataclass(frozen=True, slots=True)
class Row:
    """What a command cost; `place` is where on the axis, if the measurement has one."""

    name: str
    role: Role
    cost: Cost
    place: float | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """What grows from column to column, and in which unit."""

    name: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure made of what commands cost, and its limit where there is one; without a unit it is a factor."""

    name: str
    value: float
    at_most: float | None = None
    at_least: float | None = None
    unit: str = ""
    is_counted: bool = False
    """Whether it counts something, so that 0 is a result and not a difference that noise has swallowed."""

    @property
    def has_limit(self) -> bool:
        """Whether there is anything to hold it to."""
        return self.at_most is not None or self.at_least is not None

    @property
    def is_noise(self) -> bool:
        """Whether the difference that it is made of is nothing or less: then it says nothing of the limit."""
        return self.value < 0 or (self.value == 0 and not self.is_counted)

    @property
    def is_met(self) -> bool | None:
        """Whether the limit holds; None without one, or if it is noise."""
        if self.is_noise:
            return None
        if self.at_most is not None:
            return self.value <= self.at_most
        if self.at_least is not None:
            return self.value >= self.at_least
        return None

    @property
    def share_of_limit(self) -> float | None:
        """How much of what is allowed is used: more than 1 breaks the limit; None without one, or if it is noise."""
        if self.is_noise:
            return None
        if self.at_most is not None:
            return _share(self.value, self.at_most)
        if self.at_least is not None:
            return _share(self.at_least, self.value)
        return None


def _share(used: float, allowed: float) -> float:
    """Return a share of what is allowed, which may be nothing."""
    if allowed == 0:
        return math.inf if used else 0.0
    return used / allowed


@dataclass(frozen=True, slots=True)
class Skip:
    """What was left out, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a measurement found; `facts` tell what was measured: sizes in bytes, versions, places."""

    rows: tuple[Row, ...]
    ratios: tuple[Ratio, ...]
    facts: Mapping[str, object] = field(default_factory=dict)
    skips: tuple[Skip, ...] = ()
    axis: Axis | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """Something to measure; `take` raises `NotPossible` if this machine cannot, or `CommandFailed`."""

    name: str
    title: str
    needs: Needs
    take: Callable[[Conditions], Findings]


def rows_of(commands: Iterable[Command], costs: Mapping[str, Cost], place: float | None = None) -> tuple[Row, ...]:
    """Return what commands cost, in their order, but for those that were left out."""
    return tuple(
        Row(command.name, command.role, costs[command.name], place) for command in commands if command.name in costs
    )


def beyond(costs: Mapping[str, Cost], name: str, start: str) -> float:
    """Return the seconds that a command takes beyond its start."""
    return costs[name].seconds - costs[start].seconds


def times(part: float, whole: float) -> float:
    """Return how many times the whole a part is; 0, which is told as noise, if no whole was left to divide by."""
    return part / whole if whole > 0 else 0.0


def slower(costs: Mapping[str, Cost], names: Sequence[str]) -> float:
    """Return the seconds of the slowest of some commands."""
    return max(costs[name].seconds for name in names)
