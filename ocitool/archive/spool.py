"""Spools: bytes that arrive in order, put where they can be read by offset.

A pipe is spooled as it is, a compressed file or pipe decompressed. The spool is a file without a name that dies with
the process.
"""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ocitool.archive.codec.decompress import Decompressor, open_decompressor
from ocitool.archive.codec.ratio import Growth
from ocitool.archive.codec.zstd_frames import FRAME_HEADER_LIMIT, declared_size
from ocitool.archive.prefetch import read_ahead
from ocitool.errors import ArchiveError, OutputError
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK: Final = 1024 * 1024
"""Bytes moved at a time."""

_REMEDY: Final = "name another folder with --tmp-dir"


@dataclass(frozen=True, slots=True)
class SpoolOptions:
    """Where a spool lies (None: `default_spool_directory`), how far data may grow, who hears of the bytes."""

    folder: Path | None = None
    ratio_limit: int = RATIO_LIMIT
    on_bytes: Callable[[int], None] | None = None


class RawInput(Protocol):
    """Bytes in order from anything that is no file of the system; it raises `ArchiveError` itself."""

    def read(self, length: int, /) -> bytes:
        """Return up to `length` bytes, none at the end."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill some of `buffer`, return 0 at the end."""

    def close(self) -> None:
        """Let go of it."""


class InputStream:
    """Bytes in order from a file, pipe, device or other input, with a look at the first ones."""

    def __init__(self, file: io.FileIO | RawInput, name: str) -> None:
        self.name = name
        self.count = 0
        self._file = file
        self._descriptor = file.fileno() if isinstance(file, io.FileIO) else None
        self._ahead = b""
        self._nowhere: io.FileIO | None = None

    @property
    def remaining(self) -> int:
        """Bytes that are still to come, as far as a regular file tells; 0 for everything else."""
        if self._descriptor is None:
            return 0
        status = os.fstat(self._descriptor)
        here = os.lseek(self._descriptor, 0, os.SEEK_CUR) if stat.S_ISREG(status.st_mode) else status.st_size
        return max(0, status.st_size - here)

    def peek(self, length: int) -> bytes:
        """Return the first `length` bytes, fewer only if there are no more, without taking them."""
        while len(self._ahead) < length and (data := self._read(length - len(self._ahead))):
            self._ahead += data
        return self._ahead[:length]

    def read(self, length: int) -> bytes:
        """Return up to `length` bytes, none at the end; raises `ArchiveError`."""
        data, self._ahead = (self._ahead[:length], self._ahead[length:]) if self._ahead else (self._read(length), b"")
        self.count += len(data)
        return data

    def readinto(self, buffer: memoryview) -> int:
        """Fill some of `buffer`, return 0 at the end; raises `ArchiveError`."""
        if self._ahead:
            data = self.read(len(buffer))
            buffer[: len(data)] = data
            return len(data)
        try:
            while (count := self._file.readinto(buffer)) is None:
                self._wait()
        except OSError as error:
            raise ArchiveError(f"cannot read: {error.strerror}", where=self.name) from error
        self.count += count
        return count

    def skip(self, length: int) -> int:
        """Pass over up to `length` bytes and return how many, 0 at the end; raises `ArchiveError`."""
        if self._ahead:
            return len(self.read(length))
        count = self._splice(length)
        return len(self.read(min(length, CHUNK))) if count is None else count

    def close(self) -> None:
        """Close the file."""
        if self._nowhere is not None:
            self._nowhere.close()
        self._file.close()

    def _splice(self, length: int) -> int | None:
        """Have the kernel drop what is in a pipe, without a copy; None where it cannot."""
        source = self._descriptor
        if source is None or not hasattr(os, "splice") or not stat.S_ISFIFO(os.fstat(source).st_mode):
            return None
        try:
            if self._nowhere is None:
                self._nowhere = io.FileIO(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), "wb")
            count = os.splice(source, self._nowhere.fileno(), length)
        except OSError:
            return None
        self.count += count
        return count

    def _read(self, length: int) -> bytes:
        try:
            while (data := self._file.read(length)) is None:
                self._wait()
        except OSError as error:
            raise ArchiveError(f"cannot read: {error.strerror}", where=self.name) from error
        return data

    def _wait(self) -> None:
        """Wait until something comes through a pipe that does not wait by itself, as it was set up (O_NONBLOCK)."""
        import select

        ready = select.poll()
        ready.register(-1 if self._descriptor is None else self._descriptor, select.POLLIN)
        ready.poll()


