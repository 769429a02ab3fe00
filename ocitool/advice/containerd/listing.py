"""What containerd takes an archive for: an image layout or a docker-archive, and what it lists (importer.go)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ocitool.advice.containerd.decoding import go_words
from ocitool.advice.containerd.docker_images import made_node
from ocitool.advice.containerd.failure import ImportFailure
from ocitool.errors import DocumentError
from ocitool.graph.docker_manifest import NULL
from ocitool.graph.image import ArchiveForm
from ocitool.graph.layout_files import DOCKER_NAME, INDEX_NAME, LAYOUT_NAME
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME
from ocitool.model.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ocitool.advice.containerd.store import Store
    from ocitool.graph.image import DockerItem, ManifestNode, Node
    from ocitool.model.fault import Fault

_NULL: Final = re.compile(r"^(?:manifests is|not a JSON object but) null")
"""What Go decodes as an index that lists nothing."""

_NO_VERSION: Final = re.compile(r"imageLayoutVersion is (?:None|''),")
_VERSION: Final = re.compile(r"imageLayoutVersion is (.*), not '1\.0\.0'")


def check_compression(compression: str, accepted: Collection[str]) -> None:
    """Raise `ImportFailure` for a whole file of a compression that is not undone."""
    if compression and compression not in accepted:
        raise ImportFailure(
            "invalid-tar-header", f"the whole file is compressed with {compression}, which is not read"
        )


def list_strictly(store: Store) -> tuple[Node, ...]:
    """Return what index.json lists, as containerd 1.0 and 1.1 read it (images/oci/importer.go).

    Blobs are held to their names there; neither oci-layout nor manifest.json is looked at.
    """
    graph = store.graph
    if INDEX_NAME in graph.repeats:
        raise ImportFailure("duplicate-index", "index.json is in the archive twice")
    corrupt = next((digest for digest in graph.blobs if digest in store.corrupt), None)
    if corrupt is not None:
        raise ImportFailure("blob-corrupt", f"blob {corrupt} is corrupt", digest=corrupt, found="sha256:…")
    if graph.form is ArchiveForm.DOCKER_ARCHIVE or _fault(store, INDEX_NAME, "L6"):
        raise ImportFailure("no-index", "the archive has no index.json")
    return _layout_nodes(store)


def list_archive(store: Store) -> tuple[Node, ...]:
    """Return what an archive lists, as every containerd from 1.2 on reads it; raises `ImportFailure`."""
    graph = store.graph
    if fault := _fault(store, LAYOUT_NAME, "L3"):
        raise ImportFailure("bad-layout", f"oci-layout cannot be read: {fault.message}", text=go_words(fault.message))
    # Go decodes null without an error.
    if (fault := _fault(store, DOCKER_NAME, "V25")) and fault.message != NULL:
        raise ImportFailure("bad-docker-manifest", f"manifest.json {fault.message}", text="unexpected EOF")
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        # Beside an oci-layout an index.json that lists nothing counts all the same.
        return () if graph.layout_files >= {LAYOUT_NAME, INDEX_NAME} else _docker_nodes(store)
    if (fault := _fault(store, LAYOUT_NAME, "L4")) and not _NO_VERSION.search(fault.message):
        found = _VERSION.search(fault.message)
        raise ImportFailure("layout-version", fault.message, text=found[1].strip("'") if found else "")
    if fault or _fault(store, LAYOUT_NAME, "L2") or _fault(store, LAYOUT_NAME, "T1"):
        if graph.docker_manifest is None:
            raise ImportFailure("unrecognized-format", "there is neither an oci-layout nor a manifest.json")
        return _items_in_layout(store, graph.docker_manifest)
    if _fault(store, INDEX_NAME, "L6") or _fault(store, INDEX_NAME, "T1"):
        raise ImportFailure("no-index", "the archive has no index.json")
    return _layout_nodes(store)


def _layout_nodes(store: Store) -> tuple[Node, ...]:
    if not store.graph.images and (fault := _fault(store, INDEX_NAME, "L7")) and not _NULL.search(fault.message):
        text = go_words(fault.message, "v1.Index")
        raise ImportFailure("bad-document", f"index.json cannot be read: {fault.message}", text=text)
    store.check_document(INDEX_NAME)
    return tuple(root.node for root in store.roots)


def _docker_nodes(store: Store) -> tuple[Node, ...]:
    """Return the manifests that are made of a docker-archive; their descriptors have the config's platform."""
    nodes = {root.place: root.node for root in store.roots}
    place = 0
    for item in store.graph.docker_manifest or ():
        node = nodes.get(place)
        if node is not None:
            _check_item(item, node)
        place += max(len(item.tags), 1)
    return tuple(made_node(_with_platform(node)) for node in nodes.values())


def _check_item(item: DockerItem, node: Node) -> None:
    """Raise `ImportFailure` if an entry that manifest.json names is not there."""
    manifest: ManifestNode = node  # type: ignore[assignment]  # a docker-archive has no indexes
    missing = {descriptor.digest for descriptor in manifest.missing}
    if manifest.config is not None and manifest.config.digest in missing:
        raise ImportFailure("docker-config-missing", f"{item.config} is not in the archive", name=item.config)
    for name, layer in zip(item.layers, manifest.layers, strict=False):
        if layer.digest in missing:
            raise ImportFailure("docker-layer-missing", f"{name} is not in the archive", name=name)


def _items_in_layout(store: Store, items: tuple[DockerItem, ...]) -> tuple[Node, ...]:
    """Return the images of manifest.json in an archive that has an index.json too, but no oci-layout."""
    manifests = {
        node.config.digest.blob_name: node
        for image in store.graph.images
        for node in image.manifests()
        if node.config is not None and node.config not in node.missing
    }
    found: list[Node] = []
    for item in items:
        node = manifests.get(item.config)
        if node is None:
            raise ImportFailure("docker-config-missing", f"{item.config} is not in the archive", name=item.config)
        _check_item(item, node)
        found.extend(made_node(_with_platform(named)) for named in _named(node, item))
    return tuple(found)


def _named(node: ManifestNode, item: DockerItem) -> Iterator[Node]:
    if not item.tags:
        yield node
    for tag in item.tags:
        try:
            reference = Reference.parse(tag).with_default_tag()
        except DocumentError:
            raise ImportFailure("bad-document", f"{tag!r} is no name", text="…") from None
        annotations = {CONTAINERD_NAME: reference.full, REF_NAME: reference.tag}
        fields = node.descriptor.to_json() | {"annotations": dict(annotations)}
        yield replace(node, descriptor=replace(node.descriptor, fields=fields))


def _with_platform(node: Node) -> Node:
    platform = getattr(node, "configured", None) or getattr(node, "platform", None)
    return replace(node, descriptor=replace(node.descriptor, platform=platform))


def _fault(store: Store, where: str, rule: str) -> Fault | None:
    return next((fault for fault in store.faults.get(where, ()) if fault.rule == rule), None)
