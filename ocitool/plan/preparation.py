"""What is done to a graph before anything is selected from it: which images count, their names and labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocitool.errors import SelectionError
from ocitool.plan.choice import Dropped, Ledger, describe_names
from ocitool.plan.labels import correct_labels
from ocitool.plan.renaming import rename_images
from ocitool.plan.subjects import image_subjects, is_follower, own_digests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.graph.image import Image, ImageGraph
    from ocitool.model.digest import Digest
    from ocitool.model.reference import ImageFilter
    from ocitool.plan.note import Note
    from ocitool.plan.options import FilterOptions


@dataclass(frozen=True, slots=True)
class Preparation:
    """A graph of the images to select from, and what was dropped and should be known already."""

    graph: ImageGraph
    dropped: tuple[Dropped, ...]
    notes: tuple[Note, ...]


def prepare(graph: ImageGraph, options: FilterOptions) -> Preparation:
    """Choose the images of a graph, give them their new names, and correct the platforms that they list.

    Raises the first fault of the graph, since what cannot be trusted is not rewritten, `SelectionError` if an
    image that is asked for is not there, and what `rename_images` raises.
    """
    for fault in graph.faults:
        raise fault.to_error()
    ledger = Ledger()
    renamed = rename_images(_choose_images(graph, options, ledger), options.renaming)
    images = tuple(map(correct_labels, renamed.images)) if options.fix_platforms else renamed.images
    return Preparation(replace(graph, images=images), tuple(ledger.dropped), (*ledger.notes, *renamed.notes))


def _choose_images(graph: ImageGraph, options: FilterOptions, ledger: Ledger) -> list[Image]:
    names = [image.name for image in graph.images]
    unmatched = options.images.unmatched(names)
    if unmatched:
        raise SelectionError(
            f"no image matches --image {unmatched[0]!r}", remedy=f"the archive has {describe_names(graph.images)}"
        )
    chosen = choose_images(graph.images, options.images)
    kept = set(map(id, chosen))
    for image in graph.images:
        if id(image) not in kept:
            ledger.drop(image, image.manifests(), "image not chosen by --image")
    return chosen


def choose_images(images: Sequence[Image], wanted: ImageFilter) -> list[Image]:
    """Return the images that are wanted and what refers to them, in their order."""
    matching = [image for image in images if wanted.matches(image.name)]
    kept = {id(image) for image in (*matching, *_referrers(images, matching))}
    return [image for image in images if id(image) in kept]


def _referrers(images: Sequence[Image], wanted: Sequence[Image]) -> list[Image]:
    """Return what refers to images that are wanted, and what refers to that; most has no name to choose it by."""
    if len(wanted) == len(images):
        return []
    referring: dict[Digest, list[Image]] = {}
    for image in images:
        for subject in image_subjects(image) if is_follower(image) else ():
            referring.setdefault(subject, []).append(image)
    found: dict[int, Image] = {}
    waiting = list(wanted)
    while waiting:
        for digest in own_digests(waiting.pop()):
            new = {id(image): image for image in referring.pop(digest, ()) if id(image) not in found}
            found |= new
            waiting += new.values()
    return list(found.values())
