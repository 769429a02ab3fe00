from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from ocitool.archive.pipes import PIPE_SIZE, widen_pipe

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="Linux only")
@pytest.mark.parametrize(("before", "after"), [(4096, PIPE_SIZE), (PIPE_SIZE, PIPE_SIZE)])
def test_a_pipe_is_widened(before: int, after: int) -> None:
    read, write = os.pipe()
    try:
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, before)
        os.write(write, b"kept")
        widen_pipe(read)
        assert fcntl.fcntl(write, fcntl.F_GETPIPE_SZ) == after
        assert os.read(read, 10) == b"kept"
    finally:
        os.close(read)
        os.close(write)


def test_what_is_no_pipe_stays_as_it_is(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        widen_pipe(file.fileno())
    with open(os.devnull, "rb") as device:  # noqa: PTH123
        widen_pipe(device.fileno())
