"""Archives as they are read by who stores every regular file under the digest of its bytes, whatever its name."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ocitool.archive.entry import EntryKind
from ocitool.graph.build import build_graph
from ocitool.graph.image import ArchiveForm, State
from ocitool.model.digest import Digest
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.archive.entry import Entry, Scan
    from ocitool.archive.source import ByteSource
    from ocitool.graph.image import ImageGraph
    from ocitool.model.descriptor import Descriptor

_CHUNK: Final = 1024 * 1024


def graph_by_content(
    scan: Scan, source: ByteSource, graph: ImageGraph, *, ratio_limit: int = RATIO_LIMIT
) -> ImageGraph | None:
    """Return the graph of an OCI layout with what lies elsewhere, None if that is nothing.

    containerd stores every regular file by its bytes and passes over links (core/images/archive/importer.go), so that
    content whose place is a link is there if the file it leads to is. Only files of the size of what is missing are
    hashed. Raises what `build_graph` raises.
    """
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        return None
    found: dict[int, Digest] = {}
    hashed: dict[int, Digest] = {}
    while True:
        missing = {descriptor.digest: descriptor.size for descriptor in _missing(graph)}
        sizes = frozenset(missing.values())
        before = len(found)
        for entry in graph.other_files:
            if entry.kind is EntryKind.FILE and entry.size in sizes:
                if entry.header_offset not in hashed:
                    hashed[entry.header_offset] = _hash(source, entry)
                if (digest := hashed[entry.header_offset]) in missing:
                    found[entry.header_offset] = digest
        if len(found) == before:
            return graph if found else None
        graph = build_graph(_renamed(scan, found), source, ratio_limit=ratio_limit)


def _missing(graph: ImageGraph) -> Iterator[Descriptor]:
    for image in graph.images:
        yield from (index.descriptor for index in image.indexes() if index.state is State.ABSENT)
        for node in image.manifests():
            yield from (node.descriptor,) if node.state is State.ABSENT else node.missing


def _renamed(scan: Scan, found: dict[int, Digest]) -> Scan:
    names = {digest.blob_name for digest in found.values()}
    entries = (
        replace(entry, name=found[entry.header_offset].blob_name) if entry.header_offset in found else entry
        for entry in scan.entries
        if entry.name not in names
    )
    return replace(scan, entries=tuple(entries))


def _hash(source: ByteSource, entry: Entry) -> Digest:
    hasher = hashlib.sha256()
    for offset in range(0, entry.size, _CHUNK):
        hasher.update(source.read_at(entry.data_offset + offset, min(_CHUNK, entry.size - offset)))
    return Digest("sha256", hasher.hexdigest())
