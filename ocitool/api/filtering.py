"""The verbs `filter` and `merge`: one archive out of one, or out of several."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from ocitool.api.forwarding import ArrivingArchive, Planner, can_arrive, open_arriving
from ocitool.api.listener import Listener, Silence
from ocitool.api.opening import OpenedArchive, SourceOptions, open_archives
from ocitool.api.recompressing import recompressed_layers
from ocitool.api.reflinking import require_one_device, require_sharing
from ocitool.api.writing import (
    Outputs,
    WriteOptions,
    Written,
    choose_compression,
    folder_beside,
    towards,
)
from ocitool.archive.remote import local_path, shown_url
from ocitool.plan.filter import plan_filter, plan_layers
from ocitool.plan.steps import Plan, digest_map_json

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from ocitool.model.digest import Digest
    from ocitool.model.json_text import JsonObject
    from ocitool.plan.options import FilterOptions


_PHASES: Final = {"filter": "filtering", "merge": "merging"}


@dataclass(frozen=True, slots=True)
class FilterResult:
    """What a filter or, as `kind` says, a merge did, or with `written` False would do."""

    plan: Plan
    output: Written
    written: bool
    kind: str = "filter"

    @property
    def size(self) -> int:
        """Bytes of the output, compressed or not."""
        return self.output.size

    @property
    def digest_map(self) -> Mapping[Digest, Digest]:
        """What roots, manifests and layers were, and what they are in the output."""
        return self.plan.outputs[0].digest_map

    def to_json(self) -> JsonObject:
        """Return the report as one JSON object (schemas ``output/filter`` and ``output/merge``)."""
        plan = self.plan
        sources = [source for source in plan.sources if not source.is_spool]
        return {
            "schemaVersion": 1,
            "kind": self.kind,
            "sources": [{"name": source.name, "size": source.size} for source in sources],
            "output": self.output.path,
            "sourceSize": plan.source_size,
            "outputSize": self.output.size,
            "tarSize": plan.size,
            "shared": self.output.shared,
            "images": [image.to_json() for image in plan.images],
            "kept": [manifest.to_json() for manifest in plan.kept],
            "dropped": [manifest.to_json() for manifest in plan.dropped],
            "digestMap": digest_map_json(self.digest_map),
            "notes": [note.to_json() for note in plan.notes],
        }


def filter_archive(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    options: FilterOptions,
    *,
    dry_run: bool = False,
    write_options: WriteOptions | None = None,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> FilterResult:
    """Write an archive that holds what `options` select from `source`.

    `output` is compressed as `write_options` say, by default as its suffix promises (`UsageError` for one that we do
    not write). If its name ends in a slash it becomes an OCI layout folder (image-layout.md), never compressed, in
    place of nothing, an empty folder or, with `force`, another image layout; what is kept of a source folder on the
    same file system is linked or cloned where possible. A plain file shares blocks with its source where `options`
    ask for that. The output appears whole and verified, or not at all, and so does the digest map. With `dry_run`
    only the plan is made. Raises the errors of `ocitool.errors`; after any of them what stood under the name of the
    output is untouched.
    """
    return _write([source], output, options, dry_run, write_options, source_options, listener, "filter")


def merge_archives(
    sources: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    options: FilterOptions,
    *,
    dry_run: bool = False,
    write_options: WriteOptions | None = None,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> FilterResult:
    """Write one archive that holds what `options` select of several.

    Images of one name become one image of all their platforms, others stand side by side, and each blob is there
    once. Everything else is as for `filter_archive`; one platform of one name with two digests is an `IntegrityError`
    that names both.
    """
    return _write(sources, output, options, dry_run, write_options, source_options, listener, "merge")


def _write(
    sources: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    options: FilterOptions,
    dry_run: bool,
    write_options: WriteOptions | None,
    source_options: SourceOptions | None,
    listener: Listener | None,
    kind: str,
) -> FilterResult:
    listener = listener or Silence()
    write_options = write_options or WriteOptions()
    output = local_path(output)
    compression = choose_compression(output, write_options.compression)
    source_options = source_options or SourceOptions()
    if source_options.spool_directory is None:
        source_options = replace(source_options, spool_directory=folder_beside(output))
    with ExitStack() as stack:
        outputs = stack.enter_context(Outputs(write_options, options.reflink))
        if dry_run:
            require_sharing(options.reflink, output, compression)
        else:
            outputs.open(output)
            outputs.open_digest_map()
        archive: OpenedArchive | ArrivingArchive
        if kind == "filter" and not dry_run and can_arrive(options):
            planner = Planner(options, partial(plan_filter, options=options), write_options.verify)
            archive = stack.enter_context(open_arriving(sources[0], source_options, listener, planner))
        else:
            archive = stack.enter_context(open_archives(sources, source_options, listener, join=kind == "merge"))
        if isinstance(archive, ArrivingArchive):
            digest_map = digest_map_json(archive.plan.outputs[0].digest_map)
            (written,) = outputs.write(
                archive.plan, digest_map, archive.sources, listener, phase=_PHASES[kind], arrivals=archive.arrivals
            )
            return FilterResult(archive.plan, written, written=True, kind=kind)
        if dry_run:
            plan = towards(plan_filter(archive.graph, options), [output])
            require_one_device(plan, [output], archive.sources, options)
            planned = Written(shown_url(output), plan.outputs[0].written_size, compression.is_needed)
            return FilterResult(plan, planned, written=False, kind=kind)
        wanted = plan_layers(archive.graph, options)
        layers = stack.enter_context(recompressed_layers(archive, wanted, options.layers, source_options, listener))
        plan = plan_filter(archive.graph, options, layers.done, layers.references)
        used = [*archive.sources, *layers.spools]
        digest_map = digest_map_json(plan.outputs[0].digest_map)
        (written,) = outputs.write(plan, digest_map, used, listener, phase=_PHASES[kind])
        return FilterResult(plan, written, written=True, kind=kind)
