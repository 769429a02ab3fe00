"""Referrers and artifacts that index.json lists beside the images, and which of them go with what is kept.

Several roots of one name are several things. An index of artifacts is written anew with those that are kept; not so
where its name has other roots, which an index made of it would take in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocitool.graph.image import Image, IndexNode, Kind, ManifestNode, State, walk_indexes
from ocitool.plan.choice import (
    Cause,
    ImageSelection,
    Ledger,
    corrupt,
    incomplete_warning,
    incompleteness,
    require_readable,
)
from ocitool.plan.followers import NO_PLATFORM, NOT_KEPT, dropped_by_option, lose
from ocitool.plan.note import note
from ocitool.plan.options import FilterOptions, Followers, IndexForm
from ocitool.plan.recompression import is_remade
from ocitool.plan.subjects import HeldDigests, Referrer, root_referrers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ocitool.graph.image import Node, Root
    from ocitool.model.digest import Digest

_FLAT: Final = "its subject stands alone in the flat form"


@dataclass(slots=True)
class _Candidate:
    """A referrer, how many of its subjects are still to be found, and why it cannot be kept if not for none.

    `origin` is what it refers to in an image of the output, itself or by what it refers to.
    """

    referrer: Referrer
    listing: _Listing
    option: str
    lacking: int
    is_reached: bool = False
    cause: Cause | None = None
    origin: Digest | None = None

    @property
    def is_kept(self) -> bool:
        is_there = self.referrer.node.state is State.COMPLETE and not self.listing.lacking
        return self.is_reached and self.cause is None and is_there


class _Listing:
    """A root of an artifact, what it lists, and the digests that it has in the output."""

    def __init__(self, image: Image, root: Root, options: FilterOptions) -> None:
        self.image = image
        self.root = root
        referrers = list(root_referrers(root))
        dropped = [_dropped_by_option(referrer, options) for referrer in referrers]
        self.lacking = ""
        """What the archive lacks of one, where none is kept without all others."""
        if isinstance(root.node, IndexNode) and len(image.roots) > 1:
            together = frozenset(subject for referrer in referrers for subject in referrer.subjects)
            referrers = [Referrer(referrer.node, together) for referrer in referrers]
            dropped = [next(filter(None, dropped), "")] * len(dropped)
            lacking = [each.node for each in referrers if each.node.state in {State.ABSENT, State.PARTIAL}]
            self.lacking = f"beside it in its index, {lacking[0].descriptor.digest} is missing" if lacking else ""
        self.candidates = [
            _Candidate(referrer, self, reason, len(referrer.subjects))
            for referrer, reason in zip(referrers, dropped, strict=True)
        ]
        self._digests = HeldDigests(Image(image.name, (root,)), IndexForm.NESTED)
        self._left = dict.fromkeys(index.descriptor.digest for index in walk_indexes(root.node))

    def keep(self, node: Node) -> list[Digest]:
        """Return what others may refer to once `node` is kept."""
        digests = self._digests.keep(node) if isinstance(node, ManifestNode) else [node.descriptor.digest]
        digests += self._digests.at_once
        self._digests.at_once.clear()
        for digest in digests:
            self._left.pop(digest, None)
        return digests

    def rewritten(self) -> list[Digest]:
        """Return the digests of indexes that are not in the output as they were."""
        return list(self._left)

    @property
    def is_whole(self) -> bool:
        return all(candidate.is_kept for candidate in self.candidates)


class ReferrerSelector:
    """Choose among `artifacts`, all that is no image of a platform, what refers to something in the output."""

    def __init__(
        self,
        artifacts: Sequence[Image],
        selected: Sequence[ImageSelection],
        options: FilterOptions,
        ledger: Ledger,
        *,
        everything: bool,
    ) -> None:
        self._artifacts = artifacts
        self._selected = selected
        self._options = options
        self._ledger = ledger
        self._everything = everything
        self._listings = [[_Listing(image, root, options) for root in image.roots] for image in artifacts]
        self._candidates = [
            candidate for listings in self._listings for listing in listings for candidate in listing.candidates
        ]
        self._touched: dict[int, _Listing] = {}
        """By identity, the roots of which anything refers to what is kept."""
        self._referring: dict[Digest, list[_Candidate]] = {}
        for candidate in self._candidates:
            if not candidate.option:
                for subject in candidate.referrer.subjects:
                    self._referring.setdefault(subject, []).append(candidate)

    def choose(self) -> list[ImageSelection]:
        """Return what stays; raises `IntegrityError` if it is damaged, `UsageError` if it is asked for and cannot."""
        self._reach()
        flat = 0
        for candidate in self._candidates:
            if reason := self._reason(candidate):
                self._ledger.drop(candidate.listing.image, [_as_artifact(candidate.referrer.node)], reason)
                flat += reason == _FLAT
        if flat:
            self._ledger.notes.append(
                note(
                    f"{flat} referrer(s) of images that stand alone are dropped, since skopeo reads no other "
                    "image beside one without being told; --referrers follow or --index nested keeps them"
                )
            )
        return [selection for listings in self._listings if (selection := _selection_of(listings)) is not None]

    def _reason(self, candidate: _Candidate) -> str:
        """Return why a candidate is not kept, "" if it is, and write down what is lost by that."""
        image, node = candidate.listing.image, _as_artifact(candidate.referrer.node)
        is_unknown = node.state is State.ABSENT and not candidate.referrer.subjects
        if candidate.option:
            return candidate.option
        if candidate.cause is not None:
            lose(image, node, candidate.origin, candidate.cause, self._options, self._ledger)
            return _FLAT if candidate.cause is Cause.FORM else candidate.cause.value
        if not candidate.is_reached and not is_unknown:
            return NOT_KEPT if candidate.referrer.subjects else NO_PLATFORM
        if node.state is State.COMPLETE and not candidate.listing.lacking:
            return ""
        if isinstance(node, IndexNode):
            require_readable(image, node)
        elif node.state is State.CORRUPT:
            raise corrupt(image, node)
        if candidate.referrer.may_refer:
            lose(image, node, candidate.origin, Cause.INCOMPLETE, self._options, self._ledger)
        if node.state is State.COMPLETE:
            return candidate.listing.lacking
        self._ledger.notes.append(incomplete_warning(image, node))
        return incompleteness(node)

    def _reach(self) -> None:
        """Find what refers to what is kept, and what refers to that, as a signature of an SBOM does.

        A digest that the output has in one image counts before one that it lacks in another.
        """
        if not self._candidates:
            return
        for candidate in self._candidates:
            if not candidate.referrer.subjects and self._everything:
                self._follow(self._found(candidate, None), None)
        held = [(selection.form, list(self._held(selection))) for selection in self._selected]
        follows_flat = self._options.referrers is Followers.FOLLOW
        for form, digests in held:
            self._follow(digests if follows_flat or form is not IndexForm.FLAT else (), None)
        for _, digests in held:
            self._follow(digests, Cause.FORM)
        indexes = [[index.descriptor.digest for index in each.image.indexes()] for each in self._selected]
        for selection, digests in zip(self._selected, indexes, strict=True):
            if remade := [node for node in selection.kept if is_remade(node, self._options.layers)]:
                self._follow([*(node.descriptor.digest for node in remade), *digests], Cause.LAYERS)
        for digests in indexes:
            self._follow(digests, Cause.INDEX)
        self._follow_artifacts()

    def _follow_artifacts(self) -> None:
        """Reach what refers to an index of artifacts that is not kept whole, and give up what lacks a subject."""
        waiting = list(self._touched.values())
        while waiting:
            known = len(self._touched)
            self._follow(waiting.pop().rewritten(), Cause.ARTIFACTS)
            waiting += list(self._touched.values())[known:]
        for candidate in self._candidates:
            if candidate.origin is not None and not candidate.is_reached:
                candidate.cause = Cause.OTHER

    def _follow(self, digests: Iterable[Digest], cause: Cause | None) -> None:
        """Reach what refers to `digests`, directly or not; each artifact once."""
        waiting = [(digest, digest) for digest in digests]
        while waiting:
            digest, origin = waiting.pop()
            for candidate in self._referring.pop(digest, ()):
                candidate.lacking -= 1
                candidate.origin = origin
                if not candidate.lacking:
                    waiting += [(below, origin) for below in self._found(candidate, cause)]

    def _found(self, candidate: _Candidate, cause: Cause | None) -> list[Digest]:
        """Note that all that a candidate refers to is found; return what others may refer to by that."""
        candidate.is_reached, candidate.cause = True, cause
        self._touched.setdefault(id(candidate.listing), candidate.listing)
        is_there = cause is not None or candidate.is_kept
        return candidate.listing.keep(candidate.referrer.node) if is_there else []

    def _held(self, selection: ImageSelection) -> Iterable[Digest]:
        """Yield the digests that the output has of an image, as the archive knows them."""
        held = HeldDigests(selection.image, selection.form)
        yield from held.at_once
        for node in selection.kept:
            if not is_remade(node, self._options.layers):
                yield from held.keep(node)


def _selection_of(listings: Sequence[_Listing]) -> ImageSelection | None:
    """Return what is kept of the roots of one name, None if nothing is."""
    image = listings[0].image
    if len(listings) == 1:
        (listing,) = listings
        form = IndexForm.KEEP if listing.is_whole else IndexForm.NESTED
        stays = [listing] if any(candidate.is_kept for candidate in listing.candidates) else []
    else:
        form = IndexForm.KEEP
        stays = [listing for listing in listings if listing.is_whole]
    if not stays:
        return None
    nodes = [candidate.referrer.node for listing in stays for candidate in listing.candidates if candidate.is_kept]
    kept = tuple(node for node in nodes if isinstance(node, ManifestNode))
    roots = tuple(listing.root for listing in stays)
    return ImageSelection(image if len(roots) == len(image.roots) else Image(image.name, roots), kept, form)


def _dropped_by_option(referrer: Referrer, options: FilterOptions) -> str:
    if isinstance(referrer.node, ManifestNode) and referrer.node.kind is Kind.ATTESTATION:
        return dropped_by_option(referrer.node, options)
    return "referrers are dropped" if options.referrers is Followers.DROP and referrer.subjects else ""


def _as_artifact(node: Node) -> Node:
    """Call what cosign stored what it is, though it is absent and might be anything."""
    is_image = isinstance(node, ManifestNode) and node.kind is Kind.IMAGE
    return replace(node, kind=Kind.ARTIFACT) if isinstance(node, ManifestNode) and is_image else node
