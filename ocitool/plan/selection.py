"""Which manifests stay, which go, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.errors import IntegrityError, SelectionError, UsageError
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import Image, ImageGraph, Kind, ManifestNode, State
from ocitool.model.platform_selection import EVERY_PLATFORM
from ocitool.plan.choice import ImageSelection, Ledger, Selection, corrupt, describe, incompleteness
from ocitool.plan.followers import FollowerSelector
from ocitool.plan.form import choose_form
from ocitool.plan.note import note, warning
from ocitool.plan.options import FilterOptions, Followers, IndexForm, Missing
from ocitool.plan.referrers import ReferrerSelector
from ocitool.plan.signatures import require_signatures, signature_warnings
from ocitool.plan.subjects import is_follower

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.model.platform_selection import PlatformSelection

_LIST_LIMIT: Final = 20


def select(graph: ImageGraph, options: FilterOptions) -> Selection:
    """Choose the manifests to keep of all images of a graph.

    Raises `SelectionError` if a wanted platform is not listed or absent, `IntegrityError` if one is
    partial or corrupt or a signature that is required would be lost, `UsageError` if the index form cannot hold
    what was chosen, or options contradict each other.
    """
    if options.require_signatures and options.referrers is Followers.DROP:
        raise UsageError(
            "--require-signatures and --referrers drop contradict each other", remedy="leave one of them out"
        )
    if options.fix_platforms and options.index is IndexForm.KEEP:
        raise UsageError(
            "--fix-platforms changes the index that --index keep is to keep", remedy="leave one of them out"
        )
    selector = _Selector(graph, options)
    return selector.run()


class _Selector:
    def __init__(self, graph: ImageGraph, options: FilterOptions) -> None:
        self._graph = graph
        self._options = options
        self._wanted: PlatformSelection = options.platforms
        self._skip = options.missing is Missing.SKIP
        # Only selections that mean "everything" keep what has no platform at all.
        self._everything = not self._wanted.includes or any(
            specifier.pattern == EVERY_PLATFORM for specifier in self._wanted.includes
        )
        self._ledger = Ledger()
        self._followers = FollowerSelector(options, self._ledger, everything=self._everything)

    def run(self) -> Selection:
        images = self._graph.images
        self._check_specifiers(images)
        artifacts = [image for image in images if is_follower(image)]
        beside = {id(image) for image in artifacts}
        selected = [
            selection
            for image in images
            if id(image) not in beside and (selection := self._select_image(image)) is not None
        ]
        referrers = ReferrerSelector(
            artifacts, selected, self._options, self._ledger, everything=self._everything
        ).choose()
        if self._options.require_signatures:
            require_signatures(self._ledger.lost)
        self._ledger.notes += signature_warnings(selected, self._ledger.lost)
        selected += referrers
        if not selected:
            raise SelectionError(f"nothing in the archive is left for {self._wanted}", remedy=self._there_is(images))
        order = {id(image): place for place, image in enumerate(self._graph.images)}
        selected.sort(key=lambda selection: order[id(selection.image)])
        return Selection(tuple(selected), tuple(self._ledger.dropped), tuple(self._ledger.notes))

    def _check_specifiers(self, images: Sequence[Image]) -> None:
        """Hold every specifier to something in the archive, so that a typing error is not a smaller archive."""
        listed = [node for image in images for node in image.manifests() if node.platform is not None]
        # What cannot be read may be what is asked for; whoever selects from it has the better message.
        unreadable = any(
            node.platform is None and node.kind is Kind.IMAGE for image in images for node in image.manifests()
        ) or any(index.state is not State.COMPLETE for image in images for index in image.indexes())
        for specifier in self._wanted.specifiers:
            if any(node.platform and specifier.matches(node.platform) for node in listed):
                continue
            if self._skip:
                self._ledger.notes.append(note(f"nothing in the archive matches {specifier}"))
            elif not unreadable and specifier.pattern != EVERY_PLATFORM:
                raise SelectionError(f"nothing in the archive matches {specifier}", remedy=self._there_is(images))

    def _select_image(self, image: Image) -> ImageSelection | None:
        manifests = tuple(image.manifests())
        if not self._has_indexes(image):
            self._ledger.notes.append(note(f"{image.label} is left out: its index is not in the archive"))
            self._ledger.drop(image, manifests, "its image is left out")
            return None
        listed = [node for node in manifests if node.kind is Kind.IMAGE]
        named = self._names_all(listed)
        kept = [node for node in listed if self._keeps(image, node, named=named)]
        self._check_literals(image, listed)
        if not kept:
            if not self._skip and self._is_excluded(listed):
                raise SelectionError(
                    f"{self._wanted} leaves nothing of {image.label}: what it asks for, it also excludes",
                    remedy=self._there_is([image]),
                )
            if not self._skip:
                raise SelectionError(
                    f"{image.label} has no platform that matches {self._wanted}",
                    remedy=f"{self._there_is([image])}; --missing skip leaves such images out",
                )
            self._ledger.notes.append(note(f"{image.label} is left out: it has none of {self._wanted}"))
            self._ledger.drop(
                image, (node for node in manifests if node.kind is not Kind.IMAGE), "its image is left out"
            )
            return None
        form = choose_form(image, kept, manifests, self._options, self._ledger)
        followers = self._followers.within(image, manifests, kept, form)
        chosen = {*kept, *followers}
        return ImageSelection(image, tuple(node for node in manifests if node in chosen), form)

    def _has_indexes(self, image: Image) -> bool:
        """Tell whether the indexes are there to choose from; raises unless what is absent may be left out."""
        roots = {root.node for root in image.roots}
        for index in image.indexes():
            digest = index.descriptor.digest
            if index.state is State.ABSENT:
                if index in roots and self._skip:
                    return False
                if index not in roots and (self._skip or self._wanted.only_complete):
                    self._ledger.notes.append(
                        warning(f"the index {digest} of {image.label} is absent and is dropped")
                    )
                    continue
                raise SelectionError(
                    f"the index {digest} of {image.label} is not in the archive, so its platforms are unknown",
                    remedy="export the image again",
                )
            if index.state is not State.COMPLETE:
                reason = index.damages[0].message if index.damages else "cannot be read"
                raise IntegrityError(
                    f"the index {digest} of {image.label} is corrupt: {reason}",
                    remedy="transfer or export the archive again",
                )
        return True

    def _is_excluded(self, listed: Sequence[ManifestNode]) -> bool:
        return any(
            node.platform is not None and any(specifier.matches(node.platform) for specifier in self._wanted.includes)
            for node in listed
        ) and bool(self._wanted.excludes)

    def _names_all(self, listed: Sequence[ManifestNode]) -> bool:
        """Tell whether every platform that is asked for is named and found, so that no other can be meant."""
        return bool(self._wanted.includes) and all(
            specifier.is_literal and any(node.platform and specifier.matches(node.platform) for node in listed)
            for specifier in self._wanted.includes
        )

    def _keeps(self, image: Image, node: ManifestNode, *, named: bool) -> bool:
        """Decide about one platform; raises if it is wanted and cannot be had.

        One whose platform cannot be told may be the wanted one, unless all of those were found elsewhere.
        """
        if node.platform is None:
            # A config that says nothing of a platform is none of those that are asked for by name.
            wanted = self._everything if node.state is State.COMPLETE else not named
            repairs = self._skip or self._wanted.only_complete
        else:
            wanted = self._wanted.wants(node.platform)
            asking = [specifier for specifier in self._wanted.includes if specifier.matches(node.platform)]
            repairs = self._skip or (bool(asking) and all(specifier.only_complete for specifier in asking))
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

    def _check_literals(self, image: Image, listed: Sequence[ManifestNode]) -> None:
        if self._skip:
            return
        for specifier in self._wanted.includes:
            if specifier.is_literal and not any(
                node.platform and specifier.matches(node.platform) for node in listed
            ):
                raise SelectionError(
                    f"{image.label} has no platform {specifier}",
                    remedy=f"{self._there_is([image])}; --missing skip leaves out what is not there",
                )

    def _there_is(self, images: Sequence[Image]) -> str:
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
    if node.state is State.ABSENT:
        return SelectionError(
            f"{describe(image, node)} is listed, but its manifest {node.descriptor.digest} is not in the archive",
            remedy="-p available takes the complete platforms only",
        )
    return IntegrityError(
        f"{describe(image, node)} is {incompleteness(node)}, first {node.missing[0].digest}",
        remedy="export it again after a full pull, or take the complete platforms with -p available",
    )
