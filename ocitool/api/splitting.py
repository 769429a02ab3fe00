"""The verb `split`."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.api.forwarding import ArrivingArchive, Planner, can_arrive, open_arriving
from ocitool.api.listener import Listener, Silence
from ocitool.api.opening import OpenedArchive, SourceOptions, open_archive
from ocitool.api.places import Source, local_path, place_name, place_stem
from ocitool.api.recompressing import recompressed_layers
from ocitool.api.reflinking import require_one_device, require_sharing
from ocitool.api.writing import Outputs, WriteOptions, Written, choose_compression, towards
from ocitool.archive.made_folder import made_folder
from ocitool.errors import UsageError
from ocitool.model.url import url_scheme
from ocitool.plan.options import SplitBy, SplitOptions
from ocitool.plan.part_names import NameTemplate
from ocitool.plan.split import plan_split, plan_split_layers
from ocitool.plan.steps import OutputPlan, Plan, digest_map_json

if TYPE_CHECKING:
    from ocitool.archive.codec.compress import Compression
    from ocitool.model.json_text import JsonObject
    from ocitool.plan.options import FilterOptions


@dataclass(frozen=True, slots=True)
class SplitResult:
    """What a split did, or with `written` False would do; `outputs` are in the order of the plan's."""

    plan: Plan
    outputs: tuple[Written, ...]
    written: bool

    def to_json(self) -> JsonObject:
        """Return the report as one JSON object (schema ``output/split``)."""
        plan = self.plan
        return {
            "schemaVersion": 1,
            "kind": "split",
            "sourceSize": plan.source_size,
            "outputSize": sum(output.size for output in self.outputs),
            "outputs": [_output_json(*pair) for pair in zip(plan.outputs, self.outputs, strict=True)],
            "dropped": [manifest.to_json() for manifest in plan.dropped],
            "notes": [note.to_json() for note in plan.notes],
        }


def split_options(
    source: Source,
    *,
    by: SplitBy = SplitBy.PLATFORM,
    template: str | None = None,
    compression: Compression | None = None,
    max_size: int | None = None,
) -> SplitOptions:
    """Return how to divide `source` and name its parts: after it, and with the suffix of a compression.

    An open file has the name that it says, a URL that of its last component; what has none needs a `template`.
    Raises `UsageError` for a template that means nothing.
    """
    if template is not None:
        NameTemplate.parse(template)
    extension = ".tar" + ("" if compression is None else compression.suffix)
    stem, path = place_stem(source), local_path(source)
    if not stem and path is not None:
        # A folder that was given as ``.`` has a name too.
        stem = place_stem(os.path.realpath(path))
    return SplitOptions(by, template, stem, extension, max_size)


