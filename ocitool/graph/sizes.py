"""Who uses which bytes: every blob of an archive counted once, by the manifests that need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.model.media_type import layer_compression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.graph.image import ImageGraph, ManifestNode
    from ocitool.model.descriptor import Descriptor
    from ocitool.model.digest import Digest
    from ocitool.model.json_text import JsonObject


@dataclass(frozen=True, slots=True)
class Totals:
    """The bytes of an archive, each once: of blobs by who uses them, and of what is around them.

    `unique` are used by one manifest, `shared` by several, `indexes` by none but as an index, `orphans` by nothing.
    `overhead` is all that is no blob: tar headers and padding, index.json, manifest.json, other files.
    """

    unique: int
    shared: int
    indexes: int
    orphans: int
    overhead: int

    @property
    def blobs(self) -> int:
        """Bytes of all blobs."""
        return self.unique + self.shared + self.indexes + self.orphans

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        return {
            "blobSize": self.blobs,
            "uniqueSize": self.unique,
            "sharedSize": self.shared,
            "indexSize": self.indexes,
            "orphanSize": self.orphans,
            "overheadSize": self.overhead,
        }


@dataclass(frozen=True, slots=True)
class ListedLayer:
    """One layer: size in bytes as listed, compression by media type, whether the archive holds it."""

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
class DistinctLayer(ListedLayer):
    """One layer, however many manifests use it, and the digests of those manifests."""

    manifests: tuple[Digest, ...]

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        # slots make a class anew, which super() without arguments does not know.
        return ListedLayer.to_json(self) | {"manifests": [str(digest) for digest in self.manifests]}


@dataclass(frozen=True, slots=True)
class Usage:
    """Which manifests use each blob, in document order, and which blobs are listed as indexes.

    Manifests are told apart by digest: one that two names share is one user.
    """

    users: Mapping[Digest, tuple[Digest, ...]]
    indexes: frozenset[Digest]

    def count(self, digest: Digest) -> int:
        """Return how many use a blob: manifests, and the index that it may be as well."""
        return len(self.users.get(digest, ())) + (digest in self.indexes)


def read_usage(graph: ImageGraph) -> Usage:
    """Tell who uses what, whether it is there or not."""
    users: dict[Digest, list[Digest]] = {}
    for manifest, node in _distinct_manifests(graph).items():
        for digest in dict.fromkeys((manifest, *(content.digest for content in node.contents))):
            users.setdefault(digest, []).append(manifest)
    return Usage(
        users={digest: tuple(manifests) for digest, manifests in users.items()},
        indexes=frozenset(index.descriptor.digest for image in graph.images for index in image.indexes()),
    )


def count_bytes(graph: ImageGraph, usage: Usage) -> Totals:
    """Sort the bytes of the archive by who uses them."""
    unique = shared = indexes = orphans = 0
    for digest, entry in graph.blobs.items():
        count = usage.count(digest)
        if count == 0:
            orphans += entry.size
        elif count > 1:
            shared += entry.size
        elif digest in usage.indexes:
            indexes += entry.size
        else:
            unique += entry.size
    blobs = unique + shared + indexes + orphans
    return Totals(unique, shared, indexes, orphans, overhead=max(graph.source_size - blobs, 0))


def split_bytes(graph: ImageGraph, usage: Usage, node: ManifestNode) -> tuple[int, int]:
    """Return the bytes in the archive that a manifest alone uses, and those that it uses with others."""
    unique = shared = 0
    for digest in {node.descriptor.digest, *(content.digest for content in node.contents)}:
        entry = graph.blobs.get(digest)
        if entry is None:
            continue
        if usage.count(digest) == 1:
            unique += entry.size
        else:
            shared += entry.size
    return unique, shared


def distinct_layers(graph: ImageGraph, usage: Usage) -> tuple[DistinctLayer, ...]:
    """Return every layer that anything lists once, the largest first."""
    layers: dict[Digest, Descriptor] = {}
    for node in _distinct_manifests(graph).values():
        for layer in node.layers:
            layers.setdefault(layer.digest, layer)
    found = [
        DistinctLayer(digest, layer.media_type, layer.size, digest in graph.blobs, usage.users[digest])
        for digest, layer in layers.items()
    ]
    return tuple(sorted(found, key=lambda layer: (-layer.size, str(layer.digest))))


def _distinct_manifests(graph: ImageGraph) -> dict[Digest, ManifestNode]:
    return {node.descriptor.digest: node for image in graph.images for node in image.manifests()}
