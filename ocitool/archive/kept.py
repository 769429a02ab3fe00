"""Bytes kept of an archive that passes by, each where it stood there."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Final

from ocitool.archive.spool import CHUNK, SpoolFile, default_spool_directory, spool_failed
from ocitool.errors import ArchiveError

if TYPE_CHECKING:
    from pathlib import Path

MEMORY_SIZE: Final = 2 * 1024 * 1024
"""Bytes that are kept in memory; more go to a file, and then all of them."""


class KeptBytes:
    """A file without a name with bytes at their offsets and holes between; in memory while they are few.

    `needed` are the bytes that it is going to hold, as far as is known; a disk that has less room is refused when it
    is needed. Raises `OutputError` if they do not fit.
    """

    def __init__(self, folder: Path | None, needed: int) -> None:
        self.needed = needed
        self._folder = folder or default_spool_directory()
        self._size = 0
        self._ranges: list[tuple[int, int]] = []  # start and end, in order
        self._in_memory = hasattr(os, "memfd_create")
        self.file = io.FileIO(os.memfd_create("ocitool"), "rb+") if self._in_memory else self._open()

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Keep `data`, which stands at `offset`, after what was kept before; raises `OutputError`."""
        if not data:
            return
        self._size += len(data)
        if self._in_memory and self._size > MEMORY_SIZE:
            self._move()
        self._write(offset, data)
        end = offset + len(data)
        start = self._ranges.pop()[0] if self._ranges and self._ranges[-1][1] == offset else offset
        self._ranges.append((start, end))

    def has(self, offset: int, length: int) -> bool:
        """Tell whether all of these bytes are kept."""
        from bisect import bisect_right

        place = bisect_right(self._ranges, offset, key=lambda kept: kept[0]) - 1
        return place >= 0 and offset + length <= self._ranges[place][1]

    def readinto(self, offset: int, buffer: memoryview) -> None:
        """Fill `buffer` with bytes that are kept."""
        done = 0
        while done < len(buffer):
            count = os.preadv(self.file.fileno(), [buffer[done:]], offset + done)
            if count == 0:
                raise ArchiveError("what was kept of it became shorter")
            done += count

    def close(self) -> None:
        """Let go of it, and with it of its bytes."""
        self.file.close()

    def _open(self) -> io.FileIO:
        spool = SpoolFile(self._folder)
        try:
            spool.require_space(self.needed)
        except BaseException:
            spool.close()
            raise
        return spool.file

    def _move(self) -> None:
        """Go on in a file."""
        memory, self.file, self._in_memory = self.file, self._open(), False
        with memory:
            for start, end in self._ranges:
                for offset in range(start, end, CHUNK):
                    self._write(offset, os.pread(memory.fileno(), min(CHUNK, end - offset), offset))

    def _write(self, offset: int, data: bytes | memoryview) -> None:
        rest = memoryview(data)
        try:
            self.file.seek(offset)
            while rest:
                rest = rest[self.file.write(rest) :]
        except OSError as error:
            raise spool_failed(self._folder, error) from error
