"""Outputs that are to share blocks with their sources: where that is possible, and how it is done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.archive.new_file import NewFile
from ocitool.archive.new_folder import names_folder
from ocitool.archive.source import SpooledSource
from ocitool.engine.share_blocks import share_blocks
from ocitool.errors import UsageError
from ocitool.plan.options import Reflink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.archive.codec.compress import Compression
    from ocitool.archive.source import ByteSource
    from ocitool.engine.execute import Target
    from ocitool.plan.steps import OutputPlan


def require_sharing(reflink: Reflink, path: str | os.PathLike[str], compression: Compression) -> None:
    """Raise `UsageError` for an output that must share blocks, and of its kind never can."""
    if reflink is not Reflink.ALWAYS:
        return
    name = os.fspath(path)
    if names_folder(name):
        raise UsageError(
            "--reflink always is for archives: a folder has links or clones of a source folder anyway",
            where=name,
            remedy="leave out --reflink",
        )
    if compression.is_needed:
        raise UsageError(
            "what is compressed shares no blocks with its source",
            where=name,
            remedy="leave out --reflink always, or write a plain tar",
        )
    target = Path(path)
    if name == "-" or (target.exists() and not target.is_file()) or name.startswith(("/dev/", "/proc/")):
        raise UsageError(
            "what is no file shares no blocks with its source",
            where="standard output" if name == "-" else name,
            remedy="name a file with -o, or take --reflink auto, which has the same bytes",
        )


def share_or_require_space(targets: Sequence[Target], sources: Sequence[ByteSource], reflink: Reflink) -> None:
    """Let files that are aligned for it share blocks with `sources`, and see that there is room for all the rest.

    Raises what `share_blocks` raises, and `OutputError` if the rest does not fit.
    """
    needed: dict[int, int] = {}
    for output, sink in targets:
        if isinstance(sink, NewFile):
            if output.alignment:
                share_blocks(output, sink, sources, required=reflink is Reflink.ALWAYS)
            device = sink.device
            needed[device] = needed.get(device, 0) + output.size - sum(sink.shared.values())
            sink.require_space(needed[device])


def shared_size(output: OutputPlan, sink: NewFile, sources: Sequence[ByteSource]) -> int:
    """Return the bytes whose blocks stay shared, so that they take no room; a spool leaves its own to the output."""
    if not sink.shared:
        return 0
    copies = ((step.offset, step.content) for step in output.steps() if output.is_aligned(step.content))
    lasting = (at for at, copy in copies if not isinstance(sources[copy.source], SpooledSource))
    return sum(sink.shared.get(at, 0) for at in lasting)
