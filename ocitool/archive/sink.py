"""Sinks: where an archive goes, and how it appears there whole or not at all.

Two kinds in the types: a `PositionalSink` takes bytes at any offset from any thread (a new file), an
`OrderedSink` takes them in order (a pipe, a terminal's other end, a device).
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ocitool.errors import OutputClosed, OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPEN_DESCRIPTOR_FOLDERS: Final = ("/dev/fd/", "/proc/self/fd/")
_STANDARD_STREAMS: Final = {"/dev/stdout": 1, "/dev/stderr": 2}


class PositionalSink(Protocol):
    """Takes bytes at any offset, from several threads at once."""

    @property
    def name(self) -> str:
        """What messages call this output."""

    @property
    def descriptor(self) -> int:
        """The descriptor to write to with positional writes."""

    def write_at(self, offset: int, data: bytes | memoryview) -> None:
        """Write all of `data` at `offset`; raises `OutputError`."""


class OrderedSink(Protocol):
    """Takes bytes in order only."""

    @property
    def name(self) -> str:
        """What messages call this output."""

    def write(self, data: bytes | memoryview) -> None:
        """Write all of `data`; raises `OutputError`, or `OutputClosed` if nobody reads any more."""


class NewFile:
    """A regular file that appears under its name complete, or not at all.

    The bytes go to a file without a name in the target's folder (``O_TMPFILE``), which dies with the process
    whatever ends it; where the file system lacks that, to a hidden named one. `publish` gives it the name.
    """

    def __init__(self, path: Path, *, clobber: bool = True) -> None:
        self.name = str(path)
        # A link is followed: what it points to is replaced, the link stays.
        self._path = Path(os.path.realpath(path))
        self._clobber = clobber
        self._named: Path | None = None
        self._backup: Path | None = None
        self._folder = -1
        self.descriptor = -1
        self._open()

    def write_at(self, offset: int, data: bytes | memoryview) -> None:
        """Write all of `data` at `offset`; raises `OutputError`."""
        rest = memoryview(data)
        try:
            while rest:
                count = os.pwrite(self.descriptor, rest, offset)
                rest = rest[count:]
                offset += count
        except OSError as error:
            raise self.failed(error) from error

    def require_space(self, size: int) -> None:
        """Raise `OutputError` if the file system has less than `size` bytes free."""
        status = os.fstatvfs(self.descriptor)
        free = status.f_bavail * status.f_frsize
        if size > free:
            raise OutputError(
                f"needs {size} bytes, but only {free} are free",
                where=self.name,
                remedy="free some space or choose another place",
            )

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
        backup = self._path.with_name(_hidden_name(self._path.name))
        try:
            os.link(self._path, backup)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self.failed(error) from error
        self._backup = backup

    def publish(self) -> None:
        """Give the staged bytes their name, in place of what stood there; raises `OutputError`."""
        try:
            if self._clobber:
                if self._named is None:
                    self._named = self._link(self._path.with_name(_hidden_name(self._path.name)))
                self._named.replace(self._path)
                self._named = None
            elif self._named is None:
                self._link(self._path)
            else:
                os.link(self._named, self._path)
            os.fsync(self._folder)
        except FileExistsError:
            raise _exists(self.name) from None
        except OSError as error:
            raise self.failed(error) from error

    def withdraw(self) -> None:
        """Undo `publish`: what stood under the name before stands there again."""
        with contextlib.suppress(OSError):
            if self._backup is None:
                self._path.unlink()
            else:
                self._backup.replace(self._path)
                self._backup = None

    def close(self) -> None:
        """Let go; bytes that were not published are gone."""
        for path in (self._named, self._backup):
            if path is not None:
                with contextlib.suppress(OSError):
                    path.unlink()
        self._named = self._backup = None
        for descriptor in (self.descriptor, self._folder):
            if descriptor >= 0:
                os.close(descriptor)
        self.descriptor = self._folder = -1

    def failed(self, error: OSError) -> OutputError:
        """Return the error for a failed system call on this file."""
        return OutputError(f"cannot write: {error.strerror}", where=self.name)

    def _open(self) -> None:
        folder = self._path.parent
        if not self._clobber and self._path.exists():
            raise _exists(self.name)
        try:
            self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            raise OutputError(
                f"the folder {folder} does not exist", where=self.name, remedy="create it first"
            ) from None
        except OSError as error:
            raise self.failed(error) from error
        try:
            self.descriptor = self._open_unnamed(folder)
        except OSError as error:
            self.close()
            raise self.failed(error) from error

    def _open_unnamed(self, folder: Path) -> int:
        unnamed = getattr(os, "O_TMPFILE", None)
        if unnamed is not None and Path("/proc/self/fd").is_dir():
            with contextlib.suppress(OSError):
                # Mode by umask, as a file that a shell would create.
                return os.open(folder, unnamed | os.O_RDWR | os.O_CLOEXEC, 0o666)
        import tempfile

        descriptor, name = tempfile.mkstemp(prefix=f".{self._path.name[:100]}.", suffix=".part", dir=folder)
        self._named = Path(name)
        umask = os.umask(0o077)
        os.umask(umask)
        os.fchmod(descriptor, 0o666 & ~umask)
        return descriptor

    def _link(self, path: Path) -> Path:
        # With dst_dir_fd CPython calls linkat and follows the /proc link to the unnamed file itself.
        os.link(f"/proc/self/fd/{self.descriptor}", path.name, dst_dir_fd=self._folder, follow_symlinks=True)
        return path


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


class StreamSink:
    """Bytes in order into an open descriptor: standard output, a FIFO, a device."""

    def __init__(self, descriptor: int, name: str) -> None:
        self.name = name
        self.written = 0
        self._descriptor = descriptor

    def write(self, data: bytes | memoryview) -> None:
        """Write all of `data`."""
        rest = memoryview(data)
        try:
            while rest:
                count = os.write(self._descriptor, rest)
                self.written += count
                rest = rest[count:]
        except BrokenPipeError:
            raise OutputClosed("the reader closed the pipe; the archive is incomplete", where=self.name) from None
        except OSError as error:
            raise OutputError(
                f"cannot write: {error.strerror}; what was written is incomplete", where=self.name
            ) from error

    def close(self) -> None:
        """Close the descriptor; raises `OutputError` if the last bytes do not arrive."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            try:
                os.close(descriptor)
            except OSError as error:
                raise OutputError(f"cannot write: {error.strerror}", where=self.name) from error


