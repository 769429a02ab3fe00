"""Carry out a plan: every step into its sink, verified on the way."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ocitool.archive.new_file import NewFile
from ocitool.engine.pump import Control, copy_in_kernel, digest_blob, pump_unverified, pump_verified
from ocitool.engine.workers import run_parallel
from ocitool.errors import IntegrityError
from ocitool.plan.steps import Copy, Emit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from ocitool.archive.place import Place
    from ocitool.archive.sink import OrderedSink
    from ocitool.archive.source import ByteSource
    from ocitool.model.digest import Digest
    from ocitool.plan.steps import OutputPlan


@dataclass(frozen=True, slots=True)
class _Job:
    """A blob to copy, and how to open the place that it goes to."""

    copy: Copy
    open_place: Callable[[], AbstractContextManager[Place]]


def execute(
    output: OutputPlan,
    sources: Sequence[ByteSource],
    sink: NewFile | OrderedSink,
    *,
    verify: bool = True,
    on_bytes: Callable[[int], None] | None = None,
) -> None:
    """Write one output of a plan.

    A `NewFile` gets its bytes in any order from several threads and is left unpublished; any other sink gets
    them in order. `on_bytes` is called from those threads with the bytes each part adds. Raises
    `IntegrityError` for a blob that does not match its digest, `ChangedSource` if a source moved meanwhile,
    `OutputError` if the sink fails.
    """
    control = Control(threading.Event(), on_bytes or _ignore)
    try:
        if isinstance(sink, NewFile):
            _write_positional(output, sources, sink, control, verify=verify)
        else:
            _write_ordered(output, sources, sink, control, verify=verify)
    except IntegrityError:
        # A file that is still being written looks corrupt; the better message is that it moved.
        _check_unchanged(sources)
        raise
    _check_unchanged(sources)


def digest_blobs(
    copies: Sequence[Copy], source: ByteSource, *, on_bytes: Callable[[int], None] | None = None
) -> Mapping[Digest, Digest]:
    """Hash the bytes of each copy in parallel; return what they are, by what they are said to be."""
    control = Control(threading.Event(), on_bytes or _ignore)
    actual: dict[Digest, Digest] = {}

    def work(copy: Copy) -> None:
        actual[copy.digest] = digest_blob(copy, source, control)

    run_parallel(sorted(copies, key=_largest_first), work, control.stop)
    source.check_unchanged()
    return actual


def _write_positional(
    output: OutputPlan, sources: Sequence[ByteSource], sink: NewFile, control: Control, *, verify: bool
) -> None:
    jobs: list[_Job] = []
    for step in output.steps():
        if isinstance(step.content, Emit):
            sink.write_at(step.offset, step.content.data)
        else:
            jobs.append(_Job(step.content, partial(sink.place, step.offset)))
    _run(jobs, sources, control, verify=verify)


def _run(jobs: Sequence[_Job], sources: Sequence[ByteSource], control: Control, *, verify: bool) -> None:
    """Copy every blob to its place, in parallel."""

    def work(job: _Job) -> None:
        copy, source = job.copy, sources[job.copy.source]
        with job.open_place() as place:
            if verify:
                pump_verified(copy, source, place.write_at, control)
            elif not copy_in_kernel(copy, source, place, control):
                pump_unverified(copy, source, place.write_at, control)

    run_parallel(sorted(jobs, key=lambda job: _largest_first(job.copy)), work, control.stop)


def _write_ordered(
    output: OutputPlan, sources: Sequence[ByteSource], sink: OrderedSink, control: Control, *, verify: bool
) -> None:
    def consume(_position: int, part: memoryview) -> None:
        sink.write(part)

    pump = pump_verified if verify else pump_unverified
    end = output.size
    for step in output.steps():
        content: Copy | Emit = step.content
        if step.offset + content.size == end:
            _check_unchanged(sources)  # before the end blocks, which make an archive look whole
        if isinstance(content, Emit):
            sink.write(content.data)
        else:
            pump(content, sources[content.source], consume, control)


def _check_unchanged(sources: Sequence[ByteSource]) -> None:
    for source in sources:
        source.check_unchanged()


def _largest_first(copy: Copy) -> tuple[int, int]:
    return -copy.size, copy.offset


def _ignore(_count: int) -> None:
    pass
