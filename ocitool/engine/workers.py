"""A few threads that work through a list, the longest first, and stop together."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from ocitool.engine.control import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Item = TypeVar("Item")


_told: int | None = None


def use_processors(count: int | None) -> None:
    """Tell how many processors all work of this process may use, where others are at work beside it; None: all."""
    global _told  # noqa: PLW0603 - one process, one number, as the affinity that it stands for
    _told = count


def processor_count() -> int:
    """Return how many processors this process may use: as many as it was told, else as the system lets it."""
    if _told is not None:
        return _told
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def run_parallel(
    items: Sequence[Item],
    work: Callable[[Item], None],
    stop: threading.Event,
    *,
    count: int | None = None,
    idle: threading.Event | None = None,
) -> None:
    """Call `work` for every item on `count` threads (by default one a processor).

    `idle` is set as long as fewer of them than there are processors have work, and when this returns.

    The first error sets `stop`, waits for all threads and is raised here; so does an interrupt of this thread.
    """
    count = min(count or processor_count(), len(items))
    idle = idle or threading.Event()
    if count >= processor_count():
        idle.clear()
    crew = _Crew(items, work, stop, idle)
    if count <= 1:
        crew.loop()
    else:
        _run_threads(
            [threading.Thread(target=crew.loop, name="ocitool-copy", daemon=True) for _ in range(count)], stop
        )
    if crew.errors:
        raise crew.errors[0]


def _run_threads(threads: Sequence[threading.Thread], stop: threading.Event) -> None:
    """Start all and wait for all, also when this thread is interrupted."""
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:
        stop.set()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        raise


class _Crew(Generic[Item]):
    """What the threads share: the items still waiting, and the errors so far."""

    def __init__(
        self, items: Sequence[Item], work: Callable[[Item], None], stop: threading.Event, idle: threading.Event
    ) -> None:
        self._waiting = iter(items)
        self._work = work
        self._stop = stop
        self._idle = idle
        self._lock = threading.Lock()
        self.errors: list[BaseException] = []

    def loop(self) -> None:
        """Work until nothing is left or all are to stop."""
        try:
            for item in self._take():
                self._work(item)
        except Stopped:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            self.errors.append(error)
            self._stop.set()
        finally:
            self._idle.set()

    def _take(self) -> Iterator[Item]:
        while not self._stop.is_set():
            with self._lock:
                try:
                    item = next(self._waiting)
                except StopIteration:
                    return
            yield item
