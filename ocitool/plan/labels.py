"""The platforms that an index lists its manifests as, which may not be those that their configs say.

The config is what runs, and what counts; importers choose by what the index lists (image-index.md, "platform").
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ocitool.errors import IntegrityError
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import Image, Kind, ManifestNode, Node
from ocitool.model.fields import PLATFORM_FIELDS
from ocitool.plan.note import note, warning
from ocitool.plan.options import IndexForm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.model.platform import Platform
    from ocitool.plan.choice import Ledger


def correct_labels(image: Image) -> Image:
    """List every manifest of an image as the platform that its config says, where it is listed as none or another.

    Only the descriptors change here; an index that holds one is rewritten for that, and gets a new digest.
    """
    nodes = [_corrected(root.node) for root in image.roots]
    if all(new is root.node for new, root in zip(nodes, image.roots, strict=True)):
        return image
    return replace(image, roots=tuple(replace(root, node=new) for new, root in zip(nodes, image.roots, strict=True)))


def check_labels(image: Image, kept: Sequence[ManifestNode], form: IndexForm, ledger: Ledger) -> None:
    """Say what was corrected, and warn of what an index of the output lists wrong or not at all.

    Raises `IntegrityError` if a new index would list a manifest as another platform than its config says.
    """
    # An index that is made for roots lists all of them as what they are.
    only_root = image.roots[0].node if len(image.roots) == 1 else None
    for node in kept:
        what = (
            f"{image.label} lists {_shown(node.listed)}, but its config says {_shown(node.configured)} "
            f"(manifest {node.descriptor.digest})"
        )
        remedy = "--fix-platforms lists what it says" if is_mislabelled(node) else "build it again"
        if node.corrected is not None and form is IndexForm.NESTED:
            ledger.notes.append(
                note(
                    f"{image.label}: manifest {node.descriptor.digest} was listed as "
                    f"{node.corrected or 'no platform'}, and now is as {manifest_name(node)}"
                )
            )
        elif node.platforms_disagree and form is IndexForm.NESTED:
            alone = f", or take {manifest_name(node)} alone: the flat form lists no platform"
            twice = sum(other.platform == node.platform for other in kept) > 1
            raise IntegrityError(what, remedy="build it again" if twice else remedy + alone)
        elif node.platforms_disagree:
            ledger.notes.append(warning(f"{what}; it is taken for what its config says"))
        elif is_mislabelled(node) and form is not IndexForm.FLAT and (node.listed or only_root not in {None, node}):
            ledger.notes.append(warning(f"{what}; {remedy}"))


def is_mislabelled(node: ManifestNode) -> bool:
    """Tell whether an image is listed as no platform, or as another than the one that its config says.

    A variant that the config leaves out cannot disagree; one that the list leaves out is the architecture's default,
    as `linux/arm` is read as v7.
    """
    if node.kind is not Kind.IMAGE or node.configured is None or node.configured.is_unknown:
        return False
    if node.listed is None or node.platforms_disagree:
        return True
    listed, configured = node.listed.normalized(), node.configured.normalized()
    versions = {listed.os_version, configured.os_version} - {""}
    return (bool(node.configured.variant) and listed.variant != configured.variant) or len(versions) > 1


def _corrected(node: Node) -> Node:
    if isinstance(node, ManifestNode):
        return _relisted(node) if is_mislabelled(node) else node
    children = tuple(_corrected(child) for child in node.children)
    if all(new is old for new, old in zip(children, node.children, strict=True)):
        return node
    return replace(node, children=children)


def _relisted(node: ManifestNode) -> ManifestNode:
    """Return an image under the platform of its config; other fields of its descriptor stay in their order."""
    platform = node.configured
    if platform is None:
        return node
    fields = node.descriptor.to_json()
    before = fields.get("platform")
    after = platform.to_json()
    if isinstance(before, dict):
        known = set(PLATFORM_FIELDS.values())
        stays = {key: value for key, value in before.items() if key in after or key not in known}
        after = stays | after
    fields["platform"] = after
    return replace(
        node,
        descriptor=replace(node.descriptor, platform=platform, fields=fields),
        platform=platform,
        listed=platform,
        corrected="" if node.listed is None else node.listed.display,
    )


def _shown(platform: Platform | None) -> str:
    return "no platform" if platform is None else platform.display