def split_archive(
    source: Source,
    folder: str | os.PathLike[str],
    options: FilterOptions,
    split: SplitOptions,
    *,
    checksums: bool = False,
    dry_run: bool = False,
    write_options: WriteOptions | None = None,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> SplitResult:
    """Write one archive into `folder` for each part of what `options` select from `source`.

    Every range of the source is read and hashed once, however many parts want it. The last component of `folder` is
    made if it is not there. The parts appear together, whole and verified, or not at all. With `checksums` the sha256
    of each file is computed. Raises the errors of `ocitool.errors`; after any of them what stood under the names of
    the parts is untouched.
    """
    require_folder(os.fspath(folder))
    listener = listener or Silence()
    write_options = write_options or WriteOptions()
    source_options = source_options or SourceOptions()
    with ExitStack() as stack:
        if not dry_run:
            stack.enter_context(made_folder(Path(folder)))
        if source_options.spool_directory is None and Path(folder).is_dir():
            source_options = replace(source_options, spool_directory=Path(folder))
        outputs = stack.enter_context(Outputs(write_options, options.reflink))
        if not dry_run:
            outputs.open_digest_map()
        archive: OpenedArchive | ArrivingArchive
        if not dry_run and can_arrive(options) and not _is_compressed(split, write_options):
            planner = Planner(options, partial(plan_split, options=options, split=split), write_options.verify)
            archive = stack.enter_context(open_arriving(source, source_options, listener, planner))
        else:
            archive = stack.enter_context(open_archive(source, source_options, listener))
        if isinstance(archive, ArrivingArchive):
            plan = archive.plan
            outputs.open(*(_path(folder, output) for output in plan.outputs))
            written = outputs.write(
                plan,
                digest_maps_json(plan),
                archive.sources,
                listener,
                phase="splitting",
                checksums=checksums,
                arrivals=archive.arrivals,
            )
            return SplitResult(archive.plan, written, written=True)
        if dry_run:
            plan = plan_split(archive.graph, options, split)
            paths = [_path(folder, output) for output in plan.outputs]
            plan = towards(plan, paths)
            compressions = [choose_compression(path, write_options.compression) for path in paths]
            for path, compression in zip(paths, compressions, strict=True):
                require_sharing(options.reflink, path, compression)
            require_one_device(plan, paths, archive.sources, options)
            planned = [
                Written(path, output.written_size, compression.is_needed)
                for output, path, compression in zip(plan.outputs, paths, compressions, strict=True)
            ]
            return SplitResult(plan, tuple(planned), written=False)
        wanted = plan_split_layers(archive.graph, options, split)
        layers = stack.enter_context(recompressed_layers(archive, wanted, options.layers, source_options, listener))
        plan = plan_split(archive.graph, options, split, layers.done, layers.references)
        outputs.open(*(_path(folder, output) for output in plan.outputs))
        sources = [*archive.sources, *layers.spools]
        written = outputs.write(
            plan, digest_maps_json(plan), sources, listener, phase="splitting", checksums=checksums
        )
        return SplitResult(plan, written, written=True)


def _is_compressed(split: SplitOptions, options: WriteOptions) -> bool:
    """Tell whether parts are compressed, which is done to one after the other."""
    return choose_compression(f"part{split.extension}", options.compression).is_needed


def digest_maps_json(plan: Plan) -> JsonObject:
    """Return the digest map of each output by its name."""
    return {output.name: digest_map_json(output.digest_map) for output in plan.outputs}


def require_folder(folder: str) -> None:
    """Raise `UsageError` for what parts cannot go into."""
    if not folder:
        raise UsageError("the name of the folder for the parts is empty", remedy="name one with -d")
    if url_scheme(folder):
        raise UsageError(
            "the parts of a split go into a folder of this machine",
            where=place_name(folder),
            remedy="name a local one, or write one archive at a time with filter -o",
        )
    if folder == "-":
        raise UsageError(
            "several archives do not go to standard output",
            remedy="name a folder with -d (./- if that is its name), or make one archive with filter",
        )


def _path(folder: str | os.PathLike[str], output: OutputPlan) -> str:
    return os.path.join(os.fspath(folder), output.name)  # noqa: PTH118 - a slash at the end has a meaning


def _output_json(plan: OutputPlan, output: Written) -> JsonObject:
    """Return one output: what a CI matrix wants to know of it first, all of it after that."""
    images = [image for image in plan.images if image.has_platforms] or list(plan.images)
    platforms = dict.fromkeys(manifest.platform for manifest in plan.kept if manifest.platform)
    only = images[0] if len(images) == 1 else None
    return {
        "file": output.path,
        "image": None if only is None else only.name,
        "platform": next(iter(platforms)) if len(platforms) == 1 else None,
        "digest": None if only is None else str(only.digest),
        "size": output.size,
        "sha256": None if output.sha256 is None else output.sha256.hex,
        "tarSize": plan.size,
        "shared": output.shared,
        "images": [image.to_json() for image in plan.images],
        "kept": [manifest.to_json() for manifest in plan.kept],
        "digestMap": digest_map_json(plan.digest_map),
    }
