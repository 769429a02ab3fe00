"""Follow the frames of a zstd stream, to know whether it ends where a frame does.

The zstandard library reads many frames as one stream, but gives a stream that is cut short no error. The structure is
simple enough to follow beside it (RFC 8878, section 3.1): frame header, blocks with three-byte headers, checksum.
"""

from __future__ import annotations

from typing import Final

from ocitool.errors import ArchiveError

_MAGIC: Final = 0xFD2FB528
_SKIPPABLE: Final = range(0x184D2A50, 0x184D2A60)
_RLE_BLOCK: Final = 1
_CONTENT_SIZE_BYTES: Final = (0, 2, 4, 8)
_DICTIONARY_BYTES: Final = (0, 1, 2, 4)


class FrameFollower:
    """Take the compressed bytes as they pass; `at_boundary` tells whether a whole number of frames has passed."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._skip = 0
        self._state = self._magic
        self._checksum = 0
        self.at_boundary = False

    def feed(self, data: bytes | memoryview) -> None:
        """Follow more bytes; raises `ArchiveError` if they are not zstd."""
        view = memoryview(data)
        while view:
            if self._skip:
                passed = min(self._skip, len(view))
                self._skip -= passed
                view = view[passed:]
                self._settle()
                continue
            self._pending.append(view[0])
            view = view[1:]
            self._state()
            self._settle()

    def _settle(self) -> None:
        self.at_boundary = not self._skip and not self._pending and self._state == self._magic

    def _magic(self) -> None:
        if len(self._pending) < 4:
            return
        magic = int.from_bytes(self._pending, "little")
        self._pending.clear()
        if magic == _MAGIC:
            self._state = self._frame_header
        elif magic in _SKIPPABLE:
            self._state = self._skippable_size
        else:
            raise ArchiveError("zstd data is followed by something that is no zstd frame")

    def _skippable_size(self) -> None:
        if len(self._pending) == 4:
            self._skip = int.from_bytes(self._pending, "little")
            self._pending.clear()
            self._state = self._magic

    def _frame_header(self) -> None:
        descriptor = self._pending[0]
        single_segment = bool(descriptor & 0x20)
        size_flag = descriptor >> 6
        content_size = 1 if single_segment and size_flag == 0 else _CONTENT_SIZE_BYTES[size_flag]
        length = 1 + (not single_segment) + _DICTIONARY_BYTES[descriptor & 3] + content_size
        if len(self._pending) == length:
            self._checksum = 4 if descriptor & 0x04 else 0
            self._pending.clear()
            self._state = self._block_header

    def _block_header(self) -> None:
        if len(self._pending) < 3:
            return
        header = int.from_bytes(self._pending, "little")
        self._pending.clear()
        size = 1 if (header >> 1) & 3 == _RLE_BLOCK else header >> 3
        self._skip = size
        if header & 1:
            self._skip += self._checksum
            self._state = self._magic
