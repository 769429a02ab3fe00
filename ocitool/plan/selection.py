"""Which manifests stay, which go, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.errors import IntegrityError, SelectionError, UsageError
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import Image, ImageGraph, Kind, ManifestNode, State
from ocitool.model.platform_selection import EVERY_PLATFORM
from ocitool.plan.choice import ImageSelection, Ledger, Selection, corrupt, describe
from ocitool.plan.followers import FollowerSelector
from ocitool.plan.note import note, warning
from ocitool.plan.options import FilterOptions, Followers, IndexForm, Missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.model.platform_selection import PlatformSelection

_LIST_LIMIT: Final = 20


def select(graph: ImageGraph, options: FilterOptions) -> Selection:
    """Choose the manifests to keep of all images of a graph.

    Raises `SelectionError` if a wanted platform is not listed or absent, `IntegrityError` if one is
    partial or corrupt, `UsageError` if the index form cannot hold what was chosen.
    """
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
        artifacts = [image for image in images if image.is_artifact]
        selected = [
            selection
            for image in images
            if not image.is_artifact and (selection := self._select_image(image)) is not None
        ]
        selected += self._followers.beside(artifacts, selected)
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
        form = self._form(image, kept, manifests)
        self._check_labels(image, kept, form)
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
        reason = "listed, but absent" if node.state is State.ABSENT else f"partial: {_count_missing(node)}"
        self._ledger.drop(image, [node], reason)
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

    def _form(self, image: Image, kept: Sequence[ManifestNode], manifests: Sequence[ManifestNode]) -> IndexForm:
        asked = self._options.index
        different = len({node.descriptor.digest for node in kept})
        if asked is IndexForm.FLAT and different > 1:
            raise UsageError(
                f"--index flat holds one platform, but {different} of {image.label} are selected",
                remedy="select one platform or use --index nested",
            )
        _check_one_manifest_per_platform(image, kept)
        if asked is not IndexForm.AUTO:
            return asked
        if different > 1:
            return IndexForm.NESTED
        untold = [node for node in kept if not _config_tells_platform(node)]
        if untold:
            self._ledger.notes.append(
                note(
                    f"{image.label} stays nested: its config does not say the variant of {manifest_name(untold[0])}, "
                    "and the flat form has no other place for it"
                )
            )
            return IndexForm.NESTED
        digests = {node.descriptor.digest for node in kept}
        if self._options.attestations is Followers.FOLLOW and any(
            node.kind is Kind.ATTESTATION and node.subject in digests for node in manifests
        ):
            return IndexForm.NESTED
        return IndexForm.FLAT

    def _check_labels(self, image: Image, kept: Sequence[ManifestNode], form: IndexForm) -> None:
        """Refuse to write an index that lists a manifest as another platform than its config says."""
        for node in kept:
            if not node.platforms_disagree or node.listed is None:
                continue
            text = f"{image.label} lists {node.listed.display}, but its config says {manifest_name(node)}"
            if form is IndexForm.NESTED:
                raise IntegrityError(
                    f"{text} (manifest {node.descriptor.digest})",
                    remedy=f"build it again, or take {manifest_name(node)} alone: the flat form lists no platform",
                )
            self._ledger.notes.append(warning(f"{text}; it is taken for what its config says"))

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


def _check_one_manifest_per_platform(image: Image, kept: Sequence[ManifestNode]) -> None:
    """Refuse a name that two roots give to two images of one platform: importers let either win."""
    if len(image.roots) < 2:
        return
    seen: dict[str, ManifestNode] = {}
    for node in kept:
        earlier = seen.setdefault(str(node.platform and node.platform.normalized()), node)
        if earlier.descriptor.digest != node.descriptor.digest:
            raise IntegrityError(
                f"the name {image.label} stands for two different {manifest_name(node)} images: "
                f"{earlier.descriptor.digest} and {node.descriptor.digest}",
                remedy="give each image a name of its own and export again",
            )


def _config_tells_platform(node: ManifestNode) -> bool:
    """Tell whether a flat descriptor, which has no platform, would be read as the platform this is."""
    if node.platform is None or node.configured is None:
        return True
    listed, configured = node.platform.normalized(), node.configured.normalized()
    return listed.variant == configured.variant


def _count_missing(node: ManifestNode) -> str:
    return f"{len(node.missing)} of {len(node.contents)} blobs missing"


def _unavailable(image: Image, node: ManifestNode) -> SelectionError | IntegrityError:
    if node.state is State.ABSENT:
        return SelectionError(
            f"{describe(image, node)} is listed, but its manifest {node.descriptor.digest} is not in the archive",
            remedy="-p available takes the complete platforms only",
        )
    return IntegrityError(
        f"{describe(image, node)} is partial: {_count_missing(node)}, first {node.missing[0].digest}",
        remedy="export it again after a full pull, or take the complete platforms with -p available",
    )
