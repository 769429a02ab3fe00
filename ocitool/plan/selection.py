"""Which manifests stay, which go, and why: the platforms that were chosen, in their form, with what follows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.errors import SelectionError
from ocitool.plan.choice import ImageSelection, Ledger, Selection
from ocitool.plan.followers import FollowerSelector
from ocitool.plan.form import check_one_manifest_per_platform, choose_form
from ocitool.plan.labels import check_labels, is_mislabelled
from ocitool.plan.options import FilterOptions, IndexForm
from ocitool.plan.platform_choice import PlatformChoice, choose_platforms, there_is
from ocitool.plan.referrers import ReferrerSelector
from ocitool.plan.signatures import require_signatures, signature_warnings, unknown_losses
from ocitool.plan.subjects import is_follower

if TYPE_CHECKING:
    from ocitool.graph.image import Image, ImageGraph, ManifestNode
    from ocitool.plan.platform_choice import ChosenImage


def select(graph: ImageGraph, options: FilterOptions) -> Selection:
    """Choose the manifests to keep of all images of a graph; raises what its two steps raise."""
    return settle(graph, options, choose_platforms(graph, options))


def settle(graph: ImageGraph, options: FilterOptions, choice: PlatformChoice) -> Selection:
    """Give each chosen image its form, and choose what goes with it.

    Raises `SelectionError` if nothing is left, `IntegrityError` if what is kept contradicts itself or a signature
    that is required would be lost, `UsageError` if the index form cannot hold what was chosen.
    """
    ledger = Ledger(list(choice.dropped), list(choice.notes))
    followers = FollowerSelector(options, ledger, everything=choice.everything)
    selected = [_settle_image(graph, chosen, options, ledger, followers) for chosen in choice.images]
    artifacts = [image for image in graph.images if is_follower(image)]
    referrers = ReferrerSelector(artifacts, selected, options, ledger, everything=choice.everything).choose()
    if options.require_signatures:
        require_signatures([*ledger.lost, *unknown_losses(graph.images)])
    ledger.notes += signature_warnings(selected, ledger.lost)
    selected += referrers
    if not selected:
        raise SelectionError(f"nothing in the archive is left for {options.platforms}", remedy=there_is(graph.images))
    # What is kept of an artifact may be some of its roots.
    order = {id(root): place for place, image in enumerate(graph.images) for root in image.roots}
    selected.sort(key=lambda selection: order[id(selection.image.roots[0])])
    return Selection(tuple(selected), tuple(ledger.dropped), tuple(ledger.notes))


def _settle_image(
    graph: ImageGraph, chosen: ChosenImage, options: FilterOptions, ledger: Ledger, followers: FollowerSelector
) -> ImageSelection:
    """Decide the form of one image and what goes with it."""
    image, kept = chosen.image, chosen.kept
    check_one_manifest_per_platform(image, kept, graph)
    form = choose_form(image, kept, options, ledger, graph)
    check_labels(image, kept, form, ledger)
    following = followers.within(image, kept, form)
    in_order = kept
    if following:
        together = {*kept, *following}
        in_order = tuple(node for node in image.manifests() if node in together)
    return ImageSelection(image, in_order if form is IndexForm.KEEP else _each_once(image, in_order), form)


def _each_once(image: Image, manifests: tuple[ManifestNode, ...]) -> tuple[ManifestNode, ...]:
    """Leave out what several roots of one name list again, best where it is listed right, and in an index."""
    if len(image.roots) < 2:
        return manifests
    flat = {id(root.node) for root in image.roots}
    chosen: dict[tuple[object, ...], tuple[tuple[bool, bool], ManifestNode]] = {}
    for node in manifests:
        key = node.descriptor.digest, node.platform and node.platform.normalized()
        rank = is_mislabelled(node), id(node) in flat
        if key not in chosen or rank < chosen[key][0]:
            chosen[key] = rank, node
    return tuple(node for _, node in chosen.values())
