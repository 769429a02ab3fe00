"""Parts fetched ahead of those who read them: several requests at a time, bounded memory, any order of reads.

Reads that wait come first, whatever memory that takes: there is one for each thread. Then, while there is room, what
follows in the ranges that are being read, and then the ranges that nobody has begun, in the order of announcement.
A part is let go of when all that was wanted of it was read.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from dataclasses import dataclass, field
from enum import Enum
from itertools import zip_longest
from typing import TYPE_CHECKING

from ocitool.adapters.remote.cutting import BUDGET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ocitool.adapters.remote.cutting import Part


class _State(Enum):
    """What a part is: not fetched yet, or no more; on its way; here; or not to be had."""

    ABSENT = 1
    COMING = 2
    HERE = 3
    FAILED = 4


@dataclass(slots=True, eq=False)
class _Slot:
    """One part and how far it is."""

    part: Part
    run: int
    number: int
    state: _State = _State.ABSENT
    buffer: memoryview | None = None
    error: BaseException | None = None
    is_begun: bool = False
    read: set[int] = field(default_factory=set)
    readers: int = 0
    was_read: bool = False


class Fetcher:
    """Fetches the runs of parts by `fetch(start, buffer)`, which fills the buffer or raises, in `threads` threads."""

    def __init__(
        self,
        runs: Sequence[Sequence[Part]],
        fetch: Callable[[int, memoryview], None],
        *,
        threads: int,
        budget: int = BUDGET,
    ) -> None:
        self._runs = [
            [_Slot(part, run, number) for number, part in enumerate(parts)] for run, parts in enumerate(runs)
        ]
        self._slots = sorted((slot for run in self._runs for slot in run), key=lambda slot: slot.part.start)
        self._starts = [slot.part.start for slot in self._slots]
        self._fetch = fetch
        self._threads = threads
        self._running = 0
        self._budget = budget
        self._used = 0
        self._largest = max((slot.part.size for slot in self._slots), default=0)
        self._free: list[memoryview] = []
        self._changed = threading.Condition()
        self._asked: list[_Slot] = []
        self._readers: dict[int, _Slot] = {}
        self._untouched = dict.fromkeys(range(len(self._runs)))
        self._stopped: BaseException | None = None

    def covers(self, offset: int) -> bool:
        """Tell whether the byte at `offset` is in a part."""
        return self._find(offset) is not None

    def read(self, offset: int, buffer: memoryview) -> int:
        """Fill some of `buffer`, and wait for that; return 0 if `offset` is in no part.

        Raises what fetching raised.
        """
        slot = self._find(offset)
        if slot is None:
            return 0
        with self._changed:
            data = self._wait_for(slot)
            slot.readers += 1
        try:
            part = data[offset - slot.part.start : slot.part.size][: len(buffer)]
            buffer[: len(part)] = part
        finally:
            with self._changed:
                slot.readers -= 1
                slot.is_begun = True
                stops = slot.part.stops
                slot.read.update(stops[bisect_right(stops, offset) : bisect_right(stops, offset + len(part))])
                if len(slot.read) == len(stops):
                    slot.was_read = True
                    self._drop(slot)
        return len(part)

    def stop(self, error: BaseException) -> None:
        """Have all that wait, and all that read after this, raise `error`; the threads end."""
        with self._changed:
            self._stopped = error
            self._changed.notify_all()

    def _find(self, offset: int) -> _Slot | None:
        index = bisect_right(self._starts, offset) - 1
        return self._slots[index] if index >= 0 and offset < self._slots[index].part.end else None

    def _wait_for(self, slot: _Slot) -> memoryview:
        """Return the bytes of a part once they are here."""
        self._readers[threading.get_ident()] = slot
        self._untouched.pop(slot.run, None)
        if slot.was_read:  # once more, then, and what follows too
            for later in self._runs[slot.run][slot.number :]:
                later.was_read = False
        try:
            while True:
                if self._stopped is not None:
                    raise self._stopped
                if slot.state is _State.FAILED and slot.error is not None:
                    raise slot.error
                if slot.state is _State.HERE and slot.buffer is not None:
                    return slot.buffer
                if slot not in self._asked:
                    self._asked.append(slot)
                self._start_threads()
                self._changed.notify_all()
                self._changed.wait()
        finally:
            if slot in self._asked and slot.state in {_State.HERE, _State.FAILED}:
                self._asked.remove(slot)

    def _start_threads(self) -> None:
        while self._running < self._threads:
            self._running += 1
            threading.Thread(target=self._work, name="ocitool-fetch", daemon=True).start()

    def _work(self) -> None:
        while (slot := self._take()) is not None:
            buffer = slot.buffer
            error: BaseException | None = None
            try:
                if buffer is not None:
                    self._fetch(slot.part.start, buffer)
            except BaseException as raised:  # noqa: BLE001 - raised again in the thread that reads
                error = raised
            with self._changed:
                slot.error = error
                slot.state = _State.HERE if error is None else _State.FAILED
                self._changed.notify_all()

    def _take(self) -> _Slot | None:
        """Wait until a part is to be fetched and mark it as coming; None when all is over."""
        with self._changed:
            while self._stopped is None:
                slot = self._next()
                if slot is not None:
                    slot.state, slot.is_begun = _State.COMING, False
                    slot.read.clear()
                    slot.buffer = self._make_room(slot.part.size)
                    return slot
                self._changed.wait()
            return None

    def _next(self) -> _Slot | None:
        for slot in self._asked:
            if slot.state is _State.ABSENT:
                if self._used + self._largest > self._budget:
                    self._evict()
                return slot
        if self._used + self._largest > self._budget:
            return None
        return next((slot for slot in self._foreseen() if slot.state is _State.ABSENT and not slot.was_read), None)

    def _foreseen(self) -> Iterator[_Slot]:
        """Yield what is going to be read, the next of each reader first."""
        following = [self._runs[slot.run][slot.number + 1 :] for slot in self._readers.values()]
        for abreast in zip_longest(*following):
            yield from (slot for slot in abreast if slot is not None)
        for run in self._untouched:
            yield from self._runs[run]

    def _evict(self) -> None:
        """Let go of a part that was fetched too early: one that nobody has begun to read, the last to be needed."""
        idle = [slot for slot in self._slots if slot.state is _State.HERE and not slot.is_begun and not slot.readers]
        idle = [slot for slot in idle if slot not in self._asked]
        if idle:
            self._drop(max(idle, key=lambda slot: (slot.run, slot.number)))

    def _make_room(self, size: int) -> memoryview:
        """Return a buffer, one that was used before if there is any: the pages of a new one are zeroed."""
        self._used += self._largest
        buffer = self._free.pop() if self._free else memoryview(bytearray(self._largest))
        return buffer[:size]

    def _drop(self, slot: _Slot) -> None:
        if slot.state is not _State.HERE or slot.readers or slot.buffer is None:
            return
        self._used -= self._largest
        if self._used + self._largest <= self._budget:
            self._free.append(memoryview(slot.buffer.obj))
        slot.state, slot.buffer = _State.ABSENT, None
        self._changed.notify_all()
