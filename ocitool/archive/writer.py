"""The tar layout we write: which header stands where, known before a byte is moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ocitool.archive.headers import BLOCK, ZERO_BLOCK, encode_header, header_length, padding

END: Final = ZERO_BLOCK * 2
"""What closes a tar (POSIX: at least two zero blocks); nothing follows it."""


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """Where an entry goes: its header bytes and the offsets of header and data."""

    header: bytes
    header_offset: int
    data_offset: int


class TarLayout:
    """Hand out offsets for entries in their order; `size` is the length in bytes so far, at first `start`."""

    def __init__(self, alignment: int = 0, start: int = 0) -> None:
        self.size = start
        self._alignment = alignment

    def place(self, name: str, size: int, *, directory: bool = False, like: int | None = None) -> PlacedEntry:
        """Place the next entry with `size` bytes of data.

        With `like`, a multiple of 512, its data begins as many bytes after a multiple of the alignment as that does.
        """
        header_offset = self.size
        data_offset = self.reserve(name, size, directory=directory, like=like)
        filling = data_offset - header_offset - header_length(name, size, directory=directory)
        header = encode_header(name, size, directory=directory, filling=filling)
        return PlacedEntry(header, header_offset, data_offset)

    def reserve(self, name: str, size: int, *, directory: bool = False, like: int | None = None) -> int:
        """Place an entry as `place` does, and return the offset of its data alone."""
        length = header_length(name, size, directory=directory)
        data_offset = self.size + length + (0 if like is None else self._filling(length, like))
        self.size = data_offset + size + padding(size)
        return data_offset

    def _filling(self, length: int, like: int) -> int:
        filling = (like - self.size - length) % self._alignment
        # An extended header of its own has two blocks at least.
        return filling + self._alignment if filling == length == BLOCK else filling

    def close(self) -> int:
        """Return the offset of the end blocks and count them in."""
        offset = self.size
        self.size += len(END)
        return offset
