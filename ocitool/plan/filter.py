"""The plan of a filter: a graph and options in, one output out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.archive.reader import CUT_REMEDY
from ocitool.errors import IntegrityError, TruncatedArchive
from ocitool.graph.closure import Part, Use, manifest_uses
from ocitool.graph.image import ArchiveForm, Kind
from ocitool.model.descriptor import CONTAINERD_NAME
from ocitool.plan.compatibility import compatibility_notes
from ocitool.plan.docker_manifest import build_docker_manifest
from ocitool.plan.note import note, warning
from ocitool.plan.options import Layers
from ocitool.plan.recompression import (
    RecompressedLayer,
    Recompression,
    RecompressionPlan,
    plan_recompression,
    recompressed,
)
from ocitool.plan.rewrite import NewDocument, RewrittenImage, rewrite_image, rewrite_index
from ocitool.plan.selection import select
from ocitool.plan.steps import (
    Content,
    Copy,
    Emit,
    Folder,
    Member,
    OutputPlan,
    Plan,
    PlannedImage,
    PlannedManifest,
    SourceReference,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ocitool.graph.image import ImageGraph, ManifestNode
    from ocitool.model.digest import Digest
    from ocitool.plan.choice import Selection
    from ocitool.plan.note import Note
    from ocitool.plan.options import FilterOptions

LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'
"""The oci-layout file: containerd takes exactly this version (image-layout.md, "oci-layout file")."""


def plan_layers(graph: ImageGraph, options: FilterOptions) -> RecompressionPlan:
    """Return what must be compressed anew before `plan_filter` can tell any digest; raises what that raises."""
    if options.layers is Layers.KEEP:
        return RecompressionPlan()
    return plan_recompression(graph, _select(graph, options), options.layers)


def plan_filter(
    graph: ImageGraph,
    options: FilterOptions,
    done: Recompression | None = None,
    spools: Sequence[SourceReference] = (),
) -> Plan:
    """Plan an archive that holds what `options` select, and nothing else.

    `done` is what became of the jobs that `plan_layers` returned, its layers in `spools`, the sources after the
    first; without it the plan is that of the layers as they are. Raises the first fault of the graph (what cannot
    be trusted is not rewritten) and what `select` raises.
    """
    selection = _select(graph, options)
    notes = _layer_notes(plan_recompression(graph, selection, options.layers), done, options.layers)
    remade = recompressed(selection, done or Recompression(), options.layers if done else Layers.KEEP)
    contents = _Contents(graph, remade.documents, done or Recompression())
    selection = remade.selection
    images = [rewrite_image(chosen) for chosen in selection.images]
    _check_whole(graph, images)
    _check_names(images)
    docker_manifest = build_docker_manifest(images, graph.docker_manifest, options.docker_manifest)
    members = [
        Member("oci-layout", Emit(LAYOUT)),
        Member("index.json", Emit(rewrite_index(graph.index, images))),
    ]
    if docker_manifest is not None:
        members.append(Member("manifest.json", Emit(docker_manifest)))
    members += _blob_members(_collect(images, contents))
    digest_map: dict[Digest, Digest] = {old: layer.digest for old, layer in contents.done.layers.items()}
    digest_map |= remade.replaced
    for image in images:
        digest_map.update(image.replaced)
    return Plan(
        sources=(SourceReference(graph.source_name, graph.source_size), *spools),
        outputs=(OutputPlan(tuple(members)),),
        images=tuple(_planned_image(image) for image in images),
        kept=tuple(_planned(chosen.image.label, node) for chosen in selection.images for node in chosen.kept),
        dropped=_planned_dropped(selection),
        digest_map=digest_map,
        notes=(
            *_source_notes(graph),
            *notes,
            *selection.notes,
            # A referrer is found by its subject; only an image needs a name.
            *(note for image in images if image.selection.platforms for note in image.naming.notes),
            *compatibility_notes(images),
        ),
    )


def _select(graph: ImageGraph, options: FilterOptions) -> Selection:
    for fault in graph.faults:
        raise fault.to_error()
    return select(graph, options)


def _layer_notes(needed: RecompressionPlan, done: Recompression | None, layers: Layers) -> Iterator[Note]:
    """Say what `--layers` does to digests and sizes, and what it does not do."""
    if needed.left:
        yield warning(
            f"{needed.left} layer(s) stay as they are and are not {layers.value}: they are non-distributable, or of "
            "something that is no image of a platform"
        )
    count = len(needed.jobs)
    if not count:
        return
    if done is None:
        yield note(
            f"{count} layer(s) would be compressed anew ({layers.value}), which gives them and all above them "
            "new digests; sizes and digests here are those before that"
        )
        return
    after = sum(layer.size for layer in done.layers.values())
    yield note(
        f"{count} layer(s) compressed anew ({layers.value}, {needed.size} bytes before, {after} now): they and all "
        "above them have new digests, configs and diff_ids are unchanged"
    )


def _source_notes(graph: ImageGraph) -> Iterator[Note]:
    """Say what reading this archive had to make up or leave out."""
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        yield note(
            "a docker-archive holds no manifests, so they were made: their digests are not those of a registry; "
            "image ids (the configs) and layer contents (diff_ids) are unchanged"
        )
    if graph.repeats:
        yield note(
            f"{len(graph.repeats)} entries occur more than once in the source, such as {graph.repeats[0]}, always "
            "with the same bytes; the output has each once"
        )


def _check_whole(graph: ImageGraph, images: Sequence[RewrittenImage]) -> None:
    """Refuse an archive that may have been cut right before its manifest.json, where that makes a difference."""
    if not graph.has_end and graph.docker_manifest is None and any(len(i.selection.platforms) > 1 for i in images):
        raise TruncatedArchive(
            "the end of the archive is missing, and with it perhaps its manifest.json",
            where=graph.source_name,
            remedy=CUT_REMEDY,
        )


def _check_names(images: Sequence[RewrittenImage]) -> None:
    """Refuse two images that would be written under one name; an importer lets either win."""
    seen: dict[str, RewrittenImage] = {}
    for image in images:
        name = image.naming.annotations.get(CONTAINERD_NAME, "")
        earlier = seen.setdefault(name, image) if name else image
        if earlier.digest != image.digest:
            raise IntegrityError(
                f"{earlier.selection.image.label} and {image.selection.image.label} are both {name}, but not the "
                "same image",
                remedy="choose one with --image",
            )


@dataclass(frozen=True, slots=True)
class _Contents:
    """Where the bytes of each digest are: in the archive, in a spool, or in the plan itself."""

    graph: ImageGraph
    documents: Mapping[Digest, bytes]
    done: Recompression
    by_digest: dict[Digest, RecompressedLayer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_digest.update({layer.digest: layer for layer in self.done.layers.values()})

    def find(self, digest: Digest, role: str) -> Content | None:
        """Return the content of a digest, None if it is nowhere: an external layer may be absent on purpose."""
        raw = self.documents.get(digest) or self.graph.documents.get(digest)
        if raw is not None:
            return Emit(raw)
        if (entry := self.graph.blobs.get(digest)) is not None:
            return Copy(0, entry.data_offset, entry.size, digest, role)
        if (layer := self.by_digest.get(digest)) is not None:
            return Copy(layer.source, layer.offset, layer.size, digest, role)
        return None


def _collect(images: Sequence[RewrittenImage], contents: _Contents) -> dict[Digest, Content]:
    """Gather the blobs of the output: indexes, manifests, configs, layers, each group in document order.

    JSON before layers, so that the next reader of a pipe knows the index before the first large blob.
    """
    groups: dict[Part, dict[Digest, Content]] = {part: {} for part in Part}
    for image in images:
        label = image.selection.image.label
        for document in image.indexes:
            if isinstance(document, NewDocument):
                groups[Part.INDEX][document.digest] = Emit(document.raw)
            else:
                _add(groups, Use(document, Part.INDEX, f"index of {label}"), contents)
        for node in image.selection.kept:
            for use in manifest_uses(label, node):
                _add(groups, use, contents)
    result: dict[Digest, Content] = {}
    for part in Part:
        for digest, content in groups[part].items():
            result.setdefault(digest, content)
    return result


def _add(groups: Mapping[Part, dict[Digest, Content]], use: Use, contents: _Contents) -> None:
    digest = use.descriptor.digest
    if digest not in groups[use.part] and (content := contents.find(digest, use.role)) is not None:
        groups[use.part][digest] = content


def _blob_members(contents: Mapping[Digest, Content]) -> list[Member]:
    folders = ["blobs", *(f"blobs/{name}" for name in sorted({digest.algorithm for digest in contents}))]
    return [
        *(Member(name, Folder()) for name in folders),
        *(Member(digest.blob_name, content) for digest, content in contents.items()),
    ]


def _planned_image(image: RewrittenImage) -> PlannedImage:
    return PlannedImage(
        name=image.selection.image.name,
        form=image.selection.form.value,
        digest=image.digest,
        original=image.original,
    )


def _planned_dropped(selection: Selection) -> tuple[PlannedManifest, ...]:
    return tuple(_planned(dropped.image, dropped.manifest, dropped.reason) for dropped in selection.dropped)


def _planned(image: str, node: ManifestNode, reason: str = "") -> PlannedManifest:
    size = node.descriptor.size + sum(content.size for content in node.contents)
    platform = "" if node.platform is None or node.kind is not Kind.IMAGE else node.platform.display
    return PlannedManifest(image, node.kind.value, platform, node.descriptor.digest, size, reason)
