"""Build the image graph of an archive from its entries, whichever of the two forms it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.archive.entry import EntryKind
from ocitool.archive.reader import CUT_REMEDY
from ocitool.errors import DocumentError, MissingIndex, NotAnArchive, TruncatedArchive, UnsupportedArchive
from ocitool.graph.docker_archive import build_docker_graph
from ocitool.graph.docker_manifest import read_docker_manifest
from ocitool.graph.image import ArchiveForm, ImageGraph, Origin, State
from ocitool.graph.layout_files import (
    DOCKER_NAME,
    INDEX_NAME,
    LAYOUT_FILES,
    LAYOUT_NAME,
    REPOSITORIES_NAME,
    read_document,
)
from ocitool.graph.oci_layout import build_layout_graph, link_faults
from ocitool.model.digest import digest_of_blob_name
from ocitool.model.fault import Fault
from ocitool.model.json_text import parse_object
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.archive.entry import Entry, Scan
    from ocitool.archive.source import ByteSource

_EMPTY_INDEX_LIMIT: Final = 64 * 1024
"""Bytes of an index.json that may list nothing at all; larger ones list something."""

_SYSTEM_FOLDERS: Final = frozenset({"bin", "dev", "etc", "lib", "proc", "sbin", "tmp", "usr", "var"})


def build_graph(scan: Scan, source: ByteSource, *, ratio_limit: int = RATIO_LIMIT) -> ImageGraph:
    """Read every document an archive lists and tell the state of each platform.

    An OCI layout counts before a docker-archive in the same file, as it does for containerd
    (core/images/archive/importer.go), unless it lists nothing. Compressed layers without a digest, which only
    docker-archives have, are decompressed, to at most `ratio_limit` times their size.

    Raises `NotAnArchive` or `UnsupportedArchive` if there is neither, `MissingIndex` if an OCI layout lacks nothing
    but its index.json, `TruncatedArchive` if the end of the archive is missing together with something it lists,
    `DocumentError` if index.json or manifest.json cannot be read at all. All else that is wrong is in the faults and
    states of the result.
    """
    try:
        graph = _build(scan, source, ratio_limit)
    except DocumentError:
        # The other one of two index.json may be the right one; that there are two is what is wrong.
        for fault in scan.faults:
            raise fault.to_error() from None
        raise
    if not scan.has_end and _lists_missing(graph):
        raise TruncatedArchive(
            "cut short between two entries: the end of the archive and content it lists are missing",
            where=source.name,
            remedy=CUT_REMEDY,
        )
    return graph


def unlisted_graph(scan: Scan, source: ByteSource, error: DocumentError | MissingIndex) -> ImageGraph:
    """Return the graph of an archive whose list of images cannot be read, as `error` says: blobs of no image."""
    files = {entry.name: entry for entry in reversed(scan.entries) if entry.kind is EntryKind.FILE}
    wrong = link_faults(scan.entries)
    docker_manifest = None
    if DOCKER_NAME in files and error.where != DOCKER_NAME:
        try:
            docker_manifest = read_docker_manifest(read_document(source, files[DOCKER_NAME]))
        except DocumentError as other:
            wrong = (*wrong, Fault("V25", other.message, DocumentError, DOCKER_NAME, other.remedy))
    if not isinstance(error, MissingIndex):
        rule = "V25" if error.where == DOCKER_NAME else "L7"
        wrong = (*wrong, Fault(rule, error.message, DocumentError, error.where, error.remedy))
    elif not any(fault.where == INDEX_NAME for fault in wrong):
        wrong = (*wrong, Fault("L6", error.message, MissingIndex, INDEX_NAME, error.remedy))
    return ImageGraph(
        origins=(Origin(source.name, source.size),),
        index={},
        images=(),
        blobs={digest: entry for name, entry in files.items() if (digest := digest_of_blob_name(name)) is not None},
        faults=(*scan.faults, *wrong),
        form=ArchiveForm.DOCKER_ARCHIVE if error.where == DOCKER_NAME else ArchiveForm.OCI_LAYOUT,
        has_end=scan.has_end,
        repeats=scan.repeats,
        docker_manifest=docker_manifest,
        layout_files=LAYOUT_FILES & files.keys(),
    )


def _build(scan: Scan, source: ByteSource, ratio_limit: int) -> ImageGraph:
    files = {entry.name: entry for entry in reversed(scan.entries) if entry.kind is EntryKind.FILE}
    if _is_docker_archive(files, source):
        return build_docker_graph(scan, files, source, ratio_limit=ratio_limit)
    if INDEX_NAME in files:
        return build_layout_graph(scan, files, source)
    raise _no_image(scan, files, source.name)


def _is_docker_archive(files: Mapping[str, Entry], source: ByteSource) -> bool:
    """Tell whether manifest.json is what the images are listed in.

    docker 25 wrote an index.json without any manifest for images that had no tag.
    """
    if DOCKER_NAME not in files:
        return False
    index = files.get(INDEX_NAME)
    if index is None:
        return LAYOUT_NAME not in files
    if index.size > _EMPTY_INDEX_LIMIT:
        return False
    try:
        manifests = parse_object(source.read_at(index.data_offset, index.size)).get("manifests", False)
    except DocumentError:
        return False
    return manifests is None or manifests == []


def _no_image(scan: Scan, files: Mapping[str, Entry], name: str) -> Exception:
    """Say what the archive is instead of an image."""
    if not scan.has_end:
        return TruncatedArchive("cut short before its index.json", where=name, remedy=CUT_REMEDY)
    if LAYOUT_NAME in files:
        return MissingIndex(
            "is an OCI layout without its index.json", where=name, remedy="transfer or export it again"
        )
    for inner in files:
        folder, _, last = inner.rpartition("/")
        if folder and last in {INDEX_NAME, LAYOUT_NAME, DOCKER_NAME}:
            return NotAnArchive(
                f"its image layout lies under the folder {folder!r}, where no importer looks for it",
                where=name,
                remedy=f"repack it from inside the folder: tar -C {folder} -cf OUT.tar .",
            )
    if REPOSITORIES_NAME in files:
        return UnsupportedArchive(
            "was saved by docker before 1.10 and has no manifest.json",
            where=name,
            remedy="load it into a docker up to 28 and save it again",
        )
    tops = {entry.name.partition("/")[0] for entry in scan.entries}
    if len(tops & _SYSTEM_FOLDERS) > len(_SYSTEM_FOLDERS) // 2:
        return NotAnArchive(
            "looks like a root file system, as docker export writes it, not like an image",
            where=name,
            remedy="save the image it came from: docker save IMAGE",
        )
    return NotAnArchive(
        "holds no image layout (no index.json, no manifest.json)",
        where=name,
        remedy="give what ctr images export, docker save, docker buildx -o type=oci or skopeo copy writes",
    )


def _lists_missing(graph: ImageGraph) -> bool:
    """Tell whether anything listed is not there, external layers too: they may have been cut off."""
    return any(
        node.state in {State.ABSENT, State.PARTIAL} or node.missing or node.external
        for image in graph.images
        for node in image.manifests()
    ) or any(index.state is State.ABSENT for image in graph.images for index in image.indexes())
