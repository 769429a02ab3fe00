"""The verb `filter`."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.api.listener import Listener, Silence
from ocitool.api.opening import SourceOptions, open_archive
from ocitool.archive.codec.compress import CompressingSink, Compression
from ocitool.archive.sink import Appender, NewFile, StreamSink, open_sink, publish_all
from ocitool.archive.source import SpooledSource
from ocitool.engine.execute import execute
from ocitool.engine.workers import processor_count
from ocitool.model.json_text import JsonObject, dump_json
from ocitool.plan.filter import plan_filter
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Callable

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

    def to_json(self) -> JsonObject:
        """Return the report as one JSON object (schema ``output/filter``)."""
        plan = self.plan
        return {
            "schemaVersion": 1,
            "kind": "filter",
            "output": self.output,
            "sourceSize": sum(source.size for source in plan.sources),
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
    not write). It appears whole and verified, or not at all, and so does the file `digest_map` (old to new digest of
    every root that was rewritten, as JSON). With `dry_run` only the plan is made. `before_naming` is called when
    all bytes are on the disk and only the names are left to give: what interrupts before it leaves nothing behind,
    and nothing should after it. Raises the errors of `ocitool.errors`; after any of them what stood under the name
    of the output is untouched.
    """
    listener = listener or Silence()
    compression = compression or Compression.for_name(os.fspath(output))
    source_options = source_options or SourceOptions()
    if source_options.spool_directory is None:
        source_options = replace(source_options, spool_directory=_beside(output))
    with ExitStack() as stack:
        sinks: list[NewFile | StreamSink] = []
        if not dry_run:
            sinks = [open_sink(output, standard_output=standard_output, clobber=clobber)]
            stack.callback(sinks[0].close)
            if digest_map is not None:
                sinks.append(open_sink(digest_map, clobber=clobber))
                stack.callback(sinks[1].close)
        archive = stack.enter_context(open_archive(source, source_options, listener))
        plan = plan_filter(archive.graph, options)
        if sinks:
            _keep_only_copied(plan, archive.source)
            listener.start("filtering", plan.outputs[0].copied)
            files = [sink for sink in sinks if isinstance(sink, NewFile)]
            written = _write(plan, archive.source, sinks[0], compression, verify=verify, on_bytes=listener.advance)
            if len(sinks) > 1:
                _write_small(sinks[1], _digest_map_document(plan))
            # A spool's pages need not reach the disk any more: what is saved next has it to itself.
            archive.source.close()
            # The disk may take longer than the copying did.
            listener.start("saving", None)
            for file in files:
                file.stage()
            before_naming()
            publish_all(files)
            for sink in sinks:
                sink.close()
            listener.finish()
            return FilterResult(plan, os.fspath(output), written=True, size=written)
    return FilterResult(plan, os.fspath(output), written=False, size=plan.size)


def _keep_only_copied(plan: Plan, source: ByteSource) -> None:
    """Give back what a spool holds beside the bytes to copy; nothing else may be read from the source after this."""
    if isinstance(source, SpooledSource):
        contents = [member.content for output in plan.outputs for member in output.members]
        copies = [content for content in contents if isinstance(content, Copy) and content.source == 0]
        source.keep_only((copy.offset, copy.size) for copy in copies)


def _write(
    plan: Plan,
    source: ByteSource,
    sink: NewFile | StreamSink,
    compression: Compression,
    *,
    verify: bool,
    on_bytes: Callable[[int], None],
) -> int:
    """Write the output, compressed if asked for; return its size in bytes."""
    output = plan.outputs[0]
    if not compression.is_needed:
        if isinstance(sink, NewFile):
            sink.require_space(plan.size)
        execute(output, [source], sink, verify=verify, on_bytes=on_bytes)
        return plan.size
    target = Appender(sink) if isinstance(sink, NewFile) else sink
    compressing = CompressingSink(target, compression, plan.size, threads=processor_count())
    execute(output, [source], compressing, verify=verify, on_bytes=on_bytes)
    compressing.finish()
    return target.written


def _beside(output: str | os.PathLike[str]) -> Path | None:
    """Return the folder of an output file, where there is room for what is made of the spool anyway."""
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
