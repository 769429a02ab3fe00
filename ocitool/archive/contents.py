"""The table of contents that our archives begin with: where every entry is, for readers that ask for each range.

It is a comment in the extended header of the first entry, which every other reader passes over (POSIX.1-2017 "pax",
"comment"): compact JSON, and spaces up to whole blocks. An archive whose table would be larger than readers take has
none. What the table says is never taken for true without the bytes: it must be what we write, in every byte, and tell
of an archive that we could have written; that the headers are those is proven where they are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from ocitool.archive.clone import CLONE_UNIT
from ocitool.archive.entry import Entry, EntryKind, Scan
from ocitool.archive.entry_name import clean_name
from ocitool.archive.headers import (
    BLOCK,
    encode_comment,
    encode_extension,
    encode_header,
    header_length,
    padding,
    parse_header,
    parse_pax,
)
from ocitool.archive.writer import END
from ocitool.errors import ArchiveError, DocumentError, UnsafeEntry
from ocitool.model.digest import Digest
from ocitool.model.json_text import parse_object
from ocitool.model.limits import EXTENSION_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ocitool.archive.source import ByteSource

Row: TypeAlias = "tuple[str, int, int]"
"""An entry of a table: its name as its header has it, a folder's with a slash, the offset of its data, their size."""

CONTENTS_LIMIT: Final = 960 * 1024
"""Bytes of records that a table may fill: libarchive refuses a record of 1,000,000, Go's archive/tar 1 MiB."""

WINDOW: Final = 64 * 1024
"""Bytes that are asked for at first, as the scan does; the tables of some 600 blobs are shorter."""

_OURS: Final = '{"ocitool":"contents","version":1,'
_LEAST_ROW: Final = len('["",512,0],')
_LARGEST_FILLING: Final = CLONE_UNIT + BLOCK
"""Bytes of filler before an entry at the most (`TarLayout`)."""


@dataclass(frozen=True, slots=True)
class TableOfContents:
    """What a table says: the length of the whole archive in bytes, and its entries in their order.

    `documents` is where the entries end, in bytes, that hold the JSON which lists all others.
    """

    size: int
    rows: tuple[Row, ...]
    documents: int

    def text(self) -> str:
        """Return the JSON, all of it ASCII; the digest in it is that of the list of entries as it stands there."""
        entries = json.dumps(self.rows, separators=(",", ":"))
        digest = Digest.of(entries.encode("ascii"))
        return f'{_OURS}"size":{self.size},"documents":{self.documents},"digest":"{digest}","entries":{entries}}}'

    def moved(self, by: int) -> TableOfContents:
        """Return what is said where all of it stands so many bytes further up."""
        rows = tuple([(name, offset + by, size) for name, offset, size in self.rows])
        return TableOfContents(self.size + by, rows, self.documents + by)

    @classmethod
    def parse(cls, comment: bytes) -> TableOfContents | None:
        """Read a comment; None if it is no table, or of a version that is not known.

        Raises `UnsafeEntry` for a table that is not, in every byte, what `text` gives.
        """
        if not comment.startswith(_OURS.encode("ascii")):
            return None
        text = comment.rstrip(b" ")
        try:
            value = parse_object(text)
        except DocumentError as error:
            raise UnsafeEntry(error.message) from None
        listed, size, documents = value.get("entries"), value.get("size"), value.get("documents")
        rows = tuple(_rows(listed)) if isinstance(listed, list) else ()
        if isinstance(size, int) and isinstance(documents, int):
            read = cls(size, rows, documents)
            if read.text().encode("ascii") == text:
                return read
        raise UnsafeEntry("it is damaged")


def _rows(listed: Sequence[object]) -> Iterator[Row]:
    for row in listed:
        match row:
            case [str(name), int(offset), int(size)] if not isinstance(offset, bool) and not isinstance(size, bool):
                yield name, offset, size
            case _:
                return


