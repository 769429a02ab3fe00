"""The entries of one layer, judged one after the other as they pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.check.layers.path_set import PathSet
from ocitool.check.layers.paths import COST_OF_ONE, LINKS_AT_UNPACKING, clean, climbs, follow
from ocitool.check.layers.program import HEAD, read_program
from ocitool.check.layers.record import LayerRecord, Link, Mark
from ocitool.model.limits import LAYER_ENTRY_LIMIT, LAYER_WORK_RATIO, MIB, NAME_LIMIT

if TYPE_CHECKING:
    from ocitool.archive.headers import Header

_WHITEOUT: Final = b".wh."
_OPAQUE: Final = b".wh..wh..opq"
_RESERVED: Final = b".wh..wh."
"""What aufs kept for itself; importers leave such entries out."""

_ODD: Final = frozenset({b"/", b"."})
_NOTHING: Final = frozenset({b"", b".", b".."})
_FILES: Final = frozenset({b"0", b"\0"})
_KINDS: Final = _FILES | {b"1", b"2", b"3", b"4", b"5", b"6"}
"""What containerd unpacks; not GNU's sparse files, nor what a tar calls contiguous (7)."""

_GNU_SPARSE: Final = b"S"
_EXECUTABLE: Final = 0o111
_COMPONENT_LIMIT: Final = 255
_HEADER: Final = 512
_EXAMPLES: Final = 3
_EXAMPLE_LENGTH: Final = 200


@dataclass(slots=True)
class Sightings:
    """How often one rule is broken in a layer, and the first few names."""

    count: int = 0
    examples: list[bytes] = field(default_factory=list)

    def add(self, name: bytes) -> None:
        """Count one more."""
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(name[:_EXAMPLE_LENGTH])


