"""Rules of platforms: what is listed as which, once or twice, and by what (I4, I6, I7, I8, I19, X15, X18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.check.catalogue.remedies import BUILD_AGAIN
from ocitool.check.listing import manifests_of_index, manifests_of_root, root_place
from ocitool.check.report import Place, Problem
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import ArchiveForm, IndexNode, Kind, ManifestNode, State, walk_manifests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ocitool.check.checked import CheckedArchive
    from ocitool.check.listing import ListedManifest
    from ocitool.graph.image import Image, ImageGraph, Root
    from ocitool.model.digest import Digest
    from ocitool.model.platform import Platform


def platform_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield what makes importers take another image than is meant, or none."""
    sound: set[Digest] = set()  # one index may have many names
    for image in archive.graph.images:
        if archive.graph.form is ArchiveForm.OCI_LAYOUT:
            yield from _root_problems(archive.graph, image)
        for root in image.roots:
            digest = root.node.descriptor.digest
            if digest in sound:
                continue
            problems = list(_listed_problems(archive.graph, image, root))
            if isinstance(root.node, IndexNode) and not problems:
                sound.add(digest)
            yield from problems


def _listed_problems(graph: ImageGraph, image: Image, root: Root) -> Iterator[Problem]:
    """Judge a manifest, or all that an index lists."""
    if isinstance(root.node, IndexNode):
        yield from _twice("X15", _different(image, root.node), f"an index of {image.label} lists")
        yield from _inner_index(image, root.node)
    for listed in manifests_of_root(graph, image, root):
        yield from _disagreement(image, listed)
        yield from _first_level(image, listed)


def _inner_index(image: Image, index: IndexNode) -> Iterator[Problem]:
    """Find images that are listed in an index in this one; the first such index is said."""
    for position, child in enumerate(index.children):
        if isinstance(child, IndexNode) and any(node.kind is Kind.IMAGE for node in walk_manifests(child)):
            path = f"$.manifests[{position}]" if index.state is State.COMPLETE else ""
            yield Problem(
                "I19",
                f"{image.label} has images in an index in its index: skopeo and podman do not look there",
                Place(index.descriptor.digest.blob_name, path, image.label),
            )
            return


def _root_problems(graph: ImageGraph, image: Image) -> Iterator[Problem]:
    """Judge what index.json lists under one name: one descriptor without a platform is what imports everywhere."""
    if len(image.roots) > 1:
        twice = list(_twice("I4", _across_roots(graph, image), f"{image.label} stands for"))
        yield from twice
        flat = [root for root in image.roots if isinstance(root.node, ManifestNode)]
        platforms = {name for root in flat if (name := _flat_platform(root)) is not None}
        if len(platforms) > 1:
            yield Problem(
                "I7",
                f"index.json lists {len(platforms)} platforms of {image.label} one by one: importers let the last "
                "one that they store win, and skopeo and podman refuse them",
                root_place(graph, image, flat[1]),
            )
        if twice or len(platforms) > 1:
            return
    for root in image.roots:
        # What has no name is not stored anyhow, unless as a part of what has one.
        if image.name is not None and _flat_platform(root) is not None and root.node.descriptor.platform:
            place = root_place(graph, image, root)
            yield Problem(
                "I6",
                f"{image.label} is listed with its platform: ctr on a host that is not {place.platform} says "
                "'image might be filtered out', unless it is told --platform",
                place,
            )


def _flat_platform(root: Root) -> str | None:
    """Return the platform of an image that index.json lists itself, None for an index or what is no image."""
    if isinstance(root.node, ManifestNode) and root.node.kind is Kind.IMAGE:
        return manifest_name(root.node)
    return None


def _across_roots(graph: ImageGraph, image: Image) -> Iterator[ListedManifest]:
    """Yield a manifest for each platform of each root; two within one root are another rule's."""
    for root in image.roots:
        first: dict[Platform, ListedManifest] = {}
        for listed in manifests_of_root(graph, image, root):
            if (platform := _wanted_as(listed.node)) is not None:
                first.setdefault(platform, listed)
        yield from first.values()


def _different(image: Image, index: IndexNode) -> Iterator[ListedManifest]:
    """Yield the manifests of an index, once for a config and platform: layers may be compressed in several ways."""
    seen: set[tuple[Platform, Digest]] = set()
    for listed in manifests_of_index(image, index):
        platform, config = _wanted_as(listed.node), listed.node.config
        if platform is not None and config is not None and listed.node.kind is Kind.IMAGE:
            if (platform, config.digest) in seen:
                continue
            seen.add((platform, config.digest))
        yield listed


def _twice(rule: str, manifests: Iterable[ListedManifest], what: str) -> Iterator[Problem]:
    """Find platforms that two different manifests are listed for; each is said once."""
    first: dict[Platform, ManifestNode] = {}
    said: set[Platform] = set()
    for listed in manifests:
        platform = _wanted_as(listed.node)
        if platform is None or platform in said:
            continue
        other = first.setdefault(platform, listed.node).descriptor.digest
        if other != listed.node.descriptor.digest:
            said.add(platform)
            yield Problem(rule, f"{what} two manifests for {platform.display}, this one and {other}", listed.place)


def _wanted_as(node: ManifestNode) -> Platform | None:
    """Return the platform by which importers choose a manifest, an artifact too; None for what they do not choose."""
    platform = node.listed or (node.platform if node.kind is Kind.IMAGE else None)
    return None if platform is None or node.kind is Kind.ATTESTATION else platform.normalized()


def _disagreement(image: Image, listed: ListedManifest) -> Iterator[Problem]:
    node = listed.node
    if node.listed is None or not node.listed.os or not node.listed.architecture:
        return  # which is another rule's
    if node.platforms_disagree:
        name = manifest_name(node)
        message = f"{image.label} lists this manifest as {node.listed.display}, but its config says {name}"
        yield Problem("X18", message, listed.place)
    elif node.configured is not None and node.kind is Kind.IMAGE:
        yield from _system_disagreement(image, node.listed.normalized(), node.configured.normalized(), listed.place)


def _system_disagreement(image: Image, listed: Platform, configured: Platform, place: Place) -> Iterator[Problem]:
    """Hold the builds of windows, and the features that linux is listed with, to what the config says."""
    what = f"{image.label} lists this manifest"
    if listed.os == "windows" and listed.os_version and configured.os_version:
        if _build(listed.os_version) != _build(configured.os_version):
            message = f"{what} for windows {listed.os_version}, but its config says {configured.os_version}"
            yield Problem("X18", message, place, BUILD_AGAIN)
    elif listed.os == "linux" and (more := sorted(set(listed.os_features) - set(configured.os_features))):
        message = f"{what} with the feature {more[0][:80]!r}, which its config lacks: ctr 2 does not unpack it"
        yield Problem("X18", message, place, BUILD_AGAIN)


def _build(version: str) -> list[str]:
    """Return a version without its revision, which hosts do not look at."""
    return version.split(".")[:3]


def _first_level(image: Image, listed: ListedManifest) -> Iterator[Problem]:
    node = listed.node
    for platform, where in ((node.listed, "index"), (node.configured, "config")):
        if platform is not None and _is_amd64_v1(platform):
            yield Problem(
                "I8",
                f"the {where} of {image.label} says amd64/v1: ctr below 1.6 and skopeo do not take it for amd64",
                listed.place,
            )
            return


def _is_amd64_v1(platform: Platform) -> bool:
    return platform.architecture.lower() == "amd64" and platform.variant.lower() == "v1"
