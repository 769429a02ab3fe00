"""Every document of an archive, read as importers would, and the rules of documents.

What is wrong with the JSON itself comes from the reading, the shape of a document from its schema, what no schema can
say from `ocitool.check.document_rules`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ocitool.archive.entry import EntryKind
from ocitool.check.report import Place, Problem
from ocitool.graph.closure import Part, graph_uses
from ocitool.graph.image import ArchiveForm
from ocitool.graph.layout_files import DOCKER_NAME, INDEX_NAME, LAYOUT_NAME
from ocitool.model.json_text import JsonReading, read_json
from ocitool.model.limits import DOCUMENT_LIMIT
from ocitool.model.media_type import DOCKER_LIST, DOCKER_MANIFEST, IMAGE_CONFIGS, OCI_INDEX, OCI_MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.archive.entry import Entry
    from ocitool.check.checked import CheckedArchive
    from ocitool.graph.closure import Use
    from ocitool.model.digest import Digest


class DocumentKind(StrEnum):
    """What a document is meant to be: the name of its schema."""

    LAYOUT = "oci/layout"
    INDEX = "oci/index"
    MANIFEST = "oci/manifest"
    CONFIG = "oci/config"
    MANIFEST_LIST = "docker/manifest-list"
    DOCKER_MANIFEST = "docker/manifest"
    ARCHIVE_MANIFEST = "docker/archive-manifest"


@dataclass(frozen=True, slots=True)
class Document:
    """One document: what it is meant to be, where it stands, and what it says; `media_type` is what lists it."""

    kind: DocumentKind
    place: Place
    reading: JsonReading
    media_type: str = ""


_FILES = {
    LAYOUT_NAME: DocumentKind.LAYOUT,
    INDEX_NAME: DocumentKind.INDEX,
    DOCKER_NAME: DocumentKind.ARCHIVE_MANIFEST,
}
_TYPES = {
    OCI_INDEX: DocumentKind.INDEX,
    OCI_MANIFEST: DocumentKind.MANIFEST,
    DOCKER_LIST: DocumentKind.MANIFEST_LIST,
    DOCKER_MANIFEST: DocumentKind.DOCKER_MANIFEST,
    **dict.fromkeys(IMAGE_CONFIGS, DocumentKind.CONFIG),
}


def document_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield all that is wrong with the documents of an archive, one after the other."""
    for document in read_documents(archive):
        for problem in document.reading.problems:
            yield Problem(problem.rule, problem.message, document.place)


def read_documents(archive: CheckedArchive) -> Iterator[Document]:
    """Read every document once, where it is first listed; nothing is concluded from what lacks its digest."""
    files = {entry.name: entry for entry in reversed(archive.scan.entries) if entry.kind is EntryKind.FILE}
    for name, kind in _FILES.items():
        if name in files and not (name == INDEX_NAME and archive.graph.form is ArchiveForm.DOCKER_ARCHIVE):
            yield Document(kind, Place(name), _read(archive, files[name]))
    seen: set[tuple[Digest, DocumentKind]] = set()
    for use in graph_uses(archive.graph):
        listed = _kind(use)
        entry = archive.graph.blobs.get(use.descriptor.digest)
        if listed is None or entry is None or (use.descriptor.digest, listed) in seen:
            continue
        seen.add((use.descriptor.digest, listed))
        if archive.actual.get(use.descriptor.digest) == use.descriptor.digest:
            place = Place(entry.name, "", use.image, use.platform)
            yield Document(listed, place, _read(archive, entry), use.descriptor.media_type)


def _kind(use: Use) -> DocumentKind | None:
    return None if use.part is Part.LAYER else _TYPES.get(use.descriptor.media_type)


def _read(archive: CheckedArchive, entry: Entry) -> JsonReading:
    # One byte more than there may be, so that the reading says it is too large.
    return read_json(archive.source.read_at(entry.data_offset, min(entry.size, DOCUMENT_LIMIT + 1)))
