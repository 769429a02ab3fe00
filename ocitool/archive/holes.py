"""Holes in files: room given back while the rest of a file stays."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from typing import Final

# FS_IOC_UNRESVSP of <linux/falloc.h> with its struct space_resv: what fallocate(2) does with FALLOC_FL_PUNCH_HOLE,
# which Python does not offer. Where the number or the layout is another, the kernel answers ENOTTY and does nothing.
_PUNCH_HOLE: Final = 0x40305829
_SPACE: Final = struct.Struct("@hhqqiI16x")


def punch_hole(descriptor: int, offset: int, length: int) -> bool:
    """Give back the room of `length` bytes from `offset`, zeros from then on; return False if it cannot be done."""
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(descriptor, _PUNCH_HOLE, _SPACE.pack(0, os.SEEK_SET, offset, length, 0, 0))
    except OSError:
        return False
    return True
