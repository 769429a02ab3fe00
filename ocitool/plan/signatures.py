"""What a rewritten image loses: signatures and other referrers of digests that it no longer has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.errors import IntegrityError
from ocitool.graph.image import IndexNode, Kind, State
from ocitool.plan.choice import Cause, Lost, describe
from ocitool.plan.note import Note, warning
from ocitool.plan.subjects import is_follower, is_referrers_tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ocitool.graph.image import Image, Node
    from ocitool.model.digest import Digest
    from ocitool.plan.choice import ImageSelection

_REMEDIES = {
    Cause.FORM: "--index nested keeps it, and so does --referrers follow beside a flat image",
    Cause.INDEX: "--index keep keeps the index and what refers to it",
    Cause.LAYERS: "leave out --layers",
    Cause.OTHER: "select all that it refers to",
    Cause.ARTIFACTS: "select all that the artifacts in that index refer to",
    Cause.INCOMPLETE: "export the archive again with all of it",
}


def signature_warnings(selected: Sequence[ImageSelection], lost: Sequence[Lost]) -> Iterator[Note]:
    """Say of each image whose index is not what it was that what was signed as that index no longer is."""
    counts: dict[Digest, int] = {}
    for each in lost:
        if each.cause is Cause.INDEX and each.subject is not None:
            counts[each.subject] = counts.get(each.subject, 0) + 1
    for selection in selected:
        digests = [index.descriptor.digest for index in selection.image.indexes()]
        gone = {digest: count for digest in digests if (count := counts.pop(digest, 0))}
        if gone:
            yield warning(
                f"{selection.image.label}: {sum(gone.values())} signature(s) or other referrer(s) of its index "
                f"{next(iter(gone))} no longer apply and are dropped, since the output does not have that index; "
                "those of the manifests in it still apply, kept or not; --index keep keeps the index and all of "
                "them, --require-signatures refuses instead"
            )
    for cause in (Cause.OTHER, Cause.ARTIFACTS):
        losses = [each for each in lost if each.cause is cause]
        if losses:
            more = f" and {len(losses) - 1} more" if len(losses) > 1 else ""
            yield warning(
                f"{describe(losses[0].image, losses[0].manifest)}{more} refers to what is kept and is dropped: "
                f"{cause.value}; {_REMEDIES[cause]} to keep it, --require-signatures refuses instead"
            )


def unknown_losses(images: Iterable[Image]) -> Iterator[Lost]:
    """Yield what is absent and may be a signature: manifests of no platform that no name calls an image."""
    for image in images:
        if is_follower(image):
            continue
        named = set() if _may_be_signature(image.name) else {id(root.node) for root in image.roots}
        nodes: list[Node] = [node for node in image.manifests() if node.kind is Kind.IMAGE and node.platform is None]
        nodes += (root.node for root in image.roots if image.name and isinstance(root.node, IndexNode))
        for node in nodes:
            if node.state is State.ABSENT and id(node) not in named:
                yield Lost(image, node, None, Cause.INCOMPLETE)


def _may_be_signature(name: str | None) -> bool:
    return name is None or is_referrers_tag(name)


def require_signatures(lost: Sequence[Lost]) -> None:
    """Raise `IntegrityError` if anything is lost that refers to what is in the output."""
    if not lost:
        return
    first = lost[0]
    more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
    subject = "may refer to what is kept" if first.subject is None else f"refers to {first.subject}"
    raise IntegrityError(
        f"{describe(first.image, first.manifest)}{more} {subject} and would be dropped: {first.cause.value}",
        remedy=f"{_REMEDIES[first.cause]}; leave out --require-signatures to go without",
    )
