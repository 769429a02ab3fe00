"""Rules of the tar file: its end, repeats, what else is in it (links and twins are faults of the scan)."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from ocitool.archive.contents import contents_problem
from ocitool.archive.layout_directory import DirectorySource
from ocitool.check.report import Place, Problem
from ocitool.graph.image import ArchiveForm
from ocitool.graph.layout_files import BLOBS_FOLDER, BOOKKEEPING, REPOSITORIES_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.archive.entry import Entry
    from ocitool.check.checked import CheckedArchive

_READ_BY_SOME: Final = frozenset({"gzip", "zstd"})


def tar_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield what is wrong with the file as a tar, whatever is in it."""
    for name in archive.graph.repeats:
        yield Problem(
            "T4", "occurs more than once, each time with the same bytes; ctr 1.0 and 1.1 refuse that", Place(name)
        )
    if not archive.scan.has_end:
        yield Problem("T5", "ends without the two blocks of zeros that end a tar, though all it lists is there")
    if archive.compression in _READ_BY_SOME:
        yield Problem(
            "T7", f"the whole file is compressed with {archive.compression}: ctr up to 1.7 and kind read no such file"
        )
    elif archive.compression:
        yield Problem("T8", f"the whole file is compressed with {archive.compression}: no ctr reads such a file")
    if not isinstance(archive.source, DirectorySource) and (wrong := contents_problem(archive.source, archive.scan)):
        first = archive.scan.entries[0].name
        yield Problem("T9", f"the table of contents in its header is wrong: {wrong}", Place(first))
    yield from _other_files(archive)


def _other_files(archive: CheckedArchive) -> Iterator[Problem]:
    """Count what is no part of the images (T6), and not what docker keeps beside them for older readers."""
    used = _docker_files(archive)
    others = [entry for entry in archive.graph.other_files if not _has_a_place(archive, entry, used)]
    if not others:
        return
    size = sum(entry.size for entry in others)
    what = f"{others[0].name!r} is" if len(others) == 1 else f"{len(others)} files, such as {others[0].name!r}, are"
    yield Problem("T6", f"{what} no part of the images: {size} bytes", Place(others[0].name))


def _docker_files(archive: CheckedArchive) -> frozenset[str]:
    """Return the files that manifest.json lists, and the folders of layers, where docker keeps books."""
    paths = {
        posixpath.normpath(path)
        for item in archive.graph.docker_manifest or ()
        for path in (item.config, *item.layers)
    }
    folders = {folder for path in paths if (folder := posixpath.dirname(path))}
    return frozenset(paths | {f"{folder}/{name}" for folder in folders for name in BOOKKEEPING} | {REPOSITORIES_NAME})


def _has_a_place(archive: CheckedArchive, entry: Entry, used: frozenset[str]) -> bool:
    if archive.graph.form is ArchiveForm.OCI_LAYOUT and entry.name.startswith(BLOBS_FOLDER):
        return True  # a blob under a wrong name, which is another rule's
    return entry.name in used
