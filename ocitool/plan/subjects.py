"""Who refers to whom: the subjects of attestations, referrers and cosign's tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.graph.image import Image, IndexNode, Kind, ManifestNode, Node, Root, State, walk_manifests
from ocitool.graph.node import cosign_subject
from ocitool.model.descriptor import Descriptor
from ocitool.model.json_text import parse_object
from ocitool.plan.labels import is_mislabelled
from ocitool.plan.options import IndexForm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.model.digest import Digest


class HeldDigests:
    """The digests that an image has in the output, as more and more of its manifests are kept.

    An index keeps its digest if all below it is kept, and it is written at all. Every call is linear in what it
    returns, whatever an archive nests in what.
    """

    def __init__(self, image: Image, form: IndexForm) -> None:
        self.at_once: list[Digest] = []
        self._waiting: list[tuple[Digest, set[ManifestNode]]] = []
        self._holders: dict[ManifestNode, list[int]] = {}
        if form is IndexForm.KEEP:
            self.at_once += [index.descriptor.digest for index in image.indexes()]
        elif form is IndexForm.NESTED and (root := _root_of_all(image)) is not None:
            self._below(root)

    def _below(self, node: Node) -> set[ManifestNode] | None:
        """Return the manifests that `node` needs to stay as it is, None if it cannot."""
        if isinstance(node, ManifestNode):
            return {node} if node.corrected is None else None
        needed: set[ManifestNode] = set()
        stays = node.state is State.COMPLETE
        for child in node.children:
            below = self._below(child)
            if below is None:
                stays = False
            else:
                needed |= below
        if not stays:
            return None
        if not needed:
            self.at_once.append(node.descriptor.digest)
        for manifest in needed:
            self._holders.setdefault(manifest, []).append(len(self._waiting))
        self._waiting.append((node.descriptor.digest, set(needed)))  # the parent adds to its own
        return needed

    def keep(self, node: ManifestNode) -> list[Digest]:
        """Return the digests that are in the output once `node` is kept: its own, and those of whole indexes."""
        held = [node.descriptor.digest]
        for number in self._holders.pop(node, ()):
            digest, needed = self._waiting[number]
            needed.discard(node)
            if not needed:
                held.append(digest)
        return held


def _root_of_all(image: Image) -> Node | None:
    """Return the root that can stay if nothing is dropped: several become a new index, unless one lists them all."""
    if len(image.roots) == 1:
        return image.roots[0].node
    digests = {node.descriptor.digest for node in image.manifests()}
    for root in image.roots:
        listed = list(walk_manifests(root.node))
        if {node.descriptor.digest for node in listed} == digests and not any(map(is_mislabelled, listed)):
            return root.node
    return None


def by_subject(manifests: Iterable[ManifestNode]) -> dict[Digest, list[ManifestNode]]:
    """Group attestations and referrers by what they refer to."""
    result: dict[Digest, list[ManifestNode]] = {}
    for node in manifests:
        if node.kind is not Kind.IMAGE and node.subject is not None:
            result.setdefault(node.subject, []).append(node)
    return result


def own_digests(image: Image) -> list[Digest]:
    """Return the digests of all indexes and manifests of `image`, which is what others may refer to."""
    return [
        *(index.descriptor.digest for index in image.indexes()),
        *(node.descriptor.digest for node in image.manifests()),
    ]


def is_follower(image: Image) -> bool:
    """Tell whether `image` is none of a platform: an artifact, or what cosign stored, present or not."""
    return image.is_artifact or (
        cosign_subject(image.name or "") is not None and all(node.platform is None for node in image.manifests())
    )


def root_subject(root: Root) -> Digest | None:
    """Tell what a root refers to: its subject or that of its manifests, or the digest in a cosign tag."""
    if isinstance(root.node, IndexNode) and root.node.raw and (subject := _index_subject(root.node)) is not None:
        return subject
    for node in walk_manifests(root.node):
        if node.subject is not None:
            return node.subject
    return cosign_subject(root.name or "")


def _index_subject(node: IndexNode) -> Digest | None:
    value = parse_object(node.raw).get("subject")
    return None if value is None else Descriptor.from_json(value).digest
