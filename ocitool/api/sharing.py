"""What several compressed outputs want of a source: read and verified once, and kept aside for all of them."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocitool.archive.new_file import NewFile
from ocitool.archive.source import SpooledSource
from ocitool.engine.execute import execute
from ocitool.plan.steps import Copy, Member, OutputPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ocitool.archive.source import ByteSource
    from ocitool.engine.rate import Rate
    from ocitool.model.digest import Digest


@dataclass(frozen=True, slots=True)
class Shared:
    """Outputs that take what they share from the last of `sources`, which is then `trusted`."""

    outputs: tuple[OutputPlan, ...]
    sources: tuple[ByteSource, ...]
    trusted: tuple[int, ...] = ()


@contextmanager
def shared_once(
    outputs: Sequence[OutputPlan],
    sources: Sequence[ByteSource],
    folder: Path,
    *,
    verify: bool,
    on_bytes: Callable[[int], None],
    rate: Rate | None = None,
) -> Iterator[Shared]:
    """Copy what more than one of `outputs` wants into a file without a name in `folder`.

    A compressor takes its bytes in order, so outputs that are compressed are written one after the other; only
    what they share would be read again for each. Raises what `execute` raises.
    """
    wanted = Counter(key for output in outputs for key in _copies(output))
    shared = {key: copy for output in outputs for key, copy in _copies(output).items() if wanted[key] > 1}
    if not shared:
        yield Shared(tuple(outputs), tuple(sources))
        return
    # As a tar, which is what the engine writes, aligned as the outputs are to be; nobody else sees it.
    members = tuple(Member(copy.digest.blob_name, copy) for copy in shared.values())
    plan = OutputPlan(members, alignment=outputs[0].alignment)
    file = NewFile(folder / "shared")
    try:
        file.require_space(plan.size)
        execute([(plan, file)], sources, verify=verify, on_bytes=on_bytes, rate=rate)
        offsets = {_key(step.content): step.offset for step in plan.steps() if isinstance(step.content, Copy)}
        with SpooledSource(file.read_back(), "shared layers") as spool:
            number = len(sources)
            yield Shared(tuple(_moved(output, offsets, number) for output in outputs), (*sources, spool), (number,))
    finally:
        file.close()


def _key(copy: Copy) -> tuple[int, int, Digest]:
    return copy.source, copy.offset, copy.digest


def _copies(output: OutputPlan) -> dict[tuple[int, int, Digest], Copy]:
    contents = [member.content for member in output.members]
    return {_key(content): content for content in contents if isinstance(content, Copy)}


def _moved(output: OutputPlan, offsets: Mapping[tuple[int, int, Digest], int], source: int) -> OutputPlan:
    members = tuple(
        replace(member, content=replace(member.content, source=source, offset=offsets[_key(member.content)]))
        if isinstance(member.content, Copy) and _key(member.content) in offsets
        else member
        for member in output.members
    )
    return replace(output, members=members)
