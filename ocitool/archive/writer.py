"""The tar layout we write: which header stands where, known before a byte is moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ocitool.archive.headers import BLOCK, ZERO_BLOCK, encode_header, padding

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

    def __init__(self, alignment: int = 0) -> None:
        self.size = 0
        self._alignment = alignment

    def place(self, name: str, size: int, *, directory: bool = False, like: int | None = None) -> PlacedEntry:
        """Place the next entry with `size` bytes of data.

        With `like`, a multiple of 512, its data begins as many bytes after a multiple of the alignment as that does.
        """
        header = encode_header(name, size, directory=directory)
        if like is not None and (filling := self._filling(header, like)):
            header = encode_header(name, size, directory=directory, filling=filling)
        header_offset = self.size
        data_offset = header_offset + len(header)
        self.size = data_offset + size + padding(size)
        return PlacedEntry(header, header_offset, data_offset)

    def _filling(self, header: bytes, like: int) -> int:
        filling = (like - self.size - len(header)) % self._alignment
        # An extended header of its own has two blocks at least.
        return filling + self._alignment if filling == len(header) == BLOCK else filling

    def close(self) -> int:
        """Return the offset of the end blocks and count them in."""
        offset = self.size
        self.size += len(END)
        return offset
