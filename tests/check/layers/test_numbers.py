"""Numbers of headers as Go's archive/tar takes them; most were shown to containerd 1.6, 1.7 and 2."""

from __future__ import annotations

import pytest

from ocitool.archive.headers import encode_header, encode_pax
from tests.check.layers.test_watcher import END, FILE, extension, watch

UID, MTIME, DEVMAJOR = slice(108, 116), slice(136, 148), slice(329, 337)


@pytest.mark.parametrize(
    ("place", "field", "taken"),
    [
        (UID, b"zzzzzzz\0", False),
        (slice(100, 108), b"zzzzzzz\0", False),
        (slice(116, 124), b"0000008\0", False),
        (MTIME, b"notanumber!\0", False),
        (DEVMAJOR, b"zzzzzzz\0", False),
        (UID, b"1 2\0\0\0\0\0", False),
        (UID, b"12\0junk\0", True),
        (UID, b" 12 \0\0\0\0", True),
        (UID, bytes(8), True),
        (UID, b"\xff" * 8, True),
        (MTIME, b"\x80\0\0\0" + b"\x7f" * 8, True),
        (MTIME, b"\xff" * 12, True),
        (MTIME, b"\x80" + b"\x7f" * 11, False),
        (MTIME, b"\x80\0\0\0" + b"\xff" * 8, False),
    ],
)
def test_numbers_of_headers(place: slice, field: bytes, *, taken: bool) -> None:
    block = bytearray(encode_header("file", 0))
    block[place] = field
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    fault = watch(bytes(block) + END).fault
    assert (fault == "") == taken
    assert taken or "that is no number" in fault


@pytest.mark.parametrize(
    ("key", "value", "taken"),
    [
        ("mtime", "yesterday", False),
        ("mtime", ".5", False),
        ("atime", "x", False),
        ("mtime", "1.x", False),
        ("mtime", "1.", True),
        ("mtime", "-1.5", True),
        ("ctime", "", True),
        ("uid", "x", False),
        ("gid", "5_0", False),
        ("gid", "+5", True),
        ("uid", str(1 << 63), False),
        ("uid", "9" * 5000, False),
        ("path", "a\0b", False),
        ("linkpath", "a\0b", False),
        ("uname", "a\0", False),
        ("a\0b", "x", False),
        ("", "x", False),
        ("comment", "a\0", True),
    ],
)
def test_values_of_pax_records(key: str, value: str, *, taken: bool) -> None:
    assert (watch(extension(b"x", encode_pax({key: value})) + FILE + END).fault == "") == taken


def test_records_about_all_entries_are_not_merged_into_one() -> None:
    assert watch(extension(b"g", encode_pax({"mtime": "x"})) + FILE + END).fault == ""
    assert "zero byte" in watch(extension(b"g", encode_pax({"path": "a\0"})) + FILE + END).fault
