"""Open files as outputs: bytes in order, flushed at the end."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ocitool.archive.file_objects import file_object_name, is_terminal, reason_of, require_open
from ocitool.errors import OcitoolError, OutputClosed, OutputError, UsageError

if TYPE_CHECKING:
    from ocitool.archive.file_objects import WritableFile


class FileObjectSink:
    """Bytes in order into an open file, which is flushed at the end and stays open."""

    def __init__(self, file: WritableFile) -> None:
        """Take a file that is open for writing; raises `UsageError` for another one, and for a terminal."""
        self.name = file_object_name(file)
        self.written = 0
        self.is_touched = False
        self._file = file
        require_open(file, self.name, "write")
        if is_terminal(file):
            raise UsageError(
                "an archive is not written to a terminal", where=self.name, remedy="give a file, or a pipe"
            )

    def write(self, data: bytes | memoryview) -> None:
        """Write all of `data`; raises `OutputError`, or `OutputClosed` if nobody reads any more."""
        # Bytes of their own: a file may keep what it is given, and buffers are used again.
        rest = bytes(data)
        while rest:
            self.is_touched = True
            count = self._taken(rest)
            self.written += count
            rest = rest[count:]

    def flush(self) -> None:
        """Have the file pass on what it still holds; raises `OutputError`."""
        flush = getattr(self._file, "flush", None)
        if callable(flush):
            try:
                flush()
            except Exception as error:
                raise self._failed(error) from error

    def close(self) -> None:
        """Do nothing: it is for whoever opened it to close."""

    def add_to(self, error: OcitoolError) -> None:
        """Have an error say that what was written is no archive, if something was."""
        if self.is_touched:
            what = "what was written" if error.where == self.name else f"what was written to {self.name}"
            error.message = f"{error.message}; {what} is incomplete"

    def _taken(self, data: bytes) -> int:
        try:
            count = self._file.write(data)
        except Exception as error:
            raise self._failed(error) from error
        if count is None and not isinstance(self._file, io.RawIOBase):
            return len(data)  # files of paramiko and others say nothing where all is well
        if count is None:
            raise OutputError("cannot write: it takes nothing just now, and does not wait", where=self.name)
        if not isinstance(count, int) or not 0 < count <= len(data):
            raise OutputError(f"cannot write: of {len(data)} bytes it says it took {count!r}", where=self.name)
        return count

    def _failed(self, error: Exception) -> OcitoolError:
        if isinstance(error, OcitoolError):
            return error
        if isinstance(error, BrokenPipeError):
            return OutputClosed("the reader closed the pipe", where=self.name)
        return OutputError(f"cannot write: {reason_of(error)}", where=self.name)
