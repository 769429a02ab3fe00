"""What is not complete yet has a hidden name; whoever writes it holds it, and what nobody holds is left over.

A hold is a lock on the open file or folder (flock(2)), which ends with the process whatever ends that. Removing
begins with renaming, so that also where locks do not reach, as from one machine to another through NFS, whoever still
writes a folder cannot give it its name any more once it is being emptied.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import resource
import shutil
from typing import TYPE_CHECKING, Final

from ocitool.archive.place import HIDDEN, REPLACED, hidden_name, hidden_names_of

if TYPE_CHECKING:
    from pathlib import Path

_SPARE: Final = 64
"""Descriptors that are left to others: too many outputs go without holds on what stood under their names."""

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def hold(descriptor: int) -> bool:
    """Hold what is open, until it is closed; return False if it is being removed.

    Where a file system has no locks nothing is held, and nothing removed.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in {errno.EWOULDBLOCK, errno.EAGAIN}
    return True


def hold_named(name: str | os.PathLike[str], folder: int | None = None) -> int:
    """Hold what has a name, in `folder` if given; return a descriptor to close, -1 if it cannot be opened.

    Nor is it if few descriptors are left.
    """
    try:
        descriptor = os.open(name, _OPEN, dir_fd=folder)
    except OSError:
        return -1
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and descriptor > soft - _SPARE:
        os.close(descriptor)
        return -1
    hold(descriptor)
    return descriptor


def remove_leftovers(folder: Path, owner: str, *, keep_replaced: bool = False) -> None:
    """Remove what an owner that was killed left in a folder, which may not be there; what is held stays.

    With `keep_replaced` so does what was moved aside.
    """
    for left in _leftovers(folder, owner):
        if keep_replaced and left.name.split(".")[-4] == REPLACED:
            continue
        with contextlib.suppress(OSError):
            descriptor = os.open(left, _OPEN)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(left, owner)
            finally:
                os.close(descriptor)


def _leftovers(folder: Path, owner: str) -> tuple[Path, ...]:
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return ()
    found = (name for name in names if name.startswith(".") and name.endswith(HIDDEN))
    return tuple(folder / name for name in found if name.split(".")[-3:-2] == [owner])


def _remove(left: Path, owner: str) -> None:
    with hidden_names_of(owner):
        doomed = left.with_name(hidden_name("removed"))
    left.rename(doomed)
    if doomed.is_dir():
        shutil.rmtree(doomed)
    else:
        doomed.unlink()
