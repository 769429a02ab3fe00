"""The image graph of an OCI layout: index.json, and what it lists (image-layout.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.archive.entry import Entry, EntryKind, Scan
from ocitool.errors import DocumentError, UnsafeEntry
from ocitool.graph.content import ContentReader, read_descriptors
from ocitool.graph.delta import delta_faults
from ocitool.graph.docker_manifest import read_docker_manifest
from ocitool.graph.image import DockerItem, ImageGraph, Origin, Root
from ocitool.graph.layout_files import DOCKER_NAME, INDEX_NAME, LAYOUT_FILES, LAYOUT_NAME, read_document
from ocitool.graph.node import group_by_name, with_cosign_subjects
from ocitool.graph.tree import TreeBuilder
from ocitool.model.delta import DELTA_NAME
from ocitool.model.descriptor import Descriptor
from ocitool.model.digest import digest_of_blob_name
from ocitool.model.fault import Fault
from ocitool.model.fields import LAYOUT_FIELDS, check_document, require_exact_names
from ocitool.model.json_text import JsonObject, parse_object, read_json
from ocitool.model.media_type import OCI_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ocitool.archive.source import ByteSource

LAYOUT_VERSION: Final = "1.0.0"

_DAMAGED: Final = "the archive is damaged: transfer or export it again"
_WORDS: Final = {EntryKind.LINK: "link", EntryKind.DIRECTORY: "directory", EntryKind.OTHER: "special file"}


def build_layout_graph(scan: Scan, files: Mapping[str, Entry], source: ByteSource) -> ImageGraph:
    """Read all that index.json lists; raises `DocumentError` if it cannot be read at all."""
    return _Builder(source, files).build(scan)


def link_faults(entries: Iterable[Entry]) -> tuple[Fault, ...]:
    """Find links and devices where content should be; importers do not follow them."""
    return tuple(
        Fault(
            rule="T1",
            message=f"a {_WORDS[entry.kind]} in the place of a file, which importers do not read",
            error=UnsafeEntry,
            where=entry.name,
            remedy="pack the archive again with regular files (tar --dereference --hard-dereference)",
        )
        for entry in entries
        if entry.kind is not EntryKind.FILE
        and (entry.name in LAYOUT_FILES or digest_of_blob_name(entry.name) is not None)
    )


class _Builder:
    def __init__(self, source: ByteSource, files: Mapping[str, Entry]) -> None:
        self._source = source
        self._files = files
        self._blobs = {
            digest: entry for name, entry in files.items() if (digest := digest_of_blob_name(name)) is not None
        }
        self._content = ContentReader((source,), self._blobs)
        self._faults: list[Fault] = []

    def build(self, scan: Scan) -> ImageGraph:
        # First, since it explains what else there is to say.
        deltas = delta_faults(self._files, self._source)
        self._faults.extend(deltas)
        self._faults.extend(scan.faults)
        links = link_faults(scan.entries)
        self._faults.extend(links)
        if not any(fault.where == LAYOUT_NAME for fault in links):
            self._check_layout()
        index, descriptors = self._read_index()
        trees = TreeBuilder(self._content)
        places = _places(index)
        roots = [Root(places[id(descriptor.fields)], trees.build(descriptor)) for descriptor in descriptors]
        docker_manifest = self._read_docker_manifest()
        return ImageGraph(
            origins=(Origin(self._source.name, self._source.size),),
            index=index,
            images=group_by_name(with_cosign_subjects(roots)),
            blobs=self._blobs,
            docker_manifest=docker_manifest,
            other_files=tuple(
                entry
                for entry in scan.entries
                if entry.kind is not EntryKind.DIRECTORY
                and entry.name not in LAYOUT_FILES
                and not (deltas and entry.name == DELTA_NAME)
                and digest_of_blob_name(entry.name) is None
            ),
            faults=tuple(self._faults + self._content.faults),
            has_end=scan.has_end,
            repeats=scan.repeats,
            layout_files=LAYOUT_FILES & self._files.keys(),
        )

    def _check_layout(self) -> None:
        entry = self._files.get(LAYOUT_NAME)
        if entry is None:
            self._fault("L2", LAYOUT_NAME, "is not in the archive, so importers do not take it for an OCI layout")
            return
        try:
            value = parse_object(self._read(entry))
            require_exact_names(value, LAYOUT_FIELDS)
        except DocumentError as error:
            self._fault("L3", LAYOUT_NAME, error.message)
            return
        version = value.get("imageLayoutVersion")
        if version != LAYOUT_VERSION:
            self._fault("L4", LAYOUT_NAME, f"imageLayoutVersion is {version!r}, not {LAYOUT_VERSION!r}"[:200])

    def _read_index(self) -> tuple[JsonObject, tuple[Descriptor, ...]]:
        """Read index.json; raises `DocumentError` where nothing of it can be read."""
        problems: tuple[str, ...] = ()
        try:
            reading = read_json(self._read(self._files[INDEX_NAME]))
            problems = tuple(problem.message for problem in reading.problems)
            value = reading.object()
            descriptors, unreadable = read_descriptors(value, "manifests")
        except DocumentError as error:
            message = next(iter(problems), error.message)
            raise DocumentError(message, where=INDEX_NAME, remedy=_DAMAGED) from None
        for problem in reading.problems:
            self._fault(problem.rule, INDEX_NAME, problem.message, _DAMAGED)
        try:
            _hold_to_index(value)
        except DocumentError as error:
            self._fault("L7", INDEX_NAME, error.message, _DAMAGED)
        for text in unreadable:
            self._fault("X6", INDEX_NAME, text, _DAMAGED)
        return value, descriptors

    def _read_docker_manifest(self) -> tuple[DockerItem, ...] | None:
        entry = self._files.get(DOCKER_NAME)
        if entry is None:
            return None
        try:
            return read_docker_manifest(self._read(entry))
        except DocumentError as error:
            self._fault("V25", DOCKER_NAME, error.message)
            return None

    def _read(self, entry: Entry) -> bytes:
        return read_document(self._source, entry)

    def _fault(self, rule: str, where: str, message: str, remedy: str = "export the archive again") -> None:
        self._faults.append(Fault(rule, message, DocumentError, where, remedy))


def _places(index: JsonObject) -> dict[int, int]:
    """Return where each entry of index.json is, by identity: those that cannot be read are not in its descriptors."""
    entries = index.get("manifests")
    return {id(entry): place for place, entry in enumerate(entries)} if isinstance(entries, list) else {}


def _hold_to_index(value: JsonObject) -> None:
    check_document(value)
    if value.get("subject") is not None:
        Descriptor.from_json(value["subject"])
    media_type = value.get("mediaType")
    if media_type is not None and media_type != OCI_INDEX:
        raise DocumentError(f"mediaType is {media_type!r}, not {OCI_INDEX!r}"[:200])
