"""What is kept of a layer after it has passed: links, folders, programs and whiteouts, by hashes of their paths."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from ocitool.model.limits import RECORD_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.check.layers.program import Program


class Link(NamedTuple):
    """A link; the target of a hard one is taken from the root."""

    target: bytes
    symbolic: bool


class Mark(Enum):
    """What is known of a path that is neither link nor program."""

    FOLDER = "folder"
    FILE = "file"


Thing: TypeAlias = "Link | Mark | Program"

_COST: Final = 100
"""Bytes that one path takes, about, beside the target of a link."""


@dataclass(slots=True)
class LayerRecord:
    """One layer: what it puts at a path, which paths it hides of the layers below, and which folders it empties.

    No more than `RECORD_LIMIT` bytes are kept; a layer that would need more is not `whole`.
    """

    things: dict[int, Thing] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    emptied: set[int] = field(default_factory=set)
    whole: bool = True
    size: int = 0

    def put(self, path: bytes, thing: Thing) -> None:
        """Record what is at a path; the last one counts, as when it is unpacked."""
        if self._has_room(len(thing.target) if isinstance(thing, Link) else 0):
            self.things[hash(path)] = thing

    def hide(self, path: bytes) -> None:
        """Record a whiteout of `path`."""
        if self._has_room():
            self.hidden.add(hash(path))

    def empty(self, folder: bytes) -> None:
        """Record an opaque whiteout in `folder`."""
        if self._has_room():
            self.emptied.add(hash(folder))

    def get(self, path: bytes) -> Thing | None:
        """Return what this layer has at a path."""
        return self.things.get(hash(path))

    def hides(self, path: bytes) -> bool:
        """Tell whether nothing of the layers below is seen at a path."""
        if hash(path) in self.hidden:
            return True
        return any(hash(folder) in self.hidden or hash(folder) in self.emptied for folder in _folders(path))

    def symbolic_link(self, path: bytes) -> bytes | None:
        """Return where a symbolic link of this layer leads, None if there is none at this path."""
        thing = self.things.get(hash(path))
        return thing.target if isinstance(thing, Link) and thing.symbolic else None

    def _has_room(self, more: int = 0) -> bool:
        self.size += _COST + more
        if self.size > RECORD_LIMIT:
            self.whole = False
        return self.whole


def thing_at(path: bytes, layers: Sequence[LayerRecord]) -> Thing | None:
    """Return what an image of these layers, the lowest first, has at a path whose folders are no links."""
    for layer in reversed(layers):
        thing = layer.get(path)
        if thing is not None:
            return thing
        if layer.hides(path):
            return None
    return None


def _folders(path: bytes) -> Iterator[bytes]:
    """Yield the folders that a path lies in, the root last."""
    while path:
        path = path.rpartition(b"/")[0]
        yield path
