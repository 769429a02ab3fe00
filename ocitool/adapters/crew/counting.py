"""Bytes counted where a job runs, and told a few times a second to whoever is elsewhere."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Counting:
    """A listener that calls `tell` with the bytes since the last call, every `interval` seconds at the most.

    It is called from any thread, and one call of `tell` at a time is under way; what it raises ends the work.
    """

    def __init__(
        self, tell: Callable[[int], None], interval: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._count = 0
        self._due = clock() + interval

    def start(self, phase: str, total: int | None) -> None:
        """Ignore the phase."""

    def advance(self, count: int) -> None:
        """Count `count` more bytes, and tell if it is time for that."""
        with self._lock:
            self._count += count
            if self._clock() >= self._due:
                self._flush()

    def finish(self) -> None:
        """Ignore the end of the phase."""

    def close(self) -> None:
        """Tell what was not told yet."""
        with self._lock:
            if self._count:
                self._flush()

    def _flush(self) -> None:
        count, self._count = self._count, 0
        self._due = self._clock() + self._interval
        self._tell(count)
