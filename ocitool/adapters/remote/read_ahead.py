"""How much to fetch with what is asked for: headers lie between layers, documents follow each other."""

from __future__ import annotations

from collections import deque
from typing import Final

from ocitool.archive.headers import BLOCK

BASE: Final = 64 * 1024
"""Bytes of the first window, and of the longest hop that is read over rather than skipped."""

SMALLEST: Final = BLOCK
"""Bytes fetched at least after a long hop: one header."""

LARGEST: Final = 1024 * 1024
"""Bytes to which windows grow while what is read follows on."""

SHARE: Final = 2048
"""One byte in so many of those that were passed may be fetched after long hops without being asked for: where a tenth
of an archive is kept, that is half a percent of what is."""

TOGETHER: Final = 8 * 1024 * 1024
"""Bytes of documents that are fetched with one request, half of what is kept."""

_REMEMBERED: Final = 8
_SMALLEST_CONTINUATION: Final = 4 * 1024


class ReadAhead:
    """Tells which range to fetch for a read that finds nothing.

    After a long hop that is twice as much as was of use after the last few, so that a config and a manifest between
    two layers come along, as far as what was passed makes up for it. Reads that follow on have it double each time.
    """

    def __init__(self, fetched: int) -> None:
        self._landed = 0
        self._end = fetched
        self._window = BASE
        self._reach = 0
        self._reaches: deque[int] = deque(maxlen=_REMEMBERED)
        self._spent = 0

    def note(self, offset: int, length: int) -> None:
        """Hear of a read, whether it found its bytes or not."""
        if self._landed <= offset <= self._end:
            self._reach = max(self._reach, offset + length - self._landed)

    def choose(self, offset: int, length: int) -> tuple[int, int]:
        """Return where to begin and end, in bytes, for a read of `length` bytes at `offset`."""
        if 0 <= offset - self._end <= BASE:
            self._window = min(LARGEST, max(2 * self._window, _SMALLEST_CONTINUATION))
            start = self._end
        else:
            self._reaches.append(self._reach)
            credit = offset // SHARE - self._spent
            self._window = max(SMALLEST, min(BASE, credit, 2 * max(self._reaches)))
            self._spent += self._window
            self._landed, self._reach = offset, 0
            start = offset
        self._end = offset + max(length, self._window)
        self.note(offset, length)
        return start, self._end


def with_documents(begin: int, end: int, here: int, documents: int) -> tuple[int, int]:
    """Return where to begin and end, in bytes, for a read of documents, which all end at `documents`.

    All of them come with it that are not `here`, up to where everything is, unless they are too many.
    """
    start = here if here < begin and end - here <= TOGETHER else begin
    return start, max(end, min(documents, start + TOGETHER))
