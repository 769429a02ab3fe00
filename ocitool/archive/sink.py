"""Sinks: where an archive goes, and how it appears there whole or not at all.

Two kinds in the types: a `NewOutput` (a file or folder that is not there yet) has a place for every blob and takes
them in any order, from several threads; an `OrderedSink` takes bytes in order (a pipe, a terminal's other end, a
device).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ocitool.archive.new_file import NewFile, exists_already
from ocitool.errors import OutputClosed, OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPEN_DESCRIPTOR_FOLDERS: Final = ("/dev/fd/", "/proc/self/fd/")
_STANDARD_STREAMS: Final = {"/dev/stdout": 1, "/dev/stderr": 2}


class OrderedSink(Protocol):
    """Takes bytes in order only."""

    @property
    def name(self) -> str:
        """What messages call this output."""

    def write(self, data: bytes | memoryview) -> None:
        """Write all of `data`; raises `OutputError`, or `OutputClosed` if nobody reads any more."""


class NewOutput(Protocol):
    """Something written beside its place and named at the end, whole or not at all."""

    def stage(self) -> None:
        """Bring the bytes to the disk, so that only naming is left; raises `OutputError`."""

    def keep_old(self) -> None:
        """Remember what stands under the name, so that `withdraw` can bring it back."""

    def publish(self) -> None:
        """Give the staged bytes their name, in place of what stood there; raises `OutputError`."""

    def withdraw(self) -> None:
        """Undo `keep_old` and `publish`, as far as they came: what stood under the name before stands there again."""

    def close(self) -> None:
        """Let go; bytes that were not published are gone."""


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
    descriptor = standard_output if text == "-" else open_descriptor(text)
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
        raise OutputError(
            "is a folder",
            where=text,
            remedy=f"name a file in it, or add a slash to write an OCI layout folder: {text}/",
        )
    if not clobber and not stat.S_ISCHR(mode) and not stat.S_ISFIFO(mode):
        raise exists_already(text)
    try:
        return _stream(os.open(target, os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY), text)
    except OSError as error:
        raise OutputError(f"cannot write: {error.strerror}", where=text) from error


def publish_all(outputs: Sequence[NewOutput]) -> None:
    """Name all staged outputs, or none: if one cannot be named, all that were begun are withdrawn."""
    begun: list[NewOutput] = []
    try:
        for output in outputs:
            begun.append(output)
            if len(outputs) > 1:
                output.keep_old()
            output.publish()
    except BaseException:
        for output in reversed(begun if len(outputs) > 1 else ()):
            output.withdraw()
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


def open_descriptor(path: str) -> int | None:
    """Return the descriptor of this process that a name such as ``/dev/stdout`` or ``/dev/fd/3`` means, if any."""
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
