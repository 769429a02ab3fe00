"""Where manifest.json lists the configs and layers of a docker-archive, whose blobs have no names of their own."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ocitool.graph.image import ArchiveForm, ManifestNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ocitool.graph.image import DockerItem, ImageGraph
    from ocitool.model.digest import Digest


class DockerPath(NamedTuple):
    """A JSON path in manifest.json (``$[0].Layers[1]``), and the entry that it names."""

    path: str
    entry: str


class DockerPaths:
    """The paths of a docker-archive by image and digest, gathered when the first is asked for."""

    def __init__(self, graph: ImageGraph) -> None:
        self._graph = graph

    def find(self, image: str, digest: Digest) -> DockerPath | None:
        """Return where the image of a label lists a blob first; None in any other archive."""
        return self._known.get((image, digest)) if self._graph.form is ArchiveForm.DOCKER_ARCHIVE else None

    @cached_property
    def _known(self) -> Mapping[tuple[str, Digest], DockerPath]:
        # Each item has a root for each tag, or one without a name.
        items = [place for place in enumerate(self._graph.docker_manifest or ()) for _ in place[1].tags or (None,)]
        known: dict[tuple[str, Digest], DockerPath] = {}
        for image in self._graph.images:
            for root in image.roots:
                if isinstance(root.node, ManifestNode):
                    for digest, path in _paths(root.node, *items[root.place]):
                        known.setdefault((image.label, digest), path)
        return known


def _paths(node: ManifestNode, position: int, item: DockerItem) -> Iterator[tuple[Digest, DockerPath]]:
    if node.config is not None:
        yield node.config.digest, DockerPath(f"$[{position}].Config", item.config)
    # What stands in for an image that cannot be read has no layers.
    for number, (layer, name) in enumerate(zip(node.layers, item.layers, strict=False)):
        yield layer.digest, DockerPath(f"$[{position}].Layers[{number}]", name)
