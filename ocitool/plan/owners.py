"""Which attached artifacts belong to which image, and which to none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.plan.subjects import image_subjects, own_digests

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ocitool.graph.image import Image
    from ocitool.model.digest import Digest


@dataclass(frozen=True, slots=True)
class Owners:
    """Places in a list of artifacts: for each image what refers to it, and chains of those that refer to none."""

    owned: tuple[tuple[int, ...], ...]
    free: tuple[tuple[int, ...], ...]


def owners_of_artifacts(artifacts: Sequence[Image], images: Sequence[Image]) -> Owners:
    """Tell which images, or which other artifacts, each artifact refers to, directly or not.

    One that lists several may refer to several images, and goes to each with what refers to that.
    """
    subjects = [image_subjects(artifact) for artifact in artifacts]
    referring: dict[Digest, list[int]] = {}
    for place, found in enumerate(subjects):
        for subject in found:
            referring.setdefault(subject, []).append(place)
    owned = tuple(tuple(sorted(_reach(own_digests(image), artifacts, referring))) for image in images)
    seen = {place for places in owned for place in places}
    rest = [place for place in range(len(artifacts)) if place not in seen]
    inside = {digest for place in rest for digest in own_digests(artifacts[place])}
    free: list[tuple[int, ...]] = []
    # A circle has no first link; whichever comes first is one.
    for place in sorted(rest, key=lambda place: not inside.isdisjoint(subjects[place])):
        if place not in seen:
            chain = {place, *_reach(own_digests(artifacts[place]), artifacts, referring)}
            free.append(tuple(sorted(chain - seen)))
            seen |= chain
    return Owners(owned, tuple(sorted(free)))


def _reach(
    digests: Iterable[Digest], artifacts: Sequence[Image], referring: Mapping[Digest, Sequence[int]]
) -> set[int]:
    """Return what refers to any of `digests`, and what refers to that."""
    found: set[int] = set()
    waiting = list(digests)
    while waiting:
        for place in referring.get(waiting.pop(), ()):
            if place not in found:
                found.add(place)
                waiting += own_digests(artifacts[place])
    return found
