"""Blocks that two files share: a range of one becomes part of another without its bytes being copied (reflinks)."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import sys
from typing import Final

CLONE_UNIT: Final = 4096
"""Bytes that offsets and lengths of what is shared are multiples of: the usual block of XFS and btrfs."""

UNLIKE: Final = "blocks here are larger than 4 KiB, or copy-on-write is switched off for one of the two files"
"""What the kernel calls an invalid argument where everything asked for is in order (ioctl_ficlonerange(2))."""

# FICLONERANGE of <linux/fs.h> with its struct file_clone_range (ioctl_ficlonerange(2)). Where it is another number,
# the kernel answers ENOTTY and bytes are copied.
_CLONE_RANGE: Final = 0x4020940D
_RANGE: Final = struct.Struct("@qQQQ")

_FAILED: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})
"""What a copy would end with too; anything else says that these files cannot share, and a copy may still do."""


def clone_range(source: int, source_offset: int, length: int, target: int, target_offset: int) -> str:
    """Share `length` bytes of the open file `source` with `target`; return "" if it is done, else why it cannot be.

    Offsets and `length` are multiples of `CLONE_UNIT`. Raises `OSError` if there is no room, or the disk fails.
    """
    if sys.platform != "linux":
        return os.strerror(errno.ENOSYS)
    try:
        fcntl.ioctl(target, _CLONE_RANGE, _RANGE.pack(source, source_offset, length, target_offset))
    except OSError as error:
        if error.errno in _FAILED:
            raise
        return UNLIKE if error.errno == errno.EINVAL else error.strerror or str(error)
    return ""
