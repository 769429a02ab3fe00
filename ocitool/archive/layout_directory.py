"""An OCI layout folder as a source: its files, one after the other, in an address space of their own.

Nothing is followed out of the folder: every file is opened relative to the folder it was listed in, never through
a link, and must still be the file that was listed.
"""

from __future__ import annotations

import os
import stat
import threading
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.archive.clone import CLONE_UNIT
from ocitool.archive.entry import Entry, EntryKind, Scan
from ocitool.archive.open_range import OpenRange
from ocitool.errors import ArchiveError, ChangedSource, UnsafeEntry
from ocitool.model.limits import ENTRY_LIMIT, FOLDER_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

OPEN_LIMIT: Final = 64
"""Files kept open at a time."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class _Member:
    """A file of the folder: its name, the descriptor of the folder it is in, and where it stands in the source."""

    name: str
    base_name: str
    folder: int
    base: int
    size: int
    modified: int  # nanoseconds
    inode: int
    kind: EntryKind


class DirectorySource:
    """A folder read by offset; safe to use from several threads."""

    compression: Final = ""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.size = 0
        self._end = 0
        self._folders: list[int] = []
        self._members: list[_Member] = []
        self._open: OrderedDict[int, int] = OrderedDict()
        self._held: dict[int, int] = {}  # nanoseconds, by the number of the member
        self._lock = threading.Lock()
        try:
            self._list(os.open(path, _FOLDER & ~os.O_NOFOLLOW), "")
        except OSError as error:
            self.close()
            raise ArchiveError(f"cannot read the folder: {error.strerror}", where=self.name) from error
        except BaseException:
            self.close()
            raise
        self._bases = [member.base for member in self._members]

    def scan(self) -> Scan:
        """Return the files as entries; a folder has no end that could be missing."""
        entries = (Entry(m.name, m.kind, m.size, m.base, m.base) for m in self._members)
        return Scan(tuple(entries), has_end=True, size=self.size)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`, none beyond the file that `offset` lies in."""
        buffer = memoryview(bytearray(length))
        return bytes(buffer[: self.readinto_at(offset, buffer)])

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`, as far as the file goes that `offset` lies in."""
        if not self._members or not len(buffer):
            return 0
        index = bisect_right(self._bases, offset) - 1
        member = self._members[index]
        wanted = buffer[: max(0, min(len(buffer), member.base + member.size - offset))]
        done = 0
        while done < len(wanted):
            count = self._read(index, wanted[done:], offset - member.base + done)
            if count == 0:
                break
            done += count
        return done

    def open_range(self, offset: int, size: int) -> OpenRange | None:
        """Return the file that these bytes lie in, None if they lie in more than one."""
        if not self._members:
            return None
        index = bisect_right(self._bases, offset) - 1
        member = self._members[index]
        start = offset - member.base
        if start + size > member.size:
            return None
        return OpenRange(self._duplicate(index), start, is_whole=size == member.size)

    def hold(self, offset: int, changed: int) -> None:
        """Hold the file that `offset` lies in to the first time that is given for it."""
        self._held.setdefault(bisect_right(self._bases, offset) - 1, changed)

    def will_read(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Do nothing: the kernel reads ahead by itself."""

    def check_unchanged(self) -> None:
        """Raise `ChangedSource` if any file that was listed is not what it was, or what is held."""
        for number, member in enumerate(self._members):
            try:
                status = os.stat(member.base_name, dir_fd=member.folder, follow_symlinks=False)
            except OSError:
                raise self._changed(member) from None
            if not _is_same(status, member) or self._held.get(number, status.st_ctime_ns) != status.st_ctime_ns:
                raise self._changed(member)

    def close(self) -> None:
        """Close every file and folder."""
        with self._lock:
            for descriptor in (*self._open.values(), *self._folders):
                os.close(descriptor)
            self._open.clear()
            self._folders.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _list(self, folder: int, prefix: str) -> None:
        """List the files of a folder in the order of their names, and below `blobs` those of its folders."""
        self._folders.append(folder)
        if len(self._folders) > FOLDER_LIMIT:
            raise UnsafeEntry(f"more than {FOLDER_LIMIT} folders of blobs", where=self.name)
        for name in sorted(os.listdir(folder)):
            if "\\" in name:
                raise UnsafeEntry(f"{prefix}{name} has a backslash in its name", where=self.name)
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                if prefix == "blobs/" or (not prefix and name == "blobs"):
                    self._list(os.open(name, _FOLDER, dir_fd=folder), f"{prefix}{name}/")
                continue
            if stat.S_ISLNK(status.st_mode) and (prefix == "blobs/" or (not prefix and name == "blobs")):
                raise UnsafeEntry(f"{prefix}{name} is a link, which is not followed", where=self.name)
            regular = stat.S_ISREG(status.st_mode)
            kind = EntryKind.FILE if regular else EntryKind.LINK if stat.S_ISLNK(status.st_mode) else EntryKind.OTHER
            size = status.st_size if regular else 0
            self._members.append(
                _Member(f"{prefix}{name}", name, folder, self._end, size, status.st_mtime_ns, status.st_ino, kind)
            )
            self.size += size
            # An empty file has an address too, so that no two share one; and each begins where a block does, so that
            # an output can share its blocks, and does not depend on what else is in the folder.
            self._end += max(size, 1) + -max(size, 1) % CLONE_UNIT
            if len(self._members) > ENTRY_LIMIT:
                raise UnsafeEntry(f"more than {ENTRY_LIMIT} files", where=self.name)

    def _read(self, index: int, buffer: memoryview, offset: int) -> int:
        descriptor = self._duplicate(index)
        try:
            return os.preadv(descriptor, [buffer], offset)
        except OSError as error:
            raise self._unreadable(index, error) from error
        finally:
            os.close(descriptor)

    def _duplicate(self, index: int) -> int:
        # Under the lock a descriptor cannot be closed by another thread that needs room for its own.
        try:
            with self._lock:
                return os.dup(self._descriptor(index))
        except OSError as error:
            raise self._unreadable(index, error) from error

    def _unreadable(self, index: int, error: OSError) -> ArchiveError:
        return ArchiveError(f"cannot read {self._members[index].name}: {error.strerror}", where=self.name)

    def _descriptor(self, index: int) -> int:
        if index in self._open:
            self._open.move_to_end(index)
            return self._open[index]
        member = self._members[index]
        descriptor = os.open(member.base_name, _FILE, dir_fd=member.folder)
        if not _is_same(os.fstat(descriptor), member):
            os.close(descriptor)
            raise self._changed(member)
        self._open[index] = descriptor
        if len(self._open) > OPEN_LIMIT:
            os.close(self._open.popitem(last=False)[1])
        return descriptor

    def _changed(self, member: _Member) -> ChangedSource:
        return ChangedSource(
            f"{member.name} changed while it was read",
            where=self.name,
            remedy="wait until it is written, then run again",
        )


def _is_same(status: os.stat_result, member: _Member) -> bool:
    size = status.st_size if stat.S_ISREG(status.st_mode) else 0
    return (size, status.st_mtime_ns, status.st_ino) == (member.size, member.modified, member.inode)
