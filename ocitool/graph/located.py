"""Of several archives the one that something wrong is in, said with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocitool.graph.image import ManifestNode
from ocitool.model.digest import digest_of_blob_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ocitool.archive.entry import Entry
    from ocitool.graph.image import Damage, ImageGraph, Node
    from ocitool.model.digest import Digest
    from ocitool.model.fault import Fault


@dataclass(frozen=True, slots=True)
class Locator:
    """Which of several archives a blob is taken from, by the number of the source that its entry names."""

    graphs: Sequence[ImageGraph]
    blobs: Mapping[Digest, Entry]

    def fault(self, fault: Fault, graph: ImageGraph | None = None) -> Fault:
        """Return a fault with the name of its archive: `graph`, or the one that holds the blob it is in."""
        name = self._name(digest_of_blob_name(fault.where), "") if graph is None else graph.source_name
        return replace(fault, where=": ".join(filter(None, (name, fault.where))))

    def node(self, node: Node, graph: ImageGraph) -> Node:
        """Return a node of which each damage names its archive, `graph` where it has no digest."""
        damages = tuple(self._damage(damage, graph) for damage in node.damages)
        if isinstance(node, ManifestNode):
            return replace(node, damages=damages) if damages else node
        return replace(node, damages=damages, children=tuple(self.node(child, graph) for child in node.children))

    def _damage(self, damage: Damage, graph: ImageGraph) -> Damage:
        digest = None if damage.descriptor is None else damage.descriptor.digest
        return replace(damage, message=f"{damage.message}, in {self._name(digest, graph.source_name)}")

    def _name(self, digest: Digest | None, otherwise: str) -> str:
        entry = None if digest is None else self.blobs.get(digest)
        return otherwise if entry is None else self.graphs[entry.source].source_name
