"""Headers that a table of contents promises, compared when they pass by."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

from ocitool.errors import UnsafeEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

SMALL: Final = 256 * 1024
"""Bytes of entries that are read together with those before them."""

TOGETHER: Final = 4 * 1024 * 1024


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

    def end_of_small(self, offset: int) -> int:
        """Return up to where small entries follow each other from `offset` on, as far as that is known; else 0."""
        index = bisect_left(self._starts, offset)
        end, last = offset, 0
        while index < len(self._starts) and (end := self._starts[index]) - max(last, offset) <= SMALL:
            if end - offset > TOGETHER:
                break
            last = end
            index += 1
        return last
