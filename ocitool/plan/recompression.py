"""Layers compressed anew: which ones, and the manifests that list them then.

What a layer unpacks to stays (its diff_id), and so does the config; the layer's digest changes, and with it the
manifest's and that of every index above. Pure functions: `plan_recompression` says what is to be done,
`recompressed` takes what was done into a selection.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError, IntegrityError, UsageError
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import Image, IndexNode, Kind, ManifestNode, Node
from ocitool.model.digest import Digest
from ocitool.model.json_text import JsonObject, JsonValue, dump_json, parse_object
from ocitool.model.media_type import (
    DOCKER_LAYERS,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    LAYERS,
    OCI_EQUIVALENTS,
    OCI_INDEX,
    OCI_LAYERS,
    OCI_MANIFEST,
    layer_compression,
)
from ocitool.plan.options import IndexForm, Layers
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ocitool.graph.image import ImageGraph
    from ocitool.model.descriptor import Descriptor
    from ocitool.plan.choice import ImageSelection, Selection

_OF_THE_BYTES: Final = (
    "containerd.io/snapshot/stargz/",
    "io.github.containers.zstd-chunked.",
    "io.containers.estargz.",
)
"""Annotations that say where files lie in a layer as it was compressed before."""


@dataclass(frozen=True, slots=True)
class LayerJob:
    """One layer to compress anew: where its bytes lie, how they are compressed, what they unpack to."""

    copy: Copy
    compression: str
    diff_id: Digest


@dataclass(frozen=True, slots=True)
class RecompressionPlan:
    """What is to be compressed anew, each layer once, and the manifests whose bytes are needed for that."""

    jobs: tuple[LayerJob, ...] = ()
    manifests: tuple[Digest, ...] = ()
    left: int = 0
    """Layers that are compressed in another way than asked for, and stay so."""

    @property
    def size(self) -> int:
        """Bytes of layers to be read."""
        return sum(job.copy.size for job in self.jobs)


@dataclass(frozen=True, slots=True)
class RecompressedLayer:
    """What became of a layer: its new digest, and where it lies in which source, in bytes."""

    digest: Digest
    size: int
    source: int
    offset: int


@dataclass(frozen=True, slots=True)
class Recompression:
    """All layers that were compressed anew, by their old digests, and the manifests that list them, as they were."""

    layers: Mapping[Digest, RecompressedLayer] = field(default_factory=dict)
    manifests: Mapping[Digest, bytes] = field(default_factory=dict)


def is_recompressed(layer: Descriptor, layers: Layers) -> bool:
    """Tell whether a layer is to be compressed anew: a tar that may be passed on, in another form than asked for."""
    return (
        layers is not Layers.KEEP
        and layer.media_type in LAYERS
        and layer_compression(layer.media_type) != layers.value
    )


def is_remade(node: ManifestNode, layers: Layers) -> bool:
    """Tell whether a manifest gets new layers, and with them a new digest."""
    return node.kind is Kind.IMAGE and any(is_recompressed(layer, layers) for layer in node.layers)


def _is_left(node: ManifestNode, layer: Descriptor, layers: Layers) -> bool:
    """Tell whether a tar keeps a compression that was not asked for."""
    if layers is Layers.KEEP or layer_compression(layer.media_type) in {layers.value, "other"}:
        return False
    return node.kind is not Kind.IMAGE or not is_recompressed(layer, layers)


def plan_recompression(graph: ImageGraph, selection: Selection, layers: Layers) -> RecompressionPlan:
    """Return what is to be compressed anew.

    Raises `IntegrityError` if a config does not say what its layers unpack to, `UsageError` if an index is to keep a
    digest that would change.
    """
    jobs: dict[Digest, LayerJob] = {}
    manifests: dict[Digest, None] = {}
    left: set[Digest] = set()
    for chosen in selection.images:
        for node in chosen.kept:
            left |= {layer.digest for layer in node.layers if _is_left(node, layer, layers)}
            if not is_remade(node, layers):
                continue
            owner = f"{manifest_name(node)} of {chosen.image.label}"
            if chosen.form is IndexForm.KEEP:
                raise UsageError(
                    f"--index keep cannot hold the digests of {owner}: --layers changes them",
                    remedy="leave out one of the two",
                )
            manifests[node.descriptor.digest] = None
            for job in _jobs(graph, node, owner, layers):
                earlier = jobs.setdefault(job.copy.digest, job)
                if earlier.diff_id != job.diff_id:
                    raise IntegrityError(
                        f"{job.copy.role} has two diff_ids in two configs: {job.diff_id} and {earlier.diff_id}",
                        remedy="build the image again",
                    )
    return RecompressionPlan(tuple(jobs.values()), tuple(manifests), len(left - jobs.keys()))


def _jobs(graph: ImageGraph, node: ManifestNode, owner: str, layers: Layers) -> Iterable[LayerJob]:
    diff_ids = node.diff_ids or ()
    if len(diff_ids) != len(node.layers):
        raise IntegrityError(
            f"the config of {owner} names {len(diff_ids)} diff_ids for {len(node.layers)} layers",
            remedy="build the image again",
        )
    for number, (layer, text) in enumerate(zip(node.layers, diff_ids, strict=True), start=1):
        if not is_recompressed(layer, layers):
            continue
        try:
            diff_id = Digest.parse(text)
        except DocumentError as error:
            raise IntegrityError(f"the config of {owner}: {error.message}", remedy="build the image again") from None
        entry = graph.blobs[layer.digest]
        role = f"layer {number} of {len(node.layers)} of {owner}"
        copy = Copy(entry.source, entry.data_offset, entry.size, layer.digest, role)
        yield LayerJob(copy, layer_compression(layer.media_type), diff_id)


@dataclass(frozen=True, slots=True)
class RecompressedSelection:
    """A selection of remade manifests; `documents` are their bytes, `replaced` maps old digests to new ones."""

    selection: Selection
    documents: Mapping[Digest, bytes]
    replaced: Mapping[Digest, Digest]


def recompressed(selection: Selection, done: Recompression, layers: Layers) -> RecompressedSelection:
    """Put what was compressed anew in the place of what it was made from."""
    remaker = _Remaker(done, layers)
    images = tuple(remaker.image(chosen) for chosen in selection.images)
    return RecompressedSelection(replace(selection, images=images), remaker.documents, remaker.replaced)


class _Remaker:
    def __init__(self, done: Recompression, layers: Layers) -> None:
        self._done = done
        self._layers = layers
        self.documents: dict[Digest, bytes] = {}
        self.replaced: dict[Digest, Digest] = {}

    def image(self, chosen: ImageSelection) -> ImageSelection:
        """Return a selection whose kept manifests are the new ones."""
        remade = {node: self._manifest(node) for node in chosen.kept if is_remade(node, self._layers)}
        if not remade:
            return chosen
        roots = tuple(replace(root, node=_with(root.node, remade)) for root in chosen.image.roots)
        return replace(
            chosen,
            image=Image(chosen.image.name, roots),
            kept=tuple(remade.get(node, node) for node in chosen.kept),
            originals={new.descriptor.digest: old.descriptor.digest for old, new in remade.items()},
        )

    def _manifest(self, node: ManifestNode) -> ManifestNode:
        value = parse_object(self._done.manifests[node.descriptor.digest])
        # Docker's manifests have no media type for zstd that skopeo or podman would read.
        becomes_oci = self._layers is Layers.ZSTD and node.descriptor.media_type == DOCKER_MANIFEST
        layers = tuple(self._layer(layer, becomes_oci=becomes_oci) for layer in node.layers)
        items: list[JsonValue] = [layer.to_json() for layer in layers]
        value["layers"] = items
        config = node.config
        media_type = node.descriptor.media_type
        if becomes_oci:
            media_type = value["mediaType"] = OCI_MANIFEST
            config = None if config is None else _retyped(config)
            value["config"] = None if config is None else config.to_json()
        raw = dump_json(value)
        digest = Digest.of(raw)
        self.documents[digest] = raw
        self.replaced[node.descriptor.digest] = digest
        fields = _without_content(node.descriptor.to_json())
        fields |= {"mediaType": media_type, "digest": str(digest), "size": len(raw)}
        descriptor = replace(node.descriptor, media_type=media_type, digest=digest, size=len(raw), fields=fields)
        return replace(node, descriptor=descriptor, config=config, layers=layers)

    def _layer(self, layer: Descriptor, *, becomes_oci: bool) -> Descriptor:
        new = self._done.layers.get(layer.digest) if is_recompressed(layer, self._layers) else None
        if new is None:
            return _retyped(layer) if becomes_oci else layer
        of_docker = layer.media_type in DOCKER_LAYERS.values() and not becomes_oci
        media_type = (DOCKER_LAYERS if of_docker else OCI_LAYERS)[self._layers.value]
        fields = _without_content(layer.to_json())
        fields |= {"mediaType": media_type, "digest": str(new.digest), "size": new.size}
        return replace(layer, media_type=media_type, digest=new.digest, size=new.size, fields=fields)


def _with(node: Node, remade: Mapping[ManifestNode, ManifestNode]) -> Node:
    """Return the tree below `node` with the new manifests in their places."""
    if isinstance(node, ManifestNode):
        return remade.get(node, node)
    children = tuple(_with(child, remade) for child in node.children)
    if all(new is old for new, old in zip(children, node.children, strict=True)):
        return node
    # A list of Docker's may hold nothing but manifests of Docker's.
    becomes_oci = node.descriptor.media_type == DOCKER_LIST and any(
        new.descriptor.media_type != old.descriptor.media_type
        for new, old in zip(children, node.children, strict=True)
    )
    return replace(_retyped_index(node) if becomes_oci else node, children=children)


def _retyped_index(node: IndexNode) -> IndexNode:
    raw = dump_json(parse_object(node.raw) | {"mediaType": OCI_INDEX})
    fields = node.descriptor.to_json() | {"mediaType": OCI_INDEX}
    return replace(node, raw=raw, descriptor=replace(node.descriptor, media_type=OCI_INDEX, fields=fields))


def _retyped(descriptor: Descriptor) -> Descriptor:
    media_type = OCI_EQUIVALENTS.get(descriptor.media_type, descriptor.media_type)
    fields = descriptor.to_json() | {"mediaType": media_type}
    return replace(descriptor, media_type=media_type, fields=fields)


def _without_content(fields: JsonObject) -> JsonObject:
    """Leave out what spoke of the old bytes: a copy of them, places to fetch them, where files lie in them."""
    result = {key: value for key, value in fields.items() if key not in {"data", "urls"}}
    annotations = result.get("annotations")
    if isinstance(annotations, dict):
        left: JsonObject = {key: text for key, text in annotations.items() if not key.startswith(_OF_THE_BYTES)}
        if left:
            result["annotations"] = left
        else:
            del result["annotations"]
    return result
