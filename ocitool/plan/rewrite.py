"""New documents for a selection: image indexes, index.json and the descriptors in them.

Manifests, configs and layers are never rewritten; an index from which nothing is dropped keeps its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocitool.graph.image import IndexNode, ManifestNode, Node, Root, State, walk_manifests
from ocitool.graph.node import as_cosign_image, as_cosign_index
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME, REFERENCE_DIGEST, REFERENCE_TYPE, Descriptor
from ocitool.model.digest import Digest
from ocitool.model.json_text import JsonObject, JsonValue, agreeing_fields, dump_json, parse_object
from ocitool.model.media_type import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX
from ocitool.plan.labels import is_mislabelled
from ocitool.plan.names import Naming, name_image
from ocitool.plan.options import IndexForm

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ocitool.plan.choice import ImageSelection

_NAMES: Final = (CONTAINERD_NAME, REF_NAME)
_OF_ATTESTATIONS: Final = (REFERENCE_TYPE, REFERENCE_DIGEST)
_DESCRIPTOR_FIELDS: Final = frozenset(
    {"mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform"}
)
"""What descriptor.md defines: these speak of the content, so an index's do not pass to its manifest."""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """An index that was rewritten or made: its bytes are part of the plan."""

    digest: Digest
    raw: bytes


@dataclass(frozen=True, slots=True)
class RewrittenImage:
    """One image as the new index.json lists it.

    `descriptors` go into index.json; `indexes` are the blobs of image indexes below them, new ones as
    `NewDocument`, unchanged ones as `Descriptor`; `replaced` maps old root digests to new ones, `original` and
    `digest` are the pair that the name stood for and stands for.
    """

    selection: ImageSelection
    original: Digest
    digest: Digest
    descriptors: tuple[JsonObject, ...]
    indexes: tuple[NewDocument | Descriptor, ...]
    replaced: Mapping[Digest, Digest]
    naming: Naming


def rewrite_image(selection: ImageSelection) -> RewrittenImage:
    """Make the descriptors and indexes of one image in its chosen form."""
    match selection.form:
        case IndexForm.FLAT:
            return _flat(selection)
        case IndexForm.KEEP:
            return _keep(selection)
        case _:
            return _nested(selection)


def rewrite_index(index: JsonObject, images: Sequence[RewrittenImage]) -> bytes:
    """Return the bytes of the new index.json; what nobody here knows in the old one stays, in its order."""
    manifests: list[JsonValue] = [descriptor for image in images for descriptor in image.descriptors]
    result: JsonObject = {}
    for key, value in index.items():
        result[key] = value
        if key == "schemaVersion" and "mediaType" not in index:
            result["mediaType"] = OCI_INDEX
    result["manifests"] = manifests
    return dump_json(result)


def _flat(selection: ImageSelection) -> RewrittenImage:
    """Point index.json at the manifest itself, without `platform`: imports on a host of any platform."""
    node = selection.platforms[0]
    root = _root_of(selection, node)
    unknown = {key: value for key, value in root.node.descriptor.fields.items() if key not in _DESCRIPTOR_FIELDS}
    own = node.descriptor.to_json()
    fields: JsonObject = {key: value for key, value in own.items() if key != "platform"} | unknown
    annotations = as_cosign_image({**root.node.descriptor.annotations, **_without_names(node.descriptor.annotations)})
    old = selection.original(root.node.descriptor.digest)
    naming = name_image(annotations, _befores(selection), node.descriptor.digest)
    return RewrittenImage(
        selection=selection,
        original=old,
        digest=node.descriptor.digest,
        descriptors=(_annotated(fields, naming.annotations),),
        indexes=(),
        replaced={} if old == node.descriptor.digest else {old: node.descriptor.digest},
        naming=naming,
    )


def _keep(selection: ImageSelection) -> RewrittenImage:
    """Keep the roots as they are; what they list may be absent."""
    kept = set(selection.kept)
    there = [root for root in selection.image.roots if isinstance(root.node, ManifestNode) or _is_there(root.node)]
    # Of several roots the last one gives its name to what an importer records: to nothing, if nothing is left of it.
    roots = [root for root in there if _holds_any(root.node, kept)] or there
    digest = roots[0].node.descriptor.digest
    namings = [name_image(root.node.descriptor.annotations, (), root.node.descriptor.digest) for root in roots]
    indexes = dict.fromkeys(replace(index.descriptor, fields={}) for index in selection.image.indexes())
    return RewrittenImage(
        selection=selection,
        original=digest,
        digest=digest,
        descriptors=tuple(
            _annotated(root.node.descriptor.to_json(), naming.annotations)
            for root, naming in zip(roots, namings, strict=True)
        ),
        indexes=tuple(indexes),
        replaced={},
        naming=namings[0],
    )


def _nested(selection: ImageSelection) -> RewrittenImage:
    collector = _Collector(set(selection.kept))
    index = _index_of_all(selection)
    if index is not None:
        child = collector.rewrite(index)
        digest = Digest.parse(str(child["digest"]))
        fields = {key: value for key, value in child.items() if key != "platform"}
    else:
        document = _new_index(selection)
        collector.documents.append(document)
        digest = document.digest
        fields = {"mediaType": _index_type(selection.kept), "digest": str(digest), "size": len(document.raw)}
    befores = _befores(selection)
    old = befores[0]
    naming = name_image(_common_annotations(selection, index), befores, digest)
    return RewrittenImage(
        selection=selection,
        original=old,
        digest=digest,
        descriptors=(_annotated(fields, naming.annotations),),
        indexes=tuple(collector.documents),
        replaced={before: digest for before in befores if before != digest},
        naming=naming,
    )


