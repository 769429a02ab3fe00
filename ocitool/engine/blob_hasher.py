"""Hash one blob part by part, in the thread that reads it or in a second one."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from ocitool.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.engine.control import Buffers
    from ocitool.model.digest import Hasher
    from ocitool.plan.steps import Copy

RING: Final = 4
"""Buffers in flight for one blob that is hashed in a second thread."""


class BlobHasher:
    """Lends buffers and hashes what was read into them; `hash_beside` goes on in a second thread.

    A part may be used until the next one is taken. `close` ends the thread and gives the buffers back.
    """

    def __init__(self, copy: Copy, buffers: Buffers) -> None:
        self._algorithm = copy.digest.algorithm
        self._hasher = copy.digest.hasher()
        self._buffers = buffers
        self._lent = [buffers.take()]
        self._ring: _Ring | None = None

    @property
    def is_beside(self) -> bool:
        """Whether a second thread hashes."""
        return self._ring is not None

    def hash_beside(self, count: int) -> None:
        """Start a second thread for the `count` parts that are still to come."""
        while len(self._lent) < min(RING, count):
            self._lent.append(self._buffers.take())
        self._ring = _Ring(self._hasher, self._lent)

    def take(self, length: int) -> memoryview:
        """Return a buffer of `length` bytes to read the next part into; raises what hashing raised."""
        buffer = self._lent[0] if self._ring is None else self._ring.take()
        return buffer[:length]

    def hash(self, part: memoryview) -> None:
        """Hash a part, now or soon."""
        if self._ring is None:
            self._hasher.update(part)
        else:
            self._ring.full.put(part)

    def finish(self) -> Digest:
        """Wait until all is hashed and return the digest; raises what hashing raised."""
        if self._ring is not None:
            self._ring.join()
            self._ring.check()
        return Digest(self._algorithm, self._hasher.hexdigest())

    def close(self) -> None:
        """End the thread and give the buffers back; may be called again."""
        if self._ring is not None:
            self._ring.join()
        while self._lent:
            self._buffers.give_back(self._lent.pop())


class _Ring:
    """A thread that hashes what comes through `full` and gives the buffers back."""

    def __init__(self, hasher: Hasher, buffers: Iterable[memoryview]) -> None:
        self._free: SimpleQueue[memoryview | BaseException] = SimpleQueue()
        self.full: SimpleQueue[memoryview | None] = SimpleQueue()
        self.error: BaseException | None = None
        self._hasher = hasher
        for buffer in buffers:
            self._free.put(buffer)
        self._thread = threading.Thread(target=self._run, name="ocitool-hash", daemon=True)
        self._thread.start()

    def take(self) -> memoryview:
        """Wait for a buffer that is hashed; raises what hashing raised."""
        item = self._free.get()
        if isinstance(item, BaseException):
            self._free.put(item)
            raise item
        return item

    def join(self) -> None:
        """Wait until all is hashed."""
        if self._thread.is_alive():
            self.full.put(None)
            self._thread.join()

    def check(self) -> None:
        """Raise what hashing raised."""
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            while (part := self.full.get()) is not None:
                self._hasher.update(part)
                # The part may be shorter than its buffer only at the very end, when it is not used again.
                self._free.put(part)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that reads
            self.error = error
            self._free.put(error)
