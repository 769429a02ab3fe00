"""Layers to be unpacked and looked at: which ones, and what came out.

Each blob once, however many images list it; what each of them says of it is compared afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.errors import DocumentError
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import Kind
from ocitool.model.digest import Digest
from ocitool.model.media_type import TAR_LAYERS
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.graph.image import ImageGraph, ManifestNode
    from ocitool.model.descriptor import Descriptor


@dataclass(frozen=True, slots=True)
class LayerUse:
    """A layer as one image lists it; `number` counts from 1, `diff_id` is None where its config names none for it."""

    descriptor: Descriptor
    number: int
    diff_id: Digest | None
    image: str
    platform: str
    node: ManifestNode

    @property
    def role(self) -> str:
        """Words for messages."""
        return f"layer {self.number} of {len(self.node.layers)} of {self.platform} of {self.image}"


@dataclass(frozen=True, slots=True)
class UnpackingJob:
    """One layer to unpack; `algorithms` are those of the diff_ids that are claimed for it."""

    copy: Copy
    algorithms: frozenset[str]


@dataclass(frozen=True, slots=True)
class UnpackedLayer:
    """What came out of a layer: how it is compressed ("none": a plain tar), `size` bytes with these digests.

    `damage` says why it does not unpack to its end, `excess` why it was not unpacked further, both "" otherwise;
    `spent` that it was all layers together that grew too far; `remedy` what to do about an excess, where that is
    known. Without `digests` it is of a kind that cannot be unpacked here.
    """

    compression: str
    size: int
    digests: tuple[Digest, ...] = ()
    damage: str = ""
    excess: str = ""
    spent: bool = False
    remedy: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it was unpacked to its end."""
        return bool(self.digests) and not self.damage and not self.excess


def layer_uses(graph: ImageGraph) -> Iterator[LayerUse]:
    """Yield every layer that an image lists and that is known to be a tar, whether it is there or not."""
    for image in graph.images:
        for node in image.manifests():
            if node.kind is not Kind.IMAGE:
                continue
            diff_ids = _diff_ids(node)
            for number, (layer, diff_id) in enumerate(zip(node.layers, diff_ids, strict=True), start=1):
                if layer.media_type in TAR_LAYERS:
                    yield LayerUse(layer, number, diff_id, image.label, manifest_name(node), node)


def plan_unpacking(graph: ImageGraph) -> tuple[UnpackingJob, ...]:
    """Return the layers that are there with the size that they are listed with, each once."""
    copies: dict[Digest, Copy] = {}
    algorithms: dict[Digest, set[str]] = {}
    for use in layer_uses(graph):
        digest = use.descriptor.digest
        entry = graph.blobs.get(digest)
        if entry is None or entry.size != use.descriptor.size:
            continue
        copies.setdefault(digest, Copy(0, entry.data_offset, entry.size, digest, use.role))
        algorithms.setdefault(digest, set()).add("sha256" if use.diff_id is None else use.diff_id.algorithm)
    return tuple(UnpackingJob(copy, frozenset(algorithms[digest])) for digest, copy in copies.items())


def _diff_ids(node: ManifestNode) -> tuple[Digest | None, ...]:
    """Return a diff_id for each layer; none at all where there are not as many, which is a fault of its own."""
    if node.diff_ids is None or len(node.diff_ids) != len(node.layers):
        return (None,) * len(node.layers)
    return tuple(map(_digest, node.diff_ids))


def _digest(text: str) -> Digest | None:
    try:
        return Digest.parse(text)
    except DocumentError:
        return None  # C7 or C17 says so of the config
