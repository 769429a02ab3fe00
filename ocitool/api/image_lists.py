"""Read the list of images that an archive has to hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocitool.errors import UsageError
from ocitool.model.image_list import parse_image_list
from ocitool.model.limits import IMAGE_LIST_LIMIT

if TYPE_CHECKING:
    from ocitool.model.reference import Reference

_CHUNK: Final = 64 * 1024


def read_image_list(path: str | os.PathLike[str], *, standard_input: int = 0) -> tuple[Reference, ...]:
    """Read a list of images, one reference a line, from a file or ``-``.

    Raises `UsageError` if it cannot be read, names nothing, or holds a line that is no reference.
    """
    name = os.fspath(path)
    where = "standard input" if name == "-" else name
    try:
        if name == "-":
            data = _read_all(standard_input)
        else:
            with Path(name).open("rb") as file:
                data = file.read(IMAGE_LIST_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read the list of images: {reason}", where=where, remedy="name a file") from error
    return parse_image_list(data, where)


def _read_all(descriptor: int) -> bytes:
    """Read a pipe to its end, or to just beyond the bound."""
    data = bytearray()
    while len(data) <= IMAGE_LIST_LIMIT and (chunk := os.read(descriptor, _CHUNK)):
        data += chunk
    return bytes(data)
