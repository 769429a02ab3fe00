"""The bytes of an archive that arrives, decompressed, in order and once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.archive.codec.decompress import Decompressor, open_decompressor
from ocitool.archive.codec.ratio import Growth
from ocitool.archive.prefetch import read_ahead
from ocitool.archive.spool import CHUNK, placed
from ocitool.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Generator

    from ocitool.archive.source import Incoming
    from ocitool.archive.spool import InputStream

_NOTHING: Final = memoryview(b"")


class IncomingBytes:
    """What comes out of an `Incoming`; raises `ArchiveError` if that is damaged, cut short or grows without end.

    What is compressed is decompressed in a thread of its own. What is not goes straight from the pipe into the buffer
    of whoever wants it, until `read_ahead` has a thread read it, too: that pays where all of it is spooled.
    """

    def __init__(self, incoming: Incoming, ratio_limit: int) -> None:
        self._incoming = incoming
        self._stream: InputStream = incoming.stream
        self._plain: Decompressor | InputStream = self._stream
        self._parts: Generator[memoryview, None, None] | None = None
        self._part = _NOTHING
        self._growth = Growth(ratio_limit)
        self._counted = 0
        if incoming.compression:
            self._plain = open_decompressor(incoming.compression, self._stream.read)
            self.read_ahead()

    def read_ahead(self) -> None:
        """Have a thread of its own read from now on."""
        if self._parts is None:
            self._parts = read_ahead(self._plain, CHUNK)

    def readinto(self, buffer: memoryview) -> int:
        """Fill some of `buffer`; return 0 at the end."""
        if self._parts is None:
            return self._stream.readinto(buffer)
        part = self._next(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def part(self, buffer: memoryview) -> memoryview:
        """Return as many bytes as `buffer` has, or fewer, valid until the next call; they are in it or read ahead."""
        return buffer[: self.readinto(buffer)] if self._parts is None else self._next(len(buffer))

    def skip(self, length: int) -> int:
        """Pass over up to `length` bytes, of which there is at least one; return 0 at the end."""
        return self._stream.skip(length) if self._parts is None else len(self._next(length))

    def check_unchanged(self) -> None:
        """Raise `ChangedSource` if a file is not what it was."""
        self._incoming.check_unchanged()

    def close(self) -> None:
        """Let go of it, also where more was to come."""
        if self._parts is not None:
            self._parts.close()
        self._stream.close()

    def _next(self, length: int) -> memoryview:
        """Return up to `length` bytes of what was read ahead, valid until the next call."""
        if not self._part:
            self._part = self._pull()
        part, self._part = self._part[:length], self._part[length:]
        return part

    def _pull(self) -> memoryview:
        if self._parts is None:
            return _NOTHING
        try:
            part = next(self._parts, _NOTHING)
        except ArchiveError as error:
            raise placed(error, self._stream.name) from error
        if self._incoming.compression:
            count = self._stream.count
            self._growth.add(count - self._counted, len(part), self._stream.name)
            self._counted = count
        return part
