"""Rules of content: every blob that is listed is there, has its size and its digest (L9, L11, L12, D14, D15, I12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.check.report import Place, Problem
from ocitool.graph.closure import Use, graph_uses
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    seen: set[tuple[Digest, int]] = set()
    for use in graph_uses(archive.graph):
        key = (use.descriptor.digest, use.descriptor.size)
        if key not in seen:
            seen.add(key)
            yield from _use_problems(archive, use)
    listed = {digest for digest, _ in seen}
    for digest, entry in archive.graph.blobs.items():
        if digest not in listed:
            yield from _unlisted_problems(digest, archive.actual.get(digest), Place(entry.name))


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


def _unlisted_problems(digest: Digest, actual: Digest | None, place: Place) -> Iterator[Problem]:
    if actual is not None and actual != digest:
        yield Problem("L9", f"nothing lists this blob, and its bytes hash to {actual}", place)
    else:
        yield Problem("L11", "nothing lists this blob", place)
