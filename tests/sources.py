"""Byte sources in memory, for tests that need no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.archive.remote import FarSource
from ocitool.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class BytesSource:
    """A `ByteSource` over bytes; it has no file, so it takes the paths that copy."""

    compression = ""

    def __init__(self, data: bytes, name: str = "test.tar") -> None:
        self._data = data
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def size(self) -> int:
        return len(self._data)

    def open_range(self, offset: int, size: int) -> None:
        return None

    def read_at(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        part = self.read_at(offset, len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def hold(self, offset: int, changed: int) -> None:
        """Nothing can be shared."""

    def will_read(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Bytes need no preparation."""

    def check_unchanged(self) -> None:
        """Bytes never change."""

    def close(self) -> None:
        """Nothing is held."""


class FarBytes(BytesSource, FarSource):
    """Bytes that are far away: what is read, as offset and length, is noted."""

    def __init__(self, data: bytes, name: str = "far.tar") -> None:
        super().__init__(data, name)
        self.reads: list[tuple[int, int]] = []
        self.expected: dict[int, bytes] = {}
        self.documents = 0

    def require_before(self, expected: Mapping[int, bytes], documents: int) -> None:
        self.expected, self.documents = dict(expected), documents

    def interrupt(self) -> None:
        """Nobody waits for bytes in memory."""

    def read_at(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        for place, header in self.expected.items():
            if offset <= place < offset + length and self._data[place - len(header) : place] != header:
                raise ArchiveError("another header", where=self.name)
        return super().read_at(offset, length)
