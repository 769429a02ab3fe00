"""What the kernel says of a clone: done, cannot be here, or failed."""

from __future__ import annotations

import errno
import fcntl
import os
from typing import TYPE_CHECKING, NoReturn

import pytest

from ocitool.archive.clone import UNLIKE, clone_range
from ocitool.archive.new_file import NewFile
from ocitool.archive.open_range import OpenRange
from ocitool.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

CANNOT = ("EXDEV", "EINVAL", "EOPNOTSUPP", "ENOTTY", "EPERM", "ENOSYS", "ETXTBSY", "EBADF", "EISDIR")
FAILED = ("ENOSPC", "EIO", "EDQUOT")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> int:
    number = int(getattr(errno, request.param))

    def ioctl(*_arguments: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    return number


@pytest.mark.parametrize("answer", CANNOT, indirect=True)
def test_what_cannot_be_shared_has_a_reason(answer: int) -> None:
    # That an argument is invalid says nothing to who gave none.
    assert clone_range(0, 0, 4096, 1, 0) == (UNLIKE if answer == errno.EINVAL else os.strerror(answer))


@pytest.mark.parametrize("answer", FAILED, indirect=True)
def test_a_disk_that_fails_is_an_error(answer: int, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=os.strerror(answer)):
        clone_range(0, 0, 4096, 1, 0)
    file = NewFile(tmp_path / "out.tar")
    with pytest.raises(OutputError, match=f"cannot write: {os.strerror(answer)}"):
        file.clone_at(0, OpenRange(0, 0, is_whole=False), 4096)
    file.close()
