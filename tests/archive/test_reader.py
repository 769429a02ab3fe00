from __future__ import annotations

import io
import posixpath
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ocitool.archive import reader
from ocitool.archive.entry import EntryKind
from ocitool.archive.headers import BLOCK, encode_pax, padding
from ocitool.archive.reader import scan_archive
from ocitool.errors import ArchiveError, NotAnArchive, TruncatedArchive, UnsafeEntry
from ocitool.model.limits import EXTENSION_LIMIT, EXTENSIONS_PER_ENTRY, NAME_LIMIT
from tests.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.archive.entry import Scan

END: Final = bytes(2 * BLOCK)
FORMATS: Final = (tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)


def header(
    name: bytes = b"file",
    size: int = 0,
    kind: bytes = b"0",
    *,
    size_field: bytes = b"",
    magic: bytes = b"ustar\x0000",
) -> bytes:
    """Make one block, by hand: Python's `tarfile` does not write what is wrong."""
    block = bytearray(BLOCK)
    block[0 : len(name)] = name
    block[100:108] = b"0000644\0"
    block[124:136] = size_field or b"%011o\0" % size
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257 : 257 + len(magic)] = magic
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def entry(name: bytes = b"file", data: bytes = b"", kind: bytes = b"0") -> bytes:
    return header(name, len(data), kind) + data + bytes(padding(len(data)))


def pax(records: dict[str, str], kind: bytes = b"x") -> bytes:
    return entry(b"PaxHeaders/file", encode_pax(records), kind)


def long_name(name: bytes, kind: bytes = b"L") -> bytes:
    return entry(b"././@LongLink", name + b"\0", kind)


FILE: Final = entry(b"file", b"abc")


def scan(data: bytes) -> Scan:
    return scan_archive(BytesSource(data))


def names(data: bytes) -> list[str]:
    return [one.name for one in scan(data).entries]


@dataclass(frozen=True)
class Member:
    name: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    mtime: float = 0


