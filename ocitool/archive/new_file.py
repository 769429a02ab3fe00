"""A new file: regular, and under its name complete or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocitool.archive.clone import clone_range
from ocitool.archive.leftovers import hold, hold_named
from ocitool.archive.place import Place, hidden_name, require_space, write_failed
from ocitool.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.archive.open_range import OpenRange

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What `link` answers on file systems without hard links, such as those of USB sticks (vfat: EPERM)."""


class NewFile:
    """A regular file that appears under its name complete, or not at all.

    The bytes go to a file without a name in the target's folder (``O_TMPFILE``), which dies with the process
    whatever ends it; where the file system lacks that, to a hidden named one. `publish` gives it the name. `shared`
    are the bytes whose blocks another file has too, by the offset of the blob that is there with them already.
    """

    def __init__(self, path: Path, *, clobber: bool = True) -> None:
        self.name = str(path)
        # A link is followed: what it points to is replaced, the link stays.
        self._path = Path(os.path.realpath(path))
        self._clobber = clobber
        self._named: Path | None = None
        self._backup: Path | None = None
        self._backup_hold = -1
        self._is_published = False
        self._turn = threading.Lock()
        self.shared: dict[int, int] = {}
        self.descriptor = -1
        self._open()

    def write_at(self, offset: int, data: bytes | memoryview) -> None:
        """Write all of `data` at `offset`; raises `OutputError`."""
        Place(self.descriptor, offset, self.name, self._turn).write_at(0, data)

    def readinto_at(self, offset: int, buffer: memoryview) -> None:
        """Read back what was written at `offset`, as many bytes as `buffer` has; raises `OutputError`."""
        done = 0
        try:
            while done < len(buffer):
                count = os.preadv(self.descriptor, [buffer[done:]], offset + done)
                if count == 0:
                    raise OutputError("became shorter while it was written", where=self.name)
                done += count
        except OSError as error:
            raise self.failed(error) from error

    def read_back(self) -> io.FileIO:
        """Open what was written, for reading; it stays readable when this is closed."""
        return io.FileIO(os.dup(self.descriptor), "rb")

    def replaces(self) -> tuple[int, int] | None:
        """Return device and inode of what stands under the name until this is published, None if nothing does."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    @property
    def device(self) -> int:
        """The number of the file system it is on."""
        return os.fstat(self.descriptor).st_dev

    @contextlib.contextmanager
    def place(self, offset: int) -> Iterator[Place]:
        """Open the place of a blob at `offset`."""
        yield Place(self.descriptor, offset, self.name, self._turn)

    def clone_at(self, offset: int, opened: OpenRange, length: int) -> str:
        """Share `length` bytes of `opened` from its offset on; return "" if they are at `offset` now, else why not.

        Offsets and length are multiples of `CLONE_UNIT`. Raises `OutputError` if there is no room for it.
        """
        try:
            return clone_range(opened.descriptor, opened.offset, length, self.descriptor, offset)
        except OSError as error:
            raise self.failed(error) from error

    def require_space(self, size: int) -> None:
        """Raise `OutputError` if the file system has less than `size` bytes free."""
        require_space(self.descriptor, size, self.name)

    def stage(self) -> None:
        """Bring the bytes to the disk, so that only naming is left."""
        try:
            if self._path.exists():
                os.fchmod(self.descriptor, stat.S_IMODE(self._path.stat().st_mode))
            os.fsync(self.descriptor)
        except OSError as error:
            raise self.failed(error) from error

    def keep_old(self) -> None:
        """Remember what stands under the name, so that `withdraw` can bring it back."""
        if not self._clobber:
            return
        backup = self._path.with_name(hidden_name(self._path.name))
        self._backup_hold = hold_named(self._path)
        try:
            self._set_aside(backup)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self.failed(error) from error
        self._backup = backup

    def publish(self) -> None:
        """Give the staged bytes their name, in place of what stood there; raises `OutputError`."""
        try:
            folder = os.open(self._path.parent, _FOLDER)
            try:
                self._give_name(folder)
                self._is_published = True
                os.fsync(folder)
            finally:
                os.close(folder)
        except FileExistsError:
            raise exists_already(self.name) from None
        except OSError as error:
            raise self.failed(error) from error

    def withdraw(self) -> None:
        """Undo `keep_old` and `publish`, as far as they came: what stood under the name before stands there again."""
        # Forgotten first: what cannot be put back must not be deleted either.
        backup, self._backup = self._backup, None
        with contextlib.suppress(OSError):
            if backup is not None:
                backup.replace(self._path)
                backup.unlink(missing_ok=True)  # two names of one file: then replacing does nothing
            elif self._is_published:
                self._path.unlink()
        self._is_published = False

    def close(self) -> None:
        """Let go; bytes that were not published are gone."""
        for path in (self._named, self._backup):
            if path is not None:
                with contextlib.suppress(OSError):
                    path.unlink()
        self._named = self._backup = None
        for descriptor in (self.descriptor, self._backup_hold):
            if descriptor >= 0:
                os.close(descriptor)
        self.descriptor = self._backup_hold = -1

    def failed(self, error: OSError) -> OutputError:
        """Return the error for a failed system call on this file."""
        return write_failed(self.name, error)

    def _open(self) -> None:
        folder = self._path.parent
        if not self._clobber and self._path.exists():
            raise exists_already(self.name)
        try:
            # Not kept, since outputs may be many; `publish` opens it again, and what forbids that is told here.
            os.close(os.open(folder, _FOLDER))
        except FileNotFoundError:
            raise OutputError(
                f"the folder {folder} does not exist", where=self.name, remedy="create it first"
            ) from None
        except OSError as error:
            raise self.failed(error) from error
        try:
            self.descriptor = self._open_unnamed(folder)
            hold(self.descriptor)
        except OSError as error:
            self.close()
            raise self.failed(error) from error

    def _open_unnamed(self, folder: Path) -> int:
        unnamed = getattr(os, "O_TMPFILE", None)
        if unnamed is not None and Path("/proc/self/fd").is_dir():
            with contextlib.suppress(OSError):
                # Mode by umask, as a file that a shell would create.
                return os.open(folder, unnamed | os.O_RDWR | os.O_CLOEXEC, 0o666)
        self._named = folder / hidden_name(self._path.name)
        return os.open(self._named, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)

    def _give_name(self, folder: int) -> None:
        if self._clobber:
            if self._named is None:
                self._named = self._link(self._path.with_name(hidden_name(self._path.name)), folder)
            self._named.replace(self._path)
            self._named = None
        elif self._named is None:
            self._link(self._path, folder)
        else:
            os.link(self._named, self._path)

    def _link(self, path: Path, folder: int) -> Path:
        # With dst_dir_fd CPython calls linkat and follows the /proc link to the unnamed file itself.
        os.link(f"/proc/self/fd/{self.descriptor}", path.name, dst_dir_fd=folder, follow_symlinks=True)
        return path

    def _set_aside(self, backup: Path) -> None:
        """Give what stands under the name a second one, or that instead where a file cannot have two."""
        try:
            os.link(self._path, backup)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._path.rename(backup)


class Appender:
    """Bytes in order into a `NewFile`, for what cannot be placed ahead of time, such as compressed data."""

    def __init__(self, file: NewFile) -> None:
        self.name = file.name
        self.written = 0
        self._file = file

    def write(self, data: bytes | memoryview) -> None:
        """Write all of `data` after what was written before."""
        self._file.write_at(self.written, data)
        self.written += len(data)


def exists_already(name: str) -> OutputError:
    """Return the error for a place that is taken and must not be replaced."""
    return OutputError("exists already", where=name, remedy="choose another name or leave out --no-clobber")
