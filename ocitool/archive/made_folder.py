"""The folder that several outputs go into, made for them if it is not there."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from ocitool.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def made_folder(path: Path) -> Iterator[None]:
    """Make a folder for outputs unless it is there; if what happens in it fails, one that was made is gone again.

    Raises `OutputError` if it cannot be made, as where the folder it lies in is missing.
    """
    if os.path.lexists(path):
        if not path.is_dir():
            raise OutputError("is not a folder", where=str(path), remedy="name another one")
        yield
        return
    try:
        _make(path)
        yield
    except BaseException:
        # Whether it was made or not: an interrupt may come between that and whatever would have noted it.
        with contextlib.suppress(OSError):
            path.rmdir()
        raise


def _make(path: Path) -> None:
    try:
        path.mkdir()
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)
    except FileNotFoundError:
        raise OutputError(
            f"the folder {path.parent} does not exist", where=str(path), remedy="create it first"
        ) from None
    except OSError as error:
        raise OutputError(f"cannot make the folder: {error.strerror}", where=str(path)) from error
