"""How far compressed data may grow: a bound against bombs."""

from __future__ import annotations

import threading

from ocitool.errors import UnsafeEntry
from ocitool.model.limits import RATIO_FREE


class Growth:
    """All that is decompressed of one archive, held to `limit` times what it comes from; for several threads.

    One bound for all together, so that many small bombs are as bad as a large one.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._read = 0
        self._written = 0
        self._lock = threading.Lock()

    def add(self, read: int, written: int, where: str = "") -> None:
        """Count bytes more; raises `UnsafeEntry` if what was written grows out of all proportion."""
        with self._lock:
            self._read += read
            self._written += written
            grows = self._written > max(RATIO_FREE, self._limit * self._read)
        if grows:
            raise UnsafeEntry(
                f"grows to more than {self._limit} times its size when it is decompressed",
                where=where,
                remedy="if it is meant to, raise --max-ratio",
            )
