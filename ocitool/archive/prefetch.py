"""Read ahead in a second thread, so that producing bytes and writing them overlap.

Decompression and system calls release the interpreter's lock; one processor decompresses while another writes.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator

RING: Final = 4
"""Buffers in flight."""


class Producer(Protocol):
    """Something that fills buffers in order."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill some of `buffer`; 0 at the end."""


def read_ahead(producer: Producer, chunk: int, *, patience: float | None = 1) -> Generator[memoryview, None, None]:
    """Yield the bytes of `producer` in parts of up to `chunk` bytes, each valid until the next is asked for.

    Raises what `producer` raises, after the parts before it. When the generator is closed, the producer is waited for
    `patience` seconds: one that waits for a pipe nobody writes to would hold us for ever; it ends with the process.
    """
    free: SimpleQueue[memoryview | None] = SimpleQueue()
    full: SimpleQueue[tuple[memoryview, int] | BaseException] = SimpleQueue()
    for _ in range(RING):
        free.put(memoryview(bytearray(chunk)))
    thread = threading.Thread(target=_produce, args=(producer, free, full), name="ocitool-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item = full.get()
            if isinstance(item, BaseException):
                raise item
            buffer, count = item
            if count == 0:
                return
            yield buffer[:count]
            free.put(buffer)
    finally:
        free.put(None)
        thread.join(timeout=patience)


def read_in_turn(producer: Producer, chunk: int) -> Generator[memoryview, None, None]:
    """Yield the same in this thread, for when other threads have work enough for all processors."""
    buffer = memoryview(bytearray(chunk))
    while count := _fill(producer, buffer):
        yield buffer[:count]


def _produce(
    producer: Producer,
    free: SimpleQueue[memoryview | None],
    full: SimpleQueue[tuple[memoryview, int] | BaseException],
) -> None:
    try:
        while (buffer := free.get()) is not None:
            count = _fill(producer, buffer)
            full.put((buffer, count))
            if count == 0:
                return
    except BaseException as error:  # noqa: BLE001 - raised again in the reading thread
        full.put(error)


def _fill(producer: Producer, buffer: memoryview) -> int:
    """Fill the whole buffer if there is enough: decoders often give less than they are asked for."""
    done = 0
    while done < len(buffer) and (count := producer.readinto(buffer[done:])):
        done += count
    return done
