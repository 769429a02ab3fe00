"""Carry out a plan: every step into its sink, verified on the way."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ocitool.archive.arrivals import EXPECTED
from ocitool.archive.new_file import NewFile
from ocitool.archive.new_folder import NewFolder
from ocitool.engine.announcing import StopSignal, announce
from ocitool.engine.arriving import ArrivingOutput, as_copy, receive
from ocitool.engine.control import Control
from ocitool.engine.pump import copy_in_kernel, digest_file, pump_unverified, pump_verified
from ocitool.engine.workers import processor_count, run_parallel
from ocitool.errors import IntegrityError
from ocitool.plan.steps import Copy, Emit, Folder, OutputPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from ocitool.archive.arrivals import Arrival, Arrivals
    from ocitool.archive.place import Place
    from ocitool.archive.sink import OrderedSink
    from ocitool.archive.source import ByteSource
    from ocitool.engine.rate import Rate
    from ocitool.model.digest import Digest
    from ocitool.plan.steps import Step

Target: TypeAlias = "tuple[OutputPlan, NewFile | NewFolder | OrderedSink]"
"""One output of a plan and the sink that it goes into."""


class InOrder(Protocol):
    """What is written from its first byte to its last: an output of a plan, or an archive as it is."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def steps(self) -> Iterator[Step]:
        """Yield the writes in the order of their offsets and without gaps."""


_OpenPlace: TypeAlias = "Callable[[], AbstractContextManager[Place]]"


@dataclass(frozen=True, slots=True)
class _Job:
    """A range of a source, and how to open the places it goes to; none where it is linked or shared already."""

    copy: Copy
    places: list[_OpenPlace] = field(default_factory=list)


def execute(
    targets: Sequence[Target],
    sources: Sequence[ByteSource],
    *,
    verify: bool = True,
    trusted: Collection[int] = (),
    on_bytes: Callable[[int], None] | None = None,
    arrivals: Arrivals | None = None,
    rate: Rate | None = None,
) -> None:
    """Write outputs of a plan.

    A `NewFile` gets its bytes in any order from several threads and is left unpublished, and so does a `NewFolder`
    that has begun; what several of them want is read and hashed once. Any other sink gets its bytes in order, after
    those, and what it wants is read for it; sources whose numbers are `trusted` hold what was verified, and counted,
    before. `on_bytes` is called from those threads with the bytes that were read of the others. With `arrivals` the
    blobs of the source `EXPECTED` are written as they come; there is then no sink in order, or one sink alone.
    `rate` bounds what is read in a second.
    Raises `IntegrityError` for a blob that does not match its digest, `ChangedSource` if a source moved meanwhile,
    `OutputError` if a sink fails.
    """
    files = sum(isinstance(sink, NewFile) for _, sink in targets)
    takes_turns = 0 < files < processor_count() and not any(isinstance(sink, NewFolder) for _, sink in targets)
    control = Control(StopSignal(sources), on_bytes or _ignore, takes_turns=takes_turns, rate=rate)
    jobs: dict[tuple[int, int, Digest], _Job] = {}
    ordered: list[tuple[OutputPlan, OrderedSink]] = []
    try:
        for output, sink in targets:
            if isinstance(sink, NewFile):
                _add(jobs, _begin_file(output, sink))
            elif isinstance(sink, NewFolder):
                _add(jobs, _begin_folder(output, sources, sink))
            else:
                ordered.append((output, sink))
        expected = {} if arrivals is None else {key: job for key, job in jobs.items() if key[0] == EXPECTED}
        _run([job for key, job in jobs.items() if key not in expected], sources, control, verify=verify)
        if arrivals is not None and not ordered:
            by_digest = {job.copy.digest: job for job in expected.values()}

            def deliver(arrival: Arrival) -> None:
                job = by_digest[arrival.digest]
                _carry_out(replace(job, copy=as_copy(job.copy, arrival)), sources, control, verify=verify)

            receive(arrivals, deliver)
        for output, sink in ordered:
            if arrivals is None:
                _write_ordered(output, sources, sink, control, verify=verify, trusted=trusted)
            else:
                ArrivingOutput(output, sources, sink, control, arrivals, verify=verify).write()
    except IntegrityError:
        # A file that is still being written looks corrupt; the better message is that it moved.
        _check_unchanged(sources)
        raise
    _check_unchanged(sources)


def execute_in_order(
    output: InOrder,
    sources: Sequence[ByteSource],
    sink: OrderedSink,
    *,
    trusted: Collection[int] = (),
    on_bytes: Callable[[int], None] | None = None,
) -> None:
    """Write one output in order, as `execute` does, whatever its steps come from; raises what that raises."""
    control = Control(StopSignal(sources), on_bytes or _ignore)
    try:
        _write_ordered(output, sources, sink, control, verify=True, trusted=trusted)
    except IntegrityError:
        _check_unchanged(sources)
        raise
    _check_unchanged(sources)


