"""How fast something goes, from how far it was when: speed of the last seconds, time that is left."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

SPEED_SECONDS: Final = 3.0
"""How far the speed looks back: it tells what happens now."""

LEFT_SECONDS: Final = 15.0
"""How far the time that is left looks back: it shall not jump with each burst of a disk."""


@dataclass(frozen=True, slots=True)
class JobStanding:
    """How far a batch is: jobs that are done, or were, that failed, that run, and of how many."""

    done: int
    failed: int
    running: int
    total: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a phase is: bytes done, of `total` if that is known, bytes a second, whole seconds left; jobs."""

    phase: str
    done: int
    total: int | None
    speed: float | None = None
    left: int | None = None
    jobs: JobStanding | None = None


class Pace:
    """What a phase did lately; times are seconds of one clock that never goes back."""

    def __init__(self, phase: str, total: int | None, start: float) -> None:
        self._phase = phase
        self._total = total
        self._start = start
        self._samples: deque[tuple[float, int]] = deque([(start, 0)])

    def note(self, now: float, done: int) -> Standing:
        """Take in that `done` bytes are done, and tell how it goes."""
        samples = self._samples
        samples.append((now, done))
        # The newest sample that is old enough stays, so that there is always one to compare with.
        while len(samples) > 2 and samples[1][0] <= now - LEFT_SECONDS:
            samples.popleft()
        recent = next(
            (sample for sample in reversed(samples) if sample[0] <= now - SPEED_SECONDS),
            samples[0],
        )
        return self._standing(done, _speed(recent, (now, done)), _speed(samples[0], (now, done)))

    def end(self, now: float, done: int) -> Standing:
        """Tell how it went: the speed is that of the whole phase."""
        average = _speed((self._start, 0), (now, done))
        return self._standing(done, average, None)

    def _standing(self, done: int, speed: float | None, steady: float | None) -> Standing:
        return Standing(self._phase, done, self._total, speed, self._left(done, steady))

    def _left(self, done: int, speed: float | None) -> int | None:
        if self._total is None:
            return None
        if done >= self._total:
            return 0
        # What is not done takes a second at least, however short the time was that the speed is known from.
        return max(1, math.ceil((self._total - done) / speed)) if speed else None


def _speed(before: tuple[float, int], after: tuple[float, int]) -> float | None:
    """Return bytes a second between two samples; None where nothing is known yet."""
    seconds = after[0] - before[0]
    return (after[1] - before[1]) / seconds if seconds > 0 and after[1] else None
