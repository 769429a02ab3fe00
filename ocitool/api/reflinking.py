"""Outputs that are to share blocks with their sources: where that is possible, and how it is done."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.api.places import Output, local_path, place_name
from ocitool.archive.new_file import NewFile
from ocitool.archive.new_folder import names_folder
from ocitool.archive.sink import open_descriptor
from ocitool.engine.share_blocks import cannot_share, share_blocks
from ocitool.errors import UsageError
from ocitool.plan.options import Layers, Reflink

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ocitool.archive.codec.compress import Compression
    from ocitool.archive.source import ByteSource
    from ocitool.engine.execute import Target
    from ocitool.plan.options import FilterOptions
    from ocitool.plan.steps import Copy, OutputPlan, Plan


def require_sharing(reflink: Reflink, place: Output, compression: Compression) -> None:
    """Raise `UsageError` for an output that must share blocks, and of its kind never can."""
    if reflink is not Reflink.ALWAYS:
        return
    path, name = local_path(place), place_name(place)
    if path is not None and names_folder(path):
        raise UsageError(
            "--reflink always is for archives: a folder has links or clones of a source folder anyway",
            where=name,
            remedy="leave out --reflink",
        )
    if compression.is_needed:
        raise UsageError(
            "what is compressed shares no blocks with its source",
            where=place_name(place),
            remedy="leave out --reflink always, or write a plain tar",
        )
    is_stream = path is None or open_descriptor(path) is not None
    if is_stream or (path is not None and Path(path).exists() and not Path(path).is_file()):
        raise UsageError(
            "what is no file shares no blocks with its source",
            where="standard output" if name == "-" else place_name(place),
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


def require_one_device(
    plan: Plan, places: Sequence[Output], sources: Sequence[ByteSource], options: FilterOptions
) -> None:
    """Raise `OutputError` if outputs that must share blocks would be on another file system than what they copy.

    That is what can be told before anything is written. Of two numbers that the kernel made up, as it does for each
    subvolume of btrfs, it cannot, and neither of layers that are still to be compressed anew.
    """
    if options.reflink is not Reflink.ALWAYS or options.layers is not Layers.KEEP:
        return
    for output, place in zip(plan.outputs, places, strict=True):
        device = _device_of_folder(place)
        for copy in filter(output.is_aligned, (step.content for step in output.steps())):
            source = sources[copy.source]
            opened = source.open_range(copy.offset, copy.size)
            if device is None or opened is None:
                continue
            with opened:
                other = os.fstat(opened.descriptor).st_dev
            if other != device and (os.major(device) or os.major(other)):
                raise cannot_share(source.name, place_name(place), os.strerror(errno.EXDEV))


def replaced_files(sinks: Iterable[object]) -> frozenset[tuple[int, int]]:
    """Return device and inode of the files whose names go to new ones."""
    replaced = (sink.replaces() for sink in sinks if isinstance(sink, NewFile))
    return frozenset(file for file in replaced if file is not None)


def shared_size(
    output: OutputPlan, sink: NewFile, sources: Sequence[ByteSource], replaced: Collection[tuple[int, int]]
) -> int:
    """Return the bytes whose blocks stay shared, so that they take no room.

    A file that has no name left when outputs have theirs leaves its blocks to them: a spool has none from the
    beginning, and one of the `replaced` loses one.
    """
    if not sink.shared:
        return 0
    copies = ((step.offset, step.content) for step in output.steps() if output.is_aligned(step.content))
    return sum(sink.shared.get(at, 0) for at, copy in copies if _lasts(copy, sources[copy.source], replaced))


def _lasts(copy: Copy, source: ByteSource, replaced: Collection[tuple[int, int]]) -> bool:
    opened = source.open_range(copy.offset, copy.size)
    if opened is None:
        return False
    with opened:
        status = os.fstat(opened.descriptor)
    return status.st_nlink > ((status.st_dev, status.st_ino) in replaced)


def _device_of_folder(place: Output) -> int | None:
    """Return the file system that a file goes to; None if its folder is not there, and not about to be made."""
    path = local_path(place)
    if path is None:
        return None
    folder = Path(os.path.realpath(path)).parent
    for each in (folder, folder.parent):
        if each.is_dir():
            return each.stat().st_dev
    return None
