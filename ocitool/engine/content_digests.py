"""What entries hold, hashed in parallel, whatever they are called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ocitool.engine.announcing import StopSignal, announce
from ocitool.engine.control import Control
from ocitool.engine.pump import digest_blob
from ocitool.engine.workers import processor_count, run_parallel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ocitool.archive.source import ByteSource
    from ocitool.engine.rate import Rate
    from ocitool.model.digest import Digest
    from ocitool.plan.steps import Copy


def content_digests(
    copies: Sequence[Copy],
    source: ByteSource,
    *,
    on_bytes: Callable[[int], None] | None = None,
    rate: Rate | None = None,
) -> tuple[Digest, ...]:
    """Return the digest of each copy's bytes, by the algorithm of the digest that it names; `rate` bounds reading.

    Raises `ChangedSource` if the source moved meanwhile.
    """
    control = Control(StopSignal([source]), on_bytes or (lambda _count: None), rate=rate)
    share = sum(copy.size for copy in copies) // processor_count()
    digests: dict[int, Digest] = {}

    def work(number: int) -> None:
        is_large = processor_count() > 1 and copies[number].size > share
        digests[number] = digest_blob(copies[number], source, control, overlapped=is_large)

    largest_first = sorted(range(len(copies)), key=lambda number: -copies[number].size)
    announce((replace(copies[number], source=0) for number in largest_first), [source])
    run_parallel(largest_first, work, control.stop)
    source.check_unchanged()
    return tuple(digests[number] for number in range(len(copies)))
