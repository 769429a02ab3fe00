"""An archive that is handed on as it is, its blobs held to their digests on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.graph.closure import first_uses
from ocitool.model.digest import Digest
from ocitool.plan.steps import Copy, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.graph.image import ImageGraph

VERIFIED: Final = 0
TRUSTED: Final = 1
"""Numbers of sources: both are the archive, and what is copied from the second has no digest to be held to."""

_NO_DIGEST: Final = Digest.of(b"")


@dataclass(frozen=True, slots=True)
class Verbatim:
    """All bytes of an archive: its blobs by offset, and whatever is around them; `size` in bytes."""

    blobs: tuple[Copy, ...]
    size: int

    def steps(self) -> Iterator[Step]:
        """Yield what makes the archive, in order and without gaps."""
        position = 0
        for blob in self.blobs:
            if blob.offset > position:
                yield _between(position, blob.offset)
            yield Step(blob.offset, blob)
            position = blob.offset + blob.size
        if position < self.size:
            yield _between(position, self.size)


def plan_verbatim(graph: ImageGraph, size: int) -> Verbatim:
    """Return an archive of `size` bytes as it is, each blob that an image of it needs as something to verify.

    Raises the first fault of the graph: what no writer may trust is not handed on either.
    """
    for fault in graph.faults:
        raise fault.to_error()
    found: dict[int, Copy] = {}
    for use in first_uses(graph):
        entry = graph.blobs.get(use.descriptor.digest)
        if entry is not None and entry.size:
            copy = Copy(VERIFIED, entry.data_offset, entry.size, use.descriptor.digest, use.role)
            found.setdefault(entry.data_offset, copy)
    return Verbatim(tuple(found[offset] for offset in sorted(found)), size)


def _between(start: int, end: int) -> Step:
    return Step(start, Copy(TRUSTED, start, end - start, _NO_DIGEST, "the archive"))
