"""What podman and skopeo take of an archive: the library both copy with (containers/image).

An OCI archive is unpacked into a folder and read by path (oci/layout/oci_src.go); of several images it takes none
unless it is told which. A docker-archive is read by manifest.json (docker/internal/tarfile/src.go).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ocitool.advice.docker_items import Flaw
from ocitool.graph.image import ArchiveForm, IndexNode, Root, State
from ocitool.graph.layout_files import INDEX_NAME
from ocitool.model.descriptor import REF_NAME
from ocitool.model.media_type import DOCKER_MANIFEST, IMAGE_CONFIGS, INDEXES, MANIFESTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ocitool.advice.docker_items import ListedItem
    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.table import Behaviour
    from ocitool.graph.image import ManifestNode, Node
    from ocitool.model.descriptor import Descriptor
    from ocitool.model.fault import Fault
    from ocitool.model.platform import Platform

SOURCE: Final = "SRC"
"""What stands for the archive in an argument such as ``oci-archive:SRC:1.0``."""

OCI_ARCHIVE: Final = "oci-archive"
DOCKER_ARCHIVE: Final = "docker-archive"

_VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {"arm": ("v8", "v7", "v6", "v5"), "arm64": ("v8",)}
"""Variants from the newest to the oldest that one runs (internal/pkg/platform/platform_matcher.go)."""


_LAX: Final = ("has a key", "occurs twice")
"""Words of faults in a document that Go decodes all the same."""


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


def holds_digest(name: str, taken: Taken) -> bool:
    """Tell whether the digest of a name, if it has one, is that of the image or of the index that it lies in."""
    digest = name.partition("@")[2]
    return not digest or digest in {str(taken.node.descriptor.digest), str(taken.root.node.descriptor.digest)}


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


@lru_cache(maxsize=16)
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
        if _is_ambiguous(facts, node):
            raise CopyFailure("ambiguous-manifest", "the index of the image is a manifest as well")
        node = _choose(node, wanted)
        if node.descriptor.digest.algorithm != "sha256" and node.state is not State.ABSENT:
            raise CopyFailure(
                "manifest-digest", "in an index it takes digests of sha256 alone", digest=str(node.descriptor.digest)
            )
    elif node.descriptor.media_type == DOCKER_MANIFEST and any(
        fault.message.startswith("is of media type") for fault in _faults(facts, node.descriptor)
    ):
        raise CopyFailure("other-type", "the manifest is of another media type than index.json says")
    _hold(facts, node, behaviour)
    return Taken(root, node)


def _faults(facts: ArchiveFacts, descriptor: Descriptor) -> tuple[Fault, ...]:
    return tuple(fault for fault in facts.graph.faults if fault.where == descriptor.digest.blob_name)


def _is_ambiguous(facts: ArchiveFacts, node: Node) -> bool:
    """Tell whether a document can be read as a manifest and as an index (CVE-2021-41190)."""
    return any("but has" in fault.message for fault in _faults(facts, node.descriptor))


def _root(facts: ArchiveFacts, reference: str) -> Root:
    if INDEX_NAME not in facts.graph.layout_files:
        raise CopyFailure("no-such-file", "it has no index.json", entry=INDEX_NAME)
    if _is_index_unreadable(facts):
        raise CopyFailure("bad-index", "its index.json cannot be read")
    is_layout = facts.graph.form is ArchiveForm.OCI_LAYOUT
    roots = roots_in_order(facts) if is_layout else ()
    if not reference:
        entries = facts.graph.index.get("manifests")
        count = len(entries) if is_layout and isinstance(entries, list) else len(roots)
        if count != 1:
            reason = f"index.json lists {count} images, of which this command names none"
            raise CopyFailure("several-images", reason)
        if not roots:
            raise CopyFailure("corrupt-index", "what index.json lists cannot be read")
        return roots[0]
    for root in roots:
        descriptor = root.node.descriptor
        if descriptor.media_type in INDEXES | MANIFESTS and descriptor.annotations.get(REF_NAME) == reference:
            return root
    raise CopyFailure("no-reference", f"no image has the reference {reference!r}", reference=reference)


def _is_index_unreadable(facts: ArchiveFacts) -> bool:
    """Tell whether Go does not decode index.json: it takes no byte order mark."""
    graph = facts.graph
    messages = [fault.message for fault in graph.faults if fault.where == INDEX_NAME]
    if graph.index:
        return any("byte order mark" in message for message in messages)
    return bool(messages) and not any(message.startswith("manifests is null") for message in messages)


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
    if bare is None and index.state is State.CORRUPT:
        raise CopyFailure("corrupt-index", "the index of the image is corrupt")
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


def _platform_words(node: ManifestNode) -> str:
    return node.platform.display if node.platform else "unknown platform"


def _is_config_unreadable(facts: ArchiveFacts, config: Descriptor) -> bool:
    messages = (fault.message for fault in _faults(facts, config) if fault.rule == "C13")
    return any(not any(words in message for words in _LAX) for message in messages)


def _hold(facts: ArchiveFacts, node: ManifestNode, behaviour: Behaviour) -> None:
    """Go through a manifest, its config and its layers in the order in which they are read."""
    platform = _platform_words(node)
    if node.state is State.ABSENT:
        name = node.descriptor.digest.blob_name
        raise CopyFailure("no-such-file", f"the manifest for {platform} is listed and not there", entry=name)
    if node.config is None or any(damage.descriptor == node.descriptor for damage in node.damages):
        raise CopyFailure("corrupt-manifest", f"the manifest for {platform} is corrupt")
    if _is_ambiguous(facts, node):
        raise CopyFailure("ambiguous-manifest", f"the manifest for {platform} is an index as well")
    if node.config.media_type not in IMAGE_CONFIGS:
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
    _hold_config(facts, node, node.config, behaviour)


def _hold_config(facts: ArchiveFacts, node: ManifestNode, config: Descriptor, behaviour: Behaviour) -> None:
    platform = _platform_words(node)
    if _is_config_unreadable(facts, config):
        raise CopyFailure("bad-config", f"the config for {platform} cannot be read")
    diff_ids = node.diff_ids or ()
    if 0 < len(diff_ids) < len(node.layers) and behaviour.traits["layer-count"] == "checked":
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
