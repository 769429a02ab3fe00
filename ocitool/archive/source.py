"""Byte sources: random access to an archive, wherever its bytes are.

Everything is read by offset. A file is read in place; a pipe is spooled first and then is a file.
"""

from __future__ import annotations

import io
import os
import stat
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ocitool.archive.codec.sniff import tell_compression
from ocitool.archive.headers import BLOCK
from ocitool.archive.holes import punch_hole
from ocitool.archive.layout_directory import DirectorySource
from ocitool.archive.open_range import OpenRange
from ocitool.archive.pipes import widen_pipe
from ocitool.archive.spool import InputStream, SpoolOptions, declared_length, spool_decompressed, spool_stream
from ocitool.errors import ArchiveError, ChangedSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

HOLE: Final = 1024 * 1024
"""Bytes from which it is worth to give room back."""


class ByteSource(Protocol):
    """Random access to the bytes of one archive."""

    @property
    def name(self) -> str:
        """What messages call this source."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    @property
    def compression(self) -> str:
        """What the whole of it was compressed with when it came, "" for a plain tar or a folder."""

    def open_range(self, offset: int, size: int) -> OpenRange | None:
        """Return a file that holds these bytes, for what the kernel can do with them; None if there is none."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`, fewer only at the end."""

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; return the bytes read, fewer only at the end."""

    def hold(self, offset: int, changed: int) -> None:
        """Have `check_unchanged` know when the file with the byte at `offset` was changed, in nanoseconds (ctime).

        That is for blocks that are shared: whoever writes can set the time of modification back, but not this one.
        What only names or links a file moves it, too, so that it is not held where bytes are copied.
        """

    def will_read(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Hear of all that is still going to be read, each range as (offset, length) in bytes."""

    def check_unchanged(self) -> None:
        """Raise `ChangedSource` if the source is not what it was when it was opened."""

    def close(self) -> None:
        """Let go of what is held."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells that a file is still what it was: size in bytes, time of modification in nanoseconds."""

    size: int
    modified: int

    @classmethod
    def of(cls, descriptor: int) -> Identity:
        """Return what an open file is now."""
        status = os.fstat(descriptor)
        return cls(status.st_size, status.st_mtime_ns)

    def require(self, descriptor: int, name: str) -> None:
        """Raise `ChangedSource` if a file is no longer this one."""
        if Identity.of(descriptor) != self:
            raise _changed(name)


