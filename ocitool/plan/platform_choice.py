"""Which platforms of which images are wanted, and there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.errors import IntegrityError, SelectionError
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import Image, ImageGraph, Kind, ManifestNode, State
from ocitool.model.platform_selection import EVERY_PLATFORM
from ocitool.plan.choice import ABSENT, Dropped, Ledger, corrupt, describe, incompleteness, require_readable
from ocitool.plan.note import Note, note, warning
from ocitool.plan.options import FilterOptions, Missing
from ocitool.plan.subjects import is_follower

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ocitool.model.platform import Platform
    from ocitool.model.platform_selection import PlatformSelection, PlatformSpecifier

_LIST_LIMIT: Final = 20


@dataclass(frozen=True, slots=True)
class ChosenImage:
    """An image, and the manifests of the platforms that are kept of it, in document order."""

    image: Image
    kept: tuple[ManifestNode, ...]


@dataclass(frozen=True, slots=True)
class PlatformChoice:
    """What is kept of each image, before anything that goes with it; `everything` keeps what has no platform."""

    images: tuple[ChosenImage, ...]
    everything: bool
    dropped: tuple[Dropped, ...]
    notes: tuple[Note, ...]


def choose_platforms(graph: ImageGraph, options: FilterOptions) -> PlatformChoice:
    """Choose the manifests of the wanted platforms.

    Raises `SelectionError` if a wanted platform is not listed or absent, `IntegrityError` if one is partial or
    corrupt.
    """
    return _Chooser(graph, options).run()


class _Chooser:
    def __init__(self, graph: ImageGraph, options: FilterOptions) -> None:
        self._graph = graph
        self._wanted: PlatformSelection = options.platforms
        self._skip = options.missing is Missing.SKIP
        # Only selections that mean "everything" keep what has no platform at all.
        self._everything = not self._wanted.includes or any(
            specifier.pattern == EVERY_PLATFORM for specifier in self._wanted.includes
        )
        self._ledger = Ledger()
        self._matching: dict[Platform, tuple[PlatformSpecifier, ...]] = {}

    def run(self) -> PlatformChoice:
        self._check_specifiers(self._graph.images)
        chosen = [
            ChosenImage(image, tuple(kept))
            for image in self._graph.images
            if not is_follower(image) and (kept := self._choose(image))
        ]
        return PlatformChoice(tuple(chosen), self._everything, tuple(self._ledger.dropped), tuple(self._ledger.notes))

    def _check_specifiers(self, images: Sequence[Image]) -> None:
        """Hold every specifier to something in the archive, so that a typing error is not a smaller archive."""
        found = self._found(node for image in images for node in image.manifests())
        # What cannot be read may be what is asked for; whoever selects from it has the better message.
        unreadable = any(
            node.platform is None and node.kind is Kind.IMAGE for image in images for node in image.manifests()
        ) or any(index.state is not State.COMPLETE for image in images for index in image.indexes())
        for specifier in self._wanted.specifiers:
            if specifier in found:
                continue
            if self._skip:
                self._ledger.notes.append(note(f"nothing in the archive matches {specifier}"))
            elif not unreadable and specifier.pattern != EVERY_PLATFORM:
                raise SelectionError(f"nothing in the archive matches {specifier}", remedy=there_is(images))

    def _choose(self, image: Image) -> list[ManifestNode]:
        """Return what is kept of one image, nothing if all of it may be left out."""
        if not self._has_indexes(image):
            self._ledger.notes.append(warning(f"{image.label} is left out: its index is not in the archive"))
            self._ledger.drop(image, image.manifests(), "its image is left out")
            return []
        listed = [node for node in image.manifests() if node.kind is Kind.IMAGE]
        found = self._found(listed)
        # So that no other platform can be meant.
        named = bool(self._wanted.includes) and all(one.is_literal and one in found for one in self._wanted.includes)
        kept = [node for node in listed if self._keeps(image, node, named=named)]
        self._check_literals(image, found)
        if not kept:
            self._leave_out(image, listed)
        return kept

    def _leave_out(self, image: Image, listed: Sequence[ManifestNode]) -> None:
        """Leave out an image of which nothing is kept; raises unless `--missing skip` allows that."""
        if not self._skip and self._is_excluded(listed):
            raise SelectionError(
                f"{self._wanted} leaves nothing of {image.label}: what it asks for, it also excludes",
                remedy=there_is([image]),
            )
        # What is absent may be of any platform, so it counts as asked for.
        lacking = [
            node
            for node in listed
            if node.state is not State.COMPLETE and (node.platform is None or self._wanted.wants(node.platform))
        ]
        nothing = "no complete platform" if lacking else f"no platform that matches {self._wanted}"
        if not self._skip:
            raise SelectionError(
                f"{image.label} has {nothing}",
                remedy=f"{there_is([image])}; --missing skip leaves such images out",
            )
        self._ledger.notes.append(warning(f"{image.label} is left out: it has {nothing}"))
        self._ledger.drop(image, image.attached, "its image is left out")

    def _has_indexes(self, image: Image) -> bool:
        """Tell whether the indexes are there to choose from; raises unless what is absent may be left out."""
        roots = {root.node for root in image.roots}
        for index in image.indexes():
            require_readable(image, index)
            if index.state is not State.ABSENT:
                continue
            is_root = index in roots
            if not self._skip and (is_root or not self._wanted.only_complete):
                raise SelectionError(
                    f"the index {index.descriptor.digest} of {image.label} is not in the archive, so its platforms "
                    "are unknown",
                    remedy="export the image again, or leave it out with --missing skip"
                    if is_root
                    else "export the image again, or go without that index with -p available",
                )
            self._ledger.drop(image, [index], ABSENT)
            if is_root and len(image.roots) == 1:
                return False
            self._ledger.notes.append(
                warning(f"the index {index.descriptor.digest} of {image.label} is absent and is dropped")
            )
        return True

    def _is_excluded(self, listed: Sequence[ManifestNode]) -> bool:
        return any(
            node.platform is not None and any(specifier.matches(node.platform) for specifier in self._wanted.includes)
            for node in listed
        ) and bool(self._wanted.excludes)

    def _specifiers(self, platform: Platform) -> tuple[PlatformSpecifier, ...]:
        known = self._matching.get(platform)
        if known is None:
            known = self._matching[platform] = self._wanted.matching(platform)
        return known

    def _found(self, listed: Iterable[ManifestNode]) -> set[PlatformSpecifier]:
        """Return the specifiers that match the platform of any manifest."""
        return {one for node in listed if node.platform is not None for one in self._specifiers(node.platform)}

    def _keeps(self, image: Image, node: ManifestNode, *, named: bool) -> bool:
        """Decide about one platform; raises if it is wanted and cannot be had.

        One whose platform cannot be told may be the wanted one, unless all of those were found elsewhere.
        """
        if node.platform is None:
            # A config that says nothing of a platform is none of those that are asked for by name.
            wanted = self._everything if node.state is State.COMPLETE else not named
            repairs = self._skip or self._wanted.only_complete
        else:
            matching = self._specifiers(node.platform)
            asking = [one for one in matching if not one.exclude]
            is_asked = bool(asking) if self._wanted.includes else not node.platform.is_unknown
            wanted = is_asked and len(asking) == len(matching)
            repairs = self._skip or (bool(asking) and all(one.only_complete for one in asking))
        if not wanted:
            if node.state is State.CORRUPT:
                self._ledger.notes.append(warning(f"{describe(image, node)} is corrupt, but was not selected"))
            self._ledger.drop(image, [node], "platform not selected")
            return False
        if node.state is State.COMPLETE:
            return True
        if node.state is State.CORRUPT:
            raise corrupt(image, node)
        if not repairs:
            raise _unavailable(image, node)
        self._ledger.drop(image, [node], incompleteness(node))
        return False

    def _check_literals(self, image: Image, found: Collection[PlatformSpecifier]) -> None:
        if self._skip:
            return
        for specifier in self._wanted.includes:
            if specifier.is_literal and specifier not in found:
                raise SelectionError(
                    f"{image.label} has no platform {specifier}",
                    remedy=f"{there_is([image])}; --missing skip leaves out what is not there",
                )


def there_is(images: Sequence[Image]) -> str:
    """Return the platforms of some images in words, for a remedy."""
    names: dict[str, None] = {}
    for image in images:
        for node in image.manifests():
            if node.kind is Kind.IMAGE:
                state = "" if node.state is State.COMPLETE else f" ({node.state.value})"
                names[f"{manifest_name(node)}{state}"] = None
    there = list(names)
    more = f" and {len(there) - _LIST_LIMIT} more" if len(there) > _LIST_LIMIT else ""
    return f"there is {', '.join(there[:_LIST_LIMIT]) or 'no platform'}{more}"


def _unavailable(image: Image, node: ManifestNode) -> SelectionError | IntegrityError:
    others = any(each.kind is Kind.IMAGE and each.state is State.COMPLETE for each in image.manifests())
    without = "take the complete platforms with -p available" if others else "leave the image out with --missing skip"
    if node.state is State.ABSENT:
        return SelectionError(
            f"{describe(image, node)} is listed, but its manifest {node.descriptor.digest} is not in the archive",
            remedy=f"export it again after a full pull, or {without}",
        )
    return IntegrityError(
        f"{describe(image, node)} is {incompleteness(node)}, first {node.missing[0].digest}",
        remedy=f"export it again after a full pull, or {without}",
    )
