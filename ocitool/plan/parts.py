"""The parts of a split before they are archives: which platforms of which images, and which artifacts with them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocitool.errors import SelectionError, UsageError
from ocitool.model.limits import PART_LIMIT
from ocitool.plan.options import SplitBy, SplitOptions
from ocitool.plan.owners import owners_of_artifacts
from ocitool.plan.platform_choice import ChosenImage, PlatformChoice
from ocitool.plan.subjects import is_follower

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.graph.image import Image, ImageGraph
    from ocitool.model.platform import Platform


@dataclass(frozen=True, slots=True)
class Part:
    """What one archive is to hold; `platform` if it is of one, `number` if it is one of several that were packed.

    `artifacts` are candidates: those whose subject is kept go with it.
    """

    images: tuple[ChosenImage, ...]
    artifacts: tuple[Image, ...] = ()
    platform: Platform | None = None
    number: int = 0

    @property
    def label(self) -> str:
        """What it is, for messages."""
        names = [chosen.image.label for chosen in self.images] or [image.label for image in self.artifacts]
        what = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        return what if self.platform is None else f"{self.platform.display} of {what}"


def parts_of(graph: ImageGraph, choice: PlatformChoice, split: SplitOptions) -> list[Part]:
    """Divide what was chosen into parts, in document order, as small as they may be.

    With a size to fill, a part is one image, and `join_parts` makes more of several. Raises `SelectionError` if a
    manifest to be put with its platform has none.
    """
    artifacts = [image for image in graph.images if is_follower(image)]
    owners = owners_of_artifacts(artifacts, [chosen.image for chosen in choice.images])
    of_images = [
        Part((chosen,), tuple(artifacts[place] for place in owners.owned[number]))
        for number, chosen in enumerate(choice.images)
    ]
    if split.by is SplitBy.IMAGE:
        return [*of_images, *(Part((), tuple(artifacts[place] for place in chain)) for chain in owners.free)]
    of_both: list[Part] = []
    for image in of_images:
        # What one image multiplies, it is walked for each time.
        of_both += check_count(list(_by_platform(image)))
    if split.by is SplitBy.IMAGE_PLATFORM or split.max_size is not None:
        return of_both
    platforms: defaultdict[Platform | None, list[Part]] = defaultdict(list)
    for part in of_both:
        platforms[part.platform].append(part)
    return [join_parts(parts) for parts in platforms.values()]


def check_count(parts: list[Part]) -> list[Part]:
    """Return `parts`; raises `UsageError` if they are more than anybody means to have."""
    if len(parts) > PART_LIMIT:
        raise UsageError(
            f"{len(parts)} parts are more than the {PART_LIMIT} that a split writes",
            remedy="choose with -p or --image, or put images together with --max-size",
        )
    return parts


def join_parts(parts: Sequence[Part], number: int = 0) -> Part:
    """Make one part of several of the same platform, or of any."""
    artifacts = {id(image): image for part in parts for image in part.artifacts}
    return Part(
        images=tuple(chosen for part in parts for chosen in part.images),
        artifacts=tuple(artifacts.values()),
        platform=parts[0].platform,
        number=number,
    )


def _by_platform(part: Part) -> Iterator[Part]:
    """Divide a part of one image by its platforms, in the order of the index."""
    (chosen,) = part.images
    platforms: defaultdict[Platform, list[int]] = defaultdict(list)
    for place, node in enumerate(chosen.kept):
        if node.platform is None:
            raise SelectionError(
                f"the platform of {node.descriptor.digest} of {chosen.image.label} cannot be told",
                remedy="name platforms with -p, or split --by image",
            )
        platforms[node.platform.normalized()].append(place)
    for platform, places in platforms.items():
        kept = tuple(chosen.kept[place] for place in places)
        yield replace(part, images=(ChosenImage(chosen.image, kept),), platform=platform)
