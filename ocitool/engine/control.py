"""What runs beside the moving of bytes: stopping it, counting it, buffers for it, and whether processors are idle."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocitool.engine.rate import Rate

CHUNK: Final = 1024 * 1024
"""Bytes in a buffer. 256 KiB to 1 MiB is the plateau; below, switching threads costs more than it overlaps."""


class Stopped(Exception):
    """Another part of the same work failed or was interrupted; never leaves this package."""


class Buffers:
    """Buffers of `CHUNK` bytes that are used again: a new one is zeroed, and its pages are new to the process."""

    def __init__(self) -> None:
        self._free: SimpleQueue[memoryview] = SimpleQueue()

    def take(self) -> memoryview:
        """Return a buffer that nobody else has; it holds anything."""
        try:
            return self._free.get_nowait()
        except Empty:
            return memoryview(bytearray(CHUNK))

    def give_back(self, buffer: memoryview) -> None:
        """Let others have a buffer."""
        self._free.put(buffer)


def _set_event() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass(frozen=True, slots=True)
class Control:
    """A way to stop, a listener for the bytes done, and what the threads of one work share.

    `idle` is set while fewer threads than processors have work, as where there is one thread only. With `takes_turns`
    they write to fewer files than there are processors, into each of which the kernel lets one at a time.
    `rate` bounds the bytes done in a second; None is as many as there are.
    `kernel_moves` is set once it was seen to move the bytes of a copy itself, where it could have had them shared.
    """

    stop: threading.Event
    on_bytes: Callable[[int], None]
    idle: threading.Event = field(default_factory=_set_event)
    buffers: Buffers = field(default_factory=Buffers)
    takes_turns: bool = False
    kernel_moves: threading.Event = field(default_factory=threading.Event)
    rate: Rate | None = None

    def step(self, count: int) -> None:
        """Count `count` bytes done, and wait if they were too fast; raises `Stopped` if the work is to end."""
        if self.rate is not None:
            self.rate.take(count, self.stop)
        if self.stop.is_set():
            raise Stopped
        self.on_bytes(count)