def pack(members: Iterable[Member], tar_format: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as tar:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.type, info.size, info.mtime = member.kind, len(member.data), member.mtime
            if member.kind in {tarfile.SYMTYPE, tarfile.LNKTYPE}:
                info.linkname = "target" * 20
            tar.addfile(info, io.BytesIO(member.data))
    return buffer.getvalue()


KINDS: Final = {
    tarfile.REGTYPE: EntryKind.FILE,
    tarfile.DIRTYPE: EntryKind.DIRECTORY,
    tarfile.SYMTYPE: EntryKind.LINK,
    tarfile.LNKTYPE: EntryKind.LINK,
    tarfile.FIFOTYPE: EntryKind.OTHER,
}

PARTS = (
    st.text("ab.-_é\N{GRINNING FACE} \n=", min_size=1, max_size=12)
    | st.integers(90, 160).map(lambda length: "n" * length)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0"), min_size=1, max_size=40)
).filter(lambda part: part not in {".", ".."})
NAMES = (
    st.tuples(st.sampled_from(["", "", "./", "././"]), st.lists(PARTS, min_size=1, max_size=4).map("/".join))
    .map("".join)
    .filter(lambda name: len(name) <= 300)
)
DATA = st.builds(lambda size, byte: bytes([byte]) * size, st.integers(0, 2000), st.integers(0, 255))
FILES = st.builds(Member, NAMES, DATA, st.just(tarfile.REGTYPE), st.sampled_from([0, 1.5]))
OTHERS = st.builds(
    Member,
    NAMES | st.sampled_from([".", "./", "./."]),
    st.just(b""),
    st.sampled_from([tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]),
)


@given(st.lists(FILES | OTHERS, max_size=8), st.sampled_from(FORMATS))
def test_reads_what_tarfile_writes(members: list[Member], tar_format: int) -> None:
    try:
        data = pack(members, tar_format)
    except ValueError:  # a name that ustar cannot hold
        assume(tar_format != tarfile.USTAR_FORMAT)
        raise
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        expected = [
            (posixpath.normpath(one.name), KINDS[one.type], one.size, one.offset, one.offset_data)
            for one in tar.getmembers()
            if posixpath.normpath(one.name) != "."
        ]
    result = scan(data)
    assert [(one.name, one.kind, one.size, one.header_offset, one.data_offset) for one in result.entries] == expected
    assert result.has_end
    assert result.size == len(data)
    assert [name for name, *_ in expected] == [
        posixpath.normpath(member.name) for member in members if posixpath.normpath(member.name) != "."
    ]


@given(st.lists(st.tuples(st.sampled_from("ab"), DATA), max_size=6))
def test_faults_are_names_with_different_bytes(files: list[tuple[str, bytes]]) -> None:
    first: dict[str, bytes] = {}
    expected = [name for name, data in files if first.setdefault(name, data) != data]
    faults = scan(pack([Member(name, data) for name, data in files], tarfile.USTAR_FORMAT)).faults
    assert [fault.where for fault in faults] == expected
    assert {fault.rule for fault in faults} <= {"T3"}


def test_more_entries_than_one_read_ahead() -> None:
    members = [Member(f"{number:04}", bytes([number % 256]) * (number * 7 % 1500)) for number in range(400)]
    result = scan(pack(members, tarfile.USTAR_FORMAT))
    assert [(one.name, one.size) for one in result.entries] == [(one.name, len(one.data)) for one in members]


def test_hops_over_data() -> None:
    class Counting(BytesSource):
        read = 0

        def read_at(self, offset: int, length: int) -> bytes:
            part = super().read_at(offset, length)
            self.read += len(part)
            return part

    source = Counting(pack([Member("a", bytes(5_000_000)), Member("b", bytes(5_000_000))], tarfile.USTAR_FORMAT))
    scan_archive(source)
    assert source.read < 500_000


SMALL: Final = [
    (
        "ustar",
        pack(
            [Member("one", b"x" * 700), Member("blobs/", kind=tarfile.DIRTYPE), Member("two"), Member("three", b"y")],
            tarfile.USTAR_FORMAT,
        ),
    ),
    ("pax", pack([Member("one", b"x", mtime=1.5), Member("é" * 80, b"y" * 513)], tarfile.PAX_FORMAT)),
    ("gnu", pack([Member("é" * 100, b"x" * 512), Member("é", b"y")], tarfile.GNU_FORMAT)),
]
# Where tar has its checksum, these read as a negative base-256 number, which must not hide what the file is.
HIGH_BYTES: Final = (0xC0, 0xFF)
ARCHIVES = pytest.mark.parametrize("data", [data for _, data in SMALL], ids=[name for name, _ in SMALL])


@ARCHIVES
def test_cut_anywhere_is_never_the_whole(data: bytes) -> None:
    whole = scan(data)
    last = whole.entries[-1]
    end_blocks = last.data_offset + last.size + padding(last.size)
    refused: dict[int, ArchiveError] = {}
    for length in range(len(data)):
        try:
            part = scan(data[:length])
        except ArchiveError as error:
            refused[length] = error
            continue
        assert part.entries == whole.entries[: len(part.entries)]
        assert part.has_end == (length >= end_blocks + len(END))
        if length >= end_blocks:
            assert part.entries == whole.entries
    assert max(refused) < end_blocks
    assert all(error.where.startswith("test.tar") for error in refused.values())
    assert all(error.remedy for length, error in refused.items() if length)


@ARCHIVES
def test_cut_says_what_is_missing(data: bytes) -> None:
    last = scan(data).entries[-1]
    with pytest.raises(TruncatedArchive, match="needs 1 more bytes; the last whole entry is "):
        scan(data[: last.data_offset + last.size - 1])


@ARCHIVES
def test_a_flipped_bit_in_a_header_never_changes_the_entries(data: bytes) -> None:
    whole = scan(data)
    survived = 0
    first = whole.entries[0]
    for start in {first.header_offset, first.data_offset - BLOCK}:
        for position in range(start, start + BLOCK):
            for bit in range(8):
                flipped = bytearray(data)
                flipped[position] ^= 1 << bit
                try:
                    result = scan(bytes(flipped))
                except ArchiveError:
                    continue
                assert result == whole, (position, bit)
                survived += 1
    assert survived < 20  # spaces and NULs around numbers


@settings(max_examples=300)
@given(
    st.sampled_from([data.rstrip(b"\0") + bytes(4 * BLOCK) for _, data in SMALL]),
    st.integers(0, 10**6),
    st.integers(0, 600),
    st.binary(max_size=20) | st.sampled_from([bytes(BLOCK), END, FILE, header(size_field=b"\xff" * 12)]),
)
def test_damage_is_refused_or_stays_within_the_file(data: bytes, at: int, removed: int, added: bytes) -> None:
    at %= len(data)
    damaged = data[:at] + added + data[at + removed :]
    try:
        result = scan(damaged)
    except ArchiveError:
        return
    position = 0
    for one in result.entries:
        assert position <= one.header_offset < one.data_offset
        position = one.data_offset + one.size
        assert position <= len(damaged)


@given(st.binary(max_size=1100))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        result = scan(data)
    except ArchiveError:
        return
    assert not result.entries
    assert not data.strip(b"\0")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello\n",
        b"{" + b" " * 600 + b"}",
        b"line of text\n" * 500,
        b"PK\x03\x04" + b"z" * 5000,
        b"\x7fELF" + bytes(2000),
        b"x" * BLOCK,
    ],
)
def test_refuses_what_is_no_tar(data: bytes) -> None:
    with pytest.raises(NotAnArchive, match=r"^test\.tar: is "):
        scan(data)


