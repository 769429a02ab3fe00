"""Spools: bytes that arrive in order, put where they can be read by offset.

A pipe is spooled as it is, a compressed file or pipe decompressed. The spool is a file without a name that dies with
the process.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocitool.archive.codec.decompress import Decompressor, open_decompressor
from ocitool.archive.prefetch import read_ahead
from ocitool.errors import ArchiveError, OutputError, UnsafeEntry

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

CHUNK: Final = 1024 * 1024
"""Bytes moved at a time."""

RATIO_LIMIT: Final = 1000
"""How many times its size compressed data may grow to; zeros reach that, images do not."""

RATIO_FREE: Final = 1024 * 1024 * 1024
"""Bytes of output below which the ratio does not matter."""

_REMEDY: Final = "name another folder with --tmp-dir"


@dataclass(frozen=True, slots=True)
class SpoolOptions:
    """Where a spool lies (None: `default_spool_directory`), how far data may grow, who hears of the bytes."""

    folder: Path | None = None
    ratio_limit: int = RATIO_LIMIT
    on_bytes: Callable[[int], None] | None = None


class InputStream:
    """Bytes in order from a file, pipe or device, with a look at the first ones."""

    def __init__(self, file: io.FileIO, name: str) -> None:
        self.name = name
        self.count = 0
        self._file = file
        self._ahead = b""

    def peek(self, length: int) -> bytes:
        """Return the first `length` bytes, fewer only if there are no more, without taking them."""
        while len(self._ahead) < length and (data := self._read(length - len(self._ahead))):
            self._ahead += data
        return self._ahead[:length]

    def read(self, length: int) -> bytes:
        """Return up to `length` bytes, none at the end; raises `ArchiveError`."""
        data, self._ahead = (self._ahead, b"") if self._ahead else (self._read(length), b"")
        self.count += len(data)
        return data

    def readinto(self, buffer: memoryview) -> int:
        """Fill some of `buffer`, return 0 at the end; raises `ArchiveError`."""
        if self._ahead:
            data = self.read(len(buffer))
            buffer[: len(data)] = data
            return len(data)
        try:
            count = self._file.readinto(buffer) or 0
        except OSError as error:
            raise ArchiveError(f"cannot read: {error.strerror}", where=self.name) from error
        self.count += count
        return count

    def _read(self, length: int) -> bytes:
        try:
            return self._file.read(length) or b""
        except OSError as error:
            raise ArchiveError(f"cannot read: {error.strerror}", where=self.name) from error


def spool_stream(stream: InputStream, options: SpoolOptions) -> io.FileIO:
    """Spool a stream as it is; raises `OutputError` if it does not fit."""
    return _spool(stream, stream, options, bounded=False)


def spool_decompressed(stream: InputStream, compression: str, options: SpoolOptions) -> io.FileIO:
    """Spool a compressed stream as plain bytes.

    Raises `ArchiveError` if it is damaged or cut short, `UnsafeEntry` if it grows out of all proportion.
    """
    return _spool(open_decompressor(compression, stream.read), stream, options, bounded=True)


def default_spool_directory() -> Path:
    """Return where a spool lies if nothing better is known: `$TMPDIR`, else ``/var/tmp``.

    Not ``/tmp``, which may be memory.
    """
    return Path(os.environ.get("TMPDIR") or "/var/tmp")  # noqa: S108 - the file has no name there


def _spool(
    plain: Decompressor | InputStream, stream: InputStream, options: SpoolOptions, *, bounded: bool
) -> io.FileIO:
    folder = options.folder or default_spool_directory()
    spool = _open(folder)
    try:
        written = 0
        for part in read_ahead(plain, CHUNK):
            _write(spool, part, folder)
            written += len(part)
            if bounded:
                _check_ratio(written, stream, options.ratio_limit)
            if options.on_bytes is not None:
                options.on_bytes(len(part))
    except ArchiveError as error:
        spool.close()
        raise _placed(error, stream.name) from error
    except BaseException:
        spool.close()
        raise
    return spool


def _check_ratio(written: int, stream: InputStream, limit: int) -> None:
    if written > max(RATIO_FREE, limit * stream.count):
        raise UnsafeEntry(
            f"grows to more than {limit} times its size when it is decompressed",
            where=stream.name,
            remedy="if it is meant to, raise --max-ratio",
        )


def _placed(error: ArchiveError, name: str) -> ArchiveError:
    """Say where, for an error of a decoder that knows of no file."""
    if error.where:
        return error
    return type(error)(error.message, where=name, remedy=error.remedy or "transfer or export it again")


def _open(folder: Path) -> io.FileIO:
    import tempfile

    try:
        # Not a context manager: on success the spool outlives this module's functions.
        return tempfile.TemporaryFile(dir=folder, buffering=0)
    except OSError as error:
        raise OutputError(f"cannot spool here: {error.strerror}", where=str(folder), remedy=_REMEDY) from error


def _write(spool: io.FileIO, data: memoryview, folder: Path) -> None:
    try:
        while data:
            data = data[spool.write(data) :]
    except OSError as error:
        raise OutputError(f"cannot spool here: {error.strerror}", where=str(folder), remedy=_REMEDY) from error
