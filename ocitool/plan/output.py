"""One archive of a plan: the entries that hold a selection, and what a report says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.archive.clone import CLONE_UNIT
from ocitool.archive.reader import CUT_REMEDY
from ocitool.errors import IntegrityError, TruncatedArchive
from ocitool.graph.closure import Part, Use, manifest_uses
from ocitool.graph.image import Kind, ManifestNode
from ocitool.graph.node import importer_name
from ocitool.model.descriptor import CONTAINERD_NAME
from ocitool.model.reference import has_reference_separator
from ocitool.plan.compatibility import compatibility_notes
from ocitool.plan.docker_manifest import build_docker_manifest, configs_of
from ocitool.plan.options import Contents, Layers, Reflink
from ocitool.plan.recompression import RecompressedLayer, Recompression, recompressed
from ocitool.plan.rewrite import NewDocument, RewrittenImage, rewrite_image, rewrite_index
from ocitool.plan.steps import Content, Copy, Emit, Folder, Member, OutputPlan, PlannedImage, PlannedManifest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ocitool.graph.image import ImageGraph, Node
    from ocitool.model.digest import Digest
    from ocitool.plan.choice import Dropped, Selection
    from ocitool.plan.note import Note
    from ocitool.plan.options import FilterOptions

LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'
"""The oci-layout file: containerd takes exactly this version (image-layout.md, "oci-layout file")."""


@dataclass(frozen=True, slots=True)
class PlannedOutput:
    """An archive, the images in it as it lists them, and what the user should know about it."""

    plan: OutputPlan
    images: tuple[RewrittenImage, ...]
    notes: tuple[Note, ...]


def plan_output(
    graph: ImageGraph,
    selection: Selection,
    options: FilterOptions,
    done: Recompression | None = None,
    loaded_before: Collection[Digest] | None = None,
) -> PlannedOutput:
    """Plan the archive that holds a selection, and nothing else.

    `done` is what became of layers that were compressed anew; without it they are planned as they are.
    `loaded_before` are the configs in the manifest.json of the graph, for who has them already. Raises
    `IntegrityError` if an image would have a name that importers do not take, or two images would have one,
    `TruncatedArchive` if what was cut off might matter.
    """
    remade = recompressed(selection, done or Recompression(), options.layers if done else Layers.KEEP)
    contents = _Contents(graph, remade.documents, done or Recompression())
    chosen_images = remade.selection.images
    images = [rewrite_image(chosen) for chosen in chosen_images]
    _check_whole(graph, images)
    _check_names(images)
    if loaded_before is None:
        loaded_before = configs_of(graph.docker_manifest)
    docker_manifest = build_docker_manifest(images, loaded_before, options.docker_manifest)
    members = [
        Member("oci-layout", Emit(LAYOUT)),
        Member("index.json", Emit(rewrite_index(graph.index, images))),
    ]
    if docker_manifest is not None:
        members.append(Member("manifest.json", Emit(docker_manifest)))
    blobs, documents = _collect(images, contents)
    members += blob_members(blobs)
    digest_map = _replaced_layers(selection, contents.done) | dict(remade.replaced)
    digest_map |= _replaced_roots(
        images, {*digest_map, *(node.descriptor.digest for node in _kept(remade.selection))}
    )
    return PlannedOutput(
        OutputPlan(
            members=tuple(members),
            images=tuple(_planned_image(image) for image in images),
            kept=tuple(
                dict.fromkeys(
                    planned_manifest(chosen.image.label, node)
                    for chosen in remade.selection.images
                    for node in chosen.kept
                )
            ),
            digest_map=digest_map,
            alignment=0 if options.reflink is Reflink.NEVER else CLONE_UNIT,
            has_contents=options.contents is Contents.AUTO,
            documents=len(members) - len(blobs) + documents,
        ),
        tuple(images),
        (
            # A referrer is found by its subject; only an image needs a name.
            *(note for image in images if image.selection.platforms for note in image.naming.notes),
            *compatibility_notes(images),
        ),
    )


def planned_dropped(dropped: Sequence[Dropped]) -> tuple[PlannedManifest, ...]:
    """Return what a report says of manifests that go into no output."""
    return tuple(planned_manifest(each.image, each.manifest, each.reason) for each in dropped)


def _kept(selection: Selection) -> Iterator[ManifestNode]:
    for chosen in selection.images:
        yield from chosen.kept


def _replaced_roots(images: Sequence[RewrittenImage], known: Collection[Digest]) -> dict[Digest, Digest]:
    """Map what names stood for to what they stand for, where what they stood for is not there any more.

    A manifest that is in an index now is still itself, and what became several things is none of them.
    """
    found: dict[Digest, set[Digest]] = {}
    for image in images:
        for old, new in image.replaced.items():
            if old not in known:
                found.setdefault(old, set()).add(new)
    return {old: next(iter(new)) for old, new in found.items() if len(new) == 1}


def _replaced_layers(selection: Selection, done: Recompression) -> dict[Digest, Digest]:
    """Map the layers of a selection that were compressed anew to what they are now."""
    listed = dict.fromkeys(
        layer.digest for chosen in selection.images for node in chosen.kept for layer in node.layers
    )
    return {digest: done.layers[digest].digest for digest in listed if digest in done.layers}


def _check_whole(graph: ImageGraph, images: Sequence[RewrittenImage]) -> None:
    """Refuse an archive that may have been cut right before its manifest.json, where that makes a difference."""
    if not graph.has_end and graph.docker_manifest is None and any(len(i.selection.platforms) > 1 for i in images):
        raise TruncatedArchive(
            "the end of the archive is missing, and with it perhaps its manifest.json",
            where=graph.source_name,
            remedy=CUT_REMEDY,
        )


def _check_names(images: Sequence[RewrittenImage]) -> None:
    """Refuse a name that containerd 2 stores nothing for, and two images of one name: an importer lets either win."""
    seen: dict[str, RewrittenImage] = {}
    for image in images:
        name = image.naming.annotations.get(CONTAINERD_NAME, "")
        if name and not has_reference_separator(name) and image.selection.platforms:
            raise IntegrityError(
                f"{name!r} is no image name: ctr 2 stores nothing for it and exits 0",
                remedy="--name REF gives the image another one, or --rename where there are several",
            )
        earlier = seen.setdefault(importer_name(name), image) if name else image
        if earlier.digest != image.digest:
            raise IntegrityError(
                f"{earlier.selection.image.label} and {image.selection.image.label} are both {name}, but not the "
                "same image",
                remedy="choose one with --image, or give one another name with --rename",
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
            return Copy(entry.source, entry.data_offset, entry.size, digest, role)
        if (layer := self.by_digest.get(digest)) is not None:
            return Copy(layer.source, layer.offset, layer.size, digest, role)
        return None


def _collect(images: Sequence[RewrittenImage], contents: _Contents) -> tuple[dict[Digest, Content], int]:
    """Gather the blobs of the output in the order of their `Part`, each group in document order.

    The number is that of the first of them which are indexes, manifests and configs.

    JSON, and what is attached to images, before their layers: so the next reader of a pipe knows before the first
    large blob what there is, and what there is whole.
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
    documents = 0
    for part in Part:
        for digest, content in groups[part].items():
            result.setdefault(digest, content)
        if part <= Part.CONFIG:
            documents = len(result)
    return result, documents


def _add(groups: Mapping[Part, dict[Digest, Content]], use: Use, contents: _Contents) -> None:
    digest = use.descriptor.digest
    if digest not in groups[use.part] and (content := contents.find(digest, use.role)) is not None:
        groups[use.part][digest] = content


def blob_members(contents: Mapping[Digest, Content]) -> list[Member]:
    """Return the entries of blobs in their order, after those of the folders that they are in."""
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
        has_platforms=bool(image.selection.platforms),
    )


def planned_manifest(image: str, node: Node, reason: str = "") -> PlannedManifest:
    """Return what a report says of a manifest, or of an index that is absent."""
    if not isinstance(node, ManifestNode):
        return PlannedManifest(image, "index", "", node.descriptor.digest, node.descriptor.size, reason)
    size = node.descriptor.size + sum(content.size for content in node.contents)
    platform = "" if node.platform is None or node.kind is not Kind.IMAGE else node.platform.display
    return PlannedManifest(image, node.kind.value, platform, node.descriptor.digest, size, reason)
