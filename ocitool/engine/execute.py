"""Carry out a plan: every step into its sink, verified on the way."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ocitool.archive.new_file import NewFile
from ocitool.archive.new_folder import NewFolder
from ocitool.engine.pump import Control, copy_in_kernel, digest_blob, pump_unverified, pump_verified
from ocitool.engine.workers import run_parallel
from ocitool.errors import IntegrityError
from ocitool.plan.steps import Copy, Emit, Folder

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
    """A blob to copy, and how to open the place that it goes to; None where its file has been linked."""

    copy: Copy
    open_place: Callable[[], AbstractContextManager[Place]] | None


def execute(
    output: OutputPlan,
    sources: Sequence[ByteSource],
    sink: NewFile | NewFolder | OrderedSink,
    *,
    verify: bool = True,
    on_bytes: Callable[[int], None] | None = None,
) -> None:
    """Write one output of a plan.

    A `NewFile` gets its bytes in any order from several threads and is left unpublished, and so does a `NewFolder`
    that has begun; any other sink gets them in order. `on_bytes` is called from those threads with the bytes each
    part adds. Raises `IntegrityError` for a blob that does not match its digest, `ChangedSource` if a source moved
    meanwhile, `OutputError` if the sink fails.
    """
    control = Control(threading.Event(), on_bytes or _ignore)
    try:
        if isinstance(sink, NewFile):
            _run(_begin_file(output, sink), sources, control, verify=verify)
        elif isinstance(sink, NewFolder):
            _run(_begin_folder(output, sources, sink), sources, control, verify=verify)
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


def _begin_file(output: OutputPlan, sink: NewFile) -> list[_Job]:
    """Write what the plan carries and return what there is to copy."""
    jobs: list[_Job] = []
    for step in output.steps():
        if isinstance(step.content, Emit):
            sink.write_at(step.offset, step.content.data)
        else:
            jobs.append(_Job(step.content, partial(sink.place, step.offset)))
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
            jobs.append(_Job(content, None if linked else partial(sink.place, member.name)))
    sink.require_space(sum(job.copy.size for job in jobs if job.open_place is not None))
    return jobs


def _link(copy: Copy, source: ByteSource, sink: NewFolder, name: str) -> bool:
    opened = source.open_range(copy.offset, copy.size)
    if opened is None:
        return False
    with opened:
        return sink.link(name, opened)


def _run(jobs: Sequence[_Job], sources: Sequence[ByteSource], control: Control, *, verify: bool) -> None:
    """Copy every blob to its place and verify it, in parallel."""

    def work(job: _Job) -> None:
        copy, source = job.copy, sources[job.copy.source]
        if job.open_place is None:
            if verify:
                pump_verified(copy, source, _discard, control)
            else:
                control.step(copy.size)
            return
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


def _discard(_position: int, _part: memoryview) -> None:
    pass
