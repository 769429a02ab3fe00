"""A thread that writes into a remote file what comes in, while more of it is read and hashed."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK: Final = 4 * 1024 * 1024
"""Bytes that are handed over at a time."""

WAITING: Final = 4
"""Blocks that wait to be written."""


class RemoteFile(Protocol):
    """A file of fsspec, as far as it is written."""

    def write(self, data: bytes, /) -> int | None:
        """Write all of `data`."""

    def close(self) -> None:
        """Write what is left and close."""


class BackgroundWriter:
    """Writes blocks in order in a thread of its own, a few of them waiting."""

    def __init__(self, open_file: Callable[[], RemoteFile]) -> None:
        self._open_file = open_file
        self._blocks: deque[bytes | None] = deque()
        self._changed = threading.Condition()
        self._is_given_up = False
        self._is_over = False
        self._error: Exception | None = None
        self._buffer = bytearray()
        self.file: RemoteFile | None = None
        # One that hangs in a broken network must not hold up the end of the program.
        self._thread = threading.Thread(target=self._work, name="upload", daemon=True)
        self._thread.start()

    def write(self, data: bytes | memoryview) -> None:
        """Take in `data`; raises what writing earlier blocks has raised."""
        self._buffer += data
        if len(self._buffer) >= BLOCK:
            self._hand_over(bytes(self._buffer))
            self._buffer.clear()

    def finish(self) -> None:
        """Wait until all is written and the file closed; raises what that raises."""
        if self._buffer:
            self._hand_over(bytes(self._buffer))
            self._buffer.clear()
        self._hand_over(None)
        with self._changed:
            self._changed.wait_for(lambda: self._is_over)
        self._raise()

    def give_up(self, patience: float) -> bool:
        """Write nothing more; return whether what is under way has ended within so many seconds."""
        with self._changed:
            self._is_given_up = True
            self._changed.notify_all()
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _hand_over(self, block: bytes | None) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or len(self._blocks) < WAITING)
            self._blocks.append(block)
            self._changed.notify_all()
        self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            file = self.file = self._open_file()
            while (block := self._next()) is not None:
                file.write(block)
            if not self._is_given_up:
                file.close()
        except Exception as error:  # noqa: BLE001 - libraries have errors of their own; the writing thread raises it
            self._error = error
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()

    def _next(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_given_up or bool(self._blocks))
            block = None if self._is_given_up else self._blocks.popleft()
            self._changed.notify_all()
            return block
