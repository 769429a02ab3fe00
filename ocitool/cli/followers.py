"""Attestations and referrers of a report, found by what they speak of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from ocitool.graph.image import Kind
from ocitool.graph.rows import ManifestRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from ocitool.graph.inventory import Inventory
    from ocitool.graph.rows import ImageRow, Row
    from ocitool.model.digest import Digest

CHAIN_LIMIT: Final = 8
"""A referrer of a referrer of … is shown where it is listed beyond this, and so is one that refers to itself."""


@dataclass(frozen=True, slots=True)
class Follower:
    """A manifest that speaks of another; `name` is that of its own image where it is one."""

    row: ManifestRow
    name: str = ""


_BySubject: TypeAlias = "Mapping[Digest, Mapping[Digest, Follower]]"


@dataclass(frozen=True, slots=True)
class Followers:
    """Who follows what: by subject, then by own digest.

    `within` holds, by position of the image, the followers that it lists itself; `across` those that are images of
    their own, which stand at the positions `beside`; `homes` tells in which image these are shown, by subject.
    """

    within: Mapping[int, _BySubject]
    across: _BySubject
    homes: Mapping[Digest, int]
    beside: AbstractSet[int]

    def of(self, position: int, digest: Digest) -> list[Follower]:
        """Return what follows a manifest or index of the image at `position`."""
        own = self.within[position].get(digest, {})
        # What is an image of its own has no home, and is shown in one place only.
        is_home = self.homes.get(digest, position) == position
        return [*own.values(), *(self.across.get(digest, {}).values() if is_home else ())]

    def hangs(self, position: int, row: ManifestRow) -> bool:
        """Tell whether the image at `position` shows `row` under what it speaks of."""
        return row.subject is not None and row.digest in self.within[position].get(row.subject, {})


def find_followers(inventory: Inventory) -> Followers:
    """Find what hangs on what; nothing is lost: what hangs on nothing is left where it is listed."""
    listed = {row.digest for image in inventory.images for row in image.rows}
    apart = {
        position: {row.digest: (image.name or "", row) for row in image.manifests}
        for position, image in enumerate(inventory.images)
        if image.manifests and all(_follows(root, listed) for root in image.roots)
    }
    homes: dict[Digest, int] = {}
    for position, image in enumerate(inventory.images):
        if position not in apart:
            for row in image.rows:
                homes.setdefault(row.digest, position)
    subjects = {digest: row.subject for rows in apart.values() for digest, (_, row) in rows.items()}
    across: dict[Digest, dict[Digest, Follower]] = {}
    beside: set[int] = set()
    for position, rows in apart.items():
        if all(_reaches(digest, subjects, homes.keys()) for digest in rows):
            beside.add(position)
            for digest, (name, row) in rows.items():
                if row.subject is not None:
                    across.setdefault(row.subject, {})[digest] = Follower(row, name)
    within = {position: _within(image) for position, image in enumerate(inventory.images)}
    return Followers(within, across, homes, beside)


def _within(image: ImageRow) -> _BySubject:
    """Find the followers that an image lists together with what they speak of."""
    listed = {row.digest for row in image.rows}
    followers = {row.digest: row for row in image.manifests if _follows(row, listed)}
    subjects = {digest: row.subject for digest, row in followers.items()}
    anchors = listed - followers.keys()
    found: dict[Digest, dict[Digest, Follower]] = {}
    for digest, row in followers.items():
        if row.subject is not None and _reaches(digest, subjects, anchors):
            found.setdefault(row.subject, {})[digest] = Follower(row)
    return found


def _follows(row: Row, listed: AbstractSet[Digest]) -> bool:
    return isinstance(row, ManifestRow) and row.kind is not Kind.IMAGE and row.subject in listed


def _reaches(digest: Digest, subjects: Mapping[Digest, Digest | None], anchors: AbstractSet[Digest]) -> bool:
    """Tell whether the chain of subjects from `digest` on ends in something that stands by itself."""
    for _ in range(CHAIN_LIMIT):
        subject = subjects.get(digest)
        if subject is None:
            return False
        if subject in anchors:
            return True
        digest = subject
    return False