def _is_there(node: IndexNode) -> bool:
    return node.state is State.COMPLETE


def _holds_any(node: Node, kept: Collection[ManifestNode]) -> bool:
    return any(manifest in kept for manifest in walk_manifests(node))


def _index_of_all(selection: ImageSelection) -> IndexNode | None:
    """Return the root index that lists all that is kept; of several the one that can stay as it is."""
    indexes = [root.node for root in selection.image.roots if isinstance(root.node, IndexNode)]
    if len(selection.image.roots) == 1:
        return indexes[0] if indexes else None
    # Another root may know better what platform a manifest is of; a new index says it.
    indexes = [index for index in indexes if not any(map(is_mislabelled, walk_manifests(index)))]
    kept = set(selection.kept)
    found: list[tuple[bool, IndexNode]] = []
    for index in indexes:
        listed = list(walk_manifests(index))
        held = {node.descriptor.digest for node in listed if node in kept}
        if all(node.descriptor.digest in held for node in kept):
            found.append((all(node in kept for node in listed), index))
    return max(found, key=lambda pair: pair[0])[1] if found else None


class _Collector:
    """Rewrite an index from the inside out, collecting the indexes that the output needs."""

    def __init__(self, kept: set[ManifestNode]) -> None:
        self._kept = kept
        self.documents: list[NewDocument | Descriptor] = []

    def rewrite(self, node: IndexNode) -> JsonObject:
        """Return the descriptor of `node` as its parent must now write it."""
        place = len(self.documents)
        children: list[JsonValue] = [
            self.rewrite(child) if isinstance(child, IndexNode) else child.descriptor.to_json()
            for child in node.children
            if self._holds_kept(child)
        ]
        value = parse_object(node.raw)
        if children == value["manifests"]:
            self.documents.insert(place, replace(node.descriptor, fields={}))
            return node.descriptor.to_json()
        value["manifests"] = children
        raw = dump_json(value)
        document = NewDocument(Digest.of(raw), raw)
        self.documents.insert(place, document)
        # An embedded copy of the content would contradict the new digest.
        fields = {key: item for key, item in node.descriptor.fields.items() if key != "data"}
        return fields | {"digest": str(document.digest), "size": len(raw)}

    def _holds_kept(self, node: Node) -> bool:
        if isinstance(node, ManifestNode):
            return node in self._kept
        if node.state is not State.COMPLETE:
            return False
        # An index that was empty from the start is not something that was dropped.
        return not node.children or any(self._holds_kept(child) for child in node.children)


def _common_annotations(selection: ImageSelection, index: IndexNode | None) -> dict[str, str]:
    """Return the annotations of an index in index.json: those of its own root, or what all roots say of the whole.

    Names are those of the first root; what speaks of one manifest alone does not pass to an index of several.
    """
    roots = selection.image.roots
    own = next((root for root in roots if root.node is index), roots[0])
    annotations = [dict(root.node.descriptor.annotations) for root in roots]
    names = {key: text for key, text in annotations[0].items() if key in _NAMES}
    if index is not None or len(roots) == 1:
        common = dict(own.node.descriptor.annotations)
    else:
        common = {
            key: text
            for key, text in annotations[0].items()
            if all(each.get(key) == text for each in annotations) and key not in _OF_ATTESTATIONS
        }
    return as_cosign_index({**common, **names})


def _new_index(selection: ImageSelection) -> NewDocument:
    """Make an index for manifests of several roots, or of none, with the platform of each written out.

    What the indexes among the roots say of the whole stays where they agree.
    """
    kept = selection.kept
    children: list[JsonValue] = []
    for node in kept:
        annotations = _without_names(node.descriptor.annotations)
        fields = _annotated(node.descriptor.to_json(), annotations)
        if "platform" not in fields and node.platform is not None:
            fields["platform"] = node.platform.to_json()
        children.append(fields)
    indexes = [root.node for root in selection.image.roots if isinstance(root.node, IndexNode)]
    common = agreeing_fields([parse_object(index.raw) for index in indexes if index.raw])
    document: JsonObject = {"schemaVersion": 2, "mediaType": _index_type(kept), "manifests": children}
    document |= {key: value for key, value in common.items() if key not in document}
    raw = dump_json(document)
    return NewDocument(Digest.of(raw), raw)


def _index_type(kept: Sequence[ManifestNode]) -> str:
    """Choose the family of media types the manifests are of; OCI where they are mixed."""
    return DOCKER_LIST if all(node.descriptor.media_type == DOCKER_MANIFEST for node in kept) else OCI_INDEX


def _befores(selection: ImageSelection) -> list[Digest]:
    """Return the digests that the name of an image stood for in the archive."""
    return [selection.original(root.node.descriptor.digest) for root in selection.image.roots]


def _root_of(selection: ImageSelection, node: ManifestNode) -> Root:
    roots = selection.image.roots
    if len(roots) == 1:
        return roots[0]
    return next((root for root in roots if node in walk_manifests(root.node)), roots[0])


def _without_names(annotations: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in annotations.items() if key not in _NAMES}


def _annotated(fields: JsonObject, annotations: Mapping[str, str]) -> JsonObject:
    """Return `fields` with `annotations` in the place where they stood."""
    if not annotations:
        return {key: value for key, value in fields.items() if key != "annotations"}
    items: JsonObject = {}
    items.update(annotations)
    return {**fields, "annotations": items}
