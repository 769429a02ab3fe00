"""Deltas among archives: how one is told from a whole archive, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.archive.entry import EntryKind
from ocitool.archive.reader import CUT_REMEDY
from ocitool.errors import (
    ArchiveError,
    DocumentError,
    IntegrityError,
    NotAnArchive,
    OcitoolError,
    TruncatedArchive,
    UnsupportedArchive,
)
from ocitool.graph.content import read_descriptors
from ocitool.graph.layout_files import INDEX_NAME, read_document
from ocitool.model.delta import BEGINNING, DELTA_NAME, DELTA_REMEDY, DELTA_RULE, DeltaList, ListedFile, begins_delta
from ocitool.model.digest import Digest
from ocitool.model.fault import Fault
from ocitool.model.json_text import parse_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.archive.entry import Entry, Scan
    from ocitool.archive.source import ByteSource
    from ocitool.model.delta import ListedBlob
    from ocitool.model.descriptor import Descriptor

_DAMAGED: Final = "transfer the delta again, or make it again"


@dataclass(frozen=True, slots=True)
class Delta:
    """A delta that is all there: its list, the files at the top of the whole archive, and where its blobs lie.

    `roots` are what index.json lists. The bytes of blobs are not verified yet.
    """

    name: str
    listed: DeltaList
    files: Mapping[str, bytes]
    blobs: Mapping[Digest, Entry]
    roots: tuple[Descriptor, ...]


def delta_faults(files: Mapping[str, Entry], source: ByteSource) -> tuple[Fault, ...]:
    """Say of an archive that it is a delta, if it is one: what it seems to lack is in its base."""
    entry = files.get(DELTA_NAME)
    if entry is None or not begins_delta(source.read_at(entry.data_offset, min(entry.size, BEGINNING))):
        return ()
    message = "this is a delta, which holds only what its base lacks, and not a whole archive"
    return (Fault(DELTA_RULE, message, UnsupportedArchive, DELTA_NAME, DELTA_REMEDY),)


def read_delta(scan: Scan, source: ByteSource) -> Delta:
    """Read a delta, and hold its files and entries to its list.

    Raises `NotAnArchive` for what is no delta, `UnsupportedArchive` for one of another version, `TruncatedArchive`
    for one that was cut, the first fault of the scan, `DocumentError` or `IntegrityError` for a list or a file that
    is not as it should be or not there.
    """
    for fault in scan.faults:
        raise fault.to_error()
    files = {entry.name: entry for entry in reversed(scan.entries) if entry.kind is EntryKind.FILE}
    if DELTA_NAME not in files:
        raise _no_delta(scan, source.name)
    listed = _read_list(source, files[DELTA_NAME])
    raw = {file.name: _read_file(file, files, scan, source) for file in listed.files}
    delta = Delta(
        name=source.name,
        listed=listed,
        files=raw,
        blobs={blob.digest: _find_blob(blob, files, scan, source) for blob in listed.in_delta()},
        roots=_read_roots(raw[INDEX_NAME]),
    )
    known = {blob.digest for blob in listed.blobs}
    for root in delta.roots:
        if root.digest not in known:
            raise IntegrityError(
                f"lists {root.digest}, which is not among the blobs of {DELTA_NAME}",
                where=INDEX_NAME,
                remedy=_DAMAGED,
            )
    return delta


def _no_delta(scan: Scan, name: str) -> ArchiveError:
    if not scan.has_end:
        return TruncatedArchive(f"cut short before its {DELTA_NAME}", where=name, remedy=CUT_REMEDY)
    return NotAnArchive(
        f"is not a delta: it holds no {DELTA_NAME}",
        where=name,
        remedy="name the base first, then what ocitool delta OLD NEW -o D wrote: ocitool apply OLD D -o NEW",
    )


def _read_list(source: ByteSource, entry: Entry) -> DeltaList:
    try:
        return DeltaList.parse(read_document(source, entry))
    except OcitoolError as error:
        error.where = error.where or DELTA_NAME
        error.remedy = error.remedy or _DAMAGED
        raise


def _read_file(file: ListedFile, files: Mapping[str, Entry], scan: Scan, source: ByteSource) -> bytes:
    entry = files.get(file.name)
    if entry is None:
        raise _lost(file.name, scan, source)
    raw = source.read_at(entry.data_offset, entry.size) if entry.size == file.size else b""
    if entry.size != file.size or Digest.of(raw, file.digest.algorithm) != file.digest:
        raise IntegrityError(f"is not what {DELTA_NAME} lists it as", where=file.name, remedy=_DAMAGED)
    return raw


def _find_blob(blob: ListedBlob, files: Mapping[str, Entry], scan: Scan, source: ByteSource) -> Entry:
    entry = files.get(blob.digest.blob_name)
    if entry is None:
        raise _lost(str(blob.digest), scan, source)
    if entry.size != blob.size:
        raise IntegrityError(
            f"has {entry.size} bytes, and {DELTA_NAME} lists {blob.size}", where=entry.name, remedy=_DAMAGED
        )
    return entry


def _lost(what: str, scan: Scan, source: ByteSource) -> OcitoolError:
    if not scan.has_end:
        return TruncatedArchive(
            "cut short between two entries: what the delta lists is missing", where=source.name, remedy=CUT_REMEDY
        )
    return IntegrityError(f"lacks {what}, which its {DELTA_NAME} lists", where=source.name, remedy=_DAMAGED)


def _read_roots(raw: bytes) -> tuple[Descriptor, ...]:
    try:
        roots, problems = read_descriptors(parse_object(raw), "manifests")
    except DocumentError as error:
        raise DocumentError(error.message, where=INDEX_NAME, remedy=_DAMAGED) from None
    for problem in problems:
        raise DocumentError(problem, where=INDEX_NAME, remedy=_DAMAGED)
    return roots
