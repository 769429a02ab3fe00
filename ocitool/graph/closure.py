"""What each image needs: every descriptor below it, with words for the part it plays."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from ocitool.graph.image import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.graph.image import Image, ImageGraph, ManifestNode
    from ocitool.model.descriptor import Descriptor


class Part(IntEnum):
    """The part a blob plays, in the order in which archives should hold them."""

    INDEX = 0
    MANIFEST = 1
    CONFIG = 2
    LAYER = 3


@dataclass(frozen=True, slots=True)
class Use:
    """One descriptor as some image uses it; `role` names it for messages, `image` and `platform` whose it is."""

    descriptor: Descriptor
    part: Part
    role: str
    image: str = ""
    platform: str = ""


def manifest_uses(label: str, node: ManifestNode) -> Iterator[Use]:
    """Yield the manifest itself, its config and its layers."""
    name = manifest_name(node)
    owner = f"{name} of {label}"
    yield Use(node.descriptor, Part.MANIFEST, f"manifest of {owner}", label, name)
    if node.config is not None:
        yield Use(node.config, Part.CONFIG, f"config of {owner}", label, name)
    for number, layer in enumerate(node.layers, start=1):
        yield Use(layer, Part.LAYER, f"layer {number} of {len(node.layers)} of {owner}", label, name)


def image_uses(image: Image) -> Iterator[Use]:
    """Yield everything that an image lists, whether it is there or not."""
    for index in image.indexes():
        yield Use(index.descriptor, Part.INDEX, f"index of {image.label}", image.label)
    for node in image.manifests():
        yield from manifest_uses(image.label, node)


def graph_uses(graph: ImageGraph) -> Iterator[Use]:
    """Yield everything that all images of an archive list."""
    for image in graph.images:
        yield from image_uses(image)


def manifest_name(node: ManifestNode) -> str:
    """Name a manifest by its platform, or by its kind where it has none."""
    if node.kind is Kind.IMAGE:
        return "(unknown platform)" if node.platform is None else node.platform.display
    return node.kind.value
