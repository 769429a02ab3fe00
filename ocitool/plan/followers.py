"""Attestations, referrers and artifacts: what has no platform of its own and goes with something that has.

Inside an index they stand beside the images (BuildKit's attestations); index.json lists them beside the images
(referrers with a subject, cosign's tags).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.errors import UsageError
from ocitool.graph.image import Image, Kind, ManifestNode, State
from ocitool.plan.choice import ImageSelection, Ledger, corrupt, describe
from ocitool.plan.note import note, warning
from ocitool.plan.options import FilterOptions, Followers, IndexForm
from ocitool.plan.recompression import is_remade
from ocitool.plan.subjects import root_subject, subjects_first, surviving, with_referrers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ocitool.model.digest import Digest


class FollowerSelector:
    """Choose what follows; `everything` says that the selection means all there is, platform or not."""

    def __init__(self, options: FilterOptions, ledger: Ledger, *, everything: bool) -> None:
        self._attestations = options.attestations
        self._layers = options.layers
        self._ledger = ledger
        self._everything = everything

    def within(
        self, image: Image, manifests: Sequence[ManifestNode], kept: Sequence[ManifestNode], form: IndexForm
    ) -> list[ManifestNode]:
        """Choose the attestations and artifacts of an index that go with what is kept."""
        digests = with_referrers({node.descriptor.digest for node in kept}, manifests)
        remade = {node.descriptor.digest for node in kept if is_remade(node, self._layers)}
        stale = with_referrers(remade, manifests) if remade else set()
        followers: list[ManifestNode] = []
        flat: list[ManifestNode] = []
        for node in manifests:
            if node.kind is Kind.IMAGE:
                continue
            reason = self._reason_to_drop(node, digests)
            if not reason and node.subject in stale:
                reason = self._stale(image, node)
            if not reason and form is IndexForm.FLAT:
                flat.append(node)
                reason = "the flat form holds nothing but the image"
            if not reason:
                reason = self._not_whole(image, node)
            if reason:
                self._ledger.drop(image, [node], reason)
            else:
                followers.append(node)
        if flat:
            attestations = sum(node.kind is Kind.ATTESTATION for node in flat)
            what = "attestation(s)" if attestations == len(flat) else "attestation(s) or artifact(s)"
            self._ledger.notes.append(
                note(
                    f"{image.label}: {len(flat)} {what} dropped, since index.json points straight at the image; "
                    "--index nested keeps them"
                )
            )
        return followers

    def _reason_to_drop(self, node: ManifestNode, digests: set[Digest]) -> str:
        """Return why what was chosen does not take `node` with it, "" if it does."""
        if node.kind is Kind.ATTESTATION and self._attestations is Followers.DROP:
            return "attestations are dropped"
        if node.kind is not Kind.ATTESTATION and node.subject is None:
            return "" if self._everything else "has no platform"
        return "" if node.subject in digests else "its subject is not kept"

    def _not_whole(self, image: Image, node: ManifestNode) -> str:
        """Return why a follower cannot be written, "" if it can; raises if it is damaged."""
        if node.state is State.CORRUPT:
            raise corrupt(image, node)
        if node.state is State.COMPLETE:
            return ""
        self._ledger.notes.append(warning(f"{describe(image, node)} is not in the archive and is dropped"))
        return "listed, but absent"

    def beside(self, artifacts: Iterable[Image], selected: Sequence[ImageSelection]) -> list[ImageSelection]:
        """Choose among the referrers and artifacts that index.json lists beside the images."""
        forms: dict[Digest, IndexForm] = {}
        stale: set[Digest] = set()
        for selection in selected:
            for digest in surviving(selection):
                forms.setdefault(digest, selection.form)
            if remade := {node.descriptor.digest for node in selection.kept if is_remade(node, self._layers)}:
                stale |= remade | {index.descriptor.digest for index in selection.image.indexes()}
        chosen: list[ImageSelection] = []
        for image in subjects_first(artifacts):
            artifact = self._artifact(image, forms, stale)
            if artifact is not None:
                chosen.append(artifact)
                forms |= dict.fromkeys(surviving(artifact), artifact.form)
            elif root_subject(image.roots[0]) in stale:
                stale |= {node.descriptor.digest for node in image.manifests()}
        if chosen and selected:
            self._ledger.notes.append(
                note(
                    f"{len(chosen)} referrer(s) or artifact(s) stay beside the images; podman load and skopeo then "
                    'say "more than one image" unless told which'
                )
            )
        return chosen

    def _stale(self, image: Image, node: ManifestNode) -> str:
        """Return why something that speaks of a manifest which is made anew is dropped, and warn of it."""
        if self._attestations is Followers.FOLLOW and node.kind is Kind.ATTESTATION:
            raise UsageError(
                f"{describe(image, node)} speaks of a digest that --layers changes",
                remedy="leave out --layers or --attestations follow",
            )
        self._ledger.notes.append(
            warning(f"{describe(image, node)} is dropped: it speaks of a digest that --layers changes")
        )
        return "its subject gets a new digest"

    def _artifact(self, image: Image, forms: dict[Digest, IndexForm], stale: set[Digest]) -> ImageSelection | None:
        subject = root_subject(image.roots[0])
        form = None if subject is None else forms.get(subject)
        if subject is None:
            keeps, reason = self._everything, "has no platform"
        elif subject in stale:
            keeps, reason = False, self._stale(image, next(image.manifests()))
        elif form is None:
            keeps, reason = False, "its subject is not kept"
        else:
            keeps, reason = form is not IndexForm.FLAT, "its subject stands alone in the flat form"
        manifests = tuple(image.manifests())
        if self._attestations is Followers.DROP and all(node.kind is Kind.ATTESTATION for node in manifests):
            keeps, reason = False, "attestations are dropped"
        damaged = [node for node in manifests if node.state is State.CORRUPT]
        if keeps and damaged:
            raise corrupt(image, damaged[0])
        if keeps and any(node.state is not State.COMPLETE for node in manifests):
            self._ledger.notes.append(warning(f"{image.label} is not whole in the archive and is dropped"))
            keeps, reason = False, "not whole in the archive"
        if keeps:
            return ImageSelection(image, manifests, IndexForm.KEEP)
        self._ledger.drop(image, manifests, reason)
        return None
