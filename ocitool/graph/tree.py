"""The nodes below a descriptor: an index with all it lists, to any depth that is bounded, or a manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.errors import DocumentError
from ocitool.graph.image import IndexNode, Node
from ocitool.graph.layout_files import INDEX_NAME
from ocitool.graph.node import manifest_node
from ocitool.model.limits import INDEX_DEPTH_LIMIT, NODE_LIMIT
from ocitool.model.media_type import INDEXES, MANIFESTS

if TYPE_CHECKING:
    from ocitool.graph.content import ContentReader
    from ocitool.model.descriptor import Descriptor
    from ocitool.model.digest import Digest


class TreeBuilder:
    """Build the trees below the descriptors of index.json, within the bounds on all of them together."""

    def __init__(self, content: ContentReader) -> None:
        self._content = content
        self._children: dict[tuple[Digest, int, str], tuple[tuple[Node, ...], int]] = {}
        self._listed = 0

    def build(self, descriptor: Descriptor, depth: int = 1) -> Node:
        """Return the node of a descriptor; raises `DocumentError` if the trees grow beyond their bounds."""
        self._count(1)
        if descriptor.media_type in INDEXES:
            return self._index_node(descriptor, depth)
        if descriptor.media_type in MANIFESTS:
            content = self._content.manifest(descriptor)
            self._count(len(content.layers))
            return manifest_node(descriptor, content)
        return manifest_node(descriptor, self._content.opaque(descriptor), opaque=True)

    def _count(self, descriptors: int) -> None:
        self._listed += descriptors
        if self._listed > NODE_LIMIT:
            raise DocumentError(f"more than {NODE_LIMIT} descriptors in all indexes", where=INDEX_NAME)

    def _index_node(self, descriptor: Descriptor, depth: int) -> IndexNode:
        if depth > INDEX_DEPTH_LIMIT:
            raise DocumentError(f"indexes nested deeper than {INDEX_DEPTH_LIMIT}", where=descriptor.digest.blob_name)
        content = self._content.index(descriptor)
        key = (descriptor.digest, depth, descriptor.media_type)
        known = self._children.get(key)
        if known is None:
            before = self._listed
            children = tuple(self.build(child, depth + 1) for child in content.descriptors)
            self._children[key] = children, self._listed - before
        else:
            # Shared, but walked again each time: an index of indexes of … must not multiply without end.
            children, below = known
            self._count(below)
        return IndexNode(descriptor, content.state, content.raw, children, content.damages)
