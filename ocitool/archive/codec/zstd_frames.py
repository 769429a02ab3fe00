"""Follow the frames of a zstd stream, to know whether it ends where a frame does.

The zstandard library reads many frames as one stream, but gives a stream that is cut short no error. The structure is
simple enough to follow beside it (RFC 8878, section 3.1): frame header, blocks with three-byte headers, checksum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable

_MAGIC: Final = 0xFD2FB528
_SKIPPABLE: Final = range(0x184D2A50, 0x184D2A60)
_MAGIC_LENGTH: Final = 4
_BLOCK_HEADER_LENGTH: Final = 3
_RLE_BLOCK: Final = 1
_CONTENT_SIZE_BYTES: Final = (0, 2, 4, 8)
_DICTIONARY_BYTES: Final = (0, 1, 2, 4)


FRAME_HEADER_LIMIT: Final = 18
"""Bytes that the longest frame header has, its magic included."""


def declared_size(start: bytes) -> int:
    """Return how many plain bytes the frame that `start` begins says it holds, 0 if it does not say."""
    import zstandard

    try:
        size = zstandard.get_frame_parameters(start).content_size
    except zstandard.ZstdError:
        return 0
    return 0 if size in {zstandard.CONTENTSIZE_UNKNOWN, zstandard.CONTENTSIZE_ERROR} else size


class FrameFollower:
    """Take the compressed bytes as they pass; `at_boundary` tells whether a whole number of frames has passed.

    The work is a few steps for each block, not for each byte: a stretch to skip is one step however long it is.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._needed = _MAGIC_LENGTH
        self._skip = 0
        self._state = self._magic
        self._checksum = 0
        self.at_boundary = False

    def feed(self, data: bytes) -> None:
        """Follow more bytes; raises `ArchiveError` if they are not zstd."""
        position, end = 0, len(data)
        while position < end:
            if self._skip:
                passed = min(self._skip, end - position)
                self._skip -= passed
                position += passed
                continue
            part = data[position : position + self._needed - len(self._pending)]
            self._pending += part
            position += len(part)
            if len(self._pending) == self._needed:
                self._state()
        if end:  # nothing at all is no frame
            self.at_boundary = not self._skip and not self._pending and self._state == self._magic

    def _await(self, state: Callable[[], None], needed: int) -> None:
        """Go on with `state` when `needed` bytes are there, all of what is pending being done with."""
        self._pending.clear()
        self._state = state
        self._needed = needed

    def _magic(self) -> None:
        magic = int.from_bytes(self._pending, "little")
        if magic == _MAGIC:
            self._await(self._frame_descriptor, 1)
        elif magic in _SKIPPABLE:
            self._await(self._skippable_size, 4)
        else:
            raise ArchiveError("zstd data is followed by something that is no zstd frame")

    def _skippable_size(self) -> None:
        self._skip = int.from_bytes(self._pending, "little")
        self._await(self._magic, _MAGIC_LENGTH)

    def _frame_descriptor(self) -> None:
        descriptor = self._pending[0]
        single_segment = bool(descriptor & 0x20)
        size_flag = descriptor >> 6
        content_size = 1 if single_segment and size_flag == 0 else _CONTENT_SIZE_BYTES[size_flag]
        self._checksum = 4 if descriptor & 0x04 else 0
        rest = (not single_segment) + _DICTIONARY_BYTES[descriptor & 3] + content_size
        # There is always a rest: without a window a content size is given.
        self._await(self._frame_header, rest)

    def _frame_header(self) -> None:
        self._await(self._block_header, _BLOCK_HEADER_LENGTH)

    def _block_header(self) -> None:
        header = int.from_bytes(self._pending, "little")
        self._skip = 1 if (header >> 1) & 3 == _RLE_BLOCK else header >> 3
        if header & 1:
            self._skip += self._checksum
            self._await(self._magic, _MAGIC_LENGTH)
        else:
            self._await(self._block_header, _BLOCK_HEADER_LENGTH)
