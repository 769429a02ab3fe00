"""Where things are listed: each root, index and manifest of an image with the JSON path of its descriptor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.check.report import Place
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import ArchiveForm, IndexNode, ManifestNode, State
from ocitool.graph.layout_files import DOCKER_NAME, INDEX_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.graph.image import Image, ImageGraph, Root


@dataclass(frozen=True, slots=True)
class ListedManifest:
    """A manifest, and the place of the descriptor that lists it."""

    node: ManifestNode
    place: Place


def root_place(graph: ImageGraph, image: Image, root: Root) -> Place:
    """Return the place of a descriptor of index.json; a docker-archive has but its manifest.json."""
    platform = manifest_name(root.node) if isinstance(root.node, ManifestNode) else ""
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        return Place(DOCKER_NAME, "", image.label, platform)
    return Place(INDEX_NAME, f"$.manifests[{root.place}]", image.label, platform)


def manifests_of_root(graph: ImageGraph, image: Image, root: Root) -> Iterator[ListedManifest]:
    """Yield the manifest that a root is, or all that it lists."""
    if isinstance(root.node, ManifestNode):
        yield ListedManifest(root.node, root_place(graph, image, root))
    else:
        yield from manifests_of_index(image, root.node)


def manifests_of_index(image: Image, index: IndexNode) -> Iterator[ListedManifest]:
    """Yield every manifest that an index lists, or an index in it."""
    for position, child in enumerate(index.children):
        if isinstance(child, IndexNode):
            yield from manifests_of_index(image, child)
        else:
            # What cannot be read leaves no child, and then positions are not those of the document.
            path = f"$.manifests[{position}]" if index.state is State.COMPLETE else ""
            yield ListedManifest(
                child, Place(index.descriptor.digest.blob_name, path, image.label, manifest_name(child))
            )
