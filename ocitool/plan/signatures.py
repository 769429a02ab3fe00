"""What a rewritten image loses: signatures and other referrers of digests that it no longer has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.errors import IntegrityError
from ocitool.plan.choice import Cause, describe
from ocitool.plan.note import Note, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.model.digest import Digest
    from ocitool.plan.choice import ImageSelection, Lost

_REMEDIES = {
    Cause.FORM: "--index nested keeps it, and so does --referrers follow beside a flat image",
    Cause.INDEX: "--index keep keeps the index and what refers to it",
    Cause.LAYERS: "leave out --layers",
}


def signature_warnings(selected: Sequence[ImageSelection], lost: Sequence[Lost]) -> Iterator[Note]:
    """Say of each image whose index is not what it was that what was signed as that index no longer is."""
    counts: dict[Digest, int] = {}
    for each in lost:
        if each.cause is Cause.INDEX:
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


def require_signatures(lost: Sequence[Lost]) -> None:
    """Raise `IntegrityError` if anything is lost that refers to what is in the output."""
    if not lost:
        return
    first = lost[0]
    more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
    raise IntegrityError(
        f"{describe(first.image, first.manifest)}{more} refers to {first.subject} and would be dropped: "
        f"{first.cause.value}",
        remedy=f"{_REMEDIES[first.cause]}; leave out --require-signatures to go without",
    )
