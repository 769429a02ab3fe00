"""Which form the index of an image takes, and what each form cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.errors import IntegrityError, UsageError
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import Kind, State, walk_manifests
from ocitool.plan.note import note
from ocitool.plan.options import Followers, IndexForm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.graph.image import Image, ImageGraph, ManifestNode
    from ocitool.plan.choice import Ledger
    from ocitool.plan.options import FilterOptions


def choose_form(
    image: Image,
    kept: Sequence[ManifestNode],
    options: FilterOptions,
    ledger: Ledger,
    graph: ImageGraph,
) -> IndexForm:
    """Choose the form for the platforms that are kept of an image.

    Raises `UsageError` if the form that is asked for cannot hold what is asked for.
    """
    asked = options.index
    different = len({node.descriptor.digest for node in kept})
    if asked is IndexForm.FLAT and different > 1:
        raise UsageError(
            f"--index flat holds one platform, but {different} of {image.label} are selected",
            remedy="select one platform or use --index nested",
        )
    following = next(_asked_to_follow(kept, image.attached, options), None)
    if asked is IndexForm.FLAT and following is not None:
        option = "--attestations" if following.kind is Kind.ATTESTATION else "--referrers"
        raise UsageError(
            f"--index flat holds nothing but the image, but {option} follow asks for {following.kind.value} "
            f"{following.descriptor.digest} of {image.label}",
            remedy=f"use --index nested, or leave out {option} follow",
        )
    if asked is IndexForm.KEEP and len(graph.origins) > 1 and len(image.roots) > 1:
        raise UsageError(
            f"--index keep cannot hold {image.label}, which several archives have a part of",
            remedy="use --index nested, which makes one index of them",
        )
    if asked is not IndexForm.AUTO:
        return asked
    if different > 1 or following is not None:
        return IndexForm.NESTED
    untold = [node for node in kept if not _config_tells_platform(node)]
    if untold:
        ledger.notes.append(
            note(
                f"{image.label} stays nested: its config does not say all of {manifest_name(untold[0])}, and the "
                "flat form has no other place for it"
            )
        )
        return IndexForm.NESTED
    return IndexForm.FLAT


def _asked_to_follow(
    kept: Sequence[ManifestNode], attached: Sequence[ManifestNode], options: FilterOptions
) -> Iterator[ManifestNode]:
    """Yield what an option asks to go with what is kept; what is not there cannot."""
    digests = {node.descriptor.digest for node in kept}
    for node in attached:
        asked = options.attestations if node.kind is Kind.ATTESTATION else options.referrers
        if asked is Followers.FOLLOW and node.subject in digests and node.state in {State.COMPLETE, State.CORRUPT}:
            yield node


def check_one_manifest_per_platform(image: Image, kept: Sequence[ManifestNode], graph: ImageGraph) -> None:
    """Refuse a name that two roots, or two corrections, give to two images of one platform: either may win.

    What one index lists twice was the choice of who made it. Raises `IntegrityError`, naming both.
    """
    seen: dict[str, ManifestNode] = {}
    holders: dict[ManifestNode, set[int]] = {}
    for node in kept:
        earlier = seen.setdefault(str(node.platform and node.platform.normalized()), node)
        if earlier.descriptor.digest == node.descriptor.digest:
            continue
        holders = holders or _roots_of_each(image)
        corrected = node.corrected is not None or earlier.corrected is not None
        if corrected or holders[earlier].isdisjoint(holders[node]):
            one, other = (f"{each.descriptor.digest}{_origin(each, image, graph)}" for each in (earlier, node))
            raise IntegrityError(
                f"the name {image.label} stands for two different {manifest_name(node)} images: {one} and {other}",
                remedy=_remedy(image, graph),
            )


def _roots_of_each(image: Image) -> dict[ManifestNode, set[int]]:
    """Return the numbers of the roots that list each manifest of an image."""
    holders: dict[ManifestNode, set[int]] = {}
    for number, root in enumerate(image.roots):
        for node in walk_manifests(root.node):
            holders.setdefault(node, set()).add(number)
    return holders


def _remedy(image: Image, graph: ImageGraph) -> str:
    if len(graph.origins) > 1:
        return "leave one out with -p, or name it first: ocitool filter FILE -p all --name NEW -o NEW.tar"
    if len(image.roots) > 1:
        return "give each image a name of its own before the export"
    return "build it again"


def _origin(node: ManifestNode, image: Image, graph: ImageGraph) -> str:
    """Name the archive that a manifest is from, where there are several."""
    if len(graph.origins) < 2:
        return ""
    root = next(root for root in image.roots if node in set(walk_manifests(root.node)))
    return f" in {graph.origins[root.source].name}"


def _config_tells_platform(node: ManifestNode) -> bool:
    """Tell whether a flat descriptor, which has no platform, would be read as the platform this is."""
    if node.platform is None:
        return True
    if node.configured is None:
        return node.listed is None
    listed, configured = node.platform.normalized(), node.configured.normalized()
    return listed.variant == configured.variant