@pytest.mark.parametrize("length", [1, 511, 512, 513, 1023])
def test_zeros_alone_are_an_archive_without_an_end(length: int) -> None:
    result = scan(bytes(length))
    assert (result.entries, result.has_end) == ((), False)


def test_end_blocks_alone_are_an_empty_archive() -> None:
    assert scan(END).has_end
    assert scan(bytes(10240)).entries == ()


PLAIN: Final = pack([Member("file", b"abc")], tarfile.USTAR_FORMAT)


@pytest.mark.parametrize("filler", HIGH_BYTES)
def test_refuses_bytes_that_look_like_a_base_256_checksum(filler: int) -> None:
    with pytest.raises(NotAnArchive):
        scan(bytes([filler]) * 2000)


def test_a_file_may_be_called_like_a_magic() -> None:
    assert names(entry(b"BZh.json") + END) == ["BZh.json"]


@pytest.mark.parametrize("name", [b"/etc/passwd", b"//x", b"/", b"..", b"../x", b"a/../x", b"a/..", b"./../x"])
@pytest.mark.parametrize("way", ["ustar", "pax", "gnu"])
@pytest.mark.parametrize("kind", [b"0", b"5", b"2", b"7"])
def test_refuses_names_that_leave_the_folder(name: bytes, way: str, kind: bytes) -> None:
    last = entry(name if way == "ustar" else b"file", kind=kind)
    first = {"ustar": b"", "pax": pax({"path": name.decode()}), "gnu": long_name(name)}[way]
    with pytest.raises(UnsafeEntry, match="at offset 1024") as caught:
        scan(FILE + first + last + END)
    assert "absolute" in caught.value.message or "has '..' in it" in caught.value.message


@pytest.mark.parametrize("name", ["a\0b", "a\0/../../x", "\0", "a\\b", "..\\x", "x" * (NAME_LIMIT + 1)])
def test_refuses_names_that_readers_see_differently(name: str) -> None:
    with pytest.raises(UnsafeEntry, match="NUL, a backslash or too many bytes"):
        scan(pax({"path": name}) + FILE + END)


def test_refuses_a_backslash_in_any_header() -> None:
    for data in (entry(b"a\\b"), long_name(b"a\\b") + FILE):
        with pytest.raises(UnsafeEntry, match="backslash"):
            scan(data + END)


