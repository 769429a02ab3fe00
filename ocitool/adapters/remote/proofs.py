"""Headers that a table of contents promises, compared when they pass by."""

from __future__ import annotations

import sys
import threading
from bisect import bisect_right
from typing import TYPE_CHECKING

from ocitool.errors import UnsafeEntry

if TYPE_CHECKING:
    from collections.abc import Mapping


class Proofs:
    """What must stand right before offsets, by offset; threads share it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._offsets: list[int] = []
        self._starts: list[int] = []
        self._pending: dict[int, bytes] = {}
        self._lock = threading.Lock()

    def expect(self, expected: Mapping[int, bytes]) -> None:
        """Hear of headers by the offset of what follows each of them."""
        with self._lock:
            self._pending = dict(expected)
            self._offsets = sorted(expected)
            self._starts = [offset - len(expected[offset]) for offset in self._offsets]

    def length(self, offset: int) -> int:
        """Return how long the header before `offset` is if it is still to be proven, in bytes; else 0."""
        return len(self._pending.get(offset, b""))

    def prove(self, start: int, data: memoryview) -> None:
        """Compare all headers in bytes that begin at `start`; raises `UnsafeEntry` if one is not as promised."""
        if not self._pending:
            return
        first = bisect_right(self._offsets, start)
        last = bisect_right(self._offsets, start + len(data))
        for offset in self._offsets[first:last]:
            header = self._pending.get(offset)
            if header is None or offset - len(header) < start:
                continue
            if data[offset - len(header) - start : offset - start] != header:
                raise UnsafeEntry(
                    "another header than its table of contents says",
                    where=f"{self._name} at offset {offset - len(header)}",
                    remedy="the file is damaged: transfer or export it again",
                )
            with self._lock:
                self._pending.pop(offset, None)

    def first(self) -> int:
        """Return where the first header begins that was to be proven; beyond all offsets if there is none."""
        return self._starts[0] if self._starts else sys.maxsize
