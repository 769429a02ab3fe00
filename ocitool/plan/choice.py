"""What was chosen for an output, what was not, and why: values, and the notes made on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from ocitool.errors import IntegrityError
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import IndexNode, Kind, State
from ocitool.plan.note import Note, warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ocitool.graph.image import Image, ManifestNode, Node
    from ocitool.model.digest import Digest
    from ocitool.plan.options import IndexForm


ABSENT: Final = "listed, but absent"
"""The reason to drop what an index lists and the archive does not hold."""

_LIST_LIMIT: Final = 20


@dataclass(frozen=True, slots=True)
class Dropped:
    """One manifest, or an index that is absent, that does not go into the output; `reason` is for people."""

    image: str
    manifest: Node
    reason: str


class Cause(Enum):
    """Why something that refers to what is kept cannot be; the value is the reason of a report."""

    FORM = "the flat form holds nothing but the image"
    INDEX = "the output does not have the index it refers to"
    LAYERS = "its subject gets a new digest"
    OTHER = "it refers to something else as well that is not kept"
    ARTIFACTS = "the index of artifacts it refers to is not kept whole"
    INCOMPLETE = "the archive lists it, but does not hold all of it"


@dataclass(frozen=True, slots=True)
class Lost:
    """Something that refers to an image of the output, or to its index, and does not go with it.

    `subject` is the digest it refers to, or that what it refers to does; None if it is absent and may refer to that.
    """

    image: Image
    manifest: Node
    subject: Digest | None
    cause: Cause


@dataclass(frozen=True, slots=True)
class ImageSelection:
    """One image of the output: its manifests in document order, and the form its index takes."""

    image: Image
    kept: tuple[ManifestNode, ...]
    form: IndexForm
    originals: Mapping[Digest, Digest] = field(default_factory=dict)
    """The digests that manifests made anew had before, by the new ones."""

    def original(self, digest: Digest) -> Digest:
        """Return the digest that the archive knows `digest` by."""
        return self.originals.get(digest, digest)

    @property
    def platforms(self) -> tuple[ManifestNode, ...]:
        """The kept manifests that are images of a platform, without attestations and artifacts."""
        return tuple(node for node in self.kept if node.kind is Kind.IMAGE)


@dataclass(frozen=True, slots=True)
class Selection:
    """All images of the output, all that was dropped, and what the user should know about it."""

    images: tuple[ImageSelection, ...]
    dropped: tuple[Dropped, ...]
    notes: tuple[Note, ...]


@dataclass(slots=True)
class Ledger:
    """Where those who choose write down what they dropped and what the user should know."""

    dropped: list[Dropped] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)

    def drop(self, image: Image, manifests: Iterable[Node], reason: str) -> None:
        """Write down manifests that do not go into the output, or indexes that are absent."""
        self.dropped.extend(Dropped(image.label, node, reason) for node in manifests)


def describe(image: Image, node: Node) -> str:
    """Name a manifest of an image, or an index of it, for a message."""
    if isinstance(node, IndexNode):
        return f"the index {node.descriptor.digest} of {image.label}"
    if node.kind is Kind.IMAGE:
        return f"{manifest_name(node)} of {image.label}"
    if image.name is None and node.descriptor.digest == image.roots[0].node.descriptor.digest:
        return f"{node.kind.value} {node.descriptor.digest}"
    return f"{node.kind.value} {node.descriptor.digest} of {image.label}"


def describe_names(images: Iterable[Image]) -> str:
    """List the names of images for a message, those of the first few."""
    names = sorted({image.name or "(unnamed)" for image in images})
    more = f" and {len(names) - _LIST_LIMIT} more" if len(names) > _LIST_LIMIT else ""
    return (", ".join(names[:_LIST_LIMIT]) or "no image") + more


def incompleteness(node: Node) -> str:
    """Say what the archive lacks of a manifest that is absent or partial, or of an index that is absent."""
    if node.state is State.ABSENT or isinstance(node, IndexNode):
        return ABSENT
    return f"partial: {len(node.missing)} of {len(node.contents)} blobs missing"


def incomplete_warning(image: Image, node: Node) -> Note:
    """Say that something is dropped of which the archive lacks a part."""
    return warning(f"{describe(image, node)} is {incompleteness(node)}, and is dropped; export it again to have it")


def corrupt(image: Image, node: ManifestNode) -> IntegrityError:
    """Return the error for a manifest that is there but wrong."""
    detail = f": {node.damages[0]}" if node.damages else ""
    remedy = node.damages[0].remedy if node.damages else ""
    return IntegrityError(
        f"{describe(image, node)} is corrupt{detail}", remedy=remedy or "transfer or export the archive again"
    )


def require_readable(image: Image, index: IndexNode) -> None:
    """Raise `IntegrityError` if an index is there but wrong."""
    if index.state in {State.COMPLETE, State.ABSENT}:
        return
    reason = index.damages[0].message if index.damages else "cannot be read"
    raise IntegrityError(
        f"the index {index.descriptor.digest} of {image.label} is corrupt: {reason}",
        remedy="transfer or export the archive again",
    )
