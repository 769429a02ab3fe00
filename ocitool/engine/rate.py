"""A bound on bytes a second, for storage that others want something of too."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

BURST: Final = 0.25
"""Seconds of unused time that are made up for: a pause of a disk costs nothing, a long one is not caught up with."""


class Rate:
    """A token bucket that threads share: whoever took more than there was waits until it is paid for.

    `bytes_per_second` is at least 1. Waiting is sleeping, and ends at once when the `stop` of the work is set.
    """

    def __init__(
        self,
        bytes_per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self.bytes_per_second = bytes_per_second
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._paid_until = clock()

    def take(self, count: int, stop: threading.Event | None = None) -> None:
        """Count `count` bytes that were moved, and wait until as many may have been, or until `stop` is set."""
        with self._lock:
            now = self._clock()
            # Bytes are paid for in turn, so that threads together keep to the bound.
            self._paid_until = max(self._paid_until, now - BURST) + count / self.bytes_per_second
            left = self._paid_until - now
        if left > 0:
            self._wait(stop or threading.Event(), left)
