from __future__ import annotations

import bz2
import gzip
import lzma

import pytest
import zstandard

from ocitool.archive.codec.sniff import sniff_compression

LZ4 = b"\x04\x22\x4d\x18\x64\x40\xa7"
SKIPPABLE = b"\x2a\x4d\x18\x04\0\0\0"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (gzip.compress(b"data", mtime=0), "gzip"),
        (zstandard.compress(b"data"), "zstd"),
        (lzma.compress(b"data"), "xz"),
        (bz2.compress(b"data"), "bzip2"),
        (LZ4, "lz4"),
        (b"\x50" + SKIPPABLE, "zstd"),
        (b"\x5f" + SKIPPABLE, "zstd"),
        (b"\x4f" + SKIPPABLE, None),
        (b"\x60" + SKIPPABLE, None),
        (b"", None),
        (b"\x1f", None),
        (b"\x50\x2a\x4d", None),
        (b"BZ", None),
        (b"blobs/", None),
        (b"PK\x03\x04", None),
        (b"\0" * 16, None),
    ],
)
def test_tells_by_the_first_bytes(start: bytes, expected: str | None) -> None:
    assert sniff_compression(start) == expected
    assert sniff_compression(start[:6]) == expected
