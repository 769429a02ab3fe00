"""Open files as sources: in place where they can be read by offset, else in order and once."""

from __future__ import annotations

import io
import os
import stat
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ocitool.archive.codec.sniff import tell_compression
from ocitool.archive.file_objects import file_object_name, reason_of, require_open, says_of_itself
from ocitool.archive.headers import BLOCK
from ocitool.archive.source import FileSource, Incoming
from ocitool.archive.spool import InputStream
from ocitool.errors import ArchiveError, ChangedSource, NotAnArchive, OcitoolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.archive.file_objects import ReadableFile
    from ocitool.archive.open_range import OpenRange
    from ocitool.archive.source import ByteSource

_SEEK_BY_READING: Final = frozenset(
    {("gzip", "GzipFile"), ("bz2", "BZ2File"), ("lzma", "LZMAFile"), ("zipfile", "ZipExtFile")}
)
"""Files that can be sought, but go back by decompressing again from their beginning."""


def open_file_object(file: ReadableFile) -> ByteSource | Incoming:
    """Open what is to be read from an open file, from where it stands on.

    A file of the system is read in place and never moved; any other that can be sought is given back at the position
    where it was. Both are read in order where they are compressed, or do not stand at their beginning. The rest is
    read once. Raises `UsageError` if it is closed, not open for reading, or text, `ArchiveError` if it cannot be
    read.
    """
    name = file_object_name(file)
    require_open(file, name, "read")
    found = _in_place(file, name)
    if found is None:
        return Incoming.of(InputStream(_Stream(file, name), name), lambda: None)
    source, start = found
    try:
        _require_rest(source, start)
        if start == 0 and tell_compression(source.read_at(0, BLOCK)) is None:
            return source
        incoming = Incoming.of(InputStream(_InOrder(source, start), name), source.check_unchanged)
    except BaseException:
        source.close()
        raise
    return incoming if incoming.compression else replace(incoming, needed=max(0, source.size - start))


def _require_rest(source: ByteSource, start: int) -> None:
    if start and source.size <= start:
        raise NotAnArchive("stands at its end", where=source.name, remedy="seek to where the archive begins")


