"""Byte sources: random access to an archive, wherever its bytes are.

Everything is read by offset. A file is read in place; a pipe is spooled first and then is a file.
"""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ocitool.errors import ArchiveError, ChangedSource, OutputError, UnsupportedArchive

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

SPOOL_CHUNK: Final = 1024 * 1024
"""Bytes moved at a time from a pipe to its spool."""


class ByteSource(Protocol):
    """Random access to the bytes of one archive."""

    @property
    def name(self) -> str:
        """What messages call this source."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    @property
    def descriptor(self) -> int | None:
        """A file descriptor whose offsets are this source's, for zero-copy paths; None if there is none."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`, fewer only at the end."""

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; return the bytes read, fewer only at the end."""

    def check_unchanged(self) -> None:
        """Raise `ChangedSource` if the source is not what it was when it was opened."""

    def close(self) -> None:
        """Let go of what is held."""


@dataclass(frozen=True, slots=True)
class _Identity:
    size: int
    modified: int  # nanoseconds

    @classmethod
    def of(cls, descriptor: int) -> _Identity:
        status = os.fstat(descriptor)
        return cls(status.st_size, status.st_mtime_ns)


class FileSource:
    """A regular file, read in place with positional reads, so that threads share it without a lock."""

    def __init__(self, file: io.FileIO, name: str) -> None:
        self._file = file
        self._descriptor = file.fileno()
        self._identity = _Identity.of(self._descriptor)
        self.name = name

    @classmethod
    def open(cls, path: Path) -> FileSource:
        """Open a file; raises `ArchiveError` if it cannot be read."""
        return cls(_open(path), str(path))

    @property
    def size(self) -> int:
        """Length in bytes when the source was opened."""
        return self._identity.size

    @property
    def descriptor(self) -> int | None:
        """The descriptor of the open file."""
        return self._descriptor

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`."""
        parts: list[bytes] = []
        while length > 0:
            try:
                part = os.pread(self._descriptor, length, offset)
            except OSError as error:
                raise ArchiveError(f"cannot read: {error.strerror}", where=self.name) from error
            if not part:
                break
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`."""
        done = 0
        while done < len(buffer):
            try:
                count = os.preadv(self._descriptor, [buffer[done:]], offset + done)
            except OSError as error:
                raise ArchiveError(f"cannot read: {error.strerror}", where=self.name) from error
            if count == 0:
                break
            done += count
        return done

    def check_unchanged(self) -> None:
        """Raise `ChangedSource` if size or time of modification moved since the source was opened."""
        if _Identity.of(self._descriptor) != self._identity:
            raise ChangedSource(
                "changed while it was read",
                where=self.name,
                remedy="wait until it is written, then run again",
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_source(
    path: str | os.PathLike[str],
    *,
    standard_input: int = 0,
    spool_directory: Path | None = None,
    on_spool: Callable[[int], None] | None = None,
) -> FileSource:
    """Open `path`, or the descriptor `standard_input` for ``-``.

    What cannot be read by offset is spooled first: `spool_directory` is where (the spool has no name there and
    dies with the process), `on_spool` is told the bytes of each part as it arrives. Raises `ArchiveError` if
    the source cannot be read and `OutputError` if the spool does not fit.
    """
    if os.fspath(path) == "-":
        name = "standard input"
        try:
            file = io.FileIO(os.dup(standard_input), "rb")
        except OSError as error:
            raise ArchiveError(f"cannot read: {error.strerror}", where=name) from error
        in_place = _is_regular(file) and file.tell() == 0
    else:
        name = os.fspath(path)
        file = _open(Path(path))
        in_place = _is_regular(file)
    if in_place:
        return FileSource(file, name)
    with file:
        return _spool(file, name, spool_directory or default_spool_directory(), on_spool)


def _open(path: Path) -> io.FileIO:
    try:
        if path.is_dir():
            raise UnsupportedArchive(
                "is a folder, which is not read yet",
                where=str(path),
                remedy=f"pack it: tar -C {path} -cf layout.tar oci-layout index.json blobs",
            )
        return io.FileIO(path, "rb")
    except FileNotFoundError:
        raise ArchiveError("no such file", where=str(path), remedy="check the name") from None
    except OSError as error:
        raise ArchiveError(f"cannot open: {error.strerror}", where=str(path)) from error


def _is_regular(file: io.FileIO) -> bool:
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def _spool(stream: io.FileIO, name: str, folder: Path, on_spool: Callable[[int], None] | None) -> FileSource:
    import tempfile

    remedy = "name another folder with --tmp-dir"
    try:
        # Not a context manager: on success the spool outlives this function as the source.
        spool = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
    except OSError as error:
        raise OutputError(f"cannot spool here: {error.strerror}", where=str(folder), remedy=remedy) from error
    try:
        buffer = memoryview(bytearray(SPOOL_CHUNK))
        while count := _read_some(stream, buffer, name):
            try:
                _write_whole(spool, buffer[:count])
            except OSError as error:
                raise OutputError(f"cannot spool here: {error.strerror}", where=str(folder), remedy=remedy) from error
            if on_spool is not None:
                on_spool(count)
        return FileSource(spool, name)
    except BaseException:
        spool.close()
        raise


def _read_some(stream: io.FileIO, buffer: memoryview, name: str) -> int:
    try:
        return stream.readinto(buffer) or 0
    except OSError as error:
        raise ArchiveError(f"cannot read: {error.strerror}", where=name) from error


def _write_whole(spool: io.FileIO, data: memoryview) -> None:
    while data:
        data = data[spool.write(data) :]


def default_spool_directory() -> Path:
    """Return where a pipe is spooled if nothing better is known: `$TMPDIR`, else ``/var/tmp``.

    Not ``/tmp``, which may be memory.
    """
    return Path(os.environ.get("TMPDIR") or "/var/tmp")  # noqa: S108 - the file has no name there
