"""Several archives as one graph: blobs once, and roots of one name as one image.

What one archive lists and another holds is there: an export of one platform often carries the index of all of them.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from ocitool.graph.content import ContentReader
from ocitool.graph.image import (
    ArchiveForm,
    DockerItem,
    Image,
    ImageGraph,
    Node,
    Root,
    State,
    walk_indexes,
    walk_manifests,
)
from ocitool.graph.located import Locator
from ocitool.graph.node import importer_name, with_cosign_subjects
from ocitool.graph.tree import TreeBuilder
from ocitool.model.json_text import agreeing_fields
from ocitool.model.media_type import OCI_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ocitool.archive.entry import Entry
    from ocitool.archive.source import ByteSource
    from ocitool.model.digest import Digest
    from ocitool.model.json_text import JsonObject


def merge_graphs(graphs: Sequence[ImageGraph], sources: Sequence[ByteSource]) -> ImageGraph:
    """Return one graph of several, each with its source in the same place; what is wrong says in which of them.

    Images keep the order in which their names first occur. Raises `DocumentError` or `ArchiveError` if all of them
    together are more than what one archive may hold.
    """
    blobs: dict[Digest, Entry] = {}
    documents: dict[Digest, bytes] = {}
    for number, graph in enumerate(graphs):
        for digest, entry in graph.blobs.items():
            blobs.setdefault(digest, replace(entry, source=number))
        documents |= graph.documents
    content = ContentReader(sources, blobs, documents)
    trees = TreeBuilder(content)
    locator = Locator(graphs, blobs)
    roots = [
        Root(place, locator.node(_completed(root.node, graph, trees), graph))
        for place, (graph, root) in enumerate((graph, root) for graph in graphs for root in _roots(graph))
    ]
    faults = [locator.fault(fault, graph) for graph in graphs for fault in graph.faults]
    faults += [locator.fault(fault) for fault in content.faults]
    index: JsonObject = {"schemaVersion": 2, "mediaType": OCI_INDEX}
    return ImageGraph(
        origins=tuple(origin for graph in graphs for origin in graph.origins),
        index=index | agreeing_fields([graph.index for graph in graphs]),
        images=join_by_name(with_cosign_subjects(roots)),
        blobs=blobs,
        docker_manifest=_docker_items(graphs),
        other_files=tuple(entry for graph in graphs for entry in graph.other_files),
        faults=tuple(dict.fromkeys(faults)),
        has_end=all(graph.has_end for graph in graphs),
        documents=documents,
        form=max((graph.form for graph in graphs), key=lambda form: form is ArchiveForm.DOCKER_ARCHIVE),
        repeats=tuple(name for graph in graphs for name in graph.repeats),
    )


def join_by_name(roots: Iterable[Root]) -> tuple[Image, ...]:
    """Group roots by the name that an importer would record; those without one stand alone, each digest once."""
    groups: dict[str | Digest, dict[Digest, Root]] = {}
    for root in roots:
        digest = root.node.descriptor.digest
        key: str | Digest = digest if root.name is None else importer_name(root.name)
        groups.setdefault(key, {}).setdefault(digest, root)
    return tuple(Image(next(iter(members.values())).name, tuple(members.values())) for members in groups.values())


def _roots(graph: ImageGraph) -> Iterator[Root]:
    """Yield the roots of a graph as its index.json lists them."""
    yield from sorted((root for image in graph.images for root in image.roots), key=lambda root: root.place)


def _completed(node: Node, graph: ImageGraph, trees: TreeBuilder) -> Node:
    """Return the node with what the other archives hold of it."""
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        return node  # lists nothing that it was not meant to hold
    complete = all(manifest.state is State.COMPLETE for manifest in walk_manifests(node)) and all(
        index.state is State.COMPLETE for index in walk_indexes(node)
    )
    return node if complete else trees.build(node.descriptor)


def _docker_items(graphs: Sequence[ImageGraph]) -> tuple[DockerItem, ...] | None:
    """Return what the manifest.json of all archives list, None if there is not one."""
    items = [graph.docker_manifest for graph in graphs if graph.docker_manifest is not None]
    return tuple(chain.from_iterable(items)) if items else None
