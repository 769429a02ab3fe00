"""Images, indexes, manifests and layers as rows of a report, with their sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ocitool.graph.closure import manifest_name
from ocitool.graph.image import Image, ImageGraph, Kind, ManifestNode, Node, State
from ocitool.graph.sizes import ListedLayer, Usage, split_bytes

if TYPE_CHECKING:
    from ocitool.model.descriptor import Descriptor
    from ocitool.model.digest import Digest
    from ocitool.model.json_text import JsonObject


@dataclass(frozen=True, slots=True)
class LayerRow(ListedLayer):
    """One layer of a manifest, and how many use it."""

    users: int

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        return ListedLayer.to_json(self) | {"users": self.users}


@dataclass(frozen=True, slots=True)
class ConfigRow:
    """The config of a manifest: size in bytes, whether the archive holds it, how many use it."""

    digest: Digest
    size: int
    present: bool
    users: int


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One manifest: what it is, how complete, and how many bytes it needs.

    `size` is the whole closure as its descriptors say; `unique` the bytes in the archive that nothing else in it
    uses, which is what dropping this manifest alone would save; `shared` those that others use too.
    """

    name: str
    kind: Kind
    state: State
    digest: Digest
    missing: int
    blobs: int
    size: int
    unique: int
    shared: int
    config: ConfigRow | None
    layers: tuple[LayerRow, ...]
    subject: Digest | None
    detail: str

    @property
    def state_text(self) -> str:
        """The state in words, with the count of blobs that are there for a partial one."""
        if self.state is State.PARTIAL:
            return f"partial {self.blobs - self.missing}/{self.blobs}"
        return self.state.value

    @property
    def contents(self) -> tuple[ConfigRow | LayerRow, ...]:
        """Config and layers, in the manifest's order."""
        return self.layers if self.config is None else (self.config, *self.layers)

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
            "sharedSize": self.shared,
            "layers": [layer.to_json() for layer in self.layers],
        }


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One image index: size of the document in bytes, and what it lists."""

    digest: Digest
    state: State
    size: int
    children: tuple[Row, ...]

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report; what it lists is there by digest."""
        return {
            "digest": str(self.digest),
            "state": self.state.value,
            "size": self.size,
            "manifests": [str(child.digest) for child in self.children],
        }


Row: TypeAlias = "IndexRow | ManifestRow"


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image: its name, and what index.json lists for it, with all below.

    `indexes` and `manifests` are those at any depth, in document order.
    """

    name: str | None
    roots: tuple[Row, ...]
    indexes: tuple[IndexRow, ...]
    manifests: tuple[ManifestRow, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Indexes and manifests together."""
        return (*self.indexes, *self.manifests)

    @property
    def is_nested(self) -> bool:
        """Whether index.json lists an index, not a manifest."""
        return any(isinstance(root, IndexRow) for root in self.roots)

    @property
    def index_state(self) -> State:
        """The worst state among the indexes."""
        states = {index.state for index in self.indexes}
        return next((state for state in (State.CORRUPT, State.ABSENT) if state in states), State.COMPLETE)

    @property
    def unique(self) -> int:
        """Bytes in the archive that single manifests of this image use alone."""
        return sum({row.digest: row.unique for row in self.manifests}.values())

    @property
    def shared(self) -> int:
        """Bytes in the archive that this image uses and that several manifests, of any image, use."""
        contents: dict[Digest, int] = {}
        for row in self.manifests:
            contents |= {blob.digest: blob.size for blob in row.contents if blob.present and blob.users > 1}
        return sum(contents.values())

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        return {
            "name": self.name,
            "digests": [str(root.digest) for root in self.roots],
            "index": "nested" if self.is_nested else "flat",
            "indexState": self.index_state.value,
            "indexes": [row.to_json() for row in self.indexes],
            "manifests": [row.to_json() for row in self.manifests],
        }


class InventoryRows:
    """Make the rows of a graph, each once however often it is listed."""

    def __init__(self, graph: ImageGraph, usage: Usage) -> None:
        self._graph = graph
        self._usage = usage
        # By identity: a node that many names share is one object, and hashing it would walk all below it.
        self._rows: dict[int, Row] = {}

    def image(self, image: Image) -> ImageRow:
        """Make the row of an image."""
        return ImageRow(
            name=image.name,
            roots=tuple(self._row(root.node) for root in image.roots),
            indexes=tuple(row for node in image.indexes() if isinstance(row := self._row(node), IndexRow)),
            manifests=tuple(row for node in image.manifests() if isinstance(row := self._row(node), ManifestRow)),
        )

    def _row(self, node: Node) -> Row:
        row = self._rows.get(id(node))
        if row is None:
            row = self._rows[id(node)] = self._make(node)
        return row

    def _make(self, node: Node) -> Row:
        if isinstance(node, ManifestNode):
            return self._manifest(node)
        return IndexRow(
            digest=node.descriptor.digest,
            state=node.state,
            size=node.descriptor.size,
            children=tuple(self._row(child) for child in node.children),
        )

    def _manifest(self, node: ManifestNode) -> ManifestRow:
        needed = {descriptor.digest: descriptor.size for descriptor in (node.descriptor, *node.contents)}
        unique, shared = split_bytes(self._graph, self._usage, node)
        return ManifestRow(
            name=manifest_name(node),
            kind=node.kind,
            state=node.state,
            digest=node.descriptor.digest,
            missing=len({descriptor.digest for descriptor in node.missing}) + (node.state is State.ABSENT),
            blobs=len(needed),
            size=sum(needed.values()),
            unique=unique,
            shared=shared,
            config=None if node.config is None else self._config(node.config),
            layers=tuple(self._layer(layer) for layer in node.layers),
            subject=node.subject,
            detail=_detail(node),
        )

    def _config(self, config: Descriptor) -> ConfigRow:
        return ConfigRow(
            digest=config.digest,
            size=config.size,
            present=config.digest in self._graph.blobs,
            users=self._usage.count(config.digest),
        )

    def _layer(self, layer: Descriptor) -> LayerRow:
        return LayerRow(
            digest=layer.digest,
            media_type=layer.media_type,
            size=layer.size,
            present=layer.digest in self._graph.blobs,
            users=self._usage.count(layer.digest),
        )


def _detail(node: ManifestNode) -> str:
    if node.damages:
        return str(node.damages[0])
    if node.platforms_disagree and node.listed is not None:
        return f"the index lists it as {node.listed.display}, its config says {manifest_name(node)}"
    return ""
