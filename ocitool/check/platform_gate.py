"""Whether an image has the platforms that are wanted: each listed, all of it there, every byte as its digest says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.check.entry_names import blob_entry, list_entry
from ocitool.graph.closure import manifest_name, manifest_uses
from ocitool.graph.image import IndexNode, Kind, State
from ocitool.plan.choice import incompleteness
from ocitool.plan.platform_choice import there_is

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ocitool.check.checked import CheckedArchive
    from ocitool.graph.closure import Use
    from ocitool.graph.image import Image, ManifestNode
    from ocitool.model.platform_selection import PlatformSelection, PlatformSpecifier


@dataclass(frozen=True, slots=True)
class Unmet:
    """A platform that an image should have and does not: why, the entry that tells, and which platform."""

    message: str
    entry: str
    platform: str = ""


def platform_problems(archive: CheckedArchive, image: Image, wanted: PlatformSelection | None) -> Iterator[Unmet]:
    """Yield which of the wanted platforms an image lacks, and how.

    What a selection takes of what is listed has to be complete and has to be something, and each platform that it
    names has to be there; a wildcard has to match in some image (`idle_specifiers`), not in each. `available` may
    leave out what is absent or partial, though nothing corrupt. Without a selection one platform has to be complete,
    and only absent ones may be left out.
    """
    unknown = list(_index_problems(archive, image, wanted))
    if unknown:
        yield from unknown
        return
    listed = [node for node in image.manifests() if node.kind is Kind.IMAGE]
    if not listed:  # an artifact, which is asked for by name alone
        for node in image.manifests():
            yield from _incomplete(archive, image, node)
    elif wanted is None:
        yield from _any_problems(archive, image, listed)
    else:
        yield from _specifier_problems(archive, image, listed, wanted)
        yield from _selected_problems(archive, image, listed, wanted)


def _index_problems(archive: CheckedArchive, image: Image, wanted: PlatformSelection | None) -> Iterator[Unmet]:
    """Find indexes that do not say what they list; an absent one in another may be left out as platforms may."""
    roots = [root.node for root in image.roots]
    lenient = wanted is None or wanted.only_complete
    for index in image.indexes():
        absent = index.state is State.ABSENT
        if index.state is not State.COMPLETE and not (absent and lenient and index not in roots):
            there = "is not in the archive" if absent else "is corrupt"
            message = f"an index of {image.label} {there}, so its platforms cannot be told"
            yield Unmet(message, blob_entry(archive, index.descriptor.digest))


def idle_specifiers(images: Sequence[Image], wanted: PlatformSelection) -> Iterator[PlatformSpecifier]:
    """Yield the wildcards that match nothing in a whole archive, as one with a typing error would.

    Nothing where every image already lacks something that `platform_problems` tells, or where not all platforms are
    known.
    """
    nodes = [node for image in images for node in image.manifests() if node.kind is Kind.IMAGE]
    known = all(node.platform is not None for node in nodes) and all(
        index.state is State.COMPLETE for image in images for index in image.indexes()
    )
    if known and any(node.platform is not None and wanted.wants(node.platform) for node in nodes):
        for specifier in wanted.includes:
            if not specifier.is_literal and not _lists(nodes, specifier):
                yield specifier


def untold_manifests(image: Image) -> Iterator[ManifestNode]:
    """Yield the manifests of images whose platform nothing tells, as they are absent or damaged."""
    return (node for node in image.manifests() if node.kind is Kind.IMAGE and node.platform is None)


def _any_problems(archive: CheckedArchive, image: Image, listed: Sequence[ManifestNode]) -> Iterator[Unmet]:
    if all(node.state is State.ABSENT for node in listed):
        yield Unmet(f"{image.label} has no complete platform: {there_is([image])}", _image_entry(archive, image))
    for node in listed:
        if node.state is not State.ABSENT:
            yield from _incomplete(archive, image, node)


def _specifier_problems(
    archive: CheckedArchive, image: Image, listed: Sequence[ManifestNode], wanted: PlatformSelection
) -> Iterator[Unmet]:
    """Find what is asked for and not listed, or excluded at the same time."""
    entry, there = _image_entry(archive, image), there_is([image])
    missing = [specifier for specifier in wanted.includes if specifier.is_literal and not _lists(listed, specifier)]
    for specifier in missing:
        yield Unmet(f"{image.label} does not list {specifier}; {there}", entry, str(specifier))
    selected = [node for node in listed if node.platform is not None and wanted.wants(node.platform)]
    if not selected and not missing:
        excluded = wanted.excludes and (not wanted.includes or any(_lists(listed, each) for each in wanted.includes))
        what = f"nothing but what {wanted} excludes" if excluded else f"nothing that matches {wanted}"
        yield Unmet(f"{image.label} lists {what}; {there}", entry, str(wanted))
    lenient = any(_may_lack(node, wanted) for node in selected)
    if lenient and all(_state(archive, node) is not State.COMPLETE for node in selected):
        yield Unmet(f"{image.label} has no complete platform: {there}", entry, str(wanted))


def _lists(nodes: Iterable[ManifestNode], specifier: PlatformSpecifier) -> bool:
    return any(node.platform is not None and specifier.matches(node.platform) for node in nodes)


def _selected_problems(
    archive: CheckedArchive, image: Image, listed: Sequence[ManifestNode], wanted: PlatformSelection
) -> Iterator[Unmet]:
    """Find what is listed and wanted, or may be, but not whole."""
    named = bool(wanted.includes) and all(
        specifier.is_literal and _lists(listed, specifier) for specifier in wanted.includes
    )
    for node in listed:
        is_wanted = not named if node.platform is None else wanted.wants(node.platform)
        if is_wanted and not (_may_lack(node, wanted) and _state(archive, node) is not State.CORRUPT):
            yield from _incomplete(archive, image, node)


def _may_lack(node: ManifestNode, wanted: PlatformSelection) -> bool:
    """Tell whether a platform is asked for only if it is complete."""
    if node.platform is None:
        return wanted.only_complete
    asking = [specifier for specifier in wanted.includes if specifier.matches(node.platform)]
    return bool(asking) and all(specifier.only_complete for specifier in asking)


def _incomplete(archive: CheckedArchive, image: Image, node: ManifestNode) -> Iterator[Unmet]:
    """Yield what is wrong with one platform, if anything, and which of the states it is in."""
    name = manifest_name(node)
    owner = f"{name} of {image.label}"
    entry = blob_entry(archive, node.descriptor.digest)
    match _state(archive, node):
        case State.ABSENT:
            yield Unmet(f"{owner} is absent: it is listed, but its manifest is not in the archive", entry, name)
        case State.PARTIAL:
            missing = node.missing[0].digest
            yield Unmet(f"{owner} is {incompleteness(node)}, first {missing}", blob_entry(archive, missing), name)
        case State.CORRUPT:
            part, wrong = _corruption(archive, node)
            yield Unmet(f"{owner} is corrupt: {part}", wrong or entry, name)
        case _:
            pass


def _state(archive: CheckedArchive, node: ManifestNode) -> State:
    """Return the state of a platform with every byte of it read, which the graph alone does not know of layers."""
    return State.CORRUPT if _wrong_blob(archive, node) is not None else node.state


def _corruption(archive: CheckedArchive, node: ManifestNode) -> tuple[str, str]:
    """Return what of a platform is not what it should be, and its entry."""
    wrong = _wrong_blob(archive, node)
    if wrong is not None:
        return (
            f"its {wrong.role.partition(' of ' + manifest_name(node))[0]} does not match its digest",
            blob_entry(archive, wrong.descriptor.digest),
        )
    for damage in node.damages:
        entry = "" if damage.descriptor is None else blob_entry(archive, damage.descriptor.digest)
        return f"{damage.role} {damage.message}".strip(), entry
    return "its manifest cannot be read", ""


def _wrong_blob(archive: CheckedArchive, node: ManifestNode) -> Use | None:
    """Return the first of its blobs that does not hash to its digest."""
    return next(
        (
            use
            for use in manifest_uses("", node)
            if archive.actual.get(use.descriptor.digest, use.descriptor.digest) != use.descriptor.digest
        ),
        None,
    )


def _image_entry(archive: CheckedArchive, image: Image) -> str:
    """Return what lists the platforms of an image: its index, or the list of images where it has none."""
    root = image.roots[0].node
    return blob_entry(archive, root.descriptor.digest) if isinstance(root, IndexNode) else list_entry(archive)
