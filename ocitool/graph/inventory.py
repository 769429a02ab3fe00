"""What is in an archive, as rows and totals: the report of `inspect`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.graph.closure import Part, Use, graph_uses, manifest_name, manifest_uses
from ocitool.graph.image import ArchiveForm, Image, ImageGraph, IndexNode, Kind, ManifestNode, State
from ocitool.model.media_type import layer_compression

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.model.descriptor import Descriptor
    from ocitool.model.digest import Digest
    from ocitool.model.fault import Fault
    from ocitool.model.json_text import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer: size in bytes, compression by media type, whether the archive holds it."""

    digest: Digest
    media_type: str
    size: int
    present: bool

    @property
    def compression(self) -> str:
        """The compression that the media type promises."""
        return layer_compression(self.media_type)

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        return {
            "digest": str(self.digest),
            "mediaType": self.media_type,
            "compression": self.compression,
            "size": self.size,
            "present": self.present,
        }


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One manifest: what it is, how complete, and how many bytes it needs.

    `size` is the whole closure as its descriptors say; `unique` the bytes in the archive that nothing else in it
    uses, which is what dropping this manifest alone would save.
    """

    name: str
    kind: Kind
    state: State
    digest: Digest
    missing: int
    blobs: int
    size: int
    unique: int
    layers: tuple[LayerRow, ...]
    subject: Digest | None
    detail: str

    @property
    def state_text(self) -> str:
        """The state in words, with the count of blobs that are there for a partial one."""
        if self.state is State.PARTIAL:
            return f"partial {self.blobs - self.missing}/{self.blobs}"
        return self.state.value

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        return {
            "kind": self.kind.value,
            "platform": self.name if self.kind is Kind.IMAGE else None,
            "state": self.state.value,
            "detail": self.detail,
            "digest": str(self.digest),
            "subject": None if self.subject is None else str(self.subject),
            "blobs": self.blobs,
            "missingBlobs": self.missing,
            "size": self.size,
            "uniqueSize": self.unique,
            "sharedSize": max(self.size - self.unique, 0) if self.state is State.COMPLETE else None,
            "layers": [layer.to_json() for layer in self.layers],
        }


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image: its name, the digests index.json lists for it, and its manifests."""

    name: str | None
    roots: tuple[Digest, ...]
    nested: bool
    state: State
    manifests: tuple[ManifestRow, ...]

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        return {
            "name": self.name,
            "digests": [str(digest) for digest in self.roots],
            "index": "nested" if self.nested else "flat",
            "indexState": self.state.value,
            "manifests": [row.to_json() for row in self.manifests],
        }


@dataclass(frozen=True, slots=True)
class Inventory:
    """The whole report; sizes in bytes."""

    source: str
    form: ArchiveForm
    size: int
    images: tuple[ImageRow, ...]
    blobs: int
    blob_size: int
    orphans: tuple[tuple[Digest, int], ...]
    other_files: tuple[str, ...]
    has_docker_manifest: bool
    faults: tuple[Fault, ...]

    @property
    def orphan_size(self) -> int:
        """Bytes of blobs that no image lists."""
        return sum(size for _, size in self.orphans)

    def to_json(self) -> JsonObject:
        """Return the report as one JSON object (schema ``output/inspect``)."""
        faults: list[JsonValue] = [
            {"rule": fault.rule, "message": fault.message, "where": fault.where} for fault in self.faults
        ]
        return {
            "schemaVersion": 1,
            "kind": "inspect",
            "source": self.source,
            "form": self.form.value,
            "size": self.size,
            "blobs": self.blobs,
            "blobSize": self.blob_size,
            "hasDockerManifest": self.has_docker_manifest,
            "images": [image.to_json() for image in self.images],
            "orphans": [{"digest": str(digest), "size": size} for digest, size in self.orphans],
            "otherFiles": list(self.other_files),
            "faults": faults,
        }


def take_inventory(graph: ImageGraph) -> Inventory:
    """Derive the report from a graph."""
    users = _count_users(graph)
    listed = {use.descriptor.digest for use in graph_uses(graph)}
    return Inventory(
        source=graph.source_name,
        form=graph.form,
        size=graph.source_size,
        images=tuple(_image_row(graph, image, users) for image in graph.images),
        blobs=len(graph.blobs),
        blob_size=sum(entry.size for entry in graph.blobs.values()),
        orphans=tuple(
            (digest, entry.size) for digest, entry in sorted(graph.blobs.items(), key=str) if digest not in listed
        ),
        other_files=tuple(entry.name for entry in graph.other_files),
        has_docker_manifest=graph.docker_manifest is not None,
        faults=graph.faults,
    )


def _count_users(graph: ImageGraph) -> Counter[Digest]:
    """Count by how many different manifests each blob is used."""
    users: Counter[Digest] = Counter()
    manifests = {node.descriptor.digest: node for image in graph.images for node in image.manifests()}
    for node in manifests.values():
        users.update({descriptor.digest for descriptor in (node.descriptor, *node.contents)})
    return users


def _image_row(graph: ImageGraph, image: Image, users: Counter[Digest]) -> ImageRow:
    roots = tuple(root.node for root in image.roots)
    states = [index.state for index in image.indexes()]
    worst = next((state for state in (State.CORRUPT, State.ABSENT) if state in states), State.COMPLETE)
    return ImageRow(
        name=image.name,
        roots=tuple(node.descriptor.digest for node in roots),
        nested=any(isinstance(node, IndexNode) for node in roots),
        state=worst,
        manifests=tuple(_manifest_row(graph, image, node, users) for node in image.manifests()),
    )


def _manifest_row(graph: ImageGraph, image: Image, node: ManifestNode, users: Counter[Digest]) -> ManifestRow:
    uses = list(manifest_uses(image.label, node))
    return ManifestRow(
        name=manifest_name(node),
        kind=node.kind,
        state=node.state,
        digest=node.descriptor.digest,
        missing=len({descriptor.digest for descriptor in node.missing}) + (node.state is State.ABSENT),
        blobs=len({use.descriptor.digest for use in uses}),
        size=sum(descriptor.size for descriptor in _distinct(uses)),
        unique=sum(
            graph.blobs[descriptor.digest].size
            for descriptor in _distinct(uses)
            if users[descriptor.digest] == 1 and descriptor.digest in graph.blobs
        ),
        layers=tuple(
            LayerRow(
                use.descriptor.digest,
                use.descriptor.media_type,
                use.descriptor.size,
                use.descriptor.digest in graph.blobs,
            )
            for use in uses
            if use.part is Part.LAYER
        ),
        subject=node.subject,
        detail=_detail(node),
    )


def _detail(node: ManifestNode) -> str:
    if node.damages:
        return str(node.damages[0])
    if node.platforms_disagree and node.listed is not None:
        return f"the index lists it as {node.listed.display}, its config says {manifest_name(node)}"
    return ""


def _distinct(uses: Iterable[Use]) -> list[Descriptor]:
    return list({use.descriptor.digest: use.descriptor for use in uses}.values())
