"""The hot loop: one blob read, hashed and handed on.

While all processors have blobs of their own, one thread does all that for one blob. As soon as one is idle, a ring of
buffers goes around between the thread that reads and hands on and a second one that hashes the same bytes. The last
part is handed on only when the digest holds, so that what a consumer of a pipe gets is good or visibly cut.
"""

from __future__ import annotations

import errno
import os
from contextlib import closing
from time import thread_time
from typing import TYPE_CHECKING, Final

from ocitool.archive.prefetch import read_ahead, read_in_turn
from ocitool.engine.blob_hasher import BlobHasher
from ocitool.engine.control import CHUNK
from ocitool.errors import ChangedSource, IntegrityError
from ocitool.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocitool.archive.new_file import NewFile
    from ocitool.archive.place import Place
    from ocitool.archive.source import ByteSource
    from ocitool.engine.control import Control
    from ocitool.plan.steps import Copy

_KERNEL_CHUNK: Final = 16 * 1024 * 1024
_FREE: Final = 1e-10
"""Seconds of a processor for each byte below which nothing was moved: memory is copied at some 2 to 5 GB/s."""

_NOT_HERE: Final = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF})
"""What `copy_file_range` answers where the kernel or the file systems cannot do it."""


def pump_verified(
    copy: Copy, source: ByteSource, consume: Callable[[int, memoryview], None], control: Control
) -> None:
    """Hand the bytes of `copy` to `consume(position, part)` in order; raise `IntegrityError` before the last part.

    The parts are views of buffers that are used again: a consumer must be done with one when it returns.
    """
    hasher = BlobHasher(copy, control.buffers)
    try:
        position = 0
        while True:
            left = copy.size - position
            if left > CHUNK and control.idle.is_set() and not hasher.is_beside:
                hasher.hash_beside(-(-left // CHUNK))
            part = hasher.take(min(CHUNK, left))
            _require(source.readinto_at(copy.offset + position, part) == len(part), source)
            control.step(len(part))
            hasher.hash(part)
            if len(part) == left:
                _check(copy, hasher.finish(), source)
                consume(position, part)
                return
            consume(position, part)
            position += len(part)
    finally:
        hasher.close()


def pump_unverified(
    copy: Copy, source: ByteSource, consume: Callable[[int, memoryview], None], control: Control, *, start: int = 0
) -> None:
    """Hand the bytes of `copy` from `start` on to `consume(position, part)` in order, trusting them.

    As soon as a processor is idle, a second thread reads ahead.
    """
    position = start
    while position < copy.size:
        size = min(CHUNK, copy.size - position)
        is_ahead = _is_worth_a_thread(copy.size - position, control)
        reading = read_ahead if is_ahead else read_in_turn
        with closing(reading(_Range(copy, source, position), size)) as parts:
            for part in parts:
                control.step(len(part))
                consume(position, part)
                position += len(part)
                if not is_ahead and _is_worth_a_thread(copy.size - position, control):
                    break


def copy_in_kernel(copy: Copy, source: ByteSource, place: Place, control: Control) -> int:
    """Copy without the bytes passing through here; return how many were copied, 0 if these files cannot do that.

    Where writers take turns, it ends once the kernel was seen to move the bytes itself, which takes a processor as
    long as any copy does: reading in one thread beside writing in another is faster then.
    """
    opened = source.open_range(copy.offset, copy.size) if hasattr(os, "copy_file_range") else None
    if opened is None:
        return 0
    done = 0
    with opened:
        while done < copy.size and not (control.takes_turns and control.kernel_moves.is_set()):
            length = min(CHUNK if done == 0 else _KERNEL_CHUNK, copy.size - done)
            begun = thread_time()
            try:
                with place.turn:
                    count = os.copy_file_range(
                        opened.descriptor, place.descriptor, length, opened.offset + done, place.offset + done
                    )
            except OSError as error:
                if done == 0 and error.errno in _NOT_HERE:
                    return 0
                raise place.failed(error) from error
            _require(count > 0, source)
            if length == CHUNK and thread_time() - begun > count * _FREE:
                control.kernel_moves.set()
            control.step(count)
            done += count
    return done


def _is_worth_a_thread(left: int, control: Control) -> bool:
    return left > CHUNK and control.idle.is_set()


def digest_blob(copy: Copy, source: ByteSource, control: Control, *, overlapped: bool = False) -> Digest:
    """Compute the digest of the bytes of `copy`, whatever it is said to be; `overlapped` reads in a second thread."""
    hasher = copy.digest.hasher()
    parts = read_ahead if overlapped else read_in_turn
    for part in parts(_Range(copy, source), min(CHUNK, copy.size)):
        control.step(len(part))
        hasher.update(part)
    return Digest(copy.digest.algorithm, hasher.hexdigest())


class _Range:
    """The bytes of a copy in order, from `start` on."""

    def __init__(self, copy: Copy, source: ByteSource, start: int = 0) -> None:
        self._source = source
        self._offset = copy.offset + start
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
