"""Attestations, referrers and artifacts: what has no platform of its own and goes with something that has.

Inside an index they stand beside the images (BuildKit's attestations); index.json lists them beside the images
(referrers with a subject, cosign's tags).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ocitool.graph.image import Image, Kind, ManifestNode, Root, State, walk_manifests
from ocitool.model.digest import Digest
from ocitool.plan.choice import ImageSelection, Ledger, corrupt, describe
from ocitool.plan.note import note, warning
from ocitool.plan.options import Followers, IndexForm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_COSIGN_TAG: Final = re.compile(r"(?:^|[:/])sha256-([0-9a-f]{64})\.(?:sig|att|sbom)$")


class FollowerSelector:
    """Choose what follows; `everything` says that the selection means all there is, platform or not."""

    def __init__(self, attestations: Followers | None, ledger: Ledger, *, everything: bool) -> None:
        self._attestations = attestations
        self._ledger = ledger
        self._everything = everything

    def within(
        self, image: Image, manifests: Sequence[ManifestNode], kept: Sequence[ManifestNode], form: IndexForm
    ) -> list[ManifestNode]:
        """Choose the attestations and artifacts of an index that go with what is kept."""
        digests = _with_referrers({node.descriptor.digest for node in kept}, manifests)
        followers: list[ManifestNode] = []
        flat: list[ManifestNode] = []
        for node in manifests:
            if node.kind is Kind.IMAGE:
                continue
            follows = node.subject in digests if node.subject is not None else False
            reason = "its subject is not kept"
            if node.kind is Kind.ATTESTATION and self._attestations is Followers.DROP:
                follows, reason = False, "attestations are dropped"
            elif node.kind is not Kind.ATTESTATION and node.subject is None:
                follows, reason = self._everything, "has no platform"
            if follows and form is IndexForm.FLAT:
                flat.append(node)
                follows, reason = False, "the flat form holds nothing but the image"
            if follows and node.state is State.CORRUPT:
                raise corrupt(image, node)
            if follows and node.state is not State.COMPLETE:
                self._ledger.notes.append(warning(f"{describe(image, node)} is not in the archive and is dropped"))
                follows, reason = False, "listed, but absent"
            if follows:
                followers.append(node)
            else:
                self._ledger.drop(image, [node], reason)
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

    def beside(self, artifacts: Iterable[Image], selected: Sequence[ImageSelection]) -> list[ImageSelection]:
        """Choose among the referrers and artifacts that index.json lists beside the images."""
        forms: dict[Digest, IndexForm] = {}
        for selection in selected:
            forms |= dict.fromkeys(_surviving(selection) - forms.keys(), selection.form)
        chosen: list[ImageSelection] = []
        for image in _subjects_first(artifacts):
            artifact = self._artifact(image, forms)
            if artifact is not None:
                chosen.append(artifact)
                forms |= dict.fromkeys(_surviving(artifact), artifact.form)
        if chosen and selected:
            self._ledger.notes.append(
                note(
                    f"{len(chosen)} referrer(s) or artifact(s) stay beside the images; podman load and skopeo then "
                    'say "more than one image" unless told which'
                )
            )
        return chosen

    def _artifact(self, image: Image, forms: dict[Digest, IndexForm]) -> ImageSelection | None:
        subject = _root_subject(image.roots[0])
        form = None if subject is None else forms.get(subject)
        if subject is None:
            keeps, reason = self._everything, "has no platform"
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


def _subjects_first(artifacts: Iterable[Image]) -> list[Image]:
    """Order artifacts so that a subject comes before what refers to it, as an SBOM before its signature."""
    waiting = list(artifacts)
    by_digest = {root.node.descriptor.digest: image for image in waiting for root in image.roots}
    ordered: dict[int, Image] = {}
    for image in waiting:
        chain: list[Image] = []
        seen: set[int] = set()
        current: Image | None = image
        while current is not None and id(current) not in ordered and id(current) not in seen:
            chain.append(current)
            seen.add(id(current))
            subject = _root_subject(current.roots[0])
            current = None if subject is None else by_digest.get(subject)
        ordered.update((id(link), link) for link in reversed(chain))
    return list(ordered.values())


def _with_referrers(digests: set[Digest], manifests: Sequence[ManifestNode]) -> set[Digest]:
    """Add what refers to `digests`, and what refers to that, as a signature of an SBOM does."""
    found = set(digests)
    while more := {
        node.descriptor.digest
        for node in manifests
        if node.kind is not Kind.IMAGE and node.subject in found and node.descriptor.digest not in found
    }:
        found |= more
    return found


def _surviving(selection: ImageSelection) -> set[Digest]:
    """Return the digests that the output still holds under that name: manifests, and unchanged indexes."""
    digests = {node.descriptor.digest for node in selection.kept}
    whole = set(selection.image.manifests()) == set(selection.kept)
    if selection.form is IndexForm.KEEP or (selection.form is IndexForm.NESTED and whole):
        digests |= {index.descriptor.digest for index in selection.image.indexes()}
    return digests


def _root_subject(root: Root) -> Digest | None:
    """Tell what a root refers to: the subject of its manifests, or the digest in a cosign tag (``sha256-….sig``)."""
    for node in walk_manifests(root.node):
        if node.subject is not None:
            return node.subject
    match = _COSIGN_TAG.search(root.name or "")
    return None if match is None else Digest("sha256", match.group(1))
