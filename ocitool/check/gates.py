"""What was asked for: platforms, nothing but them, and images of a list (G1, G2, G3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.check.catalogue.remedies import EXPORT_ALL
from ocitool.check.entry_names import blob_entry, list_entry
from ocitool.check.known_images import KnownImages
from ocitool.check.platform_gate import Unmet, idle_specifiers, platform_problems, untold_manifests
from ocitool.check.report import Place, Problem
from ocitool.errors import UsageError
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import Kind
from ocitool.model.reference import ImageFilter
from ocitool.plan.subjects import is_follower

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from ocitool.check.checked import CheckedArchive
    from ocitool.graph.image import Image
    from ocitool.model.platform_selection import PlatformSelection
    from ocitool.model.reference import Reference

_NEAR_LIMIT: Final = 3
"""Images of the same repository that a message names."""


@dataclass(frozen=True, slots=True)
class Gates:
    """What an archive has to hold.

    Every image the `platforms`, complete; with `only` no others; and the `images`, each under its name, or with the
    digest that it names. Of an archive with several only the images in `scope` are looked at. Raises `UsageError`
    for `only` without platforms.
    """

    platforms: PlatformSelection | None = None
    only: bool = False
    images: tuple[Reference, ...] = ()
    scope: ImageFilter = field(default_factory=ImageFilter)

    def __post_init__(self) -> None:
        if self.only and self.platforms is None:
            raise UsageError("--only needs -p", remedy="name the platforms that are allowed, such as -p linux/amd64")

    @property
    def asked(self) -> frozenset[str]:
        """The rules of what was asked for."""
        rules = {"G1": self.platforms is not None, "G2": self.only, "G3": bool(self.images or self.scope.patterns)}
        return frozenset(rule for rule, is_asked in rules.items() if is_asked)


def gate_problems(archive: CheckedArchive, gates: Gates) -> Iterator[Problem]:
    """Yield what was asked for and is not there, or there and must not be.

    Artifacts and attestations have no platform, so that those of images alone count.
    """
    known = KnownImages.of(archive.graph.images)
    required = {reference: known.find(reference) for reference in gates.images}
    if gates.platforms is not None:
        listed = {id(image) for found in required.values() for image in found}
        yield from _platform_gate(archive, gates.platforms, listed, only=gates.only)
    for reference, found in required.items():
        if not found:
            yield _missing(archive, known, reference)
        for image in found:
            for unmet in platform_problems(archive, image, gates.platforms):
                yield _problem("G3", image, unmet)


def _platform_gate(
    archive: CheckedArchive, wanted: PlatformSelection, listed: Container[int], *, only: bool
) -> Iterator[Problem]:
    """Hold every image to its platforms; what is `listed` is said of the list, once."""
    images = [image for image in archive.graph.images if not is_follower(image)]
    if not images:
        yield Problem("G1", f"{_nothing(archive)}, so not {wanted} either", _list_place(archive))
    for specifier in idle_specifiers(images, wanted):
        yield Problem("G1", f"no image lists anything that matches {specifier}", _list_place(archive))
    for image in images:
        if id(image) not in listed:
            for unmet in platform_problems(archive, image, wanted):
                yield _problem("G1", image, unmet)
        if only:
            yield from _only_problems(archive, image, wanted)


def _problem(rule: str, image: Image, unmet: Unmet) -> Problem:
    return Problem(rule, unmet.message, Place(unmet.entry, "", image.label, unmet.platform), EXPORT_ALL)


def _only_problems(archive: CheckedArchive, image: Image, wanted: PlatformSelection) -> Iterator[Problem]:
    """Find the platforms of an image that were not asked for, whether all of them is there or not (G2)."""
    for node in image.manifests():
        if node.kind is Kind.IMAGE and node.platform is not None and not wanted.wants(node.platform):
            name = manifest_name(node)
            place = Place(blob_entry(archive, node.descriptor.digest), "", image.label, name)
            yield Problem("G2", f"{image.label} lists {name}, which is not among {wanted}", place)
    for node in untold_manifests(image):
        place = Place(blob_entry(archive, node.descriptor.digest), "", image.label, manifest_name(node))
        message = f"{image.label} lists a manifest whose platform cannot be told; it may be other than {wanted}"
        yield Problem("G2", message, place)


def _missing(archive: CheckedArchive, known: KnownImages, reference: Reference) -> Problem:
    place = Place(_list_place(archive).entry, "", reference.full)
    if not archive.graph.images:
        return Problem("G3", f"{_nothing(archive)}, so not {reference} either", place)
    return Problem("G3", f"{reference} is not in the archive{_near(known, reference)}", place)


def _near(known: KnownImages, reference: Reference) -> str:
    """Say what is there of the same content or repository, for whoever mistook a name."""
    content = known.by_digest.get(reference.digest, ())
    if content:
        return f"; what it names by its digest is there as {content[0].label}"
    same = [image.label for image in known.by_repository.get(reference.repository, ())]
    more = f" and {len(same) - _NEAR_LIMIT} more" if len(same) > _NEAR_LIMIT else ""
    return f"; of that repository there is {', '.join(same[:_NEAR_LIMIT])}{more}" if same else ""


def _nothing(archive: CheckedArchive) -> str:
    """Say why there are no images."""
    unreadable = _unreadable_list(archive)
    return f"{unreadable} cannot be read, so no image is known" if unreadable else "the archive lists no image"


def _list_place(archive: CheckedArchive) -> Place:
    return Place(_unreadable_list(archive) or list_entry(archive))


def _unreadable_list(archive: CheckedArchive) -> str:
    """Return the document that lists the images if nothing of it can be read."""
    if archive.graph.images or archive.graph.index:
        return ""
    return next((fault.where or list_entry(archive) for fault in archive.graph.faults if fault.rule == "L7"), "")