def test_takes_names_up_to_the_limit() -> None:
    assert names(pax({"path": "x" * NAME_LIMIT}) + FILE + END) == ["x" * NAME_LIMIT]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"./a", "a"),
        (b"././/a//b", "a/b"),
        (b"a/./b", "a/b"),
        (b"a/b/", "a/b"),
        (b"...", "..."),
        (b"..a/b..", "..a/b.."),
        (b"~/x", "~/x"),
        (b"a\xff", "a\udcff"),
        (b"a\nb", "a\nb"),
    ],
)
def test_cleans_names(raw: bytes, expected: str) -> None:
    assert names(entry(raw) + END) == [expected]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (b"0", EntryKind.FILE),
        (b"\0", EntryKind.FILE),
        (b"1", EntryKind.LINK),
        (b"2", EntryKind.LINK),
        (b"3", EntryKind.OTHER),
        (b"4", EntryKind.OTHER),
        (b"5", EntryKind.DIRECTORY),
        (b"6", EntryKind.OTHER),
        (b"7", EntryKind.OTHER),
        (b"V", EntryKind.OTHER),
        (b"Z", EntryKind.OTHER),
    ],
)
def test_kinds(kind: bytes, expected: EntryKind) -> None:
    [one, after] = scan(entry(b"one", kind=kind) + FILE + END).entries
    assert (one.kind, one.size, after.name) == (expected, 0, "file")


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"4", b"5", b"6"])
def test_kinds_without_data_have_none_whatever_their_size_says(kind: bytes) -> None:
    for data in (header(b"one", 4096, kind), pax({"size": "4096"}) + header(b"one", 0, kind)):
        [one, after] = scan(data + FILE + END).entries
        assert (one.size, after.name) == (0, "file")


def test_folders_of_the_oldest_tars() -> None:
    [one] = scan(header(b"blobs/", kind=b"\0", magic=b"") + END).entries
    assert (one.name, one.kind) == ("blobs", EntryKind.DIRECTORY)


@pytest.mark.parametrize(
    "data",
    [
        entry(kind=b"S"),
        *(
            pax({key: "1"}) + FILE
            for key in ("GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.realsize", "GNU.sparse.name")
        ),
        pax({"GNU.sparse.major": "1"}, b"g") + FILE,
    ],
)
def test_refuses_sparse_files(data: bytes) -> None:
    with pytest.raises(UnsafeEntry, match="sparse"):
        scan(data + END)


@pytest.mark.parametrize("size", ["-1", "+3", " 3", "3 ", "1e3", "0x3", "9223372036854775808", "9" * 30])
def test_refuses_pax_sizes_that_are_none(size: str) -> None:
    with pytest.raises(UnsafeEntry, match="PAX size"):
        scan(pax({"size": size}) + FILE + END)


def test_pax_size_counts() -> None:
    [one, after] = scan(pax({"size": "0512"}) + header(b"one", 0) + b"x" * BLOCK + FILE + END).entries
    assert (one.size, one.data_offset, after.name) == (512, 3 * BLOCK, "file")


@pytest.mark.parametrize("size", ["2000", "9223372036854775807"])
def test_pax_size_beyond_the_file(size: str) -> None:
    with pytest.raises(TruncatedArchive, match="cut short: entry 'file'"):
        scan(pax({"size": size}) + FILE + END[:BLOCK])


@pytest.mark.parametrize(
    "field",
    [b"\xff" * 12, b"\xff" * 11 + b"\xfd", b"\xc0" + bytes(11), b"\x80" + b"\xff" * 11, b"\xbf" + b"\xff" * 11],
)
@pytest.mark.parametrize("kind", [b"0", b"x", b"L", b"2"])
@pytest.mark.parametrize("before", [b"", FILE])
def test_refuses_sizes_that_are_negative_or_huge(field: bytes, kind: bytes, before: bytes) -> None:
    with pytest.raises(UnsafeEntry, match=f"impossible size|at offset {len(before)}"):
        scan(before + header(size_field=field, kind=kind) + END)


