"""Bytes that were fetched and may be wanted again, as many as memory has room for."""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections import OrderedDict
from typing import Final

LIMIT: Final = 16 * 1024 * 1024
"""Bytes that are kept; what was not used for the longest time goes first."""


class KeptBytes:
    """Pieces of an object, none of which overlap; threads share it."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._size = 0
        self._starts: list[int] = []
        self._pieces: OrderedDict[int, memoryview] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, start: int, data: memoryview) -> None:
        """Keep bytes that begin at `start`, as far as they are not kept yet."""
        with self._lock:
            position, end = start, start + len(data)
            while position < end:
                held = self._at(position)
                if held is not None:
                    position = held + len(self._pieces[held])
                    continue
                following = bisect_right(self._starts, position)
                stop = min(end, self._starts[following]) if following < len(self._starts) else end
                insort(self._starts, position)
                self._pieces[position] = data[position - start : stop - start]
                self._size += stop - position
                position = stop
            while self._size > self._limit and len(self._pieces) > 1:
                oldest, piece = self._pieces.popitem(last=False)
                self._starts.pop(bisect_right(self._starts, oldest) - 1)
                self._size -= len(piece)

    def copy(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset` on as far as that is kept without a gap; return how many bytes that are."""
        done = 0
        with self._lock:
            while done < len(buffer) and (start := self._at(offset + done)) is not None:
                self._pieces.move_to_end(start)
                piece = self._pieces[start][offset + done - start :][: len(buffer) - done]
                buffer[done : done + len(piece)] = piece
                done += len(piece)
        return done

    def end(self, offset: int) -> int:
        """Return up to where the bytes from `offset` on are kept without a gap; `offset` if none are."""
        with self._lock:
            while (start := self._at(offset)) is not None:
                offset = start + len(self._pieces[start])
        return offset

    def next_start(self, offset: int) -> int | None:
        """Return where the first piece behind `offset` begins, None if there is none."""
        with self._lock:
            following = bisect_right(self._starts, offset)
            return self._starts[following] if following < len(self._starts) else None

    def _at(self, offset: int) -> int | None:
        """Return where the piece that has `offset` begins."""
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            return None
        start = self._starts[index]
        return start if offset < start + len(self._pieces[start]) else None