class SeekableSource:
    """A file that can be sought, as a `ByteSource`: one read at a time, and back where it was in the end."""

    compression = ""

    def __init__(self, file: ReadableFile, name: str, position: int) -> None:
        self.name = name
        self._file = file
        self._position = position
        self._turn = threading.Lock()
        self._is_closed = False
        self.size = self._length()

    def open_range(self, offset: int, size: int) -> OpenRange | None:
        """Return None: the kernel knows nothing of it."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`."""
        parts: list[bytes] = []
        with self._turn:
            _seek(self._file, offset, os.SEEK_SET, self.name)
            while length > 0 and (part := _read(self._file, length, self.name)):
                parts.append(part)
                length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`."""
        data = self.read_at(offset, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def hold(self, offset: int, changed: int) -> None:
        """Do nothing: there are no blocks that could be shared."""

    def will_read(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Do nothing: it is not known to be slow."""

    def check_unchanged(self) -> None:
        """Raise `ChangedSource` if it is longer or shorter than it was."""
        if not self._is_closed and self._length() != self.size:
            raise ChangedSource(
                "changed while it was read", where=self.name, remedy="wait until it is written, then run again"
            )

    def close(self) -> None:
        """Put it where it was."""
        with self._turn:
            if not self._is_closed:
                self._is_closed = True
                with suppress(OcitoolError):  # of one that fails here everything was read before
                    _seek(self._file, self._position, os.SEEK_SET, self.name)

    def _length(self) -> int:
        with self._turn:
            return _seek(self._file, 0, os.SEEK_END, self.name)


class _Stream:
    """An open file as a `RawInput`: what its `read` gives, once."""

    def __init__(self, file: ReadableFile, name: str) -> None:
        self._file = file
        self._name = name

    def read(self, length: int, /) -> bytes:
        """Return up to `length` bytes, none at the end."""
        return _read(self._file, length, self._name)

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill some of `buffer`, return 0 at the end."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Do nothing: it is for whoever opened it to close."""


class _InOrder:
    """A source from one offset on as a `RawInput`."""

    def __init__(self, source: ByteSource, start: int) -> None:
        self._source = source
        self._offset = start

    def read(self, length: int, /) -> bytes:
        """Return up to `length` bytes, none at the end."""
        data = self._source.read_at(self._offset, length)
        self._offset += len(data)
        return data

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill `buffer` as far as there is something, return 0 at the end."""
        count = self._source.readinto_at(self._offset, buffer)
        self._offset += count
        return count

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()


def _in_place(file: ReadableFile, name: str) -> tuple[ByteSource, int] | None:
    """Return an open file as what is read by offset, and where it stands; None for one that is read in order."""
    if (plain := _plain_file(file)) is not None:
        raw, buffered = plain
        try:
            start = buffered.tell()
            return FileSource(io.FileIO(os.dup(raw.fileno()), "rb"), name), start
        except (OSError, ValueError) as error:
            raise ArchiveError(f"cannot read: {reason_of(error)}", where=name) from error
    if any((kind.__module__, kind.__qualname__) in _SEEK_BY_READING for kind in type(file).__mro__):
        return None
    if not all(callable(getattr(file, method, None)) for method in ("seek", "tell")):
        return None
    if not says_of_itself(file, "seekable"):
        return None
    try:
        start = _tell(file, name)
        return SeekableSource(file, name, start), start
    except ArchiveError:
        if callable(getattr(file, "seekable", None)):
            raise
        return None  # it never said that it could


def _plain_file(file: object) -> tuple[io.FileIO, io.FileIO | io.BufferedReader | io.BufferedRandom] | None:
    """Return the descriptor's own file, and what buffers it, of an open file that is a regular one of the system.

    Only of Python's own types: others have a descriptor as well whose bytes are not what they read, as one that
    decompresses has.
    """
    if (type(file).__module__, type(file).__name__) == ("tempfile", "_TemporaryFileWrapper"):
        file = getattr(file, "file", None)
    raw = getattr(file, "raw", None) if type(file) in {io.BufferedReader, io.BufferedRandom} else file
    if type(raw) is not io.FileIO or not isinstance(file, io.FileIO | io.BufferedReader | io.BufferedRandom):
        return None
    return (raw, file) if stat.S_ISREG(os.fstat(raw.fileno()).st_mode) else None


def _read(file: ReadableFile, length: int, name: str) -> bytes:
    """Return up to `length` bytes, none at the end; raises `ArchiveError` for everything that is no such thing."""
    try:
        data: object = file.read(length)
    except OcitoolError:
        raise
    except Exception as error:
        raise ArchiveError(f"cannot read: {reason_of(error)}", where=name) from error
    if isinstance(data, str):
        raise UsageError("gives text, and an archive is bytes", where=name, remedy="open it for bytes")
    if data is None:
        raise ArchiveError(
            "cannot read: it has nothing just now, and does not wait", where=name, remedy="give a file that waits"
        )
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ArchiveError(f"cannot read: it gives {type(data).__name__}, and an archive is bytes", where=name)
    if len(data) > length:
        raise ArchiveError(f"cannot read: it gives {len(data)} bytes where {length} were asked for", where=name)
    return bytes(data)


def _seek(file: object, offset: int, whence: int, name: str) -> int:
    """Move a file; return where it is then."""
    try:
        file.seek(offset, whence)  # type: ignore[attr-defined]
    except OcitoolError:
        raise
    except Exception as error:
        raise ArchiveError(f"cannot read: {reason_of(error)}", where=name) from error
    # Not what `seek` returns, which is nothing for some.
    return _tell(file, name)


def _tell(file: object, name: str) -> int:
    try:
        position: object = file.tell()  # type: ignore[attr-defined]
    except OcitoolError:
        raise
    except Exception as error:
        raise ArchiveError(f"cannot read: {reason_of(error)}", where=name) from error
    if not isinstance(position, int) or position < 0:
        raise ArchiveError(f"cannot read: it says that it is at {position!r}", where=name)
    return position
