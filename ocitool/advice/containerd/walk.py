"""The walk over what an archive lists, which decides what has to be there and what the garbage collector keeps.

It goes over index.json and below (images.WalkNotEmpty). A filter by platform leaves out children; a manifest or an
index that is walked has to be there; configs and layers are leaves, which nobody reads. Only what is walked holds its
children (handlers.go, `SetChildrenLabels`): the config and the layers of a manifest that was filtered out are
collected, whatever names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.advice.containerd.failure import ImportFailure
from ocitool.graph.image import IndexNode, Kind, State
from ocitool.model.descriptor import Descriptor
from ocitool.model.media_type import OCI_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.advice.containerd.matching import Matcher
    from ocitool.advice.containerd.store import Store
    from ocitool.graph.image import Node
    from ocitool.model.digest import Digest


def walk(
    nodes: Iterable[Node], store: Store, matcher: Matcher, *, skip_missing: bool = False, refuse_empty: bool = True
) -> frozenset[Digest]:
    """Return the digests of all manifests and indexes that a walk reads, from what index.json lists on.

    With `skip_missing` what is not there is passed over (client/import.go, `WithSkipMissing`); with `refuse_empty` it
    is an error if the filter lets nothing of index.json pass. Raises `ImportFailure`.
    """
    roots = list(nodes)
    passing = [node for node in roots if matcher.passes(node.descriptor.platform)]
    if refuse_empty and not passing:
        raise ImportFailure("filtered-out", _empty_words(roots, matcher))
    walked: set[Digest] = set()
    for node in passing:
        _walk(node, store, matcher, walked, skip_missing=skip_missing)
    return frozenset(walked)


def index_node(store: Store, nodes: Iterable[Node]) -> IndexNode:
    """Return index.json itself as a node, for a name that is given to it."""
    return IndexNode(
        Descriptor(OCI_INDEX, store.index_digest, store.index_size), State.COMPLETE, children=tuple(nodes)
    )


def _walk(node: Node, store: Store, matcher: Matcher, walked: set[Digest], *, skip_missing: bool) -> None:
    digest = node.descriptor.digest
    if digest in walked or (not isinstance(node, IndexNode) and node.kind is Kind.OPAQUE):
        return
    if skip_missing and not store.holds(digest):
        return
    try:
        store.read(node)
    except ImportFailure as failure:
        failure.reasons = (*failure.reasons, *_fallback_words(node, matcher))
        raise
    walked.add(digest)
    if isinstance(node, IndexNode):
        for child in store.children(node):
            if matcher.passes(child.descriptor.platform):
                _walk(child, store, matcher, walked, skip_missing=skip_missing)


def _empty_words(roots: list[Node], matcher: Matcher) -> str:
    if not roots:
        return "index.json lists nothing"
    listed = ", ".join(dict.fromkeys(node.descriptor.platform.display for node in roots if node.descriptor.platform))
    wanted = "" if not matcher.choices else f", and {matcher.choices[0].display} is asked for"
    return f"index.json lists {listed}{wanted}"


def _fallback_words(node: Node, matcher: Matcher) -> tuple[str, ...]:
    """Say so where only a fallback of the matcher let a descriptor pass."""
    platform = node.descriptor.platform
    if platform is None or matcher.choices is None or matcher.rank(platform) == 0:
        return ()
    return (f"this ctr tries {platform.display} on {matcher.choices[0].display} too",)
