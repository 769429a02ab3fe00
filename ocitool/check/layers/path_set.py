"""A set of paths that takes little room: layers hold many, and several are unpacked at once."""

from __future__ import annotations

from array import array
from typing import Final

_START: Final = 1024
_WORD: Final = 0xFFFF_FFFF_FFFF_FFFF


class PathSet:
    """Paths by their 64-bit hashes alone, 16 to 64 bytes for each instead of a hundred and more.

    The hash is SipHash under a key that is drawn anew for each process, so nobody can make two paths collide on
    purpose; that any two of a million do by chance has a probability of 3e-8.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _START))
        self._mask = _START - 1
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, path: bytes) -> bool:
        """Add a path; return False if it was there."""
        value = hash(path) & _WORD or 1
        slots, mask = self._slots, self._mask
        place = value & mask
        while found := slots[place]:
            if found == value:
                return False
            place = (place + 1) & mask
        slots[place] = value
        self._count += 1
        if 2 * self._count > mask:
            self._grow()
        return True

    def __contains__(self, path: bytes) -> bool:
        value = hash(path) & _WORD or 1
        place = value & self._mask
        while found := self._slots[place]:
            if found == value:
                return True
            place = (place + 1) & self._mask
        return False

    def _grow(self) -> None:
        size = 4 * len(self._slots)
        slots, mask = array("Q", bytes(8 * size)), size - 1
        for value in self._slots:
            if value:
                place = value & mask
                while slots[place]:
                    place = (place + 1) & mask
                slots[place] = value
        self._slots, self._mask = slots, mask
