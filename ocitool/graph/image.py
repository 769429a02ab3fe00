"""The image graph: roots, indexes and manifests with their state, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from ocitool.model.delta import DELTA_RULE
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ocitool.archive.entry import Entry
    from ocitool.model.descriptor import Descriptor
    from ocitool.model.digest import Digest
    from ocitool.model.fault import Fault
    from ocitool.model.json_text import JsonObject
    from ocitool.model.platform import Platform


class State(StrEnum):
    """How much of a manifest's closure (itself, config, layers) the archive holds."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    ABSENT = "absent"
    CORRUPT = "corrupt"


class ArchiveForm(StrEnum):
    """How an archive lists its images."""

    OCI_LAYOUT = "oci-layout"
    DOCKER_ARCHIVE = "docker-archive"


class Kind(StrEnum):
    """What a manifest is for."""

    IMAGE = "image"
    ATTESTATION = "attestation"
    ARTIFACT = "artifact"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True)
class Damage:
    """Content that is there but wrong; `descriptor` is None for what has no digest of its own.

    `remedy` is what to do where exporting again does not help.
    """

    descriptor: Descriptor | None
    role: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return it in words."""
        digest = "" if self.descriptor is None else str(self.descriptor.digest)
        return " ".join(filter(None, (self.role, digest, self.message)))


@dataclass(frozen=True, slots=True)
class OddConfig:
    """What a config says that is of no image's media type, or that names an architecture and no operating system."""

    platform: Platform
    diff_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ManifestNode:
    """A manifest as one descriptor refers to it, with the state of all it needs.

    `platform` is the one that counts: the descriptor's, unless the config names another operating system or
    architecture. `listed` and `configured` are what the two said; `subject` is what an attestation or referrer
    speaks of, `other_subject` what its own document names where its index entry names another. `missing` leaves out
    external layers, which may be absent on purpose. `diff_ids` are what the config says that the layers unpack to,
    as they stand there; None if it does not say. `corrected` is what the archive lists it as where that was wrong and
    `listed` is right now, "" if it lists no platform; else None. `odd_config` is what containerd
    reads of a config that is none of an image here.
    """

    descriptor: Descriptor
    kind: Kind
    state: State
    platform: Platform | None = None
    listed: Platform | None = None
    configured: Platform | None = None
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    subject: Digest | None = None
    other_subject: Digest | None = None
    missing: tuple[Descriptor, ...] = ()
    external: tuple[Descriptor, ...] = ()
    damages: tuple[Damage, ...] = ()
    diff_ids: tuple[str, ...] | None = None
    corrected: str | None = None
    odd_config: OddConfig | None = None

    def __hash__(self) -> int:
        """Hash by the descriptor alone: a manifest may list thousands of layers."""
        return hash(self.descriptor)

    @property
    def contents(self) -> tuple[Descriptor, ...]:
        """Config and layers, in the manifest's order."""
        return self.layers if self.config is None else (self.config, *self.layers)

    @property
    def platforms_disagree(self) -> bool:
        """Whether the descriptor names another platform than the config."""
        return self.listed is not None and self.platform is not None and self.platform != self.listed


@dataclass(frozen=True, slots=True)
class IndexNode:
    """An image index (or Docker manifest list) as one descriptor refers to it; `raw` is its bytes."""

    descriptor: Descriptor
    state: State
    raw: bytes = field(default=b"", repr=False)
    children: tuple[Node, ...] = ()
    damages: tuple[Damage, ...] = ()

    def __hash__(self) -> int:
        """Hash by the descriptor alone."""
        return hash(self.descriptor)


Node: TypeAlias = "ManifestNode | IndexNode"


@dataclass(frozen=True, slots=True)
class Root:
    """One descriptor of index.json; `place` is its position there, `source` the number of the archive."""

    place: int
    node: Node
    source: int = 0

    @property
    def name(self) -> str | None:
        """The image name an importer would take: containerd's annotation, else the reference."""
        annotations = self.node.descriptor.annotations
        return annotations.get(CONTAINERD_NAME) or annotations.get(REF_NAME) or None


