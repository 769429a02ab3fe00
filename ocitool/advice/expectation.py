"""What an import should leave behind: of each image its name, and the platforms that are wanted of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ocitool.graph.image import Kind
from ocitool.graph.node import importer_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.graph.image import Image
    from ocitool.model.digest import Digest
    from ocitool.model.platform import Platform


@dataclass(frozen=True, slots=True)
class ImageExpectation:
    """What one image should become: a record of one of its names, or at least of its content, with some platforms."""

    names: frozenset[str]
    digests: frozenset[Digest]
    platforms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What all images of an archive should become; `absent` are platforms that are wanted and in none of them."""

    images: tuple[ImageExpectation, ...]
    absent: tuple[Platform, ...]

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, facts: ArchiveFacts, wanted: tuple[Platform, ...]) -> Expectation:
        """Return what is expected of an archive; commands and versions are many, and are held to the same."""
        finder = _WantedFinder(wanted)
        made = [(image, finder.platforms_of(image)) for image in facts.graph.images]
        images = tuple(_expected(image, found) for image, found in made if found and not image.is_artifact)
        return cls(images, tuple(platform for platform in wanted if platform not in finder.found))


class _WantedFinder:
    """Tells which platforms of images are wanted, and remembers those that were found."""

    def __init__(self, wanted: Sequence[Platform]) -> None:
        self.found: set[Platform] = set()
        self._wanted: defaultdict[tuple[str, str, str], list[Platform]] = defaultdict(list)
        for platform in wanted:
            plain = platform.normalized()
            self._wanted[plain.os, plain.architecture, plain.variant].append(platform)

    def platforms_of(self, image: Image) -> frozenset[str]:
        """Return the platforms of an image that are wanted, by the names that are displayed."""
        platforms = {node.platform for node in image.manifests() if node.kind is Kind.IMAGE and node.platform}
        return frozenset(platform.display for platform in platforms if self._is_wanted(platform))

    def _is_wanted(self, platform: Platform) -> bool:
        plain = platform.normalized()
        alike = self._wanted.get((plain.os, plain.architecture, plain.variant), ())
        fitting = [want for want in alike if want.matches(platform)]
        self.found.update(fitting)
        return bool(fitting)


def _expected(image: Image, platforms: frozenset[str]) -> ImageExpectation:
    names = {image.name, importer_name(image.name)} if image.name else set()
    # Importers that keep one platform record its manifest, not the index that listed it.
    roots = (root.node.descriptor.digest for root in image.roots)
    manifests = (node.descriptor.digest for node in image.manifests())
    return ImageExpectation(frozenset(names), frozenset((*roots, *manifests)), platforms)
