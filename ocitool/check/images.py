"""Rules of images: what index.json lists, under which names and platforms, and what importers make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.check.report import Place, Problem
from ocitool.graph.closure import manifest_name
from ocitool.graph.layout_files import DOCKER_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.check.checked import CheckedArchive
    from ocitool.graph.image import Image


def image_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield what is wrong with images that are whole and well-formed in themselves."""
    for image in archive.graph.images:
        yield from _platform_problems(image)
        yield from _docker_problems(image)


def _platform_problems(image: Image) -> Iterator[Problem]:
    """Find index entries of another platform than the config (X18)."""
    for node in image.manifests():
        if node.platforms_disagree and node.listed is not None:
            name = manifest_name(node)
            yield Problem(
                "X18",
                f"{image.label} lists this manifest as {node.listed.display}, but its config says {name}",
                Place(node.descriptor.digest.blob_name, "", image.label, name),
            )


def _docker_problems(image: Image) -> Iterator[Problem]:
    """Find images of a docker-archive that no manifest can be made for (V25: manifest.json says what is there)."""
    for node in image.manifests():
        for damage in node.damages:
            if damage.descriptor is None:
                place = Place(DOCKER_NAME, "", image.label, manifest_name(node))
                yield Problem("V25", f"{image.label}: {damage.message}", place, damage.remedy)
