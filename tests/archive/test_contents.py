"""The table of contents: what is written, what is read, and every lie that is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.archive import contents
from ocitool.archive.contents import TableOfContents, find_contents
from ocitool.archive.headers import BLOCK, encode_comment, encode_extension, encode_header, encode_pax, padding
from ocitool.archive.reader import scan_archive, scan_source
from ocitool.archive.writer import END
from ocitool.errors import TruncatedArchive, UnsafeEntry
from ocitool.plan.steps import Emit, Folder, Member, OutputPlan
from tests.plan.test_aligned_output import written
from tests.sources import BytesSource, FarBytes

if TYPE_CHECKING:
    from collections.abc import Callable

MEMBERS = (
    Member("oci-layout", Emit(b"{}")),
    Member("blobs", Folder()),
    Member("blobs/one", Emit(bytes(513))),
    Member("two", Emit(b"")),
)
ARCHIVE = written(OutputPlan(MEMBERS, has_contents=True, documents=2))
START = 1024
"""Bytes of the extended header of that archive."""

DOCUMENTS = START + 1536
"""Where the first two members of that archive end."""


def with_comment(comment: str, rest: bytes = ARCHIVE[START:]) -> bytes:
    """Return the archive with another comment, which may take another block."""
    room = len(comment) + 50 + padding(len(comment) + 50)
    return encode_extension(b"oci-layout", encode_comment(comment, room)) + rest


def telling(rows: list[Any], size: int | None = None, documents: int = DOCUMENTS) -> bytes:
    """Return the archive with a table of those rows, and a digest that is right."""
    room = START - BLOCK
    while True:
        total = room + BLOCK + len(ARCHIVE) - START if size is None else size
        data = TableOfContents(total, tuple(rows), documents).text()
        if len(data) + len(f"{room} comment=\n") <= room:
            return encode_extension(b"oci-layout", encode_comment(data, room)) + ARCHIVE[START:]
        room += BLOCK


ROWS = [
    ["oci-layout", START + 512, 2],
    ["blobs/", START + 1536, 0],
    ["blobs/one", START + 2048, 513],
    ["two", START + 3584, 0],
]


def changed(place: int, value: list[Any]) -> list[Any]:
    return [value if number == place else row for number, row in enumerate(ROWS)]


def test_it_is_readable_and_other_readers_see_a_comment() -> None:
    assert telling(ROWS) == ARCHIVE
    text = ARCHIVE[BLOCK:START].partition(b"comment=")[2]
    value = json.loads(text)
    assert list(value) == ["ocitool", "version", "size", "documents", "digest", "entries"]
    assert (value["ocitool"], value["version"], value["size"]) == ("contents", 1, len(ARCHIVE))
    assert value["documents"] == DOCUMENTS
    assert value["entries"] == ROWS
    assert text.endswith((b"}\n", b" \n"))


def test_a_far_source_is_listed_by_one_read() -> None:
    far = FarBytes(ARCHIVE)
    assert scan_source(far) == scan_archive(BytesSource(ARCHIVE))
    assert far.reads == [(0, contents.WINDOW)]
    assert far.expected == {}, "all headers were in what was read"
    near = BytesSource(ARCHIVE)
    assert scan_source(near) == scan_archive(near)


def test_a_long_table_takes_one_read_more_and_headers_are_left_to_be_proven() -> None:
    data = written(
        OutputPlan(tuple(Member(f"{n:064}", Emit(b"1" * (n % 2))) for n in range(1500)), has_contents=True)
    )
    far = FarBytes(data)
    scan = scan_source(far)
    assert scan.entries == scan_archive(BytesSource(data)).entries
    (first, second) = far.reads
    assert first == (0, contents.WINDOW)
    assert sum(second) == scan.entries[0].data_offset - BLOCK
    assert far.expected.keys() == {entry.data_offset for entry in scan.entries if entry.size}
    assert all(data[offset - BLOCK : offset] == far.expected[offset] for offset in far.expected)


def test_without_by_contents_it_is_scanned() -> None:
    far = FarBytes(telling(changed(3, ["three", START + 3584, 0])))
    with pytest.raises(UnsafeEntry, match="the header of 'three' is another"):
        scan_source(far)
    assert scan_source(far, by_contents=False).entries == scan_archive(BytesSource(ARCHIVE)).entries


LIES: dict[str, tuple[list[Any], str]] = {
    "no entries": ([], "end at offset"),
    "an entry left out at the end": (ROWS[:3], "end at offset"),
    "an entry left out": ([*ROWS[:2], ROWS[3]], "the header of 'two' is another"),
    "another order": ([ROWS[1], ROWS[0], *ROWS[2:]], "cannot be at offset"),
    "a name twice": (changed(3, ["blobs/one", START + 3584, 0]), "'blobs/one', or more of them"),
    "a folder called as a file": (changed(3, ["oci-layout/", START + 3584, 0]), "or more of them"),
    "a way out": (changed(3, ["../two", START + 3584, 0]), "'..' in it"),
    "from the top": (changed(3, ["/two", START + 3584, 0]), "absolute"),
    "not clean": (changed(3, ["./two", START + 3584, 0]), "called './two'"),
    "no name": (changed(3, ["", START + 3584, 0]), "called ''"),
    "the folder of all": (changed(1, ["/", START + 1536, 0]), "absolute"),
    "two slashes": (changed(1, ["blobs//", START + 1536, 0]), "called 'blobs//'"),
    "a backslash": (changed(3, ["t\\o", START + 3584, 0]), "backslash"),
    "a folder with data": (changed(1, ["blobs/", START + 1536, 1]), "cannot be at offset"),
    "a negative size": (changed(3, ["two", START + 3584, -1]), "cannot be at offset"),
    "a negative offset": (changed(3, ["two", -512, 0]), "cannot be at offset"),
    "a size that does not fit": (changed(2, ["blobs/one", START + 2048, 1025]), "cannot be at offset"),
    "an endless size": (changed(3, ["two", START + 3584, 2**70]), "cannot be at offset"),
    "filler of one block": (changed(3, ["two", START + 4096, 0]), "cannot be at offset"),
    "filler before the first": ([["oci-layout", START + 1536, 2], *ROWS[1:]], "cannot be at offset"),
    "too much filler": (changed(3, ["two", START + 3584 + 5120, 0]), "cannot be at offset"),
    "filler of no whole block": (changed(3, ["two", START + 3584 + 100, 0]), "cannot be at offset"),
    "no number": (changed(3, ["two", True, 0]), "is damaged"),
    "no whole number": (changed(3, ["two", 4608.0, 0]), "is damaged"),
    "a text for a number": (changed(3, ["two", "4608", 0]), "is damaged"),
    "a row with more": (changed(3, ["two", START + 3584, 0, 0]), "is damaged"),
    "half a character": (changed(3, ["\ud800", START + 3584, 0]), "surrogate"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_table_that_lies_is_refused(lie: str) -> None:
    rows, said = LIES[lie]
    with pytest.raises(UnsafeEntry, match="the table of contents at its beginning is wrong") as caught:
        scan_source(FarBytes(telling(rows)))
    assert said in caught.value.message
    assert caught.value.where == "far.tar"
    assert scan_source(BytesSource(telling(rows))).entries


@pytest.mark.parametrize("documents", [0, START - 512, START + 512, START + 2, DOCUMENTS + 512, len(ARCHIVE)])
def test_documents_end_where_an_entry_does(documents: int) -> None:
    with pytest.raises(UnsafeEntry, match=f"no entry ends at offset {documents}, where its documents do"):
        scan_source(FarBytes(telling(ROWS, documents=documents)))


@pytest.mark.parametrize("count", range(len(MEMBERS) + 1))
def test_a_far_source_hears_where_documents_end(count: int) -> None:
    far = FarBytes(written(OutputPlan(MEMBERS, has_contents=True, documents=count)))
    scan = scan_source(far)
    assert scan.is_listed
    starts = [START, *(entry.header_offset for entry in scan.entries[1:]), len(ARCHIVE) - len(END)]
    assert far.documents == starts[count]
    assert not scan_source(far, by_contents=False).is_listed
    assert (far.documents, far.expected) == (0, {})


def text_of(change: Callable[[str], str]) -> bytes:
    found = find_contents(BytesSource(ARCHIVE))
    assert found is not None
    return with_comment(change(found.contents.text()))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("oci-layout", "oci-Layout"), id="digest"),
        pytest.param(lambda text: text.replace(":[[", ": [["), id="spaces"),
        pytest.param(lambda text: text[:-1], id="cut"),
        pytest.param(lambda text: text + "{}", id="more"),
        pytest.param(lambda text: text[:-1] + ',"more":1}', id="another field"),
        pytest.param(lambda text: text[:-1] + ',"version":1}', id="a field twice"),
        pytest.param(lambda text: text.replace('"size":', '"size":true,"was":'), id="size"),
        pytest.param(lambda text: text.replace('"documents":', '"documents":null,"were":'), id="documents"),
        pytest.param(lambda text: text.replace('"entries":[', '"entries":{"a":[').replace("]]", "]}"), id="no list"),
    ],
)
def test_a_damaged_table_is_refused(change: Callable[[str], str]) -> None:
    with pytest.raises(UnsafeEntry, match="the table of contents at its beginning is wrong"):
        scan_source(FarBytes(text_of(change)))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(with_comment("written by another"), id="another comment"),
        pytest.param(text_of(lambda text: text.replace('"version":1', '"version":2')), id="a newer version"),
        pytest.param(ARCHIVE + bytes(BLOCK), id="zeros at the end"),
        pytest.param(
            ARCHIVE[: -len(END)] + encode_header("more", 1) + b"1".ljust(BLOCK, b"\0") + END, id="an entry more"
        ),
        pytest.param(
            encode_extension(b"oci-layout", encode_pax({"path": "oci-layout"})) + ARCHIVE[START:], id="no comment"
        ),
        pytest.param(ARCHIVE[START:], id="no extended header"),
    ],
)
def test_what_is_not_ours_any_more_is_scanned(data: bytes) -> None:
    assert scan_source(FarBytes(data)) == scan_archive(BytesSource(data))


def test_one_that_is_cut_short_is_told_by_the_scan() -> None:
    with pytest.raises(TruncatedArchive):
        scan_source(FarBytes(ARCHIVE[:-2100]))


def test_an_extended_header_that_says_more_is_not_ours() -> None:
    found = find_contents(BytesSource(ARCHIVE))
    assert found is not None
    records = encode_comment(found.contents.text(), 512 - 11)
    more = encode_extension(b"oci-layout", records + b"11 path=ab\n")
    assert len(more) == START
    with pytest.raises(UnsafeEntry, match="the header that holds it is not ours"):
        scan_source(FarBytes(more + ARCHIVE[START:]))


def test_end_blocks_that_hold_an_entry_are_a_problem_that_the_scan_tells() -> None:
    hidden = ARCHIVE[: -len(END)] + encode_header("hidden", 0) + bytes(BLOCK)
    scan = scan_archive(BytesSource(hidden))
    assert contents.contents_problem(BytesSource(hidden), scan) == "there are other entries, too"


def test_it_is_written_until_it_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "CONTENTS_LIMIT", 4 * BLOCK)
    lengths = set()
    for letters in range(0, 1000, 7):
        names = (f"{number:02}{'n' * (40 + (letters + number) // 15)}" for number in range(15))
        plan = OutputPlan(tuple(Member(name, Emit(b"")) for name in names), has_contents=True)
        data = written(plan)
        assert len(data) == plan.size
        found = find_contents(BytesSource(data))
        lengths.add(0 if found is None else len(found.first))
        assert len(data) == OutputPlan(plan.members).size + (0 if found is None else len(found.first))
        if found is not None:
            assert found.contents.size == len(data)
    assert lengths == {0, 3 * BLOCK, 4 * BLOCK, 5 * BLOCK}


def test_tens_of_thousands_of_entries_have_none_and_nothing_is_laid_out_to_know_that() -> None:
    members = tuple(Member(f"blobs/sha256/{number:064}", Emit(b"")) for number in range(20_000))
    plan = OutputPlan(members, has_contents=True)
    assert not contents.may_be_listed(member.name for member in members)
    assert plan.size == OutputPlan(members).size == len(members) * BLOCK + len(END)


def test_an_entry_that_needs_an_extended_header_first_leaves_no_place() -> None:
    first = (Member("é" * 60, Emit(b"1")), *MEMBERS)
    assert OutputPlan(first, has_contents=True).size == OutputPlan(first).size
    members = (*MEMBERS, Member("é" * 60, Emit(b"1")), Member("f/" + "é" * 60, Folder()))
    data = written(OutputPlan(members, has_contents=True))
    assert scan_source(FarBytes(data)).entries == scan_archive(BytesSource(data)).entries
    assert data.index(b"\\u00e9") < BLOCK * 3


@pytest.mark.parametrize("largest", [10**4, 10**12])
def test_the_bound_of_its_length_holds(largest: int) -> None:
    for count in range(1, 40):
        rows = tuple((f"{'x' * number}/", largest - number, largest) for number in range(count))
        letters = sum(len(name) - 1 for name, *_ in rows)
        length = len(contents.encode_contents("x", TableOfContents(largest, rows, largest).moved))
        assert length <= contents.largest_contents(count, letters, 2 * largest) <= length + 2 * BLOCK
