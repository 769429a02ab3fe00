"""Who refers to whom: the subjects of attestations, referrers and cosign's tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ocitool.graph.image import Image, Kind, ManifestNode, Root, walk_manifests
from ocitool.model.digest import Digest
from ocitool.plan.options import IndexForm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ocitool.plan.choice import ImageSelection

_COSIGN_TAG: Final = re.compile(r"(?:^|[:/])sha256-([0-9a-f]{64})\.(?:sig|att|sbom)\Z")
"""How cosign names signatures, attestations and SBOMs (its SIGNATURE_SPEC.md, "Tag-based Discovery")."""


def subjects_first(artifacts: Iterable[Image]) -> list[Image]:
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
            subject = root_subject(current.roots[0])
            current = None if subject is None else by_digest.get(subject)
        ordered.update((id(link), link) for link in reversed(chain))
    return list(ordered.values())


def with_referrers(digests: set[Digest], manifests: Sequence[ManifestNode]) -> set[Digest]:
    """Add what refers to `digests`, and what refers to that, as a signature of an SBOM does."""
    referrers: dict[Digest, list[Digest]] = {}
    for node in manifests:
        if node.kind is not Kind.IMAGE and node.subject is not None:
            referrers.setdefault(node.subject, []).append(node.descriptor.digest)
    found = set(digests)
    waiting = list(digests)
    while waiting:
        new = [digest for digest in referrers.get(waiting.pop(), ()) if digest not in found]
        found.update(new)
        waiting += new
    return found


def surviving(selection: ImageSelection) -> set[Digest]:
    """Return the digests that the output still holds under that name: manifests, and unchanged indexes."""
    digests = {node.descriptor.digest for node in selection.kept}
    whole = set(selection.image.manifests()) == set(selection.kept)
    if selection.form is IndexForm.KEEP or (selection.form is IndexForm.NESTED and whole):
        digests |= {index.descriptor.digest for index in selection.image.indexes()}
    return digests


def root_subject(root: Root) -> Digest | None:
    """Tell what a root refers to: the subject of its manifests, or the digest in a cosign tag (``sha256-….sig``)."""
    for node in walk_manifests(root.node):
        if node.subject is not None:
            return node.subject
    return cosign_subject(root.name or "")


def cosign_subject(name: str) -> Digest | None:
    """Return the digest that a tag of cosign's names (``sha256-….sig``), None if `name` has no such tag."""
    match = _COSIGN_TAG.search(name)
    return None if match is None else Digest("sha256", match.group(1))
