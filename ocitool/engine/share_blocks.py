"""Blocks of a source that an output shares with it, so that what is left to do is to hash them."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ocitool.archive.clone import UNLIKE
from ocitool.engine.control import Control
from ocitool.engine.pump import pump_unverified
from ocitool.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.archive.new_file import NewFile
    from ocitool.archive.source import ByteSource
    from ocitool.plan.steps import Copy, OutputPlan

_COPY: Final = "take --reflink auto, which copies what cannot be shared"
_REMEDY: Final = f"write to the file system that holds the source, one that can (XFS, btrfs), or {_COPY}"


def share_blocks(output: OutputPlan, sink: NewFile, sources: Sequence[ByteSource], *, required: bool) -> None:
    """Put every aligned copy of `output` into `sink` that can be there without being copied; note it in its `shared`.

    The whole blocks in the middle are shared, less than one before and after them is written. Nothing is verified:
    that is left to `execute`, which writes what is left too. It hashes the source, which is held to be what it was
    when its blocks were shared, by a time that nobody can set.

    Raises `OutputError` for what cannot be shared though it is `required`, if there is no room, or the disk fails;
    `ChangedSource` for a source that is another now.
    """
    for step in output.steps():
        content = step.content
        if output.is_aligned(content):
            source = sources[content.source]
            reason = _share(content, output.alignment, step.offset, sink, source)
            if reason and required:
                source.check_unchanged()
                raise cannot_share(source.name, sink.name, reason)


def cannot_share(source: str, output: str, reason: str) -> OutputError:
    """Return the error for an output that must share blocks with a source and, for a `reason`, cannot."""
    return OutputError(
        f"cannot share blocks with {source}: {reason}", where=output, remedy=_COPY if reason == UNLIKE else _REMEDY
    )


def _share(copy: Copy, alignment: int, offset: int, sink: NewFile, source: ByteSource) -> str:
    """Put a copy to its `offset` in `sink` if its blocks can be shared; return why not, if not."""
    head = -copy.offset % alignment
    middle = (copy.size - head) // alignment * alignment
    opened = source.open_range(copy.offset + head, middle)
    if opened is None:
        return "it is no file"
    with opened:
        changed = os.fstat(opened.descriptor).st_ctime_ns
        reason = sink.clone_at(offset + head, opened, middle)
    if reason:
        return reason
    source.hold(copy.offset, changed)
    silent = Control(threading.Event(), lambda _count: None)
    for start, end in ((0, head), (head + middle, copy.size)):
        with sink.place(offset + start) as place:
            edge = replace(copy, offset=copy.offset + start, size=end - start)
            pump_unverified(edge, source, place.write_at, silent)
    sink.shared[offset] = middle
    return ""
