"""What each image needs: every descriptor below it, with words for the part it plays."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from ocitool.graph.image import IndexNode, Kind, walk_indexes, walk_manifests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.graph.image import ImageGraph, ManifestNode, Node
    from ocitool.model.descriptor import Descriptor
    from ocitool.model.digest import Digest


class Part(IntEnum):
    """The part a blob plays, in the order in which archives should hold them."""

    INDEX = 0
    MANIFEST = 1
    CONFIG = 2
    ATTACHED = 3
    """What a manifest that is no image's lists as its layers: statements, signatures, SBOMs."""
    LAYER = 4


@dataclass(frozen=True, slots=True)
class Use:
    """One descriptor as some image uses it; `role` names it for messages, `image` and `platform` whose it is."""

    descriptor: Descriptor
    part: Part
    role: str
    image: str = ""
    platform: str = ""


def manifest_uses(label: str, node: ManifestNode) -> Iterator[Use]:
    """Yield the manifest itself, its config and its layers, or whatever it lists as such."""
    part = Part.LAYER if node.kind is Kind.IMAGE else Part.ATTACHED
    name = manifest_name(node)
    owner = f"{name} of {label}"
    yield Use(node.descriptor, Part.MANIFEST, f"manifest of {owner}", label, name)
    if node.config is not None:
        yield Use(node.config, Part.CONFIG, f"config of {owner}", label, name)
    for number, layer in enumerate(node.layers, start=1):
        yield Use(layer, part, f"layer {number} of {len(node.layers)} of {owner}", label, name)


def root_uses(label: str, node: Node) -> Iterator[Use]:
    """Yield a root of an image and everything below it, indexes first."""
    for index in walk_indexes(node):
        yield Use(index.descriptor, Part.INDEX, f"index of {label}", label)
    for manifest in walk_manifests(node):
        yield from manifest_uses(label, manifest)


def root_use(label: str, node: IndexNode) -> Use:
    """Return an index itself, as the root of an image."""
    return Use(node.descriptor, Part.INDEX, f"index of {label}", label)


def first_uses(graph: ImageGraph) -> Iterator[Use]:
    """Yield everything that images list, but what is below one index for the first image alone that has it."""
    walked: set[tuple[Digest, str]] = set()
    for image in graph.images:
        for root in image.roots:
            key = root.node.descriptor.digest, root.node.descriptor.media_type
            if isinstance(root.node, IndexNode) and key in walked:
                yield root_use(image.label, root.node)
            else:
                walked.add(key)
                yield from root_uses(image.label, root.node)


def manifest_name(node: ManifestNode) -> str:
    """Name a manifest by its platform, or by its kind where it has none."""
    if node.kind is Kind.IMAGE:
        return "(unknown platform)" if node.platform is None else node.platform.display
    return node.kind.value
