"""Several archives as one graph: blobs once, and roots of one name as one image.

What one archive lists and another holds is there: an export of one platform often carries the index of all of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from ocitool.graph.content import ContentReader
from ocitool.graph.image import (
    ArchiveForm,
    DockerItem,
    ImageGraph,
    Node,
    Root,
    State,
    walk_indexes,
    walk_manifests,
)
from ocitool.graph.located import Locator
from ocitool.graph.node import group_by_name, with_cosign_subjects
from ocitool.graph.tree import TreeBuilder
from ocitool.model.json_text import agreeing_fields
from ocitool.model.media_type import OCI_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    alternatives: defaultdict[Digest, list[Entry]] = defaultdict(list)
    for number, graph in enumerate(graphs):
        for digest, entry in graph.blobs.items():
            placed = replace(entry, source=number)
            if blobs.setdefault(digest, placed) is not placed:
                alternatives[digest].append(placed)
        documents |= graph.documents
    content = ContentReader(sources, blobs, documents, alternatives)
    trees = TreeBuilder(content)
    locator = Locator(graphs, blobs)
    whole = all(map(_is_sound, graphs))
    listed = [(number, root) for number, graph in enumerate(graphs) for root in _roots(graph)]
    roots: list[Root] = []
    for place, (number, root) in enumerate(listed):
        node = _completed(root.node, graphs[number], trees, whole=whole)
        unchanged = whole and node is root.node
        roots.append(Root(place, node if unchanged else locator.node(node, graphs[number]), number))
    faults = [locator.fault(fault, graph) for graph in graphs for fault in graph.faults]
    faults += [locator.fault(fault) for fault in content.faults]
    index: JsonObject = {"schemaVersion": 2, "mediaType": OCI_INDEX}
    return ImageGraph(
        origins=tuple(origin for graph in graphs for origin in graph.origins),
        index=index | agreeing_fields([graph.index for graph in graphs]),
        images=group_by_name(with_cosign_subjects(roots), join=True),
        blobs=blobs,
        docker_manifest=_docker_items(graphs),
        other_files=tuple(entry for graph in graphs for entry in graph.other_files),
        faults=tuple(dict.fromkeys(faults)),
        has_end=all(graph.has_end for graph in graphs),
        documents=documents,
        form=max((graph.form for graph in graphs), key=lambda form: form is ArchiveForm.DOCKER_ARCHIVE),
        repeats=tuple(name for graph in graphs for name in graph.repeats),
    )


def _roots(graph: ImageGraph) -> Iterator[Root]:
    """Yield the roots of a graph as its index.json lists them."""
    yield from sorted((root for image in graph.images for root in image.roots), key=lambda root: root.place)


def _completed(node: Node, graph: ImageGraph, trees: TreeBuilder, *, whole: bool) -> Node:
    """Return the node with what the other archives hold of it.

    With `whole` there is nothing to gain for a complete one: all archives hold what they should.
    """
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        return node  # lists nothing that it was not meant to hold
    complete = all(manifest.state is State.COMPLETE for manifest in walk_manifests(node)) and all(
        index.state is State.COMPLETE for index in walk_indexes(node)
    )
    return node if whole and complete else trees.build(node.descriptor)


def _is_sound(graph: ImageGraph) -> bool:
    """Tell whether nothing that was read of an archive is other than its digest says."""
    return all(
        manifest.state is not State.CORRUPT for image in graph.images for manifest in image.manifests()
    ) and all(index.state is not State.CORRUPT for image in graph.images for index in image.indexes())


def _docker_items(graphs: Sequence[ImageGraph]) -> tuple[DockerItem, ...] | None:
    """Return what the manifest.json of all archives list, None if there is not one."""
    items = [graph.docker_manifest for graph in graphs if graph.docker_manifest is not None]
    return tuple(chain.from_iterable(items)) if items else None
