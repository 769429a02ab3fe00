"""The verb `filter`."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.api.listener import Listener, Silence
from ocitool.api.opening import SourceOptions, open_archive
from ocitool.api.recompressing import RecompressedLayers, recompressed_layers
from ocitool.archive.codec.compress import THREAD_LIMIT, CompressingSink, Compression
from ocitool.archive.new_file import Appender, NewFile
from ocitool.archive.new_folder import NewFolder, names_folder
from ocitool.archive.sink import StreamSink, open_sink, publish_all
from ocitool.archive.source import SpooledSource
from ocitool.engine.execute import execute
from ocitool.engine.workers import processor_count
from ocitool.errors import UsageError
from ocitool.model.json_text import JsonObject, dump_json
from ocitool.plan.filter import plan_filter
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ocitool.archive.source import ByteSource
    from ocitool.plan.options import FilterOptions
    from ocitool.plan.steps import Plan


@dataclass(frozen=True, slots=True)
class FilterResult:
    """What a filter did, or with `written` False would do; `size` is the output's in bytes, compressed or not."""

    plan: Plan
    output: str
    written: bool
    size: int
    is_compressed: bool = False

    def to_json(self) -> JsonObject:
        """Return the report as one JSON object (schema ``output/filter``)."""
        plan = self.plan
        return {
            "schemaVersion": 1,
            "kind": "filter",
            "output": self.output,
            "sourceSize": plan.source_size,
            "outputSize": self.size,
            "tarSize": plan.size,
            "images": [image.to_json() for image in plan.images],
            "kept": [manifest.to_json() for manifest in plan.kept],
            "dropped": [manifest.to_json() for manifest in plan.dropped],
            "digestMap": {str(old): str(new) for old, new in plan.digest_map.items()},
            "notes": [note.to_json() for note in plan.notes],
        }


def filter_archive(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    options: FilterOptions,
    *,
    verify: bool = True,
    clobber: bool = True,
    force: bool = False,
    dry_run: bool = False,
    compression: Compression | None = None,
    digest_map: Path | None = None,
    source_options: SourceOptions | None = None,
    standard_output: int = 1,
    listener: Listener | None = None,
    before_naming: Callable[[], None] = lambda: None,
) -> FilterResult:
    """Write an archive that holds what `options` select from `source`.

    `output` is compressed as `compression` says, by default as its suffix promises (`UsageError` for one that we do
    not write). If its name ends in a slash it becomes an OCI layout folder (image-layout.md), never compressed, in
    place of nothing, an empty folder or, with `force`, another image layout; what is kept of a source folder on the
    same file system is linked or cloned where possible. The output appears whole and verified, or not at all, and so
    does the file `digest_map` (old to new digest of every root that was rewritten, as JSON). With `dry_run` only the
    plan is made. `before_naming` is called when all bytes are on the disk and only the names are left to give: what
    interrupts before it leaves nothing behind, and nothing should after it. Raises the errors of `ocitool.errors`;
    after any of them what stood under the name of the output is untouched.
    """
    listener = listener or Silence()
    compression = _choose_compression(output, compression)
    source_options = source_options or SourceOptions()
    if source_options.spool_directory is None:
        source_options = replace(source_options, spool_directory=_beside(output))
    with ExitStack() as stack:
        sinks: list[NewFile | NewFolder | StreamSink] = []
        map_sink: NewFile | StreamSink | None = None
        if not dry_run:
            sinks = [_open_output(output, stack, standard_output=standard_output, clobber=clobber, force=force)]
            if digest_map is not None:
                map_sink = open_sink(digest_map, clobber=clobber)
                stack.callback(map_sink.close)
                sinks.append(map_sink)
        archive = stack.enter_context(open_archive(source, source_options, listener))
        layers = RecompressedLayers()
        if sinks:
            layers = stack.enter_context(recompressed_layers(archive, options, source_options, listener))
        plan = plan_filter(archive.graph, options, layers.done, layers.references)
        if sinks:
            _keep_only_copied(plan, archive.source)
            listener.start("filtering", plan.outputs[0].copied)
            outputs = [sink for sink in sinks if not isinstance(sink, StreamSink)]
            sources = [archive.source, *layers.spools]
            written = _write(plan, sources, sinks[0], compression, verify=verify, on_bytes=listener.advance)
            if map_sink is not None:
                _write_small(map_sink, _digest_map_document(plan))
            # A spool's pages need not reach the disk any more: what is saved next has it to itself.
            for used in sources:
                used.close()
            # The disk may take longer than the copying did.
            listener.start("saving", None)
            for new in outputs:
                new.stage()
            before_naming()
            publish_all(outputs)
            for sink in sinks:
                sink.close()
            listener.finish()
            return FilterResult(plan, os.fspath(output), True, written, compression.is_needed)
    size = plan.outputs[0].content_size if names_folder(output) else plan.size
    return FilterResult(plan, os.fspath(output), written=False, size=size)


