"""What podman and skopeo take of an archive: the library both copy with (containers/image).

An OCI archive is unpacked into a folder and read by path (oci/layout/oci_src.go); of several images it takes none
unless it is told which. A docker-archive is read by manifest.json (docker/internal/tarfile/src.go).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.advice.docker_items import Flaw
from ocitool.graph.image import ArchiveForm, IndexNode, Kind, Root, State
from ocitool.graph.layout_files import INDEX_NAME
from ocitool.model.descriptor import REF_NAME
from ocitool.model.media_type import INDEXES, MANIFESTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ocitool.advice.docker_items import ListedItem
    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.table import Behaviour
    from ocitool.graph.image import ManifestNode
    from ocitool.model.platform import Platform

SOURCE: Final = "SRC"
"""What stands for the archive in an argument such as ``oci-archive:SRC:1.0``."""

OCI_ARCHIVE: Final = "oci-archive"
DOCKER_ARCHIVE: Final = "docker-archive"

_VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {"arm": ("v8", "v7", "v6", "v5"), "arm64": ("v8",)}
"""Variants from the newest to the oldest that one runs (internal/pkg/platform/platform_matcher.go)."""


class CopyFailure(Exception):
    """A copy stops here; `name` is the failure in the table, `values` what its message is filled with.

    It never leaves the function that predicts.
    """

    def __init__(self, name: str, reason: str, **values: str) -> None:
        super().__init__(name)
        self.name = name
        self.reason = reason
        self.values = values

    def message(self, behaviour: Behaviour) -> str:
        """Return what is printed."""
        return behaviour.message(self.name, **self.values)


@dataclass(frozen=True, slots=True)
class Taken:
    """The one image that is copied: the root it was found by, and its manifest."""

    root: Root
    node: ManifestNode


def hold_path(facts: ArchiveFacts, failure: str) -> None:
    """Hold that the archive's path can stand before a reference (oci/internal/oci_util.go); raises `CopyFailure`."""
    if ":" in facts.graph.source_name:
        raise CopyFailure(failure, "its path has a colon, which ends a path here: rename it")


def source_word(transport: str, reference: str = "") -> str:
    """Return the archive as an argument, with the reference of one of its images."""
    return f"{transport}:{SOURCE}:{reference}" if reference else f"{transport}:{SOURCE}"


def read_source_word(word: str) -> tuple[str, str] | None:
    """Return transport and reference of an argument that names the archive, None for any other."""
    transport, _, rest = word.partition(":")
    place, _, reference = rest.partition(":")
    return (transport, reference) if transport in {OCI_ARCHIVE, DOCKER_ARCHIVE} and place == SOURCE else None


def filled(word: str, source: str) -> str:
    """Return an argument with the archive's own name in it."""
    found = read_source_word(word)
    return word if found is None else word.replace(SOURCE, source, 1)


def roots_in_order(facts: ArchiveFacts) -> tuple[Root, ...]:
    """Return what index.json lists, in its order."""
    roots = [root for image in facts.graph.images for root in image.roots]
    return tuple(sorted(roots, key=lambda root: (root.source, root.place)))


def references(facts: ArchiveFacts) -> Iterator[tuple[str, Root]]:
    """Yield each reference by which an image can be asked for, with the first that has it."""
    seen: set[str] = set()
    if facts.graph.form is ArchiveForm.DOCKER_ARCHIVE:
        return
    for root in roots_in_order(facts):
        reference = root.node.descriptor.annotations.get(REF_NAME, "")
        if reference and reference not in seen:
            seen.add(reference)
            yield reference, root


def take_from_layout(facts: ArchiveFacts, reference: str, wanted: Platform, behaviour: Behaviour) -> Taken:
    """Find the image that is meant in an OCI archive, and hold what it needs to be there; raises `CopyFailure`."""
    hold_path(facts, "path-cut")
    root = _root(facts, reference)
    node = root.node
    if isinstance(node, IndexNode):
        if node.state is State.ABSENT:
            raise CopyFailure(
                "no-such-file", "the index of the image is not there", entry=node.descriptor.digest.blob_name
            )
        node = _choose(node, wanted)
    _hold(facts, node, behaviour)
    return Taken(root, node)


