from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ocitool.archive.headers import (
    BLOCK,
    USTAR_SIZE_LIMIT,
    encode_header,
    encode_pax,
    padding,
    parse_header,
    parse_pax,
    pax_size,
)
from ocitool.archive.reader import scan_archive
from ocitool.archive.writer import END, TarLayout
from ocitool.errors import ArchiveError, UnsafeEntry
from tests.sources import BytesSource

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
PARTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0"), min_size=1, max_size=120
).filter(lambda part: part not in {".", ".."})
ASCII_PARTS = st.text("ab.-_0", min_size=1, max_size=160).filter(lambda part: part not in {".", ".."})
NAMES = st.lists(PARTS | ASCII_PARTS, min_size=1, max_size=5).map("/".join).filter(lambda name: len(name) <= 300)
SIZES = st.integers(0, 2000) | st.sampled_from([USTAR_SIZE_LIMIT - 1, USTAR_SIZE_LIMIT, 2**40, 2**63 - 1])


def first_member(header: bytes) -> tarfile.TarInfo:
    """Read an entry as Python does, without its data."""
    with tarfile.open(fileobj=io.BytesIO(header), mode="r:") as tar:
        member = tar.next()
    assert member is not None
    return member


def with_checksum(block: bytes | bytearray, *, signed: bool = False) -> bytes:
    blanked = bytearray(block)
    blanked[148:156] = b" " * 8
    total = sum(byte - 256 if signed and byte >= 0x80 else byte for byte in blanked)
    blanked[148:156] = b"%06o\0 " % total
    return bytes(blanked)


def changed(block: bytes, at: int, field: bytes) -> bytes:
    return with_checksum(block[:at] + field + block[at + len(field) :])


@given(NAMES, SIZES, st.booleans())
@example("a" * 100, 1, False)
@example("a" * 101, 1, False)
@example("a" * 99, 0, True)
@example("a" * 100, 0, True)
@example("p" * 155 + "/" + "n" * 100, USTAR_SIZE_LIMIT, False)
@example("p" * 156 + "/" + "n" * 99, 1, False)
@example("p" * 155 + "/" + "n" * 101, 1, False)
@example("a/" + "é" * 49, 1, False)
@example("a" * 99 + "/" + "é" * 100, 1, True)
def test_tarfile_reads_what_we_write(name: str, size: int, directory: bool) -> None:
    if directory:
        size = 0
    header = encode_header(name, size, directory=directory)
    member = first_member(header)
    assert (member.name, member.size, member.offset_data) == (name, size, len(header))
    assert member.isdir() == directory
    assert member.isreg() != directory
    assert member.mode == (0o755 if directory else 0o644)
    assert (member.uid, member.gid, member.uname, member.gname, member.mtime) == (0, 0, "", "", 0)
    assert encode_header(name, size, directory=directory) == header


@given(NAMES, SIZES, st.integers(2, 20).map(lambda count: count * BLOCK))
@example("a", 1, 2 * BLOCK)
@example("a" * 101, 1, BLOCK)
@example("é" * 97, 1, BLOCK)
@example("a", USTAR_SIZE_LIMIT, BLOCK)
def test_filling_makes_a_header_longer_and_nothing_else(name: str, size: int, filling: int) -> None:
    plain = encode_header(name, size)
    header = encode_header(name, size, filling=filling)
    assert len(header) == len(plain) + filling
    member = first_member(header)
    assert (member.name, member.size, member.offset_data) == (name, size, len(header))
    assert member.pax_headers["comment"].startswith("fills up")
    data = encode_header(name, 0, filling=max(filling, 2 * BLOCK))
    (entry,) = scan_archive(BytesSource(data + END)).entries
    assert entry.data_offset == len(data)


def test_every_length_of_a_name_can_be_filled() -> None:
    for length in range(101, 1200):
        name = "a" * length
        assert len(encode_header(name, 1, filling=BLOCK)) == len(encode_header(name, 1)) + BLOCK