def _choose_compression(output: str | os.PathLike[str], wanted: Compression | None) -> Compression:
    if not os.fspath(output):
        raise UsageError(
            "the name of the output is empty", remedy="name a file, a folder with a slash at its end, or -"
        )
    if not names_folder(output):
        return wanted or Compression.for_name(os.fspath(output))
    if wanted is not None:
        raise UsageError(
            "a folder is not compressed",
            where=os.fspath(output),
            remedy="leave out --compress, or the slash for a file",
        )
    return Compression()


def _open_output(
    output: str | os.PathLike[str], stack: ExitStack, *, standard_output: int, clobber: bool, force: bool
) -> NewFile | NewFolder | StreamSink:
    """Open the output, which `stack` closes."""
    if not names_folder(output):
        sink = open_sink(output, standard_output=standard_output, clobber=clobber)
        stack.callback(sink.close)
        return sink
    folder = NewFolder(Path(output), force=force)
    stack.callback(folder.close)
    folder.begin()
    return folder


def _keep_only_copied(plan: Plan, source: ByteSource) -> None:
    """Give back what a spool holds beside the bytes to copy; nothing else may be read from the source after this."""
    if isinstance(source, SpooledSource):
        contents = [member.content for output in plan.outputs for member in output.members]
        copies = [content for content in contents if isinstance(content, Copy) and content.source == 0]
        source.keep_only((copy.offset, copy.size) for copy in copies)


def _write(
    plan: Plan,
    sources: Sequence[ByteSource],
    sink: NewFile | NewFolder | StreamSink,
    compression: Compression,
    *,
    verify: bool,
    on_bytes: Callable[[int], None],
) -> int:
    """Write the output, compressed if asked for; return its size in bytes."""
    output = plan.outputs[0]
    if isinstance(sink, NewFolder):
        execute(output, sources, sink, verify=verify, on_bytes=on_bytes)
        return output.content_size
    if not compression.is_needed:
        if isinstance(sink, NewFile):
            sink.require_space(plan.size)
        execute(output, sources, sink, verify=verify, on_bytes=on_bytes)
        return plan.size
    target = Appender(sink) if isinstance(sink, NewFile) else sink
    compressing = CompressingSink(target, compression, plan.size, threads=min(processor_count(), THREAD_LIMIT))
    execute(output, sources, compressing, verify=verify, on_bytes=on_bytes)
    compressing.finish()
    return target.written


def _beside(output: str | os.PathLike[str]) -> Path | None:
    """Return the folder of an output file, where there is room for what is made of the spool anyway."""
    if names_folder(output):
        parent = Path(os.path.realpath(output)).parent
        return parent if parent.is_dir() else None
    try:
        if os.fspath(output) == "-" or not Path(output).is_file():
            stream = os.fspath(output) == "-" or Path(output).exists()
            parent = Path(output).parent
            return None if stream or not parent.is_dir() else parent
    except OSError:
        return None
    return Path(os.path.realpath(output)).parent


def _digest_map_document(plan: Plan) -> bytes:
    return dump_json({str(old): str(new) for old, new in plan.digest_map.items()}) + b"\n"


def _write_small(sink: NewFile | StreamSink, data: bytes) -> None:
    if isinstance(sink, NewFile):
        sink.write_at(0, data)
    else:
        sink.write(data)
