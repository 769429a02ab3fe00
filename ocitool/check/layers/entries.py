"""The entries of one layer, judged one after the other as they pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.check.layers.path_set import PathSet
from ocitool.check.layers.paths import clean, climbs, follow
from ocitool.check.layers.program import HEAD, read_program
from ocitool.check.layers.record import LayerRecord, Link, Mark
from ocitool.model.limits import LAYER_ENTRY_LIMIT, LAYER_STEP_LIMIT, NAME_LIMIT

if TYPE_CHECKING:
    from collections.abc import Collection

    from ocitool.archive.headers import Header

_WHITEOUT: Final = b".wh."
_OPAQUE: Final = b".wh..wh..opq"
_RESERVED: Final = b".wh..wh."
"""What aufs kept for itself; importers leave such entries out."""

_ODD: Final = frozenset({b"/", b"."})
_NOTHING: Final = frozenset({b"", b".", b".."})
_FILES: Final = frozenset({b"0", b"\0", b"7"})
_EXECUTABLE: Final = 0o111
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

    `sightings` are by rule; `record` is what the image may need to know of this layer afterwards. `wanted` are the
    last parts of names that images start: such files are looked at even if nobody may execute them.
    """

    def __init__(self, wanted: Collection[bytes] = ()) -> None:
        self.sightings: dict[str, Sightings] = {}
        self.record = LayerRecord()
        self.count = 0
        self._wanted = wanted
        self._paths = PathSet()
        self._folder: bytes | None = None
        self._folder_leads_out = False
        self._links_out = False
        self._steps = 0
        self._looked_at = b""

    @property
    def is_full(self) -> bool:
        """Whether there are more entries than are looked at, or paths lead through more folders."""
        return self.count > LAYER_ENTRY_LIMIT or self._steps > LAYER_STEP_LIMIT

    def take(self, header: Header, raw: bytes, target: bytes, *, sparse: bool) -> int:
        """Judge one entry; return how many of its first bytes to hand to `look`, 0 for none."""
        self.count += 1
        if self.is_full:
            return 0
        if len(raw) > NAME_LIMIT or len(target) > NAME_LIMIT:
            self._see("Y11", raw)
            return 0
        path = self._path(raw)
        if sparse:
            self._see("Y4", raw)
        cut = path.rfind(b"/") + 1
        if path.startswith(_WHITEOUT, cut):
            self._whiteout(path, path[: max(cut - 1, 0)], path[cut:])
            return 0
        if path[:cut] != self._folder:
            self._enter(path[:cut])
        if self._folder_leads_out:
            self._see("Y9", raw)
        if not self._paths.add(path):
            self._see("Y2", raw)
        return self._record(header, raw, path, cut, target)

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

    def _record(self, header: Header, raw: bytes, path: bytes, cut: int, target: bytes) -> int:
        kind = header.type
        if kind == b"5" or (raw[-1:] == b"/" and kind in _FILES):
            self.record.put(path, Mark.FOLDER)
        elif kind == b"2":
            self.record.put(path, Link(target, symbolic=True))
            if climbs(target, path[: max(cut - 1, 0)]):
                self._links_out = True
                self._folder = None  # what lies in it may lie elsewhere from now on
        elif kind == b"1":
            if climbs(target):
                self._see("Y9", path)
            self.record.put(path, Link(b"/" + clean(target).path, symbolic=False))
        elif kind in _FILES and ((header.mode & _EXECUTABLE and b".so" not in path) or path[cut:] in self._wanted):
            self._looked_at = path
            return HEAD
        return 0

    def _enter(self, folder: bytes) -> None:
        """Go on in another folder, of which it is known from now on that it has entries."""
        self._folder = folder
        self._paths.add(folder + b"\0")
        self._folder_leads_out = False
        if self._links_out:
            followed = follow(folder, self.record.symbolic_link)
            self._folder_leads_out = followed.leaves
            self._steps += followed.steps

    def _whiteout(self, path: bytes, folder: bytes, name: bytes) -> None:
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
            self.record.hide(b"/".join(filter(None, (folder, hidden))))
        if (folder + b"/" if folder else b"") + b"\0" in self._paths:
            self._see("Y7", path)

    def _see(self, rule: str, name: bytes) -> None:
        self.sightings.setdefault(rule, Sightings()).add(name)
