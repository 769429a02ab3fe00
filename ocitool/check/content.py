"""Rules of content: every blob that is listed is there, has its size and its digest.

They are L1, L9, L10, L11, L12 and L16 of the layout, D14 and D15 of descriptors, and I12.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ocitool.archive.entry import EntryKind
from ocitool.check.docker_paths import DockerPaths
from ocitool.check.report import Place, Problem
from ocitool.errors import DocumentError
from ocitool.graph.closure import Use, first_uses, root_use, root_uses
from ocitool.graph.image import ArchiveForm, IndexNode, State
from ocitool.graph.layout_files import BLOBS_FOLDER, DOCKER_NAME
from ocitool.model.digest import HEX_LENGTH, digest_of_blob_name, is_well_formed
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from ocitool.archive.entry import Entry
    from ocitool.check.checked import CheckedArchive
    from ocitool.graph.image import ImageGraph
    from ocitool.model.digest import Digest

_BLAKE3: Final = re.compile(r"[a-f0-9]{64}")


def blobs_to_hash(graph: ImageGraph) -> tuple[Copy, ...]:
    """Return every blob that is there, listed or not, once; not those whose size no descriptor agrees with (D14)."""
    roles: dict[Digest, str] = {}
    sizes: dict[Digest, set[int]] = {}
    for use in first_uses(graph):
        roles.setdefault(use.descriptor.digest, use.role)
        sizes.setdefault(use.descriptor.digest, set()).add(use.descriptor.size)
    return tuple(
        Copy(0, entry.data_offset, entry.size, digest, roles.get(digest, "a blob that nothing lists"))
        for digest, entry in graph.blobs.items()
        if entry.size in sizes.get(digest, {entry.size})
    )


def content_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield what is missing, and what is not what it is listed as."""
    all_read = _is_all_read(archive.graph)
    yield from _folder_problems(archive, all_read=all_read)
    uses = _Uses(archive)
    yield from uses.problems()
    listed = uses.listed
    for digest, entry in archive.graph.blobs.items():
        if digest not in listed:
            yield from _unlisted_problems(digest, archive.actual.get(digest), Place(entry.name), all_read=all_read)


class _Uses:
    """What is wrong with blobs as images list them; `listed` are all of those that were looked at."""

    def __init__(self, archive: CheckedArchive) -> None:
        self._archive = archive
        # A link in the place of a blob is not a blob that is missing.
        self._replaced = {fault.where for fault in archive.graph.faults if fault.rule == "T1"}
        self._paths = DockerPaths(archive.graph)
        self._sound: set[tuple[Digest, int]] = set()
        self._said: set[tuple[Digest, int, str]] = set()
        self.listed: set[Digest] = set()

    def problems(self) -> Iterator[Problem]:
        """Yield each problem once of an image, whichever of its platforms; indexes may have many names."""
        sound: set[tuple[Digest, str]] = set()
        for image in self._archive.graph.images:
            for root in image.roots:
                key = root.node.descriptor.digest, root.node.descriptor.media_type
                if isinstance(root.node, IndexNode) and key in sound:
                    yield from self._new_problems((root_use(image.label, root.node),))
                elif (yield from self._new_problems(root_uses(image.label, root.node))):
                    sound.add(key)

    def _new_problems(self, uses: Iterable[Use]) -> Generator[Problem, None, bool]:
        """Yield what was not said of the image before; return whether nothing is wrong with any of it."""
        all_sound = True
        for use in uses:
            key = use.descriptor.digest, use.descriptor.size
            if key in self._sound:
                continue
            self.listed.add(use.descriptor.digest)
            replaced = use.descriptor.digest.blob_name in self._replaced
            problem = None if replaced else _use_problem(self._archive, use, self._paths)
            if problem is None:
                self._sound.add(key)
                continue
            all_sound = False
            if (*key, use.image) not in self._said:
                self._said.add((*key, use.image))
                yield problem
        return all_sound


