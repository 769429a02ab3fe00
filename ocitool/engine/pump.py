"""The hot loop: one blob read, hashed and handed on, each in parallel with the others.

A ring of buffers goes around between the thread that reads and hands on and a second one that hashes the same
bytes. The last part is handed on only when the digest holds, so that what a consumer of a pipe gets is good or
visibly cut.
"""

from __future__ import annotations

import errno
import os
import threading
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from ocitool.archive.prefetch import read_ahead, read_in_turn
from ocitool.errors import ChangedSource, IntegrityError
from ocitool.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocitool.archive.new_file import NewFile
    from ocitool.archive.place import Place
    from ocitool.archive.source import ByteSource
    from ocitool.plan.steps import Copy

CHUNK: Final = 1024 * 1024
"""Bytes in a buffer. 256 KiB to 1 MiB is the plateau; below, switching threads costs more than it overlaps."""

RING: Final = 4
"""Buffers in flight for one blob."""

_KERNEL_CHUNK: Final = 16 * 1024 * 1024
_NOT_HERE: Final = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF})
"""What `copy_file_range` answers where the kernel or the file systems cannot do it."""


class Stopped(Exception):
    """Another part of the same work failed or was interrupted; never leaves this package."""


@dataclass(frozen=True, slots=True)
class Control:
    """What runs beside the copying: a way to stop it and a listener for the bytes done."""

    stop: threading.Event
    on_bytes: Callable[[int], None]

    def step(self, count: int) -> None:
        """Count `count` bytes done; raises `Stopped` if the work is to end."""
        if self.stop.is_set():
            raise Stopped
        self.on_bytes(count)


def pump_verified(
    copy: Copy, source: ByteSource, consume: Callable[[int, memoryview], None], control: Control
) -> None:
    """Hand the bytes of `copy` to `consume(position, part)` in order; raise `IntegrityError` before the last part.

    The parts are views of buffers that are used again: a consumer must be done with one when it returns.
    """
    if copy.size <= CHUNK:
        data = memoryview(source.read_at(copy.offset, copy.size))
        _require(len(data) == copy.size, source)
        _check(copy, Digest.of(data, copy.digest.algorithm), source)
        control.step(len(data))
        consume(0, data)
        return
    hasher = _HashingThread(copy)
    try:
        position = 0
        while True:
            buffer = hasher.free.get()
            part = buffer[: min(CHUNK, copy.size - position)]
            _require(source.readinto_at(copy.offset + position, part) == len(part), source)
            control.step(len(part))
            hasher.full.put(part)
            if position + len(part) == copy.size:
                _check(copy, hasher.finish(), source)
                consume(position, part)
                return
            consume(position, part)
            position += len(part)
    finally:
        hasher.finish()


def pump_unverified(
    copy: Copy, source: ByteSource, consume: Callable[[int, memoryview], None], control: Control
) -> None:
    """Hand the bytes of `copy` to `consume(position, part)` in order, trusting them."""
    buffer = memoryview(bytearray(min(CHUNK, copy.size)))
    for position in range(0, copy.size, CHUNK):
        part = buffer[: min(CHUNK, copy.size - position)]
        _require(source.readinto_at(copy.offset + position, part) == len(part), source)
        control.step(len(part))
        consume(position, part)


def copy_in_kernel(copy: Copy, source: ByteSource, place: Place, control: Control) -> bool:
    """Copy without the bytes passing through here; return False if this pair of files cannot do that."""
    opened = source.open_range(copy.offset, copy.size) if hasattr(os, "copy_file_range") else None
    if opened is None:
        return False
    done = 0
    with opened:
        while done < copy.size:
            length = min(_KERNEL_CHUNK, copy.size - done)
            try:
                with place.turn:
                    count = os.copy_file_range(
                        opened.descriptor, place.descriptor, length, opened.offset + done, place.offset + done
                    )
            except OSError as error:
                if done == 0 and error.errno in _NOT_HERE:
                    return False
                raise place.failed(error) from error
            _require(count > 0, source)
            control.step(count)
            done += count
    return True


def digest_blob(copy: Copy, source: ByteSource, control: Control, *, overlapped: bool = False) -> Digest:
    """Compute the digest of the bytes of `copy`, whatever it is said to be; `overlapped` reads in a second thread."""
    hasher = copy.digest.hasher()
    parts = read_ahead if overlapped else read_in_turn
    for part in parts(_Range(copy, source), min(CHUNK, copy.size)):
        control.step(len(part))
        hasher.update(part)
    return Digest(copy.digest.algorithm, hasher.hexdigest())


class _Range:
    """The bytes of a copy in order."""

    def __init__(self, copy: Copy, source: ByteSource) -> None:
        self._source = source
        self._offset = copy.offset
        self._end = copy.offset + copy.size

    def readinto(self, buffer: memoryview) -> int:
        part = buffer[: min(len(buffer), self._end - self._offset)]
        _require(self._source.readinto_at(self._offset, part) == len(part), self._source)
        self._offset += len(part)
        return len(part)


def digest_file(file: NewFile, size: int, control: Control) -> Digest:
    """Compute the sha256 of the first `size` bytes of a file that was just written."""
    hasher = Digest("sha256", "").hasher()
    buffer = memoryview(bytearray(min(CHUNK, max(size, 1))))
    for position in range(0, size, CHUNK):
        part = buffer[: min(CHUNK, size - position)]
        file.readinto_at(position, part)
        control.step(len(part))
        hasher.update(part)
    return Digest("sha256", hasher.hexdigest())


class _HashingThread:
    """Hash what comes through `full` and give the buffers back through `free`."""

    def __init__(self, copy: Copy) -> None:
        self.free: SimpleQueue[memoryview] = SimpleQueue()
        self.full: SimpleQueue[memoryview | None] = SimpleQueue()
        self._hasher = copy.digest.hasher()
        self._algorithm = copy.digest.algorithm
        for _ in range(min(RING, -(-copy.size // CHUNK))):
            self.free.put(memoryview(bytearray(CHUNK)))
        self._thread = threading.Thread(target=self._run, name="ocitool-hash", daemon=True)
        self._thread.start()

    def finish(self) -> Digest:
        """Wait until all is hashed and return the digest; may be called again."""
        if self._thread.is_alive():
            self.full.put(None)
            self._thread.join()
        return Digest(self._algorithm, self._hasher.hexdigest())

    def _run(self) -> None:
        while (part := self.full.get()) is not None:
            self._hasher.update(part)
            # The part may be shorter than its buffer only at the very end, when it is not used again.
            self.free.put(part)


def _check(copy: Copy, actual: Digest, source: ByteSource) -> None:
    if actual != copy.digest:
        raise IntegrityError(
            f"{copy.role} is corrupt: its bytes hash to {actual}, not to {copy.digest}",
            where=source.name,
            remedy="transfer or export the archive again",
        )


def _require(whole: bool, source: ByteSource) -> None:
    if not whole:
        raise ChangedSource(
            "became shorter while it was read", where=source.name, remedy="wait until it is written, then run again"
        )