def digest_files(
    files: Sequence[tuple[NewFile, int]],
    *,
    on_bytes: Callable[[int], None] | None = None,
    rate: Rate | None = None,
) -> tuple[Digest, ...]:
    """Hash new files, each of the size in bytes that is given with it, in parallel; return their sha256 in order."""
    control = Control(threading.Event(), on_bytes or _ignore, rate=rate)
    digests: dict[int, Digest] = {}

    def work(number: int) -> None:
        file, size = files[number]
        digests[number] = digest_file(file, size, control)

    largest_first = sorted(range(len(files)), key=lambda number: -files[number][1])
    run_parallel(largest_first, work, control.stop)
    return tuple(digests[number] for number in range(len(files)))


def _add(jobs: dict[tuple[int, int, Digest], _Job], more: Iterable[_Job]) -> None:
    """Join jobs that want the same range of the same source."""
    for job in more:
        copy = job.copy
        jobs.setdefault((copy.source, copy.offset, copy.digest), _Job(copy)).places.extend(job.places)


def _begin_file(output: OutputPlan, sink: NewFile) -> list[_Job]:
    """Write what the plan carries and return what there is to copy or, where blocks are shared, still to verify."""
    jobs: list[_Job] = []
    for step in output.steps():
        if isinstance(step.content, Emit):
            sink.write_at(step.offset, step.content.data)
        else:
            is_there = step.offset in sink.shared
            jobs.append(_Job(step.content, [] if is_there else [partial(sink.place, step.offset)]))
    return jobs


def _begin_folder(output: OutputPlan, sources: Sequence[ByteSource], sink: NewFolder) -> list[_Job]:
    """Write what the plan carries, link what can be linked, and return what there is to copy or still to verify."""
    jobs: list[_Job] = []
    for member in output.members:
        content = member.content
        if isinstance(content, Folder):
            sink.make_folder(member.name)
        elif isinstance(content, Emit):
            with sink.place(member.name) as place:
                place.write_at(0, content.data)
        else:
            linked = _link(content, sources[content.source], sink, member.name)
            jobs.append(_Job(content, [] if linked else [partial(sink.place, member.name)]))
    sink.require_space(sum(job.copy.size for job in jobs if job.places))
    return jobs


def _link(copy: Copy, source: ByteSource, sink: NewFolder, name: str) -> bool:
    opened = source.open_range(copy.offset, copy.size)
    if opened is None:
        return False
    with opened:
        changed = os.fstat(opened.descriptor).st_ctime_ns
        is_there = sink.link(name, opened)
    if name in sink.cloned:
        source.hold(copy.offset, changed)
    return is_there


def _run(jobs: Sequence[_Job], sources: Sequence[ByteSource], control: Control, *, verify: bool) -> None:
    """Copy every blob to its places and verify it, in parallel."""

    def work(job: _Job) -> None:
        _carry_out(job, sources, control, verify=verify)

    largest_first = sorted(jobs, key=lambda job: _largest_first(job.copy))
    announce((job.copy for job in largest_first if verify or job.places), sources)
    run_parallel(largest_first, work, control.stop, idle=control.idle)


def _carry_out(job: _Job, sources: Sequence[ByteSource], control: Control, *, verify: bool) -> None:
    """Copy one blob to its places and verify it."""
    copy, source = job.copy, sources[job.copy.source]
    with ExitStack() as stack:
        places = [stack.enter_context(open_place()) for open_place in job.places]
        if verify:
            pump_verified(copy, source, _writer(places), control)
        elif not places:
            control.step(copy.size)
        else:
            done = copy_in_kernel(copy, source, places[0], control) if len(places) == 1 else 0
            pump_unverified(copy, source, _writer(places), control, start=done)


def _writer(places: Sequence[Place]) -> Callable[[int, memoryview], None]:
    """Return what writes a part of a blob to all its places."""
    if len(places) == 1:
        return places[0].write_at

    def write(position: int, part: memoryview) -> None:
        for place in places:
            place.write_at(position, part)

    return write


def _write_ordered(
    output: InOrder,
    sources: Sequence[ByteSource],
    sink: OrderedSink,
    control: Control,
    *,
    verify: bool,
    trusted: Collection[int],
) -> None:
    def consume(_position: int, part: memoryview) -> None:
        sink.write(part)

    announce((step.content for step in output.steps() if isinstance(step.content, Copy)), sources)
    silent = Control(control.stop, _ignore)
    end = output.size
    for step in output.steps():
        content: Copy | Emit = step.content
        if step.offset + content.size == end:
            _check_unchanged(sources)  # before the end blocks, which make an archive look whole
        if isinstance(content, Emit):
            sink.write(content.data)
        elif content.source in trusted:
            pump_unverified(content, sources[content.source], consume, silent)
        else:
            pump = pump_verified if verify else pump_unverified
            pump(content, sources[content.source], consume, control)


def _check_unchanged(sources: Sequence[ByteSource]) -> None:
    for source in sources:
        source.check_unchanged()


def _largest_first(copy: Copy) -> tuple[int, int]:
    return -copy.size, copy.offset


def _ignore(_count: int) -> None:
    pass
