"""Which manifests stay, which go, and why: the platforms that were chosen, in their form, with what follows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.errors import IntegrityError, SelectionError, UsageError
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import Image, ImageGraph, Kind, ManifestNode
from ocitool.plan.choice import ImageSelection, Ledger, Selection
from ocitool.plan.followers import FollowerSelector
from ocitool.plan.note import note, warning
from ocitool.plan.options import FilterOptions, Followers, IndexForm
from ocitool.plan.platform_choice import ChosenImage, PlatformChoice, choose_platforms, there_is

if TYPE_CHECKING:
    from collections.abc import Sequence


def select(graph: ImageGraph, options: FilterOptions) -> Selection:
    """Choose the manifests to keep of all images of a graph; raises what its two steps raise."""
    return settle(graph, options, choose_platforms(graph, options))


def settle(graph: ImageGraph, options: FilterOptions, choice: PlatformChoice) -> Selection:
    """Give each chosen image its form, and choose what goes with it.

    Raises `SelectionError` if nothing is left, `IntegrityError` if what is kept contradicts itself, `UsageError` if
    the index form cannot hold what was chosen.
    """
    ledger = Ledger(list(choice.dropped), list(choice.notes))
    followers = FollowerSelector(options, ledger, everything=choice.everything)
    settler = _Settler(graph, options, ledger, followers)
    selected = [settler.settle(chosen) for chosen in choice.images]
    selected += followers.beside([image for image in graph.images if image.is_artifact], selected)
    if not selected:
        raise SelectionError(f"nothing in the archive is left for {options.platforms}", remedy=there_is(graph.images))
    order = {id(image): place for place, image in enumerate(graph.images)}
    selected.sort(key=lambda selection: order[id(selection.image)])
    return Selection(tuple(selected), tuple(ledger.dropped), tuple(ledger.notes))


@dataclass(frozen=True, slots=True)
class _Settler:
    _graph: ImageGraph
    _options: FilterOptions
    _ledger: Ledger
    _followers: FollowerSelector

    def settle(self, chosen: ChosenImage) -> ImageSelection:
        """Decide the form of one image and what goes with it."""
        image, kept = chosen.image, chosen.kept
        manifests = tuple(image.manifests())
        form = self._form(image, kept, manifests)
        self._check_labels(image, kept, form)
        followers = self._followers.within(image, manifests, kept, form)
        together = {*kept, *followers}
        in_order = tuple(node for node in manifests if node in together)
        return ImageSelection(image, in_order if form is IndexForm.KEEP else _each_once(image, in_order), form)

    def _form(self, image: Image, kept: Sequence[ManifestNode], manifests: Sequence[ManifestNode]) -> IndexForm:
        asked = self._options.index
        different = len({node.descriptor.digest for node in kept})
        if asked is IndexForm.FLAT and different > 1:
            raise UsageError(
                f"--index flat holds one platform, but {different} of {image.label} are selected",
                remedy="select one platform or use --index nested",
            )
        self._check_one_manifest_per_platform(image, kept)
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

    def _check_one_manifest_per_platform(self, image: Image, kept: Sequence[ManifestNode]) -> None:
        """Refuse a name that two roots give to two images of one platform: importers let either win."""
        if len(image.roots) < 2:
            return
        seen: dict[str, ManifestNode] = {}
        for node in kept:
            earlier = seen.setdefault(str(node.platform and node.platform.normalized()), node)
            if earlier.descriptor.digest != node.descriptor.digest:
                one, other = (f"{each.descriptor.digest}{self._origin(each)}" for each in (earlier, node))
                raise IntegrityError(
                    f"the name {image.label} stands for two different {manifest_name(node)} images: "
                    f"{one} and {other}",
                    remedy="give each image a name of its own and export again",
                )

    def _origin(self, node: ManifestNode) -> str:
        """Name the archive that a manifest is from, where there are several."""
        graph = self._graph
        entries = (graph.blobs.get(each.digest) for each in (node.descriptor, *node.contents))
        entry = next((entry for entry in entries if entry is not None), None)
        return "" if len(graph.origins) < 2 or entry is None else f" in {graph.origins[entry.source].name}"


def _each_once(image: Image, manifests: tuple[ManifestNode, ...]) -> tuple[ManifestNode, ...]:
    """Leave out what several roots of one name list again; what an index says of a manifest is said best."""
    if len(image.roots) < 2:
        return manifests
    flat = {id(root.node) for root in image.roots}
    chosen: dict[tuple[object, ...], ManifestNode] = {}
    for node in manifests:
        key = node.descriptor.digest, node.platform and node.platform.normalized()
        if key not in chosen or (id(chosen[key]) in flat and id(node) not in flat):
            chosen[key] = node
    return tuple(chosen.values())


def _config_tells_platform(node: ManifestNode) -> bool:
    """Tell whether a flat descriptor, which has no platform, would be read as the platform this is."""
    if node.platform is None or node.configured is None:
        return True
    listed, configured = node.platform.normalized(), node.configured.normalized()
    return listed.variant == configured.variant
