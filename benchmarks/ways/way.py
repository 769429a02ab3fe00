"""What is compared: a way to do a job, and where it finds its bytes."""

from __future__ import annotations

import os
import resource
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Bench:
    """A source of `size` bytes, open as `descriptor`, in a folder that takes outputs too."""

    folder: Path
    source: Path
    descriptor: int
    size: int

    @contextmanager
    def output(self) -> Iterator[int]:
        """Open a file without a name; its pages go with it."""
        descriptor = os.open(self.folder, os.O_TMPFILE | os.O_RDWR, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def forget(self) -> None:
        """Have the kernel forget the source's pages, as far as the file system lets it, and advice given before."""
        os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_NORMAL)
        os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


class Way(NamedTuple):
    """A way to do a job."""

    name: str
    run: Callable[[], object]
    prepare: Callable[[], object] | None = None


class Taken(NamedTuple):
    """Wall clock and processor time in seconds, children included."""

    wall: float
    processor: float


def compare(ways: Sequence[Way], *, runs: int) -> dict[str, Taken]:
    """Run all ways in turn, `runs` times after one discarded round, and return the medians."""
    taken: dict[str, list[Taken]] = {way.name: [] for way in ways}
    for number in range(runs + 1):
        for way in ways:
            if way.prepare is not None:
                way.prepare()
            start, used = time.perf_counter(), _processor_time()
            way.run()
            cost = Taken(time.perf_counter() - start, _processor_time() - used)
            if number > 0:
                taken[way.name].append(cost)
    return {
        name: Taken(
            statistics.median(cost.wall for cost in costs), statistics.median(cost.processor for cost in costs)
        )
        for name, costs in taken.items()
    }


def _processor_time() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def spans(size: int, chunk: int) -> Iterator[tuple[int, int]]:
    """Yield offset and length of each part of `size` bytes."""
    for offset in range(0, size, chunk):
        yield offset, min(chunk, size - offset)
