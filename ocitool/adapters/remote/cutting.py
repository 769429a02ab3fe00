"""Announced ranges cut into the parts that are fetched: small neighbours together, large ones in several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.archive.headers import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterable

BUDGET: Final = 48 * 1024 * 1024
"""Bytes that parts take in memory, those under way included."""

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a part at most. With 50 ms before each answer and four at a time, parts of 4, 8 and 16 MiB came at 280,
420 and 540 MB/s; the largest take twice the memory."""

SMALLEST: Final = 1024 * 1024
GAP: Final = 16 * 1024
"""Bytes between two ranges that are rather fetched than asked around."""

ENTRY_GAP: Final = 2 * BLOCK - 1
"""Bytes between two entries that follow each other, without filler: what fills up the block of one, and a header."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes fetched with one request, from `start` to `end`; it was read once those before all `stops` were."""

    start: int
    end: int
    stops: tuple[int, ...]

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.end - self.start


def part_size(readers: int) -> int:
    """Return how large parts may be for that many threads that read, so that there is one more for each request."""
    return max(SMALLEST, min(LARGEST, BUDGET // (readers + 4)))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Bytes that are going to be read, `length` from `offset` on; the `lead` bytes before them are only proven."""

    offset: int
    length: int
    lead: int = 0


def cut(ranges: Iterable[Wanted], size: int, gap: int = GAP) -> list[list[Part]]:
    """Cut ranges into runs of parts of up to `size` bytes, in the order of the first range of each.

    A run is one large range, or one part with small neighbours, no more than `gap` bytes apart. Ranges that overlap
    are fetched once.
    """
    spans = sorted(
        (wanted.offset - wanted.lead, wanted.offset + wanted.length, number)
        for number, wanted in enumerate(ranges)
        if wanted.length > 0
    )
    runs: list[tuple[int, list[Part]]] = []
    joined: list[tuple[int, int]] = []
    number = covered = 0

    def close() -> None:
        if joined:
            stops = tuple(end for _, end in joined)
            runs.append((number, [Part(joined[0][0], stops[-1], stops)]))
            joined.clear()

    for begin, end, place in spans:
        start = max(begin, covered)
        if start >= end:
            continue
        covered = end
        if joined and (start - joined[-1][1] > gap or end - joined[0][0] > size):
            close()
        if end - start > size:
            close()
            runs.append((place, _slices(start, end, size)))
            continue
        number = min(number, place) if joined else place
        joined.append((start, end))
    close()
    return [parts for _, parts in sorted(runs, key=lambda run: run[0])]


def _slices(start: int, end: int, size: int) -> list[Part]:
    """Cut one range into parts of about one length."""
    length = -(-(end - start) // -(-(end - start) // size))
    stops = [*range(start + length, end, length), end]
    return [Part(begin, stop, (stop,)) for begin, stop in zip([start, *stops], stops, strict=False)]
