"""The verbs `delta` and `apply`: what an archive has that another lacks, and the whole of it again."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocitool.api.listener import Listener, Silence
from ocitool.api.opening import SourceOptions, naming, open_archive, open_scanned, require_one_stream, unchanged
from ocitool.api.places import Output, Source, is_same_place, place_name, typed
from ocitool.api.writing import (
    Outputs,
    WriteOptions,
    Written,
    becomes_folder,
    choose_compression,
    folder_beside,
    towards,
)
from ocitool.errors import UsageError
from ocitool.graph.delta import read_delta
from ocitool.model.platform_selection import PlatformSelection
from ocitool.plan.delta import plan_apply, plan_delta
from ocitool.plan.filter import plan_filter
from ocitool.plan.options import FilterOptions, Layers, Reflink
from ocitool.plan.steps import digest_map_json
from ocitool.plan.whole import require_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.model.delta import DeltaList, ListedBlob
    from ocitool.model.digest import Digest
    from ocitool.model.json_text import JsonObject
    from ocitool.plan.steps import Plan


@dataclass(frozen=True, slots=True)
class DeltaResult:
    """What a delta holds, or with `written` False would; `whole_size` is that of the whole archive's tar in bytes."""

    plan: Plan
    output: Written
    listed: DeltaList
    whole_size: int
    written: bool

    @property
    def digest(self) -> Digest:
        """The digest of all that the whole archive holds, which `apply` reports too."""
        return self.listed.digest

    def to_json(self) -> JsonObject:
        """Return the report as one JSON object (schema ``output/delta``)."""
        plan = self.plan
        new, old = plan.sources
        return {
            "schemaVersion": 1,
            "kind": "delta",
            "old": {"name": old.name, "size": old.size},
            "new": {"name": new.name, "size": new.size},
            "output": self.output.path,
            "outputSize": self.output.size,
            "tarSize": plan.size,
            "wholeSize": self.whole_size,
            "wholeDigest": str(self.digest),
            "carried": _blobs_json(self.listed.in_delta()),
            "fromBase": _blobs_json(self.listed.in_base()),
            "images": [image.to_json() for image in plan.images],
            "kept": [manifest.to_json() for manifest in plan.kept],
            "dropped": [manifest.to_json() for manifest in plan.dropped],
            "digestMap": digest_map_json(plan.outputs[0].digest_map),
            "notes": [note.to_json() for note in plan.notes],
        }


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What was made of a base and a delta, or with `written` False would be."""

    plan: Plan
    output: Written
    listed: DeltaList
    written: bool

    @property
    def digest(self) -> Digest:
        """The digest of all that the archive holds, which `delta` reported too."""
        return self.listed.digest

    def to_json(self) -> JsonObject:
        """Return the report as one JSON object (schema ``output/apply``)."""
        plan = self.plan
        old, delta = plan.sources
        return {
            "schemaVersion": 1,
            "kind": "apply",
            "old": {"name": old.name, "size": old.size},
            "delta": {"name": delta.name, "size": delta.size},
            "output": self.output.path,
            "outputSize": self.output.size,
            "tarSize": plan.size,
            "wholeDigest": str(self.digest),
            "fromDelta": _blobs_json(self.listed.in_delta()),
            "fromBase": _blobs_json(self.listed.in_base()),
            "images": [{"name": image.name, "digest": str(image.digest)} for image in plan.images],
        }


def make_delta(
    old: Source,
    new: Source,
    output: Output,
    options: FilterOptions | None = None,
    *,
    dry_run: bool = False,
    write_options: WriteOptions | None = None,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> DeltaResult:
    """Write what `apply_delta` needs beside `old` to make what `filter_archive` makes of `new` with these options.

    Without `options` that is all of `new`. The delta is a tar of the canonical form without the blobs that `old`
    has, compressed as `write_options` or the suffix of `output` say; it appears whole and verified, or not at all.
    Blobs of `old` are not read. With `dry_run` only the plan is made. Raises `UsageError` for an output that is a
    folder, `old` or `new`, and for options that make new layers or share blocks; else the errors of `ocitool.errors`.
    """
    options = options or FilterOptions(PlatformSelection.parse(["all"]))
    _require_plain(output, options)
    _require_apart(output, old, "base")
    _require_apart(output, new, "new archive")
    listener = listener or Silence()
    write_options = write_options or WriteOptions()
    compression = choose_compression(output, write_options.compression)
    source_options = _beside(output, source_options)
    with ExitStack() as stack:
        outputs = stack.enter_context(Outputs(write_options))
        if not dry_run:
            outputs.open(output)
            outputs.open_digest_map()
        require_one_stream([old, new])
        with naming(place_name(old)):
            base = stack.enter_context(open_archive(old, source_options, listener))
        with naming(place_name(new)):
            archive = stack.enter_context(open_archive(new, source_options, listener))
            whole = plan_filter(archive.graph, options)
        with naming(place_name(old)):
            planned = plan_delta(base.graph, whole)
        plan = planned.plan
        if dry_run:
            written = Written(place_name(output), plan.size, compression.is_needed)
        else:
            digest_map = digest_map_json(plan.outputs[0].digest_map)
            sources = (*archive.sources, *base.sources)
            (written,) = outputs.write(plan, digest_map, sources, listener, phase="making the delta")
        return DeltaResult(plan, written, planned.listed, planned.whole_size, written=not dry_run)


def apply_delta(
    old: Source,
    delta: Source,
    output: Output,
    *,
    dry_run: bool = False,
    write_options: WriteOptions | None = None,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> ApplyResult:
    """Write the whole archive of a delta and its base, byte for byte what `filter_archive` makes of the new one.

    `old` may have any form, and be any archive that has the blobs which the delta takes from its base. Every blob is
    verified, whatever `write_options` say. `output` is a file, a folder or a stream, as for `filter_archive`, and
    appears whole or not at all. With `dry_run` only the plan is made. Raises `IntegrityError` if `old` lacks what it
    should have or anything is corrupt, `NotAnArchive` for what is no delta, `UnsupportedArchive` for one of another
    version, and what `require_whole` raises for one whose whole `filter_archive` would not have written; else the
    errors of `ocitool.errors`.
    """
    listener = listener or Silence()
    write_options = replace(write_options or WriteOptions(), verify=True, digest_map=None)
    compression = choose_compression(output, write_options.compression)
    source_options = _beside(output, source_options)
    with ExitStack() as stack:
        outputs = stack.enter_context(Outputs(write_options))
        if not dry_run:
            outputs.open(output)
        require_one_stream([old, delta])
        with naming(place_name(delta)):
            scanned = stack.enter_context(open_scanned(delta, source_options, listener))
            with unchanged(scanned.source):
                read = read_delta(scanned.scan, scanned.source)
        with naming(place_name(old)):
            base = stack.enter_context(open_archive(old, source_options, listener))
            plan = towards(plan_apply(base.graph, read, scanned.source.size), [output])
        sources = (*base.sources, scanned.source)
        with naming(place_name(delta)):
            require_whole(plan, read.listed, sources)
        if dry_run:
            written = Written(place_name(output), plan.outputs[0].written_size, compression.is_needed)
        else:
            (written,) = outputs.write(plan, {}, sources, listener, phase="applying")
        return ApplyResult(plan, written, read.listed, written=not dry_run)


def _require_plain(output: Output, options: FilterOptions) -> None:
    """Raise `UsageError` for what no delta can be, or be of."""
    if options.layers is not Layers.KEEP:
        raise UsageError(
            "--layers makes new layers, which no base has",
            remedy="compress them first: ocitool filter NEW -p all --layers zstd -o FILE",
        )
    if options.reflink is not Reflink.NEVER:
        raise UsageError("a delta shares no blocks with what it is made of", remedy="leave out --reflink")
    require_file(output)


def _require_apart(output: Output, source: Source, role: str) -> None:
    """Raise `UsageError` for a delta in the place of one of the two archives, which would be lost by it."""
    if is_same_place(output, source):
        raise UsageError(
            f"the delta would take the place of the {role}", where=place_name(output), remedy="name another output"
        )


def require_file(output: Output) -> None:
    """Raise `UsageError` for an output that is a folder, which no delta is."""
    if typed(output) and becomes_folder(output):
        raise UsageError("a delta is one file", where=place_name(output), remedy="leave out the slash at the end")


def _beside(output: Output, options: SourceOptions | None) -> SourceOptions:
    """Return options that spool where the output goes, unless they say where."""
    options = options or SourceOptions()
    return options if options.spool_directory else replace(options, spool_directory=folder_beside(output))


def _blobs_json(blobs: Sequence[ListedBlob]) -> JsonObject:
    return {"blobs": len(blobs), "size": sum(blob.size for blob in blobs)}
