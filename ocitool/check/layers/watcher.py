"""A tar, followed as its bytes pass: a few steps for each entry, none for the bytes of files.

Read as Go's archive/tar reads it, which the importers use: what that refuses is a fault, and a tar may end without
its two zero blocks, or within the padding of its last file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.archive.headers import BLOCK, ZERO_BLOCK, Header, padding, parse_header, parse_pax, pax_size
from ocitool.check.layers.entries import LayerEntries, Sightings
from ocitool.check.layers.numbers import check_numbers, check_records
from ocitool.errors import ArchiveError
from ocitool.model.limits import EXTENSION_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ocitool.check.layers.record import LayerRecord

_HEADER_ONLY: Final = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
_EXTENSIONS: Final = frozenset({b"x", b"g", b"L", b"K"})
_SPARSE: Final = b"S"
_MORE_IN_HEADER: Final = 482
_MORE_IN_MAP: Final = 504
"""Where GNU's sparse header, and each block of the map after it, tells that (more of) a map follows."""


@dataclass(frozen=True, slots=True)
class WatchedTar:
    """What was seen of a layer: `fault` if it is no whole tar, how many entries, which rules they break.

    `full` if it has more entries than are looked at.
    """

    fault: str
    entries: int
    sightings: Mapping[str, Sightings]
    record: LayerRecord
    full: bool = False

    @property
    def is_no_tar(self) -> bool:
        """Whether not even its first header is one."""
        return bool(self.fault) and not self.entries


class TarWatcher:
    """Follow one tar, in parts of any size; never raises for what is in them."""

    def __init__(self) -> None:
        self._entries = LayerEntries()
        self._pending = bytearray()
        self._needed = BLOCK
        self._take: Callable[[bytes], None] = self._block
        self._skip = 0
        self._after = 0  # bytes of data behind what is collected now
        self._padding = 0
        self._offset = 0  # of the header that was looked at last
        self._next = 0  # of the one after it
        self._kind = b""
        self._over = False
        self._fault = ""
        self._extensions = _Extensions()

    def feed(self, part: memoryview) -> None:
        """Follow more bytes."""
        position, end = 0, len(part)
        while position < end and not self._over:
            if self._skip:
                passed = min(self._skip, end - position)
                self._skip -= passed
                position += passed
                continue
            lacking = self._needed - len(self._pending)
            if end - position < lacking:
                self._pending += part[position:]
                return
            data = bytes(part[position : position + lacking])
            position += lacking
            if self._pending:
                data = bytes(self._pending) + data
                self._pending.clear()
            self._take(data)

    def finish(self) -> WatchedTar:
        """Return what was seen, at the end of the bytes."""
        if not self._over:
            self._end()
        entries = self._entries
        return WatchedTar(self._fault, entries.count, entries.sightings, entries.record, entries.is_full)

    def _end(self) -> None:
        between = self._take in {self._block, self._second_zero}
        if self._pending and not self._next and between and any(self._pending):
            self._refuse("it is no tar: it has fewer bytes than one header")
        elif self._skip > self._padding or not between or self._pending:
            self._refuse(f"it is cut short: the entry at offset {self._offset} ends before it should")
        elif self._extensions.count:
            self._refuse(f"it is cut short: the extension header at offset {self._offset} has no entry")

    def _refuse(self, reason: str) -> None:
        self._fault = reason
        self._over = True

    def _collect(self, needed: int, then: Callable[[bytes], None], *, after: int, filling: int) -> None:
        """Collect bytes of an entry that has `after` bytes and padding behind them, then hand them on."""
        self._needed, self._take = needed, then
        self._after, self._padding = after, filling

    def _hop(self) -> None:
        """Hop over what is left of an entry, to the next header."""
        self._skip = self._after + self._padding
        self._needed, self._take = BLOCK, self._block

    def _block(self, block: bytes) -> None:
        self._offset = self._next
        if block == ZERO_BLOCK:
            self._take = self._second_zero
            return
        try:
            header = parse_header(block)
            check_numbers(block)
        except ArchiveError as error:
            place = f"header at offset {self._offset}: " if self._offset else ""
            self._refuse(f"{place}{error.message}")
            return
        if header.type in _EXTENSIONS:
            self._extension(header)
        else:
            self._entry(header, block)

    def _second_zero(self, block: bytes) -> None:
        if block == ZERO_BLOCK:
            self._over = True
        else:
            self._refuse(f"a single block of zeros between entries, at offset {self._offset}")

    def _extension(self, header: Header) -> None:
        self._extensions.count += 1
        if header.size > EXTENSION_LIMIT:
            self._refuse(f"extension header at offset {self._offset}: it is too long")
            return
        self._kind = header.type
        filling = padding(header.size)
        self._next += BLOCK + header.size + filling
        self._collect(header.size, self._body, after=0, filling=filling)
        if not header.size:
            self._body(b"")

    def _body(self, body: bytes) -> None:
        try:
            self._extensions.take(self._kind, body)
        except ArchiveError as error:
            self._refuse(f"extension header at offset {self._offset}: {error.message}")
            return
        self._hop()

    def _entry(self, header: Header, block: bytes) -> None:
        size, name, target, sparse = header.size, header.name, header.target, header.type == _SPARSE
        if self._extensions.count:
            extensions, self._extensions = self._extensions, _Extensions()
            size = size if extensions.size is None else extensions.size
            name = extensions.sparse_name or extensions.name or name
            target = extensions.target or target
            sparse = sparse or extensions.sparse
        if header.type in _HEADER_ONLY:
            size = 0
        wanted = self._entries.take(header, name, target, sparse=sparse)
        filling = -size % BLOCK
        self._next += BLOCK + size + filling
        if header.type == _SPARSE and block[_MORE_IN_HEADER]:
            self._collect(BLOCK, self._sparse_map, after=size, filling=filling)
        elif wanted and size:
            wanted = min(wanted, size)
            self._collect(wanted, self._head, after=size - wanted, filling=filling)
        else:
            self._skip, self._padding = size + filling, filling

    def _sparse_map(self, block: bytes) -> None:
        self._next += BLOCK
        if not block[_MORE_IN_MAP]:
            self._hop()

    def _head(self, head: bytes) -> None:
        self._entries.look(head)
        self._hop()


class _Extensions:
    """What the extension headers before one entry say of it, the last one counting."""

    __slots__ = ("count", "name", "size", "sparse", "sparse_name", "target")

    def __init__(self) -> None:
        self.count = 0
        self.name: bytes | None = None
        self.target: bytes | None = None
        self.size: int | None = None
        self.sparse = False
        self.sparse_name: bytes | None = None

    def take(self, kind: bytes, body: bytes) -> None:
        """Take in one extension header; raises `ArchiveError` for records that are malformed."""
        if kind == b"L":
            self.name = body.partition(b"\0")[0]
        elif kind == b"K":
            self.target = body.partition(b"\0")[0]
        else:
            records = parse_pax(body)
            check_records(records, merged=kind == b"x")
            if kind == b"g":
                self.count -= 1  # it is about all entries, not about the next one
                return
            self.name = records.get("path") or self.name
            self.target = records.get("linkpath") or self.target
            if records.get("size"):
                self.size = pax_size(records["size"])
            self.sparse = self.sparse or any(key.startswith("GNU.sparse.") for key in records)
            self.sparse_name = records.get("GNU.sparse.name", self.sparse_name)
