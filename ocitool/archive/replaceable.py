"""What a new folder may take the place of: nothing, an empty folder, or an image layout that holds nothing else."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Final, NoReturn

from ocitool.archive.place import write_failed
from ocitool.errors import OutputError
from ocitool.model.digest import HEX_LENGTH, digest_of_blob_name

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_FILES: Final = frozenset({"oci-layout", "index.json", "manifest.json", "repositories"})
"""Files beside the blobs: image-layout.md, "Content", and what ``docker save`` adds."""

_FOLDERS: Final = frozenset({"blobs", *(f"blobs/{algorithm}" for algorithm in HEX_LENGTH)})


def check_replaceable(parent: int, base: str, name: str, *, force: bool) -> int | None:
    """Return the mode of the folder `base` in `parent`, None if there is nothing.

    Raises `OutputError` for the output `name` if it must not be replaced: a file, a folder that is not empty or, with
    `force`, is no image layout; a mount point and the folder that this process runs in.
    """
    try:
        folder = os.open(base, _FOLDER, dir_fd=parent)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise OutputError(
            "is not a folder", where=name, remedy="leave out the slash to write a file, or choose another name"
        ) from None
    except OSError as error:
        raise write_failed(name, error) from error
    try:
        _check(folder, name, force=force)
        status = os.fstat(folder)
        if status.st_dev != os.fstat(parent).st_dev:
            raise OutputError("is a mount point, which cannot be replaced", where=name, remedy="name a folder in it")
        return stat.S_IMODE(status.st_mode)
    except OSError as error:
        raise write_failed(name, error) from error
    finally:
        os.close(folder)


def not_empty(name: str) -> OutputError:
    """Return the error for a folder that holds something."""
    return OutputError(
        "exists already and is not empty",
        where=name,
        remedy="choose another name, or replace an image layout with --force",
    )


def _check(folder: int, name: str, *, force: bool) -> None:
    if os.listdir(folder):
        if not force:
            raise not_empty(name)
        if (fault := _layout_fault(folder)) is not None:
            raise OutputError(
                f"is no image layout: {fault}",
                where=name,
                remedy="--force replaces an image layout and nothing else; choose another name",
            )
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(os.fstat(folder), os.stat(".")):  # noqa: PTH116 - beside a descriptor
            raise OutputError(
                "is the folder this runs in, which would be gone",
                where=name,
                remedy="run it from another folder, or name one in here",
            )


def _layout_fault(folder: int) -> str | None:
    """Return why the folder behind a descriptor is more or less than an image layout, None if it is one.

    Links are part of none.
    """
    if "oci-layout" not in os.listdir(folder):
        return "it has no oci-layout"
    for top, folders, files, descriptor in os.fwalk(".", dir_fd=folder, onerror=_fail):
        prefix = f"{top}/".removeprefix("./")
        for name in sorted((*folders, *files)):
            path = prefix + name
            mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
            known = stat.S_ISDIR(mode) and path in _FOLDERS
            known = known or (stat.S_ISREG(mode) and (path in _FILES or digest_of_blob_name(path) is not None))
            if not known:
                return f"it holds {path}"
    return None


def _fail(error: OSError) -> NoReturn:
    raise error