@pytest.mark.parametrize(
    ("name", "size", "plain"),
    [
        ("index.json", 0, True),
        ("n" * 100, 1, True),
        ("n" * 101, 1, False),
        ("p" * 155 + "/" + "n" * 100, 1, True),
        ("p" * 156 + "/" + "n" * 100, 1, False),
        ("p/" * 60 + "n" * 99, 1, True),
        ("p/" + "n" * 101, 1, False),
        ("blobs/sha512/" + "0" * 128, 1, False),
        ("é", 1, False),
        ("index.json", USTAR_SIZE_LIMIT - 1, True),
        ("index.json", USTAR_SIZE_LIMIT, False),
    ],
)
def test_ustar_wherever_it_can_hold_the_entry(name: str, size: int, plain: bool) -> None:
    header = encode_header(name, size)
    assert (len(header) == BLOCK) is plain
    assert len(header) % BLOCK == 0
    assert header[156:157] == (b"0" if plain else b"x")


@given(st.lists(st.tuples(NAMES, st.integers(0, 1500), st.booleans()), max_size=6))
def test_a_layout_is_an_archive(wanted: list[tuple[str, int, bool]]) -> None:
    layout = TarLayout()
    archive = bytearray()
    placed: list[tuple[str, int, int, int]] = []
    for number, (name, length, directory) in enumerate(wanted):
        size = 0 if directory else length
        entry = layout.place(name, size, directory=directory)
        assert entry.header_offset == len(archive)
        archive += entry.header
        assert entry.data_offset == len(archive)
        archive += bytes([number + 1]) * size + bytes(padding(size))
        assert layout.size == len(archive)
        placed.append((name, size, entry.header_offset, entry.data_offset))
    assert layout.close() == len(archive)
    archive += END
    assert layout.size == len(archive)
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        assert [(one.name, one.size, one.offset, one.offset_data) for one in tar.getmembers()] == placed
    scan = scan_archive(BytesSource(bytes(archive)))
    assert [(one.name, one.size, one.header_offset, one.data_offset) for one in scan.entries] == placed
    assert scan.has_end


@given(st.integers(0, 2**63))
def test_padding_fills_a_block(size: int) -> None:
    assert (size + padding(size)) % BLOCK == 0
    assert 0 <= padding(size) < BLOCK


@given(st.dictionaries(TEXT.filter(lambda key: "=" not in key), TEXT | st.text("x", min_size=80, max_size=120)))
def test_pax_gives_the_records_back(records: dict[str, str]) -> None:
    assert parse_pax(encode_pax(records)) == {key: value.encode() for key, value in records.items()}


@pytest.mark.parametrize("length", [*range(12), *range(88, 104), *range(985, 1004)])
def test_pax_length_counts_itself(length: int) -> None:
    record = encode_pax({"k": "v" * length})
    assert int(record.partition(b" ")[0]) == len(record)
    assert parse_pax(record) == {"k": b"v" * length}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", {}),
        (b"9 a=b=c\n\n", {"a": b"b=c\n"}),
        (b"8 a=b=c\n", {"a": b"b=c"}),
        (b"5 a=\n", {"a": b""}),
        (b"7 a=b\0\n", {"a": b"b\0"}),
        (b"7 a=b\n\n", {"a": b"b\n"}),
        (b"6 a=b\n6 a=c\n", {"a": b"c"}),
        (b"6 a=\xff\n", {"a": b"\xff"}),
        (b"0006 a=b\n", None),
        (b"9 a=b\n", None),
        (b"5 a=b\n", None),
        (b"6 a=b\nx", None),
        (b"6 a=b\n\0\0", None),
        (b"6 a=bx", None),
        (b"6 abc\n", None),
        (b" 6 a=b\n", None),
        (b"-6 a=b\n", None),
        (b"+6 a=b\n", None),
        (b"0 a=b\n", None),
        (b"2 \n", None),
        (b"1 a=b\n", None),
        (b"a=b\n", None),
        (b"6\ta=b\n", None),
        (b"99999999999999999999999 a=b\n", None),
        ("٦ a=b\n".encode(), None),
    ],
)
def test_parses_pax_or_refuses(body: bytes, expected: dict[str, bytes] | None) -> None:
    if expected is None:
        with pytest.raises(ArchiveError, match="malformed PAX record"):
            parse_pax(body)
    else:
        assert parse_pax(body) == expected


