"""What containerd has of an archive once it has read it: blobs by the digest that it computes, and documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from ocitool.advice.containerd.decoding import NOT_JSON, OBJECT, go_words
from ocitool.advice.containerd.docker_images import made_index, made_node
from ocitool.advice.containerd.failure import ImportFailure
from ocitool.advice.containerd.untyped import is_of_untyped, untyped_nodes
from ocitool.graph.image import ArchiveForm, IndexNode, Kind, ManifestNode, Root, State
from ocitool.graph.layout_files import INDEX_NAME
from ocitool.model.digest import Digest
from ocitool.model.json_text import dump_json
from ocitool.model.media_type import INDEXES, MANIFESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.outcome import Outcome
    from ocitool.graph.image import Damage, ImageGraph, Node
    from ocitool.model.descriptor import Descriptor
    from ocitool.model.fault import Fault


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """The content of an archive as containerd finds it.

    A blob is stored under the digest of its bytes (importer.go, `onUntarBlob`), so that a corrupt one is one that is
    not there; only 1.0 and 1.1 go by its name (`by_path`) and take sha512 too. `unreadable` are the rules of `verify`
    whose breach keeps Go from decoding a document; sizes are not compared, so that a wrong one does no harm. `held`
    is what can be found, among it the manifests that it makes of the images that manifest.json lists. `index_digest`
    is that of index.json as it is written here, since a graph does not keep its bytes, or of the one made of
    manifest.json, `index_size` its bytes. `layer_types` are the media types of all layers; `reads_platforms` says
    that some manifest is listed without a platform, so that its config tells.
    """

    graph: ImageGraph
    index_digest: Digest
    index_size: int
    corrupt: frozenset[Digest]
    by_path: bool = False
    checks_media_types: bool = True
    unreadable: frozenset[str] = frozenset()
    held: frozenset[Digest] = frozenset()
    layer_types: frozenset[str] = frozenset()
    reads_platforms: bool = False
    faults: dict[str, tuple[Fault, ...]] = field(default_factory=dict)
    untyped: dict[str, dict[int, ManifestNode]] = field(default_factory=dict)
    _whole: dict[Digest, bool] = field(default_factory=dict, repr=False)
    _endings: dict[Hashable, Outcome | ImportFailure] = field(default_factory=dict, repr=False)

    @classmethod
    @lru_cache(maxsize=16)
    def of(
        cls,
        facts: ArchiveFacts,
        *,
        by_path: bool = False,
        checks_media_types: bool = True,
        unreadable: frozenset[str] = frozenset(),
    ) -> Store:
        """Return what containerd has of an archive; commands and versions are many, and ask for the same."""
        graph = facts.graph if by_path else facts.by_content or facts.graph
        nodes: list[Node] = []
        for image in graph.images:
            nodes += [*image.manifests(), *image.indexes()]
        damages = [damage for node in nodes for damage in node.damages if not _is_size_alone(damage)]
        found = {damage.descriptor.digest for damage in damages if damage.descriptor is not None}
        corrupt = facts.corrupt | found
        faults: dict[str, tuple[Fault, ...]] = {}
        untyped = untyped_nodes(graph)
        for fault in graph.faults:
            if not is_of_untyped(fault, untyped):
                faults[fault.where] = (*faults.get(fault.where, ()), fault)
        # What is absent has no config known, so nothing is made of it.
        manifests = [node for node in nodes if isinstance(node, ManifestNode)]
        known = (node for node in manifests if node.config is not None)
        made = map(made_node, known) if graph.docker_manifest is not None else ()
        found_blobs = (digest for digest in graph.blobs.keys() - corrupt if by_path or digest.algorithm == "sha256")
        is_docker = graph.form is ArchiveForm.DOCKER_ARCHIVE
        index = made_index(_listed(graph)) if is_docker else dump_json(dict(graph.index))
        return cls(
            graph,
            Digest.of(index),
            len(index),
            corrupt,
            by_path,
            checks_media_types,
            unreadable,
            held=frozenset((*found_blobs, *(node.descriptor.digest for node in made))),
            layer_types=frozenset(layer.media_type for node in manifests for layer in node.layers),
            reads_platforms=any(node.descriptor.platform is None for node in manifests),
            faults=faults,
            untyped=untyped,
        )

    def ending(self, imported: Hashable, run: Callable[[], Outcome]) -> Outcome:
        """Return how an import ends, worked out once for all versions and arguments that come to the same import.

        Raises the `ImportFailure` that `run` raises.
        """
        known = self._endings.get(imported)
        if known is None:
            try:
                known = run()
            except ImportFailure as failure:
                known = failure
            self._endings[imported] = known
        if isinstance(known, ImportFailure):
            raise known
        return known

    @property
    def roots(self) -> tuple[Root, ...]:
        """What index.json lists, in its order."""
        roots = [root for image in self.graph.images for root in image.roots]
        roots += [Root(place, node) for place, node in self.untyped.get(INDEX_NAME, {}).items()]
        return tuple(sorted(roots, key=lambda root: (root.source, root.place)))

    def children(self, index: IndexNode) -> tuple[Node, ...]:
        """Return what an index lists, in its order."""
        if not self.untyped:
            return index.children
        children: list[Node] = list(index.children)
        for place, node in sorted(self.untyped.get(index.descriptor.digest.blob_name, {}).items()):
            children.insert(place, node)
        return tuple(children)

    def holds(self, digest: Digest) -> bool:
        """Tell whether content can be found by a digest."""
        return digest in self.held

    def is_whole(self, node: ManifestNode) -> bool:
        """Tell whether config and layers of a manifest are all there."""
        digest = node.descriptor.digest
        known = self._whole.get(digest)
        if known is None:
            is_there = node.config is not None and node.state is not State.ABSENT
            known = is_there and all(self.holds(part.digest) for part in node.contents)
            self._whole[digest] = known
        return known

    def why_not(self, digest: Digest) -> str:
        """Say in words why content is not found."""
        if digest not in self.graph.blobs:
            return "is not in the archive"
        if digest in self.corrupt:
            return "is corrupt: containerd stores it under the digest that its bytes have"
        return f"is addressed by {digest.algorithm}: containerd computes sha256 alone"

    def read(self, node: Node) -> None:
        """Read a manifest or index; raises `ImportFailure` if it is not there or cannot be read."""
        descriptor = node.descriptor
        if not self.faults and descriptor.digest in self.held:
            return
        if descriptor.digest == self.index_digest:
            return
        if not self.holds(descriptor.digest):
            raise ImportFailure("content-not-found", missing_words(node, self), digest=descriptor.digest)
        self._check_kind(node)
        self.check_document(descriptor.digest.blob_name)

    def check_document(self, place: str) -> None:
        """Raise `ImportFailure` if Go does not decode the document at a place of the archive."""
        for fault in self.faults.get(place, ()):
            # Go decodes null as an empty list.
            if fault.rule in self.unreadable and " is null" not in fault.message:
                text = go_words(fault.message)
                if self.checks_media_types and place != INDEX_NAME and fault.message.startswith(NOT_JSON):
                    # The check of its kind decodes it first.
                    text = f"children: invalid desc {place.removeprefix('blobs/').replace('/', ':')}: {text}"
                raise ImportFailure("bad-document", f"{place} cannot be read: {fault.message}", text=text)

    def check_config(self, config: Descriptor, template: str = "") -> None:
        """Raise `ImportFailure` if Go does not decode a config at all."""
        for fault in self.faults.get(config.digest.blob_name, ()):
            if fault.rule == "C13" and fault.message.startswith((NOT_JSON, OBJECT)) and "null" not in fault.message:
                text = go_words(fault.message)
                raise ImportFailure(
                    "config-unreadable", f"config {config.digest} {fault.message}", template=template, text=text
                )

    def _check_kind(self, node: Node) -> None:
        """Hold a document to the kind that it is listed as (image.go, `validateMediaType`)."""
        if not self.checks_media_types:
            return
        is_index = isinstance(node, IndexNode)
        other = ("has config", "has layers") if is_index else ("has manifests",)
        marks = (*other, *(repr(media_type) for media_type in (MANIFESTS if is_index else INDEXES)))
        for fault in self.faults.get(node.descriptor.digest.blob_name, ()):
            if fault.rule == "M4" and any(mark in fault.message for mark in marks):
                raise ImportFailure(
                    "media-type",
                    f"{node.descriptor.digest} {fault.message}",
                    digest=node.descriptor.digest,
                    expected="index" if is_index else "manifest",
                    found="manifest" if is_index else "index",
                    type=node.descriptor.media_type,
                )


def _listed(graph: ImageGraph) -> list[Node]:
    roots = [root for image in graph.images for root in image.roots]
    return [root.node for root in sorted(roots, key=lambda root: (root.source, root.place))]


def missing_words(node: Node, store: Store) -> str:
    """Say which manifest or index is not found, and why."""
    if isinstance(node, IndexNode):
        what = "an index"
    elif node.kind is Kind.ATTESTATION:
        what = "an attestation"
    else:
        platform = node.descriptor.platform
        what = f"the manifest of {platform.display}" if platform else "a manifest"
    return f"{what} is listed and {store.why_not(node.descriptor.digest)}"


def _is_size_alone(damage: Damage) -> bool:
    return damage.message.startswith("has ") and "digest" not in damage.message