def encode_contents(first: str, lay_out: Callable[[int], TableOfContents]) -> bytes:
    """Return the extended header that goes before the entry called `first`; b"" where the table is too large.

    `lay_out` tells what there is if so many bytes stand before the first entry's own header.
    """
    room = 0
    while True:
        text = lay_out(BLOCK + room).text()
        # It only grows: what is shorter where all stands further up would be longer there again.
        needed = room
        while needed < len(text) + len(f"{needed} comment=\n"):
            needed += BLOCK
        if needed == room:
            return _extension(first, text, room)
        room = needed
        if room > CONTENTS_LIMIT:
            return b""


def may_be_listed(names: Iterable[str]) -> bool:
    """Tell, quickly, whether a table of entries with these names may be small enough."""
    least = 0
    for name in names:
        least += len(name) + _LEAST_ROW
        if least > CONTENTS_LIMIT:
            return False
    return True


def largest_contents(entries: int, letters: int, largest: int) -> int:
    """Return the bytes that the header with a table takes at the most.

    It has so many entries, with so many ASCII letters in their names, and no number above `largest`.
    """
    row = len('["/",,],') + 2 * len(str(largest))
    text = len(TableOfContents(largest, (), largest).text()) + entries * row + letters
    records = text + len(f"{CONTENTS_LIMIT} comment=\n")
    return BLOCK + min(records + padding(records), CONTENTS_LIMIT)


class ListedArchive:
    """The archive that a table tells of: its entries, and the headers that must be before them.

    `first` is the extended header that holds the table. Raises `UnsafeEntry` for a table that no archive of ours has:
    entries follow one another from the first header to the end blocks, each once, under a clean name, with no more
    filler between them than we write. The documents end where an entry does.
    """

    def __init__(self, contents: TableOfContents, first: bytes) -> None:
        self.size = contents.size
        self.documents = contents.documents
        self.entries = tuple(_entries(contents, len(first)))
        if self.documents not in {len(first), *map(_end, self.entries)}:
            raise UnsafeEntry(f"no entry ends at offset {self.documents}, where its documents do")
        self._first = first
        if _extension(contents.rows[0][0], contents.text(), len(first) - BLOCK) != first:
            raise UnsafeEntry("the header that holds it is not ours")

    def header(self, entry: Entry) -> bytes:
        """Return all that must be between the entry before this one and its data."""
        start = entry.header_offset or len(self._first)
        directory = entry.kind is EntryKind.DIRECTORY
        filling = entry.data_offset - start - header_length(entry.name, entry.size, directory=directory)
        header = encode_header(entry.name, entry.size, directory=directory, filling=filling)
        return header if entry.header_offset else self._first + header

    def require_in(self, window: bytes) -> None:
        """Raise `UnsafeEntry` for another header in the beginning of an archive, as far as that goes."""
        for entry in self.entries:
            if entry.data_offset > len(window):
                return
            self.require(entry, window[entry.header_offset : entry.data_offset])

    def require(self, entry: Entry, header: bytes) -> None:
        """Raise `UnsafeEntry` if an entry has another header than this."""
        if header != self.header(entry):
            raise UnsafeEntry(f"the header of {entry.name!r} is another")


@dataclass(frozen=True, slots=True)
class FoundContents:
    """A table at the beginning of a source, the extended header it is in, and what was read to find it."""

    contents: TableOfContents
    first: bytes
    window: bytes


def find_contents(source: ByteSource) -> FoundContents | None:
    """Read the table at the beginning of a source; None if there is none that is known.

    Raises `UnsafeEntry` for one that is damaged, and what reading raises.
    """
    window = source.read_at(0, WINDOW)
    try:
        header = parse_header(window[:BLOCK]) if len(window) >= BLOCK else None
        if header is None or header.type != b"x" or header.size > EXTENSION_LIMIT:
            return None
        length = BLOCK + header.size + padding(header.size)
        if length > len(window):
            window += source.read_at(len(window), length - len(window))
        comment = parse_pax(window[BLOCK : BLOCK + header.size]).get("comment", b"")
    except ArchiveError:
        return None  # the scan says what is wrong with it
    contents = TableOfContents.parse(comment)
    return None if contents is None else FoundContents(contents, window[:length], window)


