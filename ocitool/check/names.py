"""Rules of names: what index.json calls its images, and what importers make of that.

They are I1, I2, I3, I5, I14, I15, I17, I18, I20 and I21.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.check.listing import root_place
from ocitool.check.report import Place, Problem
from ocitool.errors import DocumentError
from ocitool.graph.image import ArchiveForm, IndexNode, Kind, State, walk_indexes, walk_manifests
from ocitool.graph.layout_files import DOCKER_NAME, INDEX_NAME
from ocitool.model.descriptor import CONTAINERD_NAME
from ocitool.model.reference import Reference, has_reference_separator
from ocitool.plan.subjects import is_follower, own_digests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.check.checked import CheckedArchive
    from ocitool.graph.image import Image, ImageGraph, Root


def name_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield what keeps images from being stored, or from being found again."""
    graph = archive.graph
    if not graph.images:
        yield from _nothing_listed(graph)
        return
    # What refers to an image goes without a name as a rule; where there is nothing else, it is what is shipped.
    images = [image for image in graph.images if not is_follower(image)] or list(graph.images)
    yield from _artifact_problems(graph)
    named = {digest for image in images if image.name is not None for digest in own_digests(image)}
    # oras lists the manifests of an index beside it as well; they are stored with it.
    unnamed = [image for image in images if image.name is None and not named.issuperset(own_digests(image))]
    yield from _unnamed_problems(graph, images, unnamed)
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        return  # importers write such names out, and what they cannot read is said of manifest.json
    for image in images:
        for root in _by_name(image):
            yield from _name_problems(root, root_place(graph, image, root))


def _nothing_listed(graph: ImageGraph) -> Iterator[Problem]:
    """Tell an archive that lists nothing from one whose list cannot be read."""
    if not graph.index or graph.index.get("manifests"):
        return
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        yield Problem("I15", "lists no image", Place(DOCKER_NAME, "$"))
    else:
        yield Problem("I15", "lists no image", Place(INDEX_NAME, "$.manifests"))


def _unnamed_problems(graph: ImageGraph, images: Sequence[Image], unnamed: Sequence[Image]) -> Iterator[Problem]:
    if unnamed and len(unnamed) == len(images):
        what = (
            f"the {unnamed[0].label} has no name" if len(images) == 1 else f"none of {len(images)} images has a name"
        )
        yield Problem(
            "I1",
            f"{what}: ctr 1.2 and later store nothing, and exit 0",
            root_place(graph, unnamed[0], unnamed[0].roots[0]),
        )
        return
    for image in unnamed:
        yield Problem(
            "I2",
            f"the {image.label} has no name: ctr 1.2 and later do not store it",
            root_place(graph, image, image.roots[0]),
        )


def _artifact_problems(graph: ImageGraph) -> Iterator[Problem]:
    for image in graph.images:
        if image.name is None:
            continue
        empty = [root for root in image.roots if _lists_no_image(root)]
        for root in empty:
            yield Problem(
                "I18",
                f"the index of {image.label} lists no image: ctr 1 exits 1, ctr 2 stores what can never be unpacked",
                root_place(graph, image, root),
            )
        if not empty and is_follower(image):
            yield Problem(
                "I17",
                f"{image.label} is no image, but has a name: ctr up to 1.7 tries to unpack it, and exits 1",
                root_place(graph, image, image.roots[0]),
            )


def _lists_no_image(root: Root) -> bool:
    """Tell whether a root is an index of nothing, or of attestations alone; artifacts have a rule of their own."""
    return all(index.state is State.COMPLETE for index in walk_indexes(root.node)) and (
        isinstance(root.node, IndexNode) and all(node.kind is Kind.ATTESTATION for node in walk_manifests(root.node))
    )


def _by_name(image: Image) -> list[Root]:
    """Return the first root of each spelling of an image's name."""
    first: dict[tuple[bool, str], Root] = {}
    for root in image.roots:
        if root.name is not None:
            first.setdefault((_is_full(root), root.name), root)
    return list(first.values())


def _is_full(root: Root) -> bool:
    """Tell whether the name is containerd's own annotation, and not made of a reference."""
    return bool(root.node.descriptor.annotations.get(CONTAINERD_NAME))


def _name_problems(root: Root, place: Place) -> Iterator[Problem]:
    name = root.name or ""
    if not has_reference_separator(name):
        if _is_full(root):
            yield Problem("I3", f"the name {_quoted(name)} is bare: ctr 2 stores nothing for it, and exits 0", place)
        else:
            yield Problem("I5", f"is named by {_quoted(name)} alone: ctr records import-DATE:{_shown(name)}", place)
        return
    try:
        reference = Reference.parse(name).with_default_tag()
    except DocumentError as error:
        yield Problem("I21", f"{error.message}; docker's containerd store keeps nothing under it", place)
        return
    full, digest = reference.full, root.node.descriptor.digest
    if reference.digest and reference.digest != str(digest):
        yield Problem(
            "I20", f"the name {_quoted(name)} ends in the digest of something else, this is {digest}", place
        )
    if name != full:
        yield Problem("I14", f"the name {_quoted(name)} is stored as it is: Kubernetes looks for {full}", place)


def _quoted(text: str) -> str:
    return repr(_shown(text))


def _shown(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
