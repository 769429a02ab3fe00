"""The names that images should get which have none, or none that serves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ocitool.plan.filter_command import Rewrite
from ocitool.plan.full_names import new_name, old_name
from ocitool.plan.subjects import is_follower

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.check.report import Finding
    from ocitool.graph.image import Image, ImageGraph

_IMAGE_LIMIT: Final = 10
"""Images that one command names; more of them are named where the archive is made."""

_ROOT: Final = re.compile(r"\$\.manifests\[(\d+)\]")


def name_rewrites(graph: ImageGraph, findings: Sequence[Finding]) -> Iterator[Rewrite]:
    """Yield the commands that give all images of some findings a name, the shortest first."""
    images = _misnamed(graph, findings)
    if not images or len(images) > _IMAGE_LIMIT:
        return
    new = {id(image): new_name(image) for image in images}
    first = new[id(images[0])]
    if len(images) == 1 or all(image.name is None for image in images):
        yield Rewrite("give it its full name", name=first)
    advice = "give each its full name" if len(images) > 1 else "give it its full name"
    yield Rewrite(advice, renames=tuple((old_name(image), new[id(image)]) for image in images))


def _misnamed(graph: ImageGraph, findings: Sequence[Finding]) -> list[Image]:
    labels = {finding.place.image for finding in findings} - {""}
    roots = {int(found[1]) for finding in findings if (found := _ROOT.match(finding.place.path)) is not None}
    every = any(finding.rule == "I1" for finding in findings)
    subjects = {id(image) for image in graph.images if not is_follower(image)} or set(map(id, graph.images))
    return [
        image
        for image in graph.images
        if image.label in labels
        or any(root.place in roots for root in image.roots)
        or (every and image.name is None and id(image) in subjects)
    ]
