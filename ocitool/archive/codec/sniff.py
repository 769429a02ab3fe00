"""Whole-file compression, told by magic bytes and never by a suffix."""

from __future__ import annotations

import contextlib
from typing import Final

from ocitool.archive.headers import BLOCK, parse_header
from ocitool.errors import ArchiveError

_MAGIC: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
_SKIPPABLE_FRAME: Final = (b"\x2a\x4d\x18", range(0x50, 0x60))


def sniff_compression(start: bytes) -> str | None:
    """Name the compression of a file that starts with `start`, None if it is none that is known."""
    for magic, name in _MAGIC:
        if start.startswith(magic):
            return name
    tail, first = _SKIPPABLE_FRAME
    if len(start) >= 4 and start[1:4] == tail and start[0] in first:
        return "zstd"  # RFC 8878, 3.1.2: a skippable frame may come first
    return None


def tell_compression(start: bytes) -> str | None:
    """Tell the compression of a tar by its first block; a plain one may begin with a file named like a magic."""
    if len(start) == BLOCK:
        with contextlib.suppress(ArchiveError):
            parse_header(start)
            return None
    return sniff_compression(start)