def _folder_problems(archive: CheckedArchive, *, all_read: bool) -> Iterator[Problem]:
    """Look at the folder of blobs, and at what the names in it say (L1, L10, L11, L16)."""
    graph = archive.graph
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        yield Problem("L16", "there is no index.json: this is a docker-archive", Place(DOCKER_NAME))
        return
    has_folder = False
    misnamed: list[Entry] = []
    unknown: list[Entry] = []
    for entry in archive.scan.entries:
        if entry.name.startswith(BLOBS_FOLDER) or (f"{entry.name}/" == BLOBS_FOLDER and _is_folder(entry)):
            has_folder = True
            if _is_folder(entry) or digest_of_blob_name(entry.name) is not None:
                continue
            (unknown if _has_digest_name(entry) else misnamed).append(entry)
    if not has_folder:
        yield Problem("L1", "there is no folder blobs/")
    for entry in misnamed:
        yield Problem("L10", "lies below blobs/, but its name is no digest", Place(entry.name))
    for entry in unknown if all_read else ():
        algorithm = entry.name.split("/")[1]
        yield Problem("L11", f"nothing lists this blob, and {algorithm} cannot be verified here", Place(entry.name))


def _has_digest_name(entry: Entry) -> bool:
    """Tell whether a name below blobs/ is a digest in the form of its algorithm, known or not."""
    algorithm, _, encoded = entry.name.removeprefix(BLOBS_FOLDER).partition("/")
    if not is_well_formed(f"{algorithm}:{encoded}") or algorithm in HEX_LENGTH:
        return False
    return algorithm != "blake3" or _BLAKE3.fullmatch(encoded) is not None


def _is_folder(entry: Entry) -> bool:
    return entry.kind is EntryKind.DIRECTORY


def _is_all_read(graph: ImageGraph) -> bool:
    """Tell whether every document that lists others could be read, so that what is listed is known."""
    if not graph.index or any(fault.error is DocumentError and fault.rule != "V25" for fault in graph.faults):
        return False
    return not any(index.state is State.CORRUPT for image in graph.images for index in image.indexes()) and not any(
        node.state is State.CORRUPT and node.config is None for image in graph.images for node in image.manifests()
    )


def _use_problem(archive: CheckedArchive, use: Use, paths: DockerPaths) -> Problem | None:
    descriptor = use.descriptor
    if descriptor.digest in archive.graph.documents:
        return None  # made for an archive that has none
    entry = archive.graph.blobs.get(descriptor.digest)
    if entry is None:
        return _absence(use, paths)
    place = Place(entry.name, "", use.image, use.platform)
    found = archive.actual.get(descriptor.digest)
    if entry.size != descriptor.size:
        return Problem("D14", f"{use.role} has {entry.size} bytes, its descriptor says {descriptor.size}", place)
    if found is not None and found != descriptor.digest:
        return Problem("D15", f"{use.role} is corrupt: its bytes hash to {found}", place)
    return None


def _absence(use: Use, paths: DockerPaths) -> Problem:
    """Say that what is listed is not there, in a docker-archive by the path that manifest.json has for it."""
    digest = use.descriptor.digest
    place = Place(digest.blob_name, "", use.image, use.platform)
    if use.descriptor.is_external:
        return Problem("I12", f"{use.role} is external: it is not in the archive on purpose", place)
    what = use.role
    if (listed := paths.find(use.image, digest)) is not None:
        what = f"{what}, {listed.entry[:200]!r},"
        place = Place(DOCKER_NAME, listed.path, use.image, use.platform)
    return Problem("L12", f"{what} is listed, but not in the archive", place)


def _unlisted_problems(digest: Digest, actual: Digest | None, place: Place, *, all_read: bool) -> Iterator[Problem]:
    if actual is not None and actual != digest:
        yield Problem("L9", f"nothing lists this blob, and its bytes hash to {actual}", place)
    elif all_read:
        yield Problem("L11", "nothing lists this blob", place)
