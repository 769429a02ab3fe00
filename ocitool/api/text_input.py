"""Read a text that an option names: a file, or standard input."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from ocitool.errors import UsageError
from ocitool.model.url import path_of_url, shown_url, url_scheme

_CHUNK: Final = 64 * 1024


def read_text_input(path: str | os.PathLike[str], noun: str, limit: int, *, standard_input: int = 0) -> bytes:
    """Return the bytes of a file or of ``-``, one more than `limit` at the most, so that the caller sees the excess.

    Raises `UsageError` if it cannot be read; `noun` names in it what was asked for.
    """
    name = path_of_url(os.fspath(path))
    if url_scheme(name):
        raise UsageError(f"{noun} is at a URL", where=shown_url(name), remedy="name a file of this machine")
    try:
        if name == "-":
            return _read_all(standard_input, limit)
        with Path(name).open("rb") as file:
            return file.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {noun}: {reason}", where=input_name(path), remedy="name a file") from error


def read_end(noun: str, limit: int, *, standard_input: int = 0) -> tuple[bytes, int]:
    """Return the last `limit` bytes of standard input, and how many there were before them.

    Raises `UsageError` if it cannot be read; `noun` names in it what was asked for.
    """
    data, skipped = bytearray(), 0
    try:
        while chunk := os.read(standard_input, _CHUNK):
            data += chunk
            if len(data) > 2 * limit:
                skipped += len(data) - limit
                del data[:-limit]
    except OSError as error:
        raise UsageError(
            f"cannot read {noun}: {error.strerror}", where=input_name("-"), remedy="name a file"
        ) from error
    excess = max(0, len(data) - limit)
    return bytes(data[excess:]), skipped + excess


def input_name(path: str | os.PathLike[str]) -> str:
    """Return what messages call a text."""
    name = os.fspath(path)
    return "standard input" if name == "-" else shown_url(name)


def _read_all(descriptor: int, limit: int) -> bytes:
    """Read a pipe to its end, or to just beyond the bound."""
    data = bytearray()
    while len(data) <= limit and (chunk := os.read(descriptor, _CHUNK)):
        data += chunk
    return bytes(data)
