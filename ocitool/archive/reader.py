"""The header scan: bytes to entries, hopping over the data of the blobs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from ocitool.archive.contents import scan_by_contents
from ocitool.archive.entry import Entry, EntryKind, Scan
from ocitool.archive.entry_name import clean_name
from ocitool.archive.headers import BLOCK, ZERO_BLOCK, Header, padding, parse_header, parse_pax, pax_size
from ocitool.archive.layout_directory import DirectorySource
from ocitool.archive.remote import FarSource
from ocitool.errors import ArchiveError, NotAnArchive, TruncatedArchive, UnsafeEntry
from ocitool.model.fault import Fault
from ocitool.model.limits import ENTRY_LIMIT, EXTENSION_LIMIT, EXTENSIONS_PER_ENTRY, NAME_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ocitool.archive.source import ByteSource

Comparison: TypeAlias = "Callable[[Entry, Entry], bool]"

CUT_REMEDY: Final = (
    "transfer or export it again (ctr 2 may cut an export short on a busy machine and still exit 0: use --local)"
)
"""Measured with ctr 2.1.9: 10 of 40 exports to a pipe, 3 of 40 to a file ended early beside four busy loops."""

_WINDOW: Final = 64 * 1024
_COMPARE_CHUNK: Final = 1024 * 1024
_HEADER_ONLY: Final = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
_EXTENSIONS: Final = frozenset({b"x", b"g", b"L", b"K"})
_SPARSE: Final = "sparse entry, which no importer reads as written"
_SYMBOLIC_LINK: Final = b"2"
_KINDS: Final = {
    b"0": EntryKind.FILE,
    b"\0": EntryKind.FILE,
    b"5": EntryKind.DIRECTORY,
    b"1": EntryKind.LINK,
    _SYMBOLIC_LINK: EntryKind.LINK,
}


def scan_source(source: ByteSource, *, by_contents: bool = True) -> Scan:
    """List the entries of any source: a folder knows its own, everything else is a tar.

    One that is read by request is listed by its table of contents, if it has one and `by_contents` allows that. A
    local file never is: to scan it costs next to nothing. What a far source was told of a table before is void where
    its headers are scanned. Raises what `scan_archive` and `scan_by_contents` raise.
    """
    if isinstance(source, DirectorySource):
        return source.scan()
    if by_contents and isinstance(source, FarSource):
        scan = scan_by_contents(source, source.require_before)
        if scan is not None:
            return scan
    elif isinstance(source, FarSource):
        source.require_before({}, 0)
    return scan_archive(source)


def scan_archive(source: ByteSource) -> Scan:
    """Read all headers of a plain tar.

    Raises `NotAnArchive`, `UnsupportedArchive` (compressed), `TruncatedArchive` or `UnsafeEntry`. Entries of one
    name and different bytes, which readers would resolve differently, are a fault of the result.
    """
    if source.size == 0:
        raise NotAnArchive("is empty", where=source.name)
    # A far source knows better how much to read ahead, and keeps it for the documents.
    scanner = Scanner(source, window=BLOCK if isinstance(source, FarSource) else _WINDOW)
    for _ in scanner.walk():
        pass
    return scanner.finish()


class Scanner:
    """The state of one scan; `window` is a small read-ahead, in bytes, for archives of many small entries.

    A source that is still arriving is larger than anything until its end is known.
    """

    def __init__(self, source: ByteSource, *, window: int = _WINDOW) -> None:
        self._source = source
        self._window_size = window
        self._window = b""
        self._window_offset = 0
        self.entries: list[Entry] = []
        self.has_end = False

    def walk(self) -> Iterator[Entry]:
        """Yield each entry when its headers are read, before its bytes are passed over; raises as `scan_archive`."""
        offset = 0
        while True:
            known = len(self.entries)
            next_offset = self._entry(offset)
            if next_offset is None:
                self._require_last()
                return
            if len(self.entries) > ENTRY_LIMIT:
                raise UnsafeEntry(f"more than {ENTRY_LIMIT} entries", where=self._source.name)
            yield from self.entries[known:]
            offset = next_offset

    def finish(self, compare: Comparison | None = None) -> Scan:
        """Return what was found; `compare` tells whether two entries hold the same, by default from the source."""
        compare = compare or partial(same_bytes, self._source)
        faults, repeats = _find_duplicates(self.entries, compare)
        return Scan(tuple(self.entries), self.has_end, self._source.size, faults, repeats)

    def _require_last(self) -> None:
        """Refuse an end inside the last entry, which is seen late where the source was still arriving."""
        if self.entries and (end := self.entries[-1].data_offset + self.entries[-1].size) > self._source.size:
            last = self.entries.pop()
            raise self._cut(last.header_offset, end, f"entry {last.name!r}")

    def _entry(self, offset: int) -> int | None:
        """Read one entry with its extension headers; return the offset after it, None at the end."""
        start = offset
        extensions = _Extensions()
        for _ in range(EXTENSIONS_PER_ENTRY + 1):
            block = self._block(offset)
            if block is None:
                if offset != start:
                    needed = max(offset, self._source.size) + BLOCK
                    raise self._cut(start, needed, "an extension header without its entry")
                return None
            header = self._header(block, offset)
            if header.type not in _EXTENSIONS:
                return self._add(header, start, offset + BLOCK, extensions)
            body, after = self._extension(header, offset)
            try:
                extensions.take(header.type, body)
            except ArchiveError as error:
                raise UnsafeEntry(error.message, where=self._place(offset)) from None
            offset = after
        raise UnsafeEntry(f"more than {EXTENSIONS_PER_ENTRY} extension headers in a row", where=self._place(start))

    def _add(self, header: Header, start: int, data: int, extensions: _Extensions) -> int:
        raw_name = header.name if extensions.name is None else extensions.name
        if header.type == b"S":
            raise UnsafeEntry(_SPARSE, where=self._place(start))
        length = header.size if extensions.size is None else extensions.size
        if header.type in _HEADER_ONLY:
            length = 0
        cleaned = self._clean(raw_name, start)
        end = data + length
        if end > self._source.size:
            raise self._cut(start, end, f"entry {cleaned!r}")
        kind = _KINDS.get(header.type, EntryKind.OTHER)
        if kind is EntryKind.FILE and raw_name.endswith(b"/"):
            kind = EntryKind.DIRECTORY  # how the oldest tars wrote a folder
        target = b"" if header.type != _SYMBOLIC_LINK else extensions.target or header.target
        if len(target) > NAME_LIMIT:
            raise UnsafeEntry(f"link to a name of more than {NAME_LIMIT} bytes", where=self._place(start))
        if cleaned:
            self.entries.append(
                Entry(cleaned, kind, length, start, data, target.decode("utf-8", errors="surrogateescape"))
            )
        elif kind is EntryKind.FILE:
            raise UnsafeEntry("entry without a name", where=self._place(start))
        return end + padding(length)

    def _extension(self, header: Header, offset: int) -> tuple[bytes, int]:
        if header.size > EXTENSION_LIMIT:
            raise UnsafeEntry(
                f"extension header of {header.size} bytes, more than {EXTENSION_LIMIT}",
                where=self._place(offset),
            )
        data = offset + BLOCK
        end = data + header.size
        if end > self._source.size:
            raise self._cut(offset, end, "an extension header")
        body = self._source.read_at(data, header.size)
        if len(body) < header.size:
            raise self._cut(offset, end, "an extension header")
        return body, end + padding(header.size)

    def _header(self, block: bytes, offset: int) -> Header:
        try:
            return parse_header(block)
        except UnsafeEntry as error:
            raise UnsafeEntry(error.message, where=self._place(offset)) from None
        except ArchiveError as error:
            if offset == 0:
                raise _not_a_tar(self._source) from None
            raise ArchiveError(
                error.message,
                where=self._place(offset),
                remedy="the file is damaged: transfer or export it again",
            ) from None

    def _block(self, offset: int) -> bytes | None:
        """Return the block at `offset`, None at the end of the archive."""
        block = self._peek(offset, BLOCK)
        if len(block) < BLOCK:
            if block.strip(b"\0"):
                if offset == 0:
                    raise _not_a_tar(self._source)
                raise self._cut(offset, offset + BLOCK, "a header")
            return None
        if block != ZERO_BLOCK:
            return block
        second = self._peek(offset + BLOCK, BLOCK)
        if second and second.strip(b"\0"):
            raise ArchiveError(
                "a single zero block between entries",
                where=self._place(offset),
                remedy="the file is damaged: transfer or export it again",
            )
        self.has_end = second == ZERO_BLOCK
        self._check_tail(offset + BLOCK + len(second))
        return None

    def _check_tail(self, offset: int) -> None:
        """Refuse data after the end blocks: readers stop there, so it would be lost without a word."""
        while part := self._source.read_at(offset, _COMPARE_CHUNK):
            if part.strip(b"\0"):
                raise ArchiveError(
                    "data after the end of the archive",
                    where=self._place(offset + len(part) - len(part.lstrip(b"\0"))),
                    remedy="if two archives were joined, take them apart again",
                )
            offset += len(part)

    def _peek(self, offset: int, length: int) -> bytes:
        start = offset - self._window_offset
        if start < 0 or start + length > len(self._window):
            self._window = self._source.read_at(offset, max(length, self._window_size))
            self._window_offset = offset
            start = 0
        return self._window[start : start + length]

    def _clean(self, raw: bytes, offset: int) -> str:
        try:
            return clean_name(raw)
        except UnsafeEntry as error:
            raise UnsafeEntry(error.message, where=self._place(offset)) from None

    def _cut(self, offset: int, needed: int, what: str) -> TruncatedArchive:
        lacking = needed - self._source.size
        last = f"; the last whole entry is {self.entries[-1].name!r}" if self.entries else ""
        return TruncatedArchive(
            f"cut short: {what} at offset {offset} needs {lacking} more bytes{last}",
            where=self._source.name,
            remedy=CUT_REMEDY,
        )

    def _place(self, offset: int) -> str:
        return f"{self._source.name} at offset {offset}"


class _Extensions:
    """What the extension headers before one entry say of it.

    Readers rank repeated and mixed ones differently, and then see different names or sizes: only one of each
    is taken, and one source of the name.
    """

    def __init__(self) -> None:
        self.name: bytes | None = None
        self.target: bytes | None = None
        self.size: int | None = None
        self._seen: set[bytes] = set()

    def take(self, kind: bytes, body: bytes) -> None:
        """Take in one extension header; raises `ArchiveError` if it must not be trusted."""
        if kind == b"g":
            if self._seen:
                raise ArchiveError("global header between an entry and its own extension header")
            if not _pax_records(body).keys().isdisjoint({"path", "size", "linkpath"}):
                raise ArchiveError("global header that names files")
            return
        if kind in self._seen:
            raise ArchiveError("two extension headers of one kind for one entry")
        self._seen.add(kind)
        if kind == b"L":
            self._rename(body.split(b"\0", 1)[0])
        elif kind == b"K":
            self._retarget(body.split(b"\0", 1)[0])
        elif kind == b"x":
            self._take_records(_pax_records(body))

    def _take_records(self, records: Mapping[str, bytes]) -> None:
        if "path" in records:
            self._rename(records["path"])
        if "linkpath" in records:
            self._retarget(records["linkpath"])
        if "size" in records:
            self.size = pax_size(records["size"])

    def _rename(self, name: bytes) -> None:
        if self.name is not None:
            raise ArchiveError("two extension headers name one entry")
        self.name = name

    def _retarget(self, target: bytes) -> None:
        if self.target is not None:
            raise ArchiveError("two extension headers give one link its target")
        self.target = target


def _pax_records(body: bytes) -> dict[str, bytes]:
    records = parse_pax(body)
    if any(key.startswith("GNU.sparse") for key in records):
        raise ArchiveError(_SPARSE)
    return records


def _not_a_tar(source: ByteSource) -> ArchiveError:
    return NotAnArchive(
        "is not a tar archive", where=source.name, remedy="give an OCI archive, as ctr images export writes it"
    )


def _find_duplicates(entries: list[Entry], compare: Comparison) -> tuple[tuple[Fault, ...], tuple[str, ...]]:
    """Compare entries that share a name; the same bytes twice are harmless, different bytes are not."""
    first: dict[str, Entry] = {}
    faults: list[Fault] = []
    repeats: list[str] = []
    for entry in entries:
        if entry.kind is EntryKind.DIRECTORY:
            continue
        earlier = first.setdefault(entry.name, entry)
        if earlier is entry:
            continue
        if compare(earlier, entry):
            repeats.append(entry.name)
        else:
            faults.append(
                Fault(
                    rule="T3",
                    message="two entries of this name with different content; importers disagree on which counts",
                    error=UnsafeEntry,
                    where=entry.name,
                    remedy="export it again",
                )
            )
    return tuple(faults), tuple(dict.fromkeys(repeats))


def same_bytes(source: ByteSource, one: Entry, other: Entry) -> bool:
    """Tell whether two entries of one name are the same."""
    if one.kind is not other.kind or one.size != other.size:
        return False
    for position in range(0, one.size, _COMPARE_CHUNK):
        length = min(_COMPARE_CHUNK, one.size - position)
        if source.read_at(one.data_offset + position, length) != source.read_at(other.data_offset + position, length):
            return False
    return True