def test_a_size_that_only_base_256_holds() -> None:
    with pytest.raises(TruncatedArchive, match=f"needs {2**40 - len(END)} more bytes"):
        scan(header(size_field=b"\x80" + (2**40).to_bytes(11, "big")) + END)


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
def test_bounds_extension_headers(kind: bytes) -> None:
    with pytest.raises(UnsafeEntry, match=f"extension header of {EXTENSION_LIMIT + 1} bytes"):
        scan(header(size=EXTENSION_LIMIT + 1, kind=kind) + END)
    with pytest.raises(TruncatedArchive, match="an extension header"):
        scan(header(size=EXTENSION_LIMIT, kind=kind) + END)


def test_an_extension_header_of_the_largest_size() -> None:
    assert names(pax({"comment": "x" * (EXTENSION_LIMIT - 17)}) + FILE + END) == ["file"]


def test_refuses_many_extension_headers_in_a_row() -> None:
    with pytest.raises(UnsafeEntry, match="extension headers in a row"):
        scan(pax({"comment": "x"}, b"g") * 17 + FILE + END)


@pytest.mark.parametrize("extension", [pax({"comment": "x"}), long_name(b"x"), long_name(b"x", b"K")])
def test_refuses_a_second_extension_header_of_one_kind(extension: bytes) -> None:
    with pytest.raises(UnsafeEntry, match="two extension headers of one kind"):
        scan(extension * 2 + FILE + END)


@pytest.mark.parametrize(
    "extension", [pax({"comment": "x"}), pax({"comment": "x"}, b"g"), long_name(b"x"), long_name(b"x", b"K")]
)
@pytest.mark.parametrize("rest", [b"", END, bytes(BLOCK)])
def test_refuses_an_extension_header_without_its_entry(extension: bytes, rest: bytes) -> None:
    with pytest.raises(TruncatedArchive, match="an extension header without its entry at offset 1024 "):
        scan(FILE + extension + rest)


@pytest.mark.parametrize("rest", [END, bytes(BLOCK)])
def test_tells_a_number_of_lacking_bytes(rest: bytes) -> None:
    with pytest.raises(TruncatedArchive) as caught:
        scan(FILE + pax({"comment": "x"}) + rest)
    assert "needs 0 more" not in caught.value.message
    assert "needs -" not in caught.value.message


@pytest.mark.parametrize("body", [b"x", b"5 path=\n", b"6 a=b\n\0", b"\0" * 10])
def test_refuses_malformed_pax(body: bytes) -> None:
    with pytest.raises(UnsafeEntry, match="at offset 1024: malformed PAX record"):
        scan(FILE + entry(b"PaxHeaders/x", body, b"x") + FILE + END)


@pytest.mark.parametrize("key", ["path", "size", "linkpath"])
def test_refuses_a_global_header_that_names_files(key: str) -> None:
    with pytest.raises(UnsafeEntry, match="global header that names files"):
        scan(pax({key: "1"}, b"g") + FILE + END)


def test_a_global_header_with_a_comment() -> None:
    [one] = scan(pax({"comment": "0123abc"}, b"g") + FILE + END).entries
    assert (one.name, one.header_offset, one.data_offset) == ("file", 0, 3 * BLOCK)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (pax({"path": "renamed"}) + FILE, "renamed"),
        (long_name(b"renamed") + FILE, "renamed"),
        (long_name(b"renamed\0junk") + FILE, "renamed"),
        (long_name(b"target", b"K") + long_name(b"renamed") + FILE, "renamed"),
        (pax({"linkpath": "x"}) + FILE, "file"),
        (long_name(b"target", b"K") + FILE, "file"),
    ],
)
def test_extension_headers_rename_the_next_entry_only(data: bytes, expected: str) -> None:
    assert names(data + entry(b"after") + END) == [expected, "after"]


@pytest.mark.parametrize("extension", [pax({"path": ""}), long_name(b"")])
def test_an_empty_new_name_hides_no_entry(extension: bytes) -> None:
    """Go keeps the name of the header, Python takes the empty one; refusing is as good."""
    try:
        found = names(extension + FILE + END)
    except ArchiveError:
        return
    assert found == ["file"]