class FileSource:
    """A regular file, read in place with positional reads, so that threads share it without a lock."""

    def __init__(self, file: io.FileIO, name: str, compression: str = "") -> None:
        self._file = file
        self._descriptor = file.fileno()
        self._identity = Identity.of(self._descriptor)
        self._held: int | None = None
        self.name = name
        self.compression = compression

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file; raises `ArchiveError` if it cannot be read."""
        return cls(_open(str(path)), str(path))

    @property
    def size(self) -> int:
        """Length in bytes when the source was opened."""
        return self._identity.size

    def open_range(self, offset: int, size: int) -> OpenRange | None:
        """Return the open file; raises `ArchiveError` if no more files can be opened."""
        try:
            descriptor = os.dup(self._descriptor)
        except OSError as error:
            raise ArchiveError(f"cannot read: {error.strerror}", where=self.name) from error
        return OpenRange(descriptor, offset, is_whole=offset == 0 and size == self.size)

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

    def hold(self, offset: int, changed: int) -> None:
        """Hold the file to the first time that is given."""
        del offset
        if self._held is None:
            self._held = changed

    def will_read(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Do nothing: the kernel reads ahead by itself."""

    def check_unchanged(self) -> None:
        """Raise `ChangedSource` if size, time of modification or what is held moved since it was opened."""
        self._identity.require(self._descriptor, self.name)
        if self._held is not None and os.fstat(self._descriptor).st_ctime_ns != self._held:
            raise _changed(self.name)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SpooledSource(FileSource):
    """A spool: a file without a name that nobody else has."""

    def check_unchanged(self) -> None:
        """Do nothing: only we can change a spool, and giving room back does change its time of modification."""

    def will_read(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Give back the room of all but `ranges`; the rest may read as zeros then.

        What is written next finds it free: a disk need hold less at once, and in memory it takes pages that were just
        used instead of new ones, which a virtual machine may first have to get from its host (up to 1 s a GiB).
        """
        end = 0
        for offset, length in (*sorted(ranges), (self.size, 0)):
            if offset - end >= HOLE and not punch_hole(self._descriptor, end, offset - end):
                return
            end = max(end, offset + length)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A source that cannot be read by offset: its bytes in order, and what the whole of it is compressed with.

    `needed` are the bytes that it is going to be, as far as it says. `check_unchanged` raises `ChangedSource` if it
    is not what it was when it was opened, as far as that can be told. `object_version` tells that it is the same when
    it is opened another day, such as the ETag of a remote object; "" if nothing does.
    """

    stream: InputStream
    compression: str
    needed: int
    check_unchanged: Callable[[], None]
    object_version: str = ""

    @classmethod
    def of(cls, stream: InputStream, check_unchanged: Callable[[], None], object_version: str = "") -> Incoming:
        """Return a source that is to be read once, whatever its beginning says that it is."""
        compression = tell_compression(stream.peek(BLOCK)) or ""
        needed = declared_length(stream, compression) if compression else stream.remaining
        return cls(stream, compression, needed, check_unchanged, object_version)


def open_source(
    path: str | os.PathLike[str], *, standard_input: int = 0, spool: SpoolOptions | None = None
) -> FileSource | DirectorySource:
    """Open `path`, or the descriptor `standard_input` for ``-``.

    What cannot be read by offset, a pipe or anything compressed, is spooled first. Raises `ArchiveError` if the
    source cannot be read and `OutputError` if the spool does not fit.
    """
    opened = open_incoming(path, standard_input=standard_input)
    return spool_incoming(opened, spool or SpoolOptions()) if isinstance(opened, Incoming) else opened


def spool_incoming(incoming: Incoming, options: SpoolOptions) -> SpooledSource:
    """Spool what comes in order and close it; raises what `open_source` raises."""
    stream, compression = incoming.stream, incoming.compression
    with closing(stream):
        if compression:
            spooled = spool_decompressed(stream, compression, options, size=incoming.needed)
        else:
            spooled = spool_stream(stream, options, size=incoming.needed)
        incoming.check_unchanged()
    return SpooledSource(spooled, stream.name, compression)


def open_incoming(
    path: str | os.PathLike[str], *, standard_input: int = 0
) -> FileSource | DirectorySource | Incoming:
    """Open `path`, or the descriptor `standard_input` for ``-``, without reading more than tells what it is.

    Raises `ArchiveError` if it cannot be read.
    """
    # Not Path.is_dir, which raises for a name that is too long or a folder that may not be searched.
    if os.fspath(path) != "-" and os.path.isdir(path):  # noqa: PTH112
        return DirectorySource(Path(path))
    if os.fspath(path) == "-":
        name = "standard input"
        try:
            file = io.FileIO(os.dup(standard_input), "rb")
        except OSError as error:
            raise ArchiveError(f"cannot read: {error.strerror}", where=name) from error
    else:
        name = os.fspath(path)
        file = _open(os.fspath(path))
    stream = InputStream(file, name)
    regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    if not regular:
        widen_pipe(file.fileno())
    try:
        if regular and file.tell() == 0 and tell_compression(os.pread(file.fileno(), BLOCK, 0)) is None:
            return FileSource(file, name)
        if regular:
            return Incoming.of(stream, partial(Identity.of(file.fileno()).require, file.fileno(), name))
        return Incoming.of(stream, lambda: None)
    except BaseException:
        file.close()
        raise


def _changed(name: str) -> ChangedSource:
    return ChangedSource("changed while it was read", where=name, remedy="wait until it is written, then run again")


def _open(path: str) -> io.FileIO:
    try:
        return io.FileIO(path, "rb")
    except FileNotFoundError:
        raise ArchiveError("no such file", where=path, remedy="check the name") from None
    except OSError as error:
        raise ArchiveError(f"cannot open: {error.strerror}", where=path) from error