def open_sink(
    path: str | os.PathLike[str], *, standard_output: int = 1, clobber: bool = True
) -> NewFile | StreamSink:
    """Open the sink for `path`; ``-`` and what is no regular file become a `StreamSink`.

    Raises `UsageError` for a terminal, `OutputError` if the place cannot be written or, without `clobber`, is
    taken.
    """
    text = os.fspath(path)
    descriptor = standard_output if text == "-" else _open_descriptor(text)
    if descriptor is not None:
        return _stream(_duplicate(descriptor, text), "standard output" if text == "-" else text)
    target = Path(path)
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return NewFile(target, clobber=clobber)
    except OSError as error:
        raise OutputError(f"cannot write: {error.strerror}", where=text) from error
    if stat.S_ISREG(mode):
        return NewFile(target, clobber=clobber)
    if stat.S_ISDIR(mode):
        raise OutputError("is a folder", where=text, remedy="name a file in it")
    if not clobber and not stat.S_ISCHR(mode) and not stat.S_ISFIFO(mode):
        raise _exists(text)
    try:
        return _stream(os.open(target, os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY), text)
    except OSError as error:
        raise OutputError(f"cannot write: {error.strerror}", where=text) from error


def publish_all(files: Sequence[NewFile]) -> None:
    """Name all staged files, or none: if one cannot be named, those before it are withdrawn."""
    named: list[NewFile] = []
    try:
        for file in files:
            if len(files) > 1:
                file.keep_old()
            file.publish()
            named.append(file)
    except BaseException:
        for file in reversed(named):
            file.withdraw()
        raise


def _stream(descriptor: int, name: str) -> StreamSink:
    if os.isatty(descriptor):
        os.close(descriptor)
        raise UsageError(
            "an archive is not written to a terminal",
            where=name,
            remedy="give -o FILE or pipe it into a command",
        )
    return StreamSink(descriptor, name)


def _open_descriptor(path: str) -> int | None:
    if path in _STANDARD_STREAMS:
        return _STANDARD_STREAMS[path]
    for folder in _OPEN_DESCRIPTOR_FOLDERS:
        number = path.removeprefix(folder)
        if number != path and number.isascii() and number.isdigit():
            return int(number)
    return None


def _duplicate(descriptor: int, name: str) -> int:
    try:
        return os.dup(descriptor)
    except OSError as error:
        raise OutputError(f"cannot write: {error.strerror}", where=name) from error


def _hidden_name(name: str) -> str:
    return f".{name[:100]}.{os.getpid()}.{os.urandom(6).hex()}.part"


def _exists(name: str) -> OutputError:
    return OutputError("exists already", where=name, remedy="choose another name or leave out --no-clobber")
