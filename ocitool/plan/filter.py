"""The plan of a filter: a graph and options in, one output out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.archive.reader import CUT_REMEDY
from ocitool.errors import IntegrityError, TruncatedArchive
from ocitool.graph.closure import Part, Use, manifest_uses
from ocitool.graph.image import ArchiveForm, Kind
from ocitool.model.descriptor import CONTAINERD_NAME
from ocitool.plan.compatibility import compatibility_notes
from ocitool.plan.docker_manifest import build_docker_manifest
from ocitool.plan.note import note
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
    from collections.abc import Mapping, Sequence

    from ocitool.graph.image import ImageGraph, ManifestNode
    from ocitool.model.digest import Digest
    from ocitool.plan.choice import Selection
    from ocitool.plan.note import Note
    from ocitool.plan.options import FilterOptions

LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'
"""The oci-layout file: containerd takes exactly this version (image-layout.md, "oci-layout file")."""


def plan_filter(graph: ImageGraph, options: FilterOptions) -> Plan:
    """Plan an archive that holds what `options` select, and nothing else.

    Raises the first fault of the graph (what cannot be trusted is not rewritten) and what `select` raises.
    """
    for fault in graph.faults:
        raise fault.to_error()
    selection = select(graph, options)
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
    members += _blob_members(_collect(images, graph))
    digest_map: dict[Digest, Digest] = {}
    for image in images:
        digest_map.update(image.replaced)
    return Plan(
        sources=(SourceReference(graph.source_name, graph.source_size),),
        outputs=(OutputPlan(tuple(members)),),
        images=tuple(_planned_image(image) for image in images),
        kept=tuple(_planned(chosen.image.label, node) for chosen in selection.images for node in chosen.kept),
        dropped=_planned_dropped(selection),
        digest_map=digest_map,
        notes=(
            *_form_notes(graph),
            *selection.notes,
            # A referrer is found by its subject; only an image needs a name.
            *(note for image in images if image.selection.platforms for note in image.naming.notes),
            *compatibility_notes(images),
        ),
    )


def _form_notes(graph: ImageGraph) -> tuple[Note, ...]:
    """Say what reading this form of archive had to make up."""
    if graph.form is not ArchiveForm.DOCKER_ARCHIVE:
        return ()
    return (
        note(
            "a docker-archive holds no manifests, so they were made: their digests are not those of a registry; "
            "image ids (the configs) and layer contents (diff_ids) are unchanged"
        ),
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


def _collect(images: Sequence[RewrittenImage], graph: ImageGraph) -> dict[Digest, Content]:
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
                _add(groups, Use(document, Part.INDEX, f"index of {label}"), graph)
        for node in image.selection.kept:
            for use in manifest_uses(label, node):
                _add(groups, use, graph)
    result: dict[Digest, Content] = {}
    for part in Part:
        for digest, content in groups[part].items():
            result.setdefault(digest, content)
    return result


def _add(groups: Mapping[Part, dict[Digest, Content]], use: Use, graph: ImageGraph) -> None:
    """Add a blob that the archive holds; an external layer may be absent on purpose."""
    digest = use.descriptor.digest
    if digest in groups[use.part]:
        return
    if (raw := graph.documents.get(digest)) is not None:
        groups[use.part][digest] = Emit(raw)
    elif (entry := graph.blobs.get(digest)) is not None:
        groups[use.part][digest] = Copy(0, entry.data_offset, entry.size, digest, use.role)


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