class LayerEntries:
    """Take the entries of a layer in their order (`take`), and the first bytes of files that it asks for.

    `sightings` are by rule; `record` is what the image may need to know of this layer afterwards.
    """

    def __init__(self) -> None:
        self.sightings: dict[str, Sightings] = {}
        self.record = LayerRecord()
        self.count = 0
        self._paths = PathSet()
        self._no_folders = PathSet()
        self._made_again = PathSet()
        self._folder: bytes | None = None
        self._folder_leads_out = False
        self._folder_cannot_be = False
        self._has_siblings = False
        self._has_links = False
        self._writes_through = False
        self._room = MIB
        self._spent = False
        self._looked_at = b""

    @property
    def is_full(self) -> bool:
        """Whether there are more entries than are looked at, or following their paths cost more than it may."""
        return self._spent or self.count > LAYER_ENTRY_LIMIT

    def take(self, header: Header, raw: bytes, target: bytes, *, sparse: bool) -> int:
        """Judge one entry; return how many of its first bytes to hand to `look`, 0 for none."""
        self.count += 1
        if self.is_full:
            return 0
        if len(raw) > NAME_LIMIT or len(target) > NAME_LIMIT:
            self._see("Y11", raw)
            return 0
        self._room += LAYER_WORK_RATIO * (_HEADER + len(raw))
        path = self._path(raw)
        if not path:  # the root itself
            return 0
        cut = path.rfind(b"/") + 1
        whiteout = path.startswith(_WHITEOUT, cut)
        self._come_to(path[:cut], siblings=not whiteout)
        if self._folder_leads_out:
            self._see("Y9", raw)
        if self._folder_cannot_be or (
            len(path) > _COMPONENT_LIMIT and _has_long_part(path[:cut] if whiteout else path)
        ):
            self._see("Y12", raw)
        if whiteout:
            self._whiteout(path, path[: max(cut - 1, 0)], path[cut:])
            return 0
        if not self._paths.add(path):
            self._see("Y2", raw)
            if path in self._no_folders:
                self._made_again.add(path)
        if sparse:
            self._see("Y12" if header.type == _GNU_SPARSE else "Y4", raw)
        return self._record(header, raw, path, target, sparse=sparse)

    def _path(self, raw: bytes) -> bytes:
        """Clean a name; most are clean but for ``./`` and the slash of a folder, and need no closer look."""
        path = raw.removeprefix(b"./").removesuffix(b"/")
        if b"/." not in path and b"//" not in path and path[:1] not in _ODD and path[-1:] != b"/":
            return path
        path, leaves = clean(raw)
        if leaves:
            self._see("Y9", raw)
        return path

    def look(self, head: bytes) -> None:
        """Take the first bytes of the file that was asked for last."""
        self.record.put(self._looked_at, read_program(head) or Mark.FILE)

    def _record(self, header: Header, raw: bytes, path: bytes, target: bytes, *, sparse: bool) -> int:
        kind = header.type
        if kind not in _KINDS and kind != _GNU_SPARSE:
            self._see("Y12", raw)
        if kind == b"5" or (raw[-1:] == b"/" and kind in _FILES):
            self.record.put(path, Mark.FOLDER)
            return 0
        if kind == b"2":
            if not target:
                self._see("Y12", path)
            self.record.put(path, Link(target, symbolic=True))
            self._has_links = True
            self._folder = None  # what lies in it may lie elsewhere from now on
            return 0
        if self._folder == path + b"/":
            self._folder = None
        self._no_folders.add(path)
        if kind == b"1":
            self._hard_link(path, target)
        elif kind in _FILES and header.mode & _EXECUTABLE and header.size and not sparse and _may_start(path):
            self._looked_at = path
            return HEAD
        else:
            self.record.put_other(path)
        return 0

    def _hard_link(self, path: bytes, target: bytes) -> None:
        """Take the link for what it is made to now: what comes to lie at the target later does not change it."""
        place = clean(target).path
        if climbs(target.lstrip(b"/")):
            self._see("Y9", path)
        thing = self.record.get(place)
        if place == path or (thing is Mark.FOLDER and self.record.whole):
            self._see("Y12", path)
        if thing is not None:
            self.record.put(path, thing)
        elif place in self._paths:
            self.record.put_other(path)
        else:
            if place != path and not self._may_lie_elsewhere(place):
                self._see("Y12", path)
            self.record.put(path, Link(place, symbolic=False))

    def _may_lie_elsewhere(self, path: bytes) -> bool:
        """Tell whether what this layer has may lie at a path by another name: behind its own links."""
        if not self.record.whole:
            return True
        if not self._has_links:
            return False
        folder = path[: path.rfind(b"/") + 1].removesuffix(b"/")
        followed = follow(folder, self.record.symbolic_link, min(self._room, COST_OF_ONE), LINKS_AT_UNPACKING)
        self._room -= followed.cost
        self._spent = self._spent or self._room < 0
        return self._writes_through or followed.path != folder

    def _come_to(self, folder: bytes, *, siblings: bool) -> None:
        """Go on in a folder, of which it is known from now on, if `siblings`, that it has entries but whiteouts."""
        entered = folder == self._folder
        if siblings and not (entered and self._has_siblings):
            self._paths.add(folder + b"\0")
            self._has_siblings = True
        if not entered:
            self._has_siblings = siblings
            self._enter(folder)

    def _enter(self, folder: bytes) -> None:
        """Find out where another folder leads."""
        self._folder = folder
        self._folder_leads_out = self._folder_cannot_be = False
        if not folder:
            return
        self._mark(folder[:-1])
        if self._has_links:
            followed = follow(folder, self.record.symbolic_link, min(self._room, COST_OF_ONE), LINKS_AT_UNPACKING)
            self._folder_leads_out = followed.leaves
            self._writes_through = self._writes_through or followed.path != folder[:-1]
            self._folder_cannot_be = self._folder_cannot_be or (followed.loops and self.record.whole)
            self._room -= followed.cost
        if self._room < 0:
            self._spent = True

    def _mark(self, folder: bytes) -> None:
        """Record a folder and those that it lies in, up to one that is recorded; see whether one cannot be."""
        while folder:
            if folder in self._no_folders and folder not in self._made_again:
                self._folder_cannot_be = True
            if not self.record.enter(folder):
                return
            self._room -= len(folder)
            if self._room < 0:
                return
            folder = folder.rpartition(b"/")[0]

    def _whiteout(self, path: bytes, folder: bytes, name: bytes) -> None:
        seen = path
        if not self._paths.add(path):
            self._see("Y2", path)
        if name == _OPAQUE:
            self.record.empty(folder)
        elif name.startswith(_RESERVED):
            return
        elif (hidden := name[len(_WHITEOUT) :]) in _NOTHING:
            self._see("Y5", path)
            return
        else:
            path = b"/".join(filter(None, (folder, hidden)))
            self.record.hide(path)
            if path in self._no_folders:
                self._made_again.add(path)
        if (folder + b"/" if folder else b"") + b"\0" in self._paths:
            self._see("Y7", seen)

    def _see(self, rule: str, name: bytes) -> None:
        self.sightings.setdefault(rule, Sightings()).add(name)


def _has_long_part(path: bytes) -> bool:
    """Tell whether a path has a part that no file system takes."""
    return max(map(len, path.split(b"/"))) > _COMPONENT_LIMIT


def _may_start(path: bytes) -> bool:
    """Tell whether a file may be started by its name; libraries are not, and there are many."""
    return b".so" not in path[path.rfind(b"/") + 1 :]