def scan_by_contents(source: ByteSource, require_before: Callable[[Mapping[int, bytes], int], None]) -> Scan | None:
    """List the entries of a source as its table has them; None if there is none, or it is that of another length.

    So it is where an archive was changed by what does not know of tables, or cut short. `require_before` is told
    which headers are to be proven when what is behind them is read, and where the documents end. Raises `UnsafeEntry`
    for a table that claims to be ours and is wrong, and what reading raises.
    """
    try:
        found = find_contents(source)
        if found is None or found.contents.size != source.size:
            return None
        listed = ListedArchive(found.contents, found.first)
        listed.require_in(found.window)
    except UnsafeEntry as error:
        raise UnsafeEntry(
            f"the table of contents at its beginning is wrong: {error.message}",
            where=source.name,
            remedy="download it: a local file is read without its table, and verify says more",
        ) from None
    require_before(_Headers(listed, len(found.window)), listed.documents)
    return Scan(listed.entries, has_end=True, size=source.size, is_listed=True)


def contents_problem(source: ByteSource, scan: Scan) -> str:
    """Return what is wrong with the table at the beginning of a source that was scanned, "" if nothing is.

    All headers are read for that; raises what reading raises.
    """
    try:
        found = find_contents(source)
        if found is None:
            return ""
        if found.contents.size != source.size:
            return f"it is that of an archive of {found.contents.size} bytes, and this one has {source.size}"
        listed = ListedArchive(found.contents, found.first)
        for entry in listed.entries:
            listed.require(entry, source.read_at(entry.header_offset, entry.data_offset - entry.header_offset))
    except UnsafeEntry as error:
        return error.message
    return "" if listed.entries == scan.entries else "there are other entries, too"


class _Headers(Mapping[int, bytes]):
    """The header before each entry with data, by the offset of those, made when it is asked for.

    Of what ends within the first `known` bytes nothing is left to prove.
    """

    def __init__(self, listed: ListedArchive, known: int) -> None:
        self._listed = listed
        self._entries = {each.data_offset: each for each in listed.entries if each.size and each.data_offset > known}

    def __getitem__(self, offset: int) -> bytes:
        return self._listed.header(self._entries[offset])

    def __iter__(self) -> Iterator[int]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _extension(first: str, text: str, room: int) -> bytes:
    return encode_extension(first.encode("utf-8"), encode_comment(text, room))


def _entries(contents: TableOfContents, start: int) -> Iterator[Entry]:
    position, names = start, set()
    for number, (name, data_offset, size) in enumerate(contents.rows):
        directory = name.endswith("/")
        cleaned = clean_name(name.encode("utf-8"))
        if not cleaned or cleaned != name.removesuffix("/") or cleaned in names:
            raise UnsafeEntry(f"an entry called {name[:200]!r}, or more of them")
        names.add(cleaned)
        length = header_length(cleaned, max(size, 0), directory=directory)
        filling = data_offset - position - length
        may_fill = number > 0 and not directory and filling % BLOCK == 0 and not filling == BLOCK == length
        if size < 0 or (directory and size) or (filling and not (may_fill and 0 < filling <= _LARGEST_FILLING)):
            raise UnsafeEntry(f"{cleaned!r} cannot be at offset {data_offset}")
        kind = EntryKind.DIRECTORY if directory else EntryKind.FILE
        yield Entry(cleaned, kind, size, position if number else 0, data_offset)
        position = data_offset + size + padding(size)
    if not names or position + len(END) != contents.size:
        raise UnsafeEntry(f"its entries end at offset {position} of {contents.size}")


def _end(entry: Entry) -> int:
    return entry.data_offset + entry.size + padding(entry.size)
