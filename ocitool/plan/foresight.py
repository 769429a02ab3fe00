"""A plan made before the archive has arrived: what must be there for that, and what is counted on.

Indexes, whatever may be selected with its config, and all of the attestations and referrers that are kept must be
there: of those, what is not whole is left out. Layers of images are counted on, as they are listed. What is listed as
another platform is taken for that. Whether all this held is seen at the end, from the whole archive.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ocitool.archive.arrivals import EXPECTED
from ocitool.archive.entry import Entry, EntryKind, Scan
from ocitool.errors import OcitoolError
from ocitool.graph.build import build_graph
from ocitool.graph.image import ArchiveForm, IndexNode, Kind, ManifestNode, State
from ocitool.graph.layout_files import DOCKER_NAME, INDEX_NAME, LAYOUT_NAME
from ocitool.plan.options import DockerManifest, Missing
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ocitool.archive.source import ByteSource
    from ocitool.graph.image import ImageGraph, Node
    from ocitool.model.descriptor import Descriptor
    from ocitool.model.digest import Digest
    from ocitool.plan.options import FilterOptions
    from ocitool.plan.steps import Plan

FIRST: Final = frozenset({INDEX_NAME, LAYOUT_NAME})
"""The entries without which nothing can be planned."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """What can be told of an archive by its beginning.

    With a `plan`, its copies from the source `EXPECTED` are the blobs still to come, and `documents` what else must
    be looked at when it comes. Without one, `awaited` are the entries to try again after; None: no beginning will do.
    """

    plan: Plan | None = None
    awaited: frozenset[str] | None = None
    documents: frozenset[Digest] = field(default=frozenset())

    @property
    def wanted(self) -> Mapping[Digest, int]:
        """The blobs that are to come, with their sizes in bytes."""
        outputs = () if self.plan is None else self.plan.outputs
        contents = (member.content for output in outputs for member in output.members)
        return {
            content.digest: content.size
            for content in contents
            if isinstance(content, Copy) and content.source == EXPECTED
        }


def foresee(
    entries: Sequence[Entry], source: ByteSource, options: FilterOptions, plan: Callable[[ImageGraph], Plan]
) -> Foresight:
    """Plan with the entries of a beginning, if that can be the plan for all of the archive.

    `plan` is what the verb does with a graph; what it raises is told with the whole archive at hand.
    """
    names = {entry.name for entry in entries}
    if not names >= FIRST:
        return Foresight(awaited=FIRST - names)
    try:
        graph = build_graph(Scan(tuple(entries), has_end=True, size=source.size), source)
        if graph.faults or graph.form is not ArchiveForm.OCI_LAYOUT:
            return Foresight()
        if awaited := frozenset(descriptor.digest.blob_name for descriptor in _awaited(graph, options)):
            return Foresight(awaited=awaited)
        return _foreseen(graph, options, plan)
    except OcitoolError:
        return Foresight()


def _foreseen(graph: ImageGraph, options: FilterOptions, plan: Callable[[ImageGraph], Plan]) -> Foresight:
    """Plan for a graph from which nothing is missing that must be there; raises what `plan` raises."""
    expected = _with_layers(graph)
    made = plan(expected)
    if awaited := _unsettled(graph, expected, made, plan) | _unwhole(graph, made):
        return Foresight(awaited=awaited)
    has_docker_manifest = DOCKER_NAME in graph.layout_files
    if not has_docker_manifest and options.docker_manifest is not DockerManifest.NEVER and _has_choice(made):
        return Foresight(awaited=frozenset({DOCKER_NAME}))
    nodes = [node for image in graph.images for node in image.manifests() if _is_undecided(node)]
    lacking = (each.digest for node in nodes for each in (node.descriptor, node.config) if each is not None)
    return Foresight(made, documents=frozenset(lacking))


def is_same_output(one: Plan, other: Plan) -> bool:
    """Tell whether two plans write the same, wherever they take it from."""
    return list(_written(one)) == list(_written(other))


def _written(plan: Plan) -> Iterator[tuple[object, ...]]:
    for output in plan.outputs:
        yield output.name, output.is_folder, len(output.members)
        for member in output.members:
            content = member.content
            yield member.name, (content.digest, content.size) if isinstance(content, Copy) else content


def _awaited(graph: ImageGraph, options: FilterOptions) -> Iterator[Descriptor]:
    """Yield what must have arrived before anything can be said."""
    repairs = options.missing is Missing.SKIP or options.platforms.only_complete
    for image in graph.images:
        yield from (index.descriptor for index in image.indexes() if index.state is State.ABSENT)
        for node in image.manifests():
            is_image = node.kind is Kind.IMAGE
            may_be_wanted = node.platform is None or options.platforms.wants(node.platform)
            matters = may_be_wanted if is_image else node.subject is None
            if _is_undecided(node):
                if matters or options.require_signatures:
                    yield _lacking(node)
            elif may_be_wanted or not is_image:
                yield from node.external
                if repairs and is_image:
                    yield from node.missing


def _unsettled(
    graph: ImageGraph, expected: ImageGraph, made: Plan, plan: Callable[[ImageGraph], Plan]
) -> frozenset[str]:
    """Return what follows something kept and has not arrived, if it would make a difference."""
    nodes = [node for image in graph.images for node in image.manifests() if _is_follower(node)]
    if not nodes:
        return frozenset()
    try:
        later = plan(_changed(expected, _with_followers))
        if later.kept == made.kept and is_same_output(made, later):
            return frozenset()
    except OcitoolError:
        pass
    return frozenset(_lacking(node).digest.blob_name for node in nodes)


def _unwhole(graph: ImageGraph, made: Plan) -> frozenset[str]:
    """Return what has not come of that which follows something kept, and would be left out if it lacked anything."""
    kept = {manifest.digest for manifest in made.kept}
    return frozenset(
        content.digest.blob_name
        for image in graph.images
        for node in image.manifests()
        if node.kind is not Kind.IMAGE and not _is_undecided(node) and node.descriptor.digest in kept
        for content in node.missing
    )


def _has_choice(plan: Plan) -> bool:
    """Tell whether a manifest.json that is still to come could choose between platforms of one image."""
    for output in plan.outputs:
        images = [manifest.image for manifest in output.kept if manifest.kind == Kind.IMAGE.value]
        if len(images) > len(set(images)):
            return True
    return False


def _is_undecided(node: ManifestNode) -> bool:
    return node.state is State.ABSENT or (node.config is not None and node.config in node.missing)


def _is_follower(node: ManifestNode) -> bool:
    return _is_undecided(node) and node.kind is not Kind.IMAGE


def _lacking(node: ManifestNode) -> Descriptor:
    return node.descriptor if node.config is None else node.config


def _with_layers(graph: ImageGraph) -> ImageGraph:
    """Return the graph as it is when all layers have come that its manifests list."""
    missing = {
        layer.digest: layer
        for image in graph.images
        for node in image.manifests()
        if not _is_undecided(node)
        for layer in node.missing
    }
    blobs = dict(graph.blobs)
    offset = 0
    for digest, layer in missing.items():
        blobs[digest] = Entry(digest.blob_name, EntryKind.FILE, layer.size, offset, offset, source=EXPECTED)
        offset += max(layer.size, 1)
    return _changed(replace(graph, blobs=blobs), _complete)


def _complete(node: ManifestNode) -> ManifestNode:
    is_partial = node.state is State.PARTIAL and not _is_undecided(node)
    return replace(node, state=State.COMPLETE, missing=()) if is_partial else node


def _with_followers(node: ManifestNode) -> ManifestNode:
    return replace(node, state=State.COMPLETE, missing=()) if _is_follower(node) else node


def _changed(graph: ImageGraph, change: Callable[[ManifestNode], ManifestNode]) -> ImageGraph:
    """Return a graph with every manifest changed."""

    def changed(node: Node) -> Node:
        if isinstance(node, IndexNode):
            return replace(node, children=tuple(map(changed, node.children)))
        return change(node)

    images = (
        replace(image, roots=tuple(replace(root, node=changed(root.node)) for root in image.roots))
        for image in graph.images
    )
    return replace(graph, images=tuple(images))