class SpoolFile:
    """A file without a name that bytes are put into in order; it dies with the process.

    `folder` None is `default_spool_directory`; `size` is in bytes. Raises `OutputError` if it does not fit.
    """

    def __init__(self, folder: Path | None = None) -> None:
        import tempfile

        self.size = 0
        self._folder = folder or default_spool_directory()
        try:
            # Not a context manager: on success the file is handed on.
            self.file: io.FileIO = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
        except OSError as error:
            raise spool_failed(self._folder, error) from error

    def write(self, data: bytes | memoryview) -> None:
        """Write all of `data` after what was written before; raises `OutputError`."""
        rest = memoryview(data)
        self.size += len(rest)
        try:
            while rest:
                rest = rest[self.file.write(rest) :]
        except OSError as error:
            raise spool_failed(self._folder, error) from error

    def require_space(self, size: int) -> None:
        """Raise `OutputError` if the file system has less than `size` bytes free."""
        status = os.fstatvfs(self.file.fileno())
        free = status.f_bavail * status.f_frsize
        if size > free:
            raise OutputError(
                f"cannot spool here: needs {size} bytes, but only {free} are free",
                where=str(self._folder),
                remedy=_REMEDY,
            )

    def close(self) -> None:
        """Let go of it, and with it of its bytes."""
        self.file.close()


def spool_stream(stream: InputStream, options: SpoolOptions, *, size: int = 0) -> io.FileIO:
    """Spool a stream of at least `size` bytes as it is; raises `OutputError` if it does not fit."""
    return _spool(stream, stream, options, size=size, bounded=False)


def spool_decompressed(stream: InputStream, compression: str, options: SpoolOptions, *, size: int = 0) -> io.FileIO:
    """Spool a compressed stream as plain bytes; if `size` tells how many, it is not begun where they do not fit.

    Raises `ArchiveError` if it is damaged or cut short, `UnsafeEntry` if it grows out of all proportion.
    """
    return _spool(open_decompressor(compression, stream.read), stream, options, size=size, bounded=True)


def declared_length(stream: InputStream, compression: str) -> int:
    """Return how many bytes a compressed stream says that it is going to be, 0 if it does not say."""
    return declared_size(stream.peek(FRAME_HEADER_LIMIT)) if compression == "zstd" else 0


def spool_failed(folder: Path, error: OSError) -> OutputError:
    """Return the error for a failed system call on a spool."""
    return OutputError(f"cannot spool here: {error.strerror}", where=str(folder), remedy=_REMEDY)


def default_spool_directory() -> Path:
    """Return where a spool lies if nothing better is known: `$TMPDIR`, else ``/var/tmp``.

    Not ``/tmp``, which may be memory.
    """
    return Path(os.environ.get("TMPDIR") or "/var/tmp")  # noqa: S108 - the file has no name there


def _spool(
    plain: Decompressor | InputStream, stream: InputStream, options: SpoolOptions, *, size: int, bounded: bool
) -> io.FileIO:
    """Spool at least `size` bytes, as far as is known before."""
    spool = SpoolFile(options.folder)
    growth, read = Growth(options.ratio_limit), 0
    try:
        spool.require_space(size)
        for part in read_ahead(plain, CHUNK):
            spool.write(part)
            if bounded:
                count = stream.count
                growth.add(count - read, len(part), stream.name)
                read = count
            if options.on_bytes is not None:
                options.on_bytes(len(part))
    except ArchiveError as error:
        spool.close()
        raise placed(error, stream.name) from error
    except BaseException:
        spool.close()
        raise
    return spool.file


def placed(error: ArchiveError, name: str) -> ArchiveError:
    """Say where, for an error of a decoder that knows of no file."""
    if error.where:
        return error
    return type(error)(error.message, where=name, remedy=error.remedy or "transfer or export it again")
