"""Rules of content: every blob that is listed is there, has its size and its digest.

They are L1, L9, L10, L11 and L12 of the layout, D14 and D15 of descriptors, and I12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.archive.entry import EntryKind
from ocitool.check.report import Place, Problem
from ocitool.errors import DocumentError
from ocitool.graph.closure import Use, graph_uses
from ocitool.graph.image import ArchiveForm, State
from ocitool.graph.layout_files import BLOBS_FOLDER
from ocitool.model.digest import is_well_formed
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.archive.entry import Entry
    from ocitool.check.checked import CheckedArchive
    from ocitool.graph.image import ImageGraph
    from ocitool.model.digest import Digest


def blobs_to_hash(graph: ImageGraph) -> tuple[Copy, ...]:
    """Return every blob that is there, listed or not, once; not those whose size no descriptor agrees with (D14)."""
    roles: dict[Digest, str] = {}
    sizes: dict[Digest, set[int]] = {}
    for use in graph_uses(graph):
        roles.setdefault(use.descriptor.digest, use.role)
        sizes.setdefault(use.descriptor.digest, set()).add(use.descriptor.size)
    return tuple(
        Copy(0, entry.data_offset, entry.size, digest, roles.get(digest, "a blob that nothing lists"))
        for digest, entry in graph.blobs.items()
        if entry.size in sizes.get(digest, {entry.size})
    )


def content_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield what is missing, and what is not what it is listed as."""
    yield from _folder_problems(archive)
    # A link in the place of a blob is not a blob that is missing.
    replaced = {fault.where for fault in archive.graph.faults if fault.rule == "T1"}
    seen: set[tuple[Digest, int]] = set()
    for use in graph_uses(archive.graph):
        key = (use.descriptor.digest, use.descriptor.size)
        if key not in seen:
            seen.add(key)
            if use.descriptor.digest.blob_name not in replaced:
                yield from _use_problems(archive, use)
    listed = {digest for digest, _ in seen}
    all_read = _is_all_read(archive.graph)
    for digest, entry in archive.graph.blobs.items():
        if digest not in listed:
            yield from _unlisted_problems(digest, archive.actual.get(digest), Place(entry.name), all_read=all_read)


def _folder_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Look at the folder of blobs, and at what the names in it say (L1, L10)."""
    graph = archive.graph
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        return
    has_folder = False
    misnamed: list[Entry] = []
    for entry in archive.scan.entries:
        if entry.name.startswith(BLOBS_FOLDER) or (f"{entry.name}/" == BLOBS_FOLDER and _is_folder(entry)):
            has_folder = True
            if not _is_folder(entry) and not is_well_formed(
                entry.name.removeprefix(BLOBS_FOLDER).replace("/", ":", 1)
            ):
                misnamed.append(entry)
    if not has_folder:
        yield Problem("L1", "there is no folder blobs/")
    for entry in misnamed:
        yield Problem("L10", "lies below blobs/, but its name is no digest", Place(entry.name))


def _is_folder(entry: Entry) -> bool:
    return entry.kind is EntryKind.DIRECTORY


def _is_all_read(graph: ImageGraph) -> bool:
    """Tell whether every document that lists others could be read, so that what is listed is known."""
    if not graph.index or any(fault.error is DocumentError and fault.rule != "V25" for fault in graph.faults):
        return False
    return not any(index.state is State.CORRUPT for image in graph.images for index in image.indexes()) and not any(
        node.state is State.CORRUPT and node.config is None for image in graph.images for node in image.manifests()
    )


def _use_problems(archive: CheckedArchive, use: Use) -> Iterator[Problem]:
    descriptor = use.descriptor
    place = Place(descriptor.digest.blob_name, "", use.image, use.platform)
    if descriptor.digest in archive.graph.documents:
        return  # made for an archive that has none
    entry = archive.graph.blobs.get(descriptor.digest)
    if entry is None:
        if descriptor.is_external:
            yield Problem("I12", f"{use.role} is external: it is not in the archive on purpose", place)
        else:
            yield Problem("L12", f"{use.role} is listed, but not in the archive", place)
        return
    place = Place(entry.name, "", use.image, use.platform)
    found = archive.actual.get(descriptor.digest)
    if entry.size != descriptor.size:
        yield Problem("D14", f"{use.role} has {entry.size} bytes, its descriptor says {descriptor.size}", place)
    elif found is not None and found != descriptor.digest:
        yield Problem("D15", f"{use.role} is corrupt: its bytes hash to {found}", place)


def _unlisted_problems(digest: Digest, actual: Digest | None, place: Place, *, all_read: bool) -> Iterator[Problem]:
    if actual is not None and actual != digest:
        yield Problem("L9", f"nothing lists this blob, and its bytes hash to {actual}", place)
    elif all_read:
        yield Problem("L11", "nothing lists this blob", place)
