"""Pipes that hold more, so that the processes at their ends take fewer turns."""

from __future__ import annotations

import contextlib
import fcntl
from typing import Final

PIPE_SIZE: Final = 1024 * 1024
"""Bytes that a pipe is asked to hold instead of 64 KiB: the most that Linux grants to everybody (pipe(7))."""


def widen_pipe(descriptor: int) -> None:
    """Have a pipe hold `PIPE_SIZE` bytes; what is no pipe or holds more, or if the system refuses, stays as it is."""
    if not hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux only
        return
    with contextlib.suppress(OSError):
        if fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ) < PIPE_SIZE:
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