@given(st.binary(max_size=40) | st.text("0123456789 =\na", max_size=30).map(str.encode))
def test_any_pax_is_parsed_or_refused(body: bytes) -> None:
    try:
        records = parse_pax(body)
    except ArchiveError:
        return
    assert bool(records) == bool(body)


@pytest.mark.parametrize(("value", "size"), [(b"0", 0), (b"007", 7), (b"9223372036854775807", 2**63 - 1)])
def test_pax_size(value: bytes, size: int) -> None:
    assert pax_size(value) == size


@pytest.mark.parametrize(
    "value", [b"", b"-1", b"+1", b" 1", b"1 ", b"1_0", b"0x1", b"1.0", b"1e3", b"9223372036854775808", b"1" * 5000]
)
def test_pax_size_refuses(value: bytes) -> None:
    with pytest.raises(ArchiveError, match="no number of bytes"):
        pax_size(value)


PLAIN = encode_header("folder/file", 3)


@pytest.mark.parametrize(
    ("field", "size"),
    [
        (b"00000000017\0", 15),
        (b"         17 ", 15),
        (b"17\0\0\0\0\0\0\0\0\0\0", 15),
        (b"777777777777", 8**12 - 1),
        (bytes(12), 0),
        (b" " * 12, 0),
        (b"\x80" + (15).to_bytes(11, "big"), 15),
        (b"\x80" + (2**63 - 1).to_bytes(11, "big"), 2**63 - 1),
    ],
)
def test_sizes(field: bytes, size: int) -> None:
    assert parse_header(changed(PLAIN, 124, field)).size == size


@pytest.mark.parametrize(
    "field",
    [
        b"-0000000001\0",
        b"+0000000001\0",
        b"0000000_001\0",
        b"00000000008\0",
        b"0x000000001\0",
        b"00001\x0000001\0",
        b"00001 00001\0",
        b"0000000001\n\0",
        b"\xff" * 12,
        b"\x80" + (2**63).to_bytes(11, "big"),
        b"\x80" + b"\xff" * 11,
        b"\xc0" + bytes(11),
        b"\x81" + bytes(11),
    ],
)
def test_refuses_sizes(field: bytes) -> None:
    with pytest.raises(ArchiveError) as caught:
        parse_header(changed(PLAIN, 124, field))
    assert isinstance(caught.value, UnsafeEntry) == bool(field[0] & 0x80)


def test_joins_prefix_and_name_of_ustar_only() -> None:
    split = changed(PLAIN, 345, b"some/where")
    assert parse_header(split).name == b"some/where/folder/file"
    assert parse_header(changed(split, 257, b"ustar  \0")).name == b"folder/file"
    assert parse_header(changed(split, 257, bytes(8))).name == b"folder/file"
    assert parse_header(changed(PLAIN, 0, b"x" * 100)).name == b"x" * 100


def test_mode_and_type() -> None:
    header = parse_header(PLAIN)
    assert (header.name, header.size, header.type, header.mode) == (b"folder/file", 3, b"0", 0o644)
    assert parse_header(changed(PLAIN, 100, b"rw-r--r-")).mode == 0


def test_checksum_of_signed_bytes() -> None:
    block = b"\xe9" * 5 + PLAIN[5:]
    assert parse_header(with_checksum(block)) == parse_header(with_checksum(block, signed=True))
    with pytest.raises(ArchiveError, match="checksum is wrong"):
        parse_header(block)


def test_checksum_fields_that_are_no_number() -> None:
    with pytest.raises(ArchiveError, match="checksum"):
        parse_header(PLAIN[:148] + b"checksum" + PLAIN[156:])
    with pytest.raises(ArchiveError, match="checksum"):
        parse_header(PLAIN[:148] + bytes(8) + PLAIN[156:])
