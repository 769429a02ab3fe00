"""Who refers to whom: the subjects of attestations, referrers and cosign's tags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.graph.image import Image, IndexNode, Kind, ManifestNode, Node, Root, State, walk_manifests
from ocitool.graph.node import cosign_subject
from ocitool.model.descriptor import Descriptor
from ocitool.model.json_text import parse_object
from ocitool.plan.labels import is_mislabelled
from ocitool.plan.options import IndexForm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ocitool.model.digest import Digest

_REFERRERS_TAG: Final = re.compile(r"(?:^|[:/])sha256-[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Referrer:
    """A manifest of an artifact, or an index that nothing is in or known to be in, and all that it refers to.

    `node` is written only where all `subjects` are: those of the indexes that list it are its own.
    """

    node: Node
    subjects: frozenset[Digest]

    @property
    def may_refer(self) -> bool:
        """Whether it refers to something, as far as can be known of what is absent."""
        return bool(self.subjects) or self.node.state is State.ABSENT


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
            self.at_once += [each.descriptor.digest for each in image.indexes() if each.state is State.COMPLETE]
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


def by_subject(attached: Iterable[ManifestNode]) -> dict[Digest, list[ManifestNode]]:
    """Group attestations and referrers by each that they refer to."""
    result: dict[Digest, list[ManifestNode]] = {}
    for node in attached:
        for subject in subjects_of(node):
            result.setdefault(subject, []).append(node)
    return result


def own_digests(image: Image) -> list[Digest]:
    """Return the digests of all indexes and manifests of `image`, which is what others may refer to."""
    return [
        *(index.descriptor.digest for index in image.indexes()),
        *(node.descriptor.digest for node in image.manifests()),
    ]


def is_follower(image: Image) -> bool:
    """Tell whether `image` is none of a platform: an artifact, or what cosign stored, present or not."""
    if image.is_artifact:
        return True
    if any(node.platform is not None and node.kind is Kind.IMAGE for node in image.manifests()):
        return False
    return cosign_subject(image.name or "") is not None or _lists_referrers(image)


def _lists_referrers(image: Image) -> bool:
    """Tell whether all that is there of `image` refers to something outside of it; the rest might be anything."""
    there = image.attached
    own = set(own_digests(image))
    return (
        bool(there)
        and all(node.subject is not None and node.subject not in own for node in there)
        and all(node.state is State.ABSENT for node in image.manifests() if node.kind is Kind.IMAGE)
        and all(index.state is State.COMPLETE for index in image.indexes())
    )


def is_referrers_tag(name: str) -> bool:
    """Tell whether a name has the tag of an index of referrers (distribution-spec, "Referrers Tag Schema")."""
    return _REFERRERS_TAG.search(name) is not None


def root_referrers(root: Root) -> Iterator[Referrer]:
    """Yield what a root of an artifact lists; where nothing in it names a subject, a cosign tag does."""
    tagged = cosign_subject(root.name or "")
    otherwise = frozenset(() if tagged is None else (tagged,))
    for referrer in list(_referrers(root.node, frozenset())) or [_whole(root.node)]:
        yield referrer if referrer.subjects else Referrer(referrer.node, otherwise)


def _whole(node: Node) -> Referrer:
    """Return an index that lists nothing."""
    subject = index_subject(node) if isinstance(node, IndexNode) else None
    return Referrer(node, frozenset(() if subject is None else (subject,)))


def _referrers(node: Node, above: frozenset[Digest]) -> Iterator[Referrer]:
    if isinstance(node, ManifestNode):
        yield Referrer(node, above | subjects_of(node))
        return
    if (subject := index_subject(node)) is not None:
        above |= {subject}
    if node.state is not State.COMPLETE:
        yield Referrer(node, above)
        return
    for child in node.children:
        yield from _referrers(child, above)


def image_subjects(image: Image) -> dict[Digest, None]:
    """Return all that an artifact refers to, in the order of the document."""
    found: dict[Digest, None] = {}
    for root in image.roots:
        for referrer in root_referrers(root):
            found.update(dict.fromkeys(sorted(referrer.subjects, key=str)))
    return found


def subjects_of(node: ManifestNode) -> frozenset[Digest]:
    """Return what a manifest refers to; it goes with all of that or not at all."""
    return frozenset(subject for subject in (node.subject, node.other_subject) if subject is not None)


def index_subject(node: IndexNode) -> Digest | None:
    """Return what an index itself refers to, None if that is nothing, or the index cannot be read."""
    value = parse_object(node.raw).get("subject") if node.raw and node.state is State.COMPLETE else None
    return None if value is None else Descriptor.from_json(value).digest
