"""Objects that are read in order: compressed ones, whose parts are fetched ahead all the same, and opened files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ocitool.adapters.remote.remote_object import changed
from ocitool.errors import ArchiveError

if TYPE_CHECKING:
    from ocitool.adapters.remote.source import RemoteSource


class SourceInput:
    """A `RawInput` over a source that is read from its first byte to its last."""

    def __init__(self, source: RemoteSource) -> None:
        self._source = source
        self._position = 0
        self._is_announced = False

    def read(self, length: int, /) -> bytes:
        """Return up to `length` bytes, none at the end; raises `ArchiveError`."""
        buffer = memoryview(bytearray(max(0, min(length, self._source.size - self._position))))
        return bytes(buffer[: self.readinto(buffer)])

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill `buffer`, return 0 at the end; raises `ArchiveError`."""
        if self._position and not self._is_announced:  # not for a look at the first bytes alone
            self._is_announced = True
            self._source.will_read([(self._position, self._source.size - self._position)])
        count = self._source.readinto_at(self._position, buffer)
        self._position += count
        return count

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()


class FileInput:
    """A `RawInput` over a file that a backend opened; what breaks cannot be gone on with."""

    def __init__(self, file: Any, name: str, size: int = -1) -> None:
        self._file = file
        self._name = name
        self._size = size
        self._position = 0

    def read(self, length: int, /) -> bytes:
        """Return up to `length` bytes, none at the end; raises `ArchiveError`."""
        try:
            data: bytes = self._file.read(length)
        except (OSError, EOFError) as error:
            told = getattr(error, "strerror", None) or "the connection broke"
            raise ArchiveError(f"cannot be read: {told}", where=self._name, remedy="run it again") from error
        self._position += len(data)
        if not data and self._position < self._size:
            raise changed(self._name)
        return data

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill some of `buffer`, return 0 at the end; raises `ArchiveError`."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