def _root(facts: ArchiveFacts, reference: str) -> Root:
    if INDEX_NAME not in facts.graph.layout_files:
        raise CopyFailure("no-such-file", "it has no index.json", entry=INDEX_NAME)
    is_layout = facts.graph.form is ArchiveForm.OCI_LAYOUT
    roots = roots_in_order(facts) if is_layout else ()
    if not reference:
        entries = facts.graph.index.get("manifests")
        count = len(entries) if is_layout and isinstance(entries, list) else len(roots)
        if count != 1 or not roots:
            reason = f"index.json lists {count} images, of which this command names none"
            raise CopyFailure("several-images", reason)
        return roots[0]
    for root in roots:
        descriptor = root.node.descriptor
        if descriptor.media_type in INDEXES | MANIFESTS and descriptor.annotations.get(REF_NAME) == reference:
            return root
    raise CopyFailure("no-reference", f"no image has the reference {reference!r}", reference=reference)


def wanted_variants(wanted: Platform) -> tuple[str, ...]:
    """Return the variants that are taken for a platform, the best first (`WantedPlatforms`)."""
    order = _VARIANTS.get(wanted.architecture, ())
    if not wanted.variant:
        return ("", *order)
    known = order[order.index(wanted.variant) :] if wanted.variant in order else (wanted.variant,)
    return (*known, "")


def _choose(index: IndexNode, wanted: Platform) -> ManifestNode:
    """Return the manifest for a platform: spelled alike, else the first that is listed without one."""
    children = index.children
    for variant in wanted_variants(wanted):
        for child in children:
            platform = child.descriptor.platform
            if platform and (platform.os, platform.architecture, platform.variant) == (
                wanted.os,
                wanted.architecture,
                variant,
            ):
                return _manifest(child)
    bare = next((child for child in children if child.descriptor.platform is None), None)
    if bare is None:
        raise CopyFailure(
            "no-platform",
            f"the index of the image lists nothing for {wanted.display}",
            os=wanted.os,
            architecture=wanted.architecture,
            variant=wanted.variant,
        )
    return _manifest(bare)


def _manifest(node: ManifestNode | IndexNode) -> ManifestNode:
    if isinstance(node, IndexNode):
        raise CopyFailure("index-in-index", "an index lies in the index, which is not followed")
    return node


def _hold(facts: ArchiveFacts, node: ManifestNode, behaviour: Behaviour) -> None:
    """Go through a manifest, its config and its layers in the order in which they are read."""
    platform = node.platform.display if node.platform else "unknown platform"
    if node.state is State.ABSENT:
        name = node.descriptor.digest.blob_name
        raise CopyFailure("no-such-file", f"the manifest for {platform} is listed and not there", entry=name)
    if node.config is None or any(damage.descriptor == node.descriptor for damage in node.damages):
        raise CopyFailure("corrupt-manifest", f"the manifest for {platform} is corrupt")
    if node.kind is Kind.ARTIFACT:
        raise CopyFailure("artifact", "it is an artifact, not an image")
    missing = {descriptor.digest for descriptor in node.missing}
    if node.config.digest in missing:
        name = node.config.digest.blob_name
        raise CopyFailure("no-such-file", f"the config for {platform} is not there", entry=name)
    for layer in node.layers:
        if layer.digest in missing:
            reason = f"a layer for {platform} is not there"
            raise CopyFailure("no-such-file", reason, entry=layer.digest.blob_name)
    if any(layer.digest in facts.corrupt for layer in node.layers) or node.damages:
        raise CopyFailure("corrupt-layer", f"a blob for {platform} is corrupt")
    diff_ids = node.diff_ids or ()
    if len(diff_ids) < len(node.layers) and behaviour.traits["layer-count"] == "checked":
        raise CopyFailure(
            "layers-mismatch",
            f"the config for {platform} knows {len(diff_ids)} of {len(node.layers)} layers",
            got=str(len(diff_ids)),
            index=str(len(diff_ids)),
        )


_FLAWS: Final[Mapping[Flaw, tuple[str, str]]] = {
    Flaw.CONFIG_ABSENT: ("component-absent", "manifest.json lists a config that is not there"),
    Flaw.NO_ROOTFS: ("count-mismatch", "its config has no diff_ids"),
    Flaw.LAYER_COUNT: ("count-mismatch", "manifest.json lists another number of layers than the config"),
    Flaw.LAYER_ABSENT: ("layers-absent", "manifest.json lists a layer that is not there"),
    Flaw.LAYER_CORRUPT: ("corrupt-layer", "one of its layers is corrupt"),
}


def hold_item(listed: ListedItem) -> None:
    """Hold that one image of a docker-archive can be copied; raises `CopyFailure`."""
    if listed.flaw is None:
        return
    failure, reason = _FLAWS[listed.flaw]
    counts = {"expected": str(listed.counts[0]), "got": str(listed.counts[1])}
    raise CopyFailure(failure, reason, entry=listed.absent, **counts)
