"""The images that are looked at: all of an archive, or those that `--image` names and what refers to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocitool.check.entry_names import list_entry
from ocitool.check.report import Place, Problem
from ocitool.graph.closure import first_uses
from ocitool.plan.choice import describe_names
from ocitool.plan.preparation import choose_images

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from ocitool.check.checked import CheckedArchive
    from ocitool.graph.image import ImageGraph
    from ocitool.model.reference import ImageFilter


@dataclass(frozen=True, slots=True)
class Scope:
    """An archive of the chosen images, the entries they list, and what is of others alone: entries and image labels.

    What is of no image, such as index.json or a blob that nothing lists, is always looked at.
    """

    archive: CheckedArchive
    entries: frozenset[str] = frozenset()
    other_entries: frozenset[str] = frozenset()
    other_images: frozenset[str] = frozenset()

    @classmethod
    def of(cls, archive: CheckedArchive, images: ImageFilter) -> Self:
        """Choose among the images of an archive."""
        if not images.patterns:
            return cls(archive)
        graph = archive.graph
        chosen = replace(graph, images=tuple(choose_images(graph.images, images)))
        labels = {image.label for image in chosen.images}
        entries = _entries(chosen)
        return cls(
            replace(archive, graph=chosen),
            entries,
            _entries(graph) - entries,
            frozenset(image.label for image in graph.images) - labels,
        )

    def holds(self, problem: Problem) -> bool:
        """Tell whether a problem is one of what is looked at; a blob that images share is of each of them."""
        place = problem.place
        if place.entry in self.other_entries:
            return False
        return place.image not in self.other_images or place.entry in self.entries


def unmatched_problems(archive: CheckedArchive, images: ImageFilter) -> Iterator[Problem]:
    """Yield the names of images that are asked for and match nothing (G3)."""
    for pattern in images.unmatched([image.name for image in archive.graph.images]):
        message = f"no image matches --image {pattern!r}; there is {describe_names(archive.graph.images)}"
        place = Place(list_entry(archive), "", pattern)
        yield Problem("G3", message, place, "check the name, or add the image")


def _entries(graph: ImageGraph) -> frozenset[str]:
    """Return where all blobs are, or should be, that images list."""
    digests = {use.descriptor.digest for use in first_uses(graph)}
    return frozenset(graph.blobs[digest].name if digest in graph.blobs else digest.blob_name for digest in digests)
