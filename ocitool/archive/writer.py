"""The tar layout we write: which header stands where, known before a byte is moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ocitool.archive.headers import ZERO_BLOCK, encode_header, padding

END: Final = ZERO_BLOCK * 2
"""What closes a tar (POSIX: at least two zero blocks); nothing follows it."""


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """Where an entry goes: its header bytes and the offsets of header and data."""

    header: bytes
    header_offset: int
    data_offset: int


class TarLayout:
    """Hand out offsets for entries in their order; `size` is the length in bytes so far."""

    def __init__(self) -> None:
        self.size = 0

    def place(self, name: str, size: int, *, directory: bool = False) -> PlacedEntry:
        """Place the next entry with `size` bytes of data."""
        header = encode_header(name, size, directory=directory)
        header_offset = self.size
        data_offset = header_offset + len(header)
        self.size = data_offset + size + padding(size)
        return PlacedEntry(header, header_offset, data_offset)

    def close(self) -> int:
        """Return the offset of the end blocks and count them in."""
        offset = self.size
        self.size += len(END)
        return offset