@pytest.mark.parametrize(
    "extensions",
    [
        pax({"path": "one"}) + pax({"path": "two"}),
        pax({"path": "one"}) + pax({"comment": "x"}),
        pax({"path": "one"}) + pax({"comment": "x"}, b"g"),
        pax({"size": "512"}) + pax({"comment": "x"}, b"g"),
        long_name(b"one") + pax({"path": "two"}),
        pax({"path": "one"}) + long_name(b"two"),
        long_name(b"one") + long_name(b"two"),
    ],
    ids=["x-x", "x-x-drops", "x-g-name", "x-g-size", "L-x", "x-L", "L-L"],
)
def test_refuses_extension_headers_that_readers_rank_differently(extensions: bytes) -> None:
    with pytest.raises(ArchiveError):
        scan(extensions + FILE + END + END)


def test_takes_as_many_extension_headers_as_the_limit_says() -> None:
    assert names(pax({"comment": "x"}, b"g") * EXTENSIONS_PER_ENTRY + FILE + END) == ["file"]


def test_same_name_same_bytes() -> None:
    result = scan(FILE + entry(b"./file", b"abc") + entry(b"dir/", kind=b"5") * 2 + END)
    assert [one.name for one in result.entries] == ["file", "file", "dir", "dir"]
    assert result.faults == ()
    assert result.repeats == ("file",)


@pytest.mark.parametrize(
    "other", [entry(b"file", b"abd"), entry(b"./file", b"ab"), entry(b"file"), entry(b"file", kind=b"2")]
)
def test_same_name_different_bytes(other: bytes) -> None:
    [fault] = scan(FILE + entry(b"between") + other + END).faults
    assert (fault.rule, fault.where) == ("T3", "file")
    assert isinstance(fault.to_error(), UnsafeEntry)


def test_same_name_different_bytes_far_inside() -> None:
    data = bytes(1024 * 1024)
    assert scan(entry(b"a", data + b"x") + entry(b"a", data + b"x") + END).faults == ()
    assert len(scan(entry(b"a", data + b"x") + entry(b"a", data + b"y") + END).faults) == 1


@pytest.mark.parametrize("zeros", [0, 1, BLOCK, 10240, 3 * 1024 * 1024 + 5])
def test_refuses_data_after_the_end(zeros: int) -> None:
    offset = len(FILE + END) + zeros
    with pytest.raises(ArchiveError, match=f"test.tar at offset {offset}: data after the end"):
        scan(FILE + END + bytes(zeros) + b"x")


@pytest.mark.parametrize("zeros", [1, BLOCK, 10240])
def test_zeros_after_the_end_are_padding(zeros: int) -> None:
    result = scan(FILE + END + bytes(zeros))
    assert (len(result.entries), result.has_end) == (1, True)


@pytest.mark.parametrize("rest", [FILE, b"x", b"\0" * 511 + b"x"])
def test_refuses_data_after_a_single_zero_block(rest: bytes) -> None:
    with pytest.raises(ArchiveError, match="at offset 1024: a single zero block between entries"):
        scan(FILE + bytes(BLOCK) + rest)


@pytest.mark.parametrize("zeros", [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK - 1])
def test_less_than_two_zero_blocks_are_no_end(zeros: int) -> None:
    result = scan(FILE + bytes(zeros))
    assert ([one.name for one in result.entries], result.has_end) == (["file"], False)


def test_damage_behind_the_first_entry_says_where() -> None:
    with pytest.raises(ArchiveError, match=r"test\.tar at offset 1024: tar header checksum is wrong") as caught:
        scan(FILE + b"x" * 148 + b"0000000\0" + b"x" * 356 + END)
    assert "transfer or export it again" in caught.value.remedy


def test_bounds_the_number_of_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "ENTRY_LIMIT", 3)
    assert len(names(FILE * 3 + END)) == 3
    with pytest.raises(UnsafeEntry, match="more than 3 entries"):
        scan(FILE * 4 + END)