@dataclass(frozen=True, slots=True)
class Image:
    """What one name stands for: usually one root, several where platforms are listed flat.

    `attached` are its manifests that are no image of a platform: attestations, artifacts and what nobody knows.
    """

    name: str | None
    roots: tuple[Root, ...]
    attached: tuple[ManifestNode, ...] = field(init=False, repr=False, compare=False)
    _manifests: tuple[ManifestNode, ...] = field(init=False, repr=False, compare=False)
    _indexes: tuple[IndexNode, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Walk what is below the roots, which many parts of a split ask for."""
        manifests = tuple(node for root in self.roots for node in walk_manifests(root.node))
        object.__setattr__(self, "_manifests", manifests)
        object.__setattr__(self, "_indexes", tuple(node for root in self.roots for node in walk_indexes(root.node)))
        object.__setattr__(self, "attached", tuple(node for node in manifests if node.kind is not Kind.IMAGE))

    @property
    def label(self) -> str:
        """The name for messages, or the digest of an image without one."""
        kind = "artifact" if self.name is None and self.is_artifact else "image"
        return self.name or f"unnamed {kind} {self.roots[0].node.descriptor.digest}"

    def manifests(self) -> tuple[ManifestNode, ...]:
        """Return every manifest of the image in the order of the document."""
        return self._manifests

    def indexes(self) -> tuple[IndexNode, ...]:
        """Return every index of the image, outer ones first."""
        return self._indexes

    @property
    def is_artifact(self) -> bool:
        """Whether nothing in it is an image of some platform (and nothing that might be is absent)."""
        return len(self.attached) == len(self._manifests) and not any(
            index.state is not State.COMPLETE for index in self._indexes
        )


@dataclass(frozen=True, slots=True)
class DockerItem:
    """One item of a manifest.json: the entry names of config and layers, and the tags."""

    config: str
    tags: tuple[str, ...]
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """An archive that a graph was read from: its name for messages, its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class ImageGraph:
    """All that an archive, or several together, list and hold.

    `origins` are the archives; an entry's `source` is the number of the one that holds it. `index` is the parsed
    index.json, `blobs` where the bytes of each digest lie, `documents` the manifests that were made for a
    docker-archive, which has none, `other_files` entries that are no part of the layout. `faults` are what no writer
    may trust; damage of single blobs is in the nodes. Without `has_end` the archive lacks its end blocks, though all
    it lists is there. `repeats` are entries that occur more than once, each time the same. `layout_files` are those
    of index.json, oci-layout and manifest.json that are there, whatever is in them.
    """

    origins: tuple[Origin, ...]
    index: JsonObject
    images: tuple[Image, ...]
    blobs: Mapping[Digest, Entry]
    docker_manifest: tuple[DockerItem, ...] | None = None
    other_files: tuple[Entry, ...] = ()
    faults: tuple[Fault, ...] = ()
    has_end: bool = True
    documents: Mapping[Digest, bytes] = field(default_factory=dict)
    form: ArchiveForm = ArchiveForm.OCI_LAYOUT
    repeats: tuple[str, ...] = ()
    layout_files: frozenset[str] = frozenset()

    @property
    def is_delta(self) -> bool:
        """Whether the archive is one that is made whole with a base, and is not meant to hold all that it lists."""
        return any(fault.rule == DELTA_RULE for fault in self.faults)

    @property
    def source_name(self) -> str:
        """What messages call the archive."""
        return ", ".join(origin.name for origin in self.origins)

    @property
    def source_size(self) -> int:
        """Bytes of the archive."""
        return sum(origin.size for origin in self.origins)


def walk_manifests(node: Node) -> Iterator[ManifestNode]:
    """Yield the manifests at and below `node`, in document order."""
    if isinstance(node, ManifestNode):
        yield node
        return
    for child in node.children:
        yield from walk_manifests(child)


def walk_indexes(node: Node) -> Iterator[IndexNode]:
    """Yield the indexes at and below `node`, outer ones first."""
    if isinstance(node, IndexNode):
        yield node
        for child in node.children:
            yield from walk_indexes(child)
