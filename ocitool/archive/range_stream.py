"""The bytes of one entry in order, hashed as they pass, plain or decompressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.archive.codec.decompress import open_decompressor
from ocitool.archive.prefetch import read_ahead
from ocitool.errors import ChangedSource
from ocitool.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.archive.codec.ratio import Growth
    from ocitool.archive.source import ByteSource

CHUNK: Final = 1024 * 1024
"""Bytes taken at a time."""


class RangeStream:
    """`size` bytes at `offset` of a source, in order; `digest` is that of what was read so far."""

    def __init__(self, source: ByteSource, offset: int, size: int, algorithm: str = "sha256") -> None:
        self._source = source
        self._offset = offset
        self._end = offset + size
        self._algorithm = algorithm
        self._hasher = Digest(algorithm, "").hasher()
        self.count = 0

    @property
    def name(self) -> str:
        """What messages call the source."""
        return self._source.name

    def read(self, length: int) -> bytes:
        """Return up to `length` bytes, none at the end; raises `ChangedSource` if the source ends before."""
        wanted = min(length, self._end - self._offset)
        data = self._source.read_at(self._offset, wanted)
        if len(data) != wanted:
            raise ChangedSource(
                "became shorter while it was read",
                where=self.name,
                remedy="wait until it is written, then run again",
            )
        self._hasher.update(data)
        self._offset += wanted
        self.count += wanted
        return data

    @property
    def digest(self) -> Digest:
        """The digest of the bytes read so far."""
        return Digest(self._algorithm, self._hasher.hexdigest())


def decompressed(stream: RangeStream, compression: str, growth: Growth) -> Iterator[memoryview]:
    """Yield the plain bytes of a compressed stream, each part valid until the next is asked for.

    All of `stream` has been read, and hashed, when this ends. Raises `ArchiveError` if the data is damaged or cut
    short, `UnsafeEntry` if it grows further than `growth` allows.
    """
    read = 0
    for part in read_ahead(open_decompressor(compression, stream.read), CHUNK):
        count = stream.count
        growth.add(count - read, len(part), stream.name)
        read = count
        yield part
