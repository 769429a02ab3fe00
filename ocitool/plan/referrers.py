"""Referrers and artifacts that index.json lists beside the images, and which of them go with what is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ocitool.graph.image import Image, Kind, State
from ocitool.plan.choice import (
    ABSENT,
    Cause,
    ImageSelection,
    Ledger,
    corrupt,
    describe,
    incompleteness,
    require_readable,
)
from ocitool.plan.followers import NO_PLATFORM, NOT_KEPT, dropped_by_option, lose
from ocitool.plan.note import note, warning
from ocitool.plan.options import FilterOptions, Followers, IndexForm
from ocitool.plan.recompression import is_remade
from ocitool.plan.subjects import HeldDigests, own_digests, root_subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ocitool.graph.image import ManifestNode
    from ocitool.model.digest import Digest

_FLAT: Final = "its subject stands alone in the flat form"


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
        self._subjects = {id(image): root_subject(image.roots[0]) for image in artifacts}
        self._referring: dict[Digest, list[Image]] = {}
        for image in artifacts:
            subject = self._subjects[id(image)]
            if subject is not None and not _dropped_by_option(image, subject, options):
                self._referring.setdefault(subject, []).append(image)
        self._reached: dict[int, tuple[Cause, Digest] | None] = {}
        """By identity, what refers to something that is kept; the values are why it cannot be kept all the same."""

    def choose(self) -> list[ImageSelection]:
        """Return what stays; raises `IntegrityError` if it is damaged, `UsageError` if it is asked for and cannot."""
        self._reach()
        chosen: list[ImageSelection] = []
        flat: list[Image] = []
        for image in self._artifacts:
            manifests = tuple(map(_as_artifact, image.manifests()))
            reason = self._reason(image)
            if not reason and (obstacle := self._reached[id(image)]) is not None:
                cause, subject = obstacle
                reason = _FLAT if cause is Cause.FORM else cause.value
                lose(image, manifests[0], subject, cause, self._options, self._ledger)
                flat += [image] if cause is Cause.FORM else []
            reason = reason or self._not_whole(image)
            if reason:
                absent = [index for index in image.indexes() if index.state is State.ABSENT]
                self._ledger.drop(image, [*manifests, *absent], reason)
            else:
                chosen.append(ImageSelection(image, manifests, IndexForm.KEEP))
        if flat:
            self._ledger.notes.append(
                note(
                    f"{len(flat)} referrer(s) of images that stand alone are dropped, since skopeo reads no other "
                    "image beside one without being told; --referrers follow or --index nested keeps them"
                )
            )
        return chosen

    def _reason(self, image: Image) -> str:
        """Return why an option or the selection leaves an artifact out, "" if neither does."""
        dropped = _dropped_by_option(image, self._subjects[id(image)], self._options)
        if dropped or id(image) in self._reached:
            return dropped
        return NO_PLATFORM if self._subjects[id(image)] is None else NOT_KEPT

    def _reach(self) -> None:
        """Find what refers to what is kept, and what refers to that, as a signature of an SBOM does.

        A digest that the output has in one image counts before one that it lacks in another.
        """
        free = [image for image in self._artifacts if self._subjects[id(image)] is None and self._everything]
        self._reached.update((id(image), None) for image in free)
        for image in free:
            self._follow(own_digests(image) if _is_whole(image) else (), None)
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

    def _follow(self, digests: Iterable[Digest], cause: Cause | None) -> None:
        """Reach what refers to `digests`, directly or not; each artifact once."""
        waiting = [(digest, digest) for digest in digests]
        while waiting:
            digest, origin = waiting.pop()
            for image in self._referring.pop(digest, ()):
                self._reached[id(image)] = None if cause is None else (cause, origin)
                if cause is not None or _is_whole(image):
                    waiting.extend((below, origin) for below in own_digests(image))

    def _held(self, selection: ImageSelection) -> Iterable[Digest]:
        """Yield the digests that the output has of an image, as the archive knows them."""
        held = HeldDigests(selection.image, selection.form)
        yield from held.at_once
        for node in selection.kept:
            if not is_remade(node, self._options.layers):
                yield from held.keep(node)

    def _not_whole(self, image: Image) -> str:
        """Return why an artifact cannot be written, "" if it can; raises if it is damaged."""
        for node in image.manifests():
            if node.state is State.CORRUPT:
                raise corrupt(image, node)
        for index in image.indexes():
            require_readable(image, index)
        absent = [index for index in image.indexes() if index.state is State.ABSENT]
        lacking = [node for node in image.manifests() if node.state is not State.COMPLETE]
        if not absent and not lacking:
            return ""
        reason = incompleteness(lacking[0]) if lacking else ABSENT
        what = describe(image, _as_artifact(lacking[0])) if lacking else f"the index of {image.label}"
        self._ledger.notes.append(warning(f"{what} is {reason}, and is dropped; export it again to have it"))
        return reason


def _dropped_by_option(image: Image, subject: Digest | None, options: FilterOptions) -> str:
    manifests = list(image.manifests())
    if all(node.kind is Kind.ATTESTATION for node in manifests):
        return next((reason for node in manifests if (reason := dropped_by_option(node, options))), "")
    return "referrers are dropped" if options.referrers is Followers.DROP and subject is not None else ""


def _as_artifact(node: ManifestNode) -> ManifestNode:
    """Call what cosign stored what it is, though it is absent and might be anything."""
    return replace(node, kind=Kind.ARTIFACT) if node.kind is Kind.IMAGE else node


def _is_whole(image: Image) -> bool:
    return all(node.state is State.COMPLETE for node in image.manifests()) and all(
        index.state is State.COMPLETE for index in image.indexes()
    )
