"""What is kept of a layer after it has passed: links, folders, programs and whiteouts, by hashes of their paths."""

from __future__ import annotations

from array import array
from bisect import bisect_left
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
    """What is known of a path that is neither link nor program.

    `FILE` is one that may be executed and is of no kind that is known, `OTHER` what cannot be started or be told.
    """

    FOLDER = "folder"
    FILE = "file"
    OTHER = "other"


Thing: TypeAlias = "Link | Mark | Program"

_COST: Final = 100
"""Bytes that one path takes, about, beside the target of a link."""

_OTHER_COST: Final = 8
"""Bytes that one path takes of which nothing but its hash is kept."""


class InDoubt(Exception):
    """What is at a path depends on more than was kept; never leaves the judging of programs."""


@dataclass(slots=True)
class LayerRecord:
    """One layer: what it puts at a path, which paths it hides of the layers below, and which folders it empties.

    `others` are the paths of all else that it has, `folders` those that its entries lie in at any depth. No more than
    `RECORD_LIMIT` bytes are kept; a layer that would need more is not `whole`.
    """

    things: dict[int, Thing] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    emptied: set[int] = field(default_factory=set)
    folders: set[int] = field(default_factory=set)
    others: array[int] = field(default_factory=lambda: array("q"))
    whole: bool = True
    size: int = 0
    _sorted: bool = False

    def put(self, path: bytes, thing: Thing) -> None:
        """Record what is at a path; the last one counts, as when it is unpacked."""
        if not self._has_room(_COST + (len(thing.target) if isinstance(thing, Link) else 0)):
            return
        before = self.things.get(hash(path))
        if isinstance(before, Link) and before.symbolic and thing is Mark.FOLDER:
            self.whole = self.whole and hash(path) not in self.folders  # what is in there may lie elsewhere
        self.things[hash(path)] = thing

    def put_other(self, path: bytes) -> None:
        """Record that something is at a path that nobody starts or that cannot be told."""
        if hash(path) in self.things:
            self.things[hash(path)] = Mark.OTHER
        elif self._has_room(_OTHER_COST):
            self.others.append(hash(path))

    def enter(self, folder: bytes) -> bool:
        """Record that entries lie in a folder, at any depth; return False if that was known."""
        if hash(folder) in self.folders or not self._has_room(_COST):
            return False
        self.folders.add(hash(folder))
        return True

    def hide(self, path: bytes) -> None:
        """Record a whiteout of `path`."""
        if self._has_room(_COST):
            self.hidden.add(hash(path))
        if hash(path) in self.things:
            self.things[hash(path)] = (
                Mark.OTHER
            )  # whether a whiteout is about what came before it is told differently

    def empty(self, folder: bytes) -> None:
        """Record an opaque whiteout in `folder`."""
        if self._has_room(_COST):
            self.emptied.add(hash(folder))

    def get(self, path: bytes) -> Thing | None:
        """Return what this layer has at a path."""
        return self.things.get(hash(path))

    def has_other(self, path: bytes) -> bool:
        """Tell whether something is at a path that was not kept; nothing is recorded any more from now on."""
        if not self._sorted:
            self.others = array("q", sorted(self.others))
            self._sorted = True
        place = bisect_left(self.others, hash(path))
        return place < len(self.others) and self.others[place] == hash(path)

    def writes_through(self, below: LayerRecord) -> bool:
        """Tell whether entries lie in a folder that is a link in this layer or in one `below` it."""
        return any(
            isinstance(below.things[place], Link) and self.things.get(place) is not Mark.FOLDER
            for place in self.folders & below.things.keys()
        )

    def hides(self, path: bytes) -> bool:
        """Tell whether nothing of the layers below is seen at a path."""
        if hash(path) in self.hidden:
            return True
        return any(hash(folder) in self.hidden or hash(folder) in self.emptied for folder in _folders(path))

    def symbolic_link(self, path: bytes) -> bytes | None:
        """Return where a symbolic link of this layer leads, None if there is none at this path."""
        thing = self.things.get(hash(path))
        return thing.target if isinstance(thing, Link) and thing.symbolic else None

    def _has_room(self, more: int) -> bool:
        self.size += more
        if self.size > RECORD_LIMIT:
            self.whole = False
        return self.whole


def thing_at(path: bytes, layers: Sequence[LayerRecord], *, strict: bool = False) -> Thing | None:
    """Return what an image of these layers, the lowest first, has at a path whose folders are no links.

    Raises `InDoubt` if `strict` and something that was not kept may be there instead.
    """
    for number, layer in reversed(tuple(enumerate(layers))):
        thing = layer.get(path)
        if strict and (thing is Mark.OTHER or (thing is None and _in_the_way(path, layer))):
            raise InDoubt
        if isinstance(thing, Link) and not thing.symbolic:
            return _linked(thing.target, layers[: number + 1], strict=strict)
        if thing is not None:
            return thing
        if layer.hides(path):
            return None
    return None


def _linked(target: bytes, layers: Sequence[LayerRecord], *, strict: bool) -> Thing | None:
    """Return what a hard link of the topmost of these layers is made to, which is in one of those below it."""
    if strict and any(_in_the_way(target, layer) for layer in layers[-1:]):
        raise InDoubt
    return thing_at(target, layers[:-1], strict=strict)


def _in_the_way(path: bytes, layer: LayerRecord) -> bool:
    """Tell whether a layer has something that was not kept at a path, or anything but folders on the way to it."""
    return layer.has_other(path) or any(
        layer.has_other(folder) or layer.get(folder) not in {None, Mark.FOLDER} for folder in _folders(path) if folder
    )


def _folders(path: bytes) -> Iterator[bytes]:
    """Yield the folders that a path lies in, the root last."""
    while path:
        path = path.rpartition(b"/")[0]
        yield path
