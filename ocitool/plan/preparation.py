"""What is done to a graph before anything is selected from it: which images count at all, and their names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocitool.errors import SelectionError
from ocitool.plan.choice import Dropped, Ledger, describe_names
from ocitool.plan.renaming import rename_images

if TYPE_CHECKING:
    from ocitool.graph.image import Image, ImageGraph
    from ocitool.plan.note import Note
    from ocitool.plan.options import FilterOptions


@dataclass(frozen=True, slots=True)
class Preparation:
    """A graph of the images to select from, and what was dropped and should be known already."""

    graph: ImageGraph
    dropped: tuple[Dropped, ...]
    notes: tuple[Note, ...]


def prepare(graph: ImageGraph, options: FilterOptions) -> Preparation:
    """Choose the images of a graph, and then give them their new names.

    Raises the first fault of the graph, since what cannot be trusted is not rewritten, `SelectionError` if an
    image that is asked for is not there, and what `rename_images` raises.
    """
    for fault in graph.faults:
        raise fault.to_error()
    ledger = Ledger()
    renamed = rename_images(_choose_images(graph, options, ledger), options.renaming)
    return Preparation(replace(graph, images=renamed.images), tuple(ledger.dropped), (*ledger.notes, *renamed.notes))


def _choose_images(graph: ImageGraph, options: FilterOptions, ledger: Ledger) -> list[Image]:
    names = [image.name for image in graph.images]
    unmatched = options.images.unmatched(names)
    if unmatched:
        raise SelectionError(
            f"no image matches --image {unmatched[0]!r}", remedy=f"the archive has {describe_names(graph.images)}"
        )
    chosen: list[Image] = []
    for image in graph.images:
        if options.images.matches(image.name):
            chosen.append(image)
        else:
            ledger.drop(image, image.manifests(), "image not chosen by --image")
    return chosen
