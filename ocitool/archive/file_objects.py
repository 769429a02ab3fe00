"""Open files of the program that calls, of which nothing is used but their own methods.

They belong to whoever opened them, and are never closed here. Nothing that they do is trusted: what they raise
becomes an error of ours, and what they return is looked at.
"""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Protocol

from ocitool.errors import UsageError
from ocitool.model.url import shown_url, url_scheme


class ReadableFile(Protocol):
    """A binary file that is open for reading: `io.BytesIO`, ``open(name, "rb")``, the body of a response."""

    def read(self, size: int, /) -> bytes | None:
        """Return up to `size` bytes, none at the end."""


class WritableFile(Protocol):
    """A binary file that is open for writing: `io.BytesIO`, ``open(name, "wb")``, an upload."""

    def write(self, data: bytes, /) -> object:
        """Take `data`; return how many bytes of it were taken, or None for all."""


def file_object_name(file: object) -> str:
    """Return what messages call an open file: its name, without what is secret in a URL, or its type in brackets."""
    with suppress(Exception):  # whatever a property of somebody else's raises
        name = getattr(file, "name", None)
        if isinstance(name, str) and name:
            return shown_url(name) if url_scheme(name) else name
    return f"<{type(file).__name__}>"


def require_open(file: object, name: str, method: str) -> None:
    """Raise `UsageError` for a file that is not open, not for this, or not for bytes."""
    inner = getattr(file, "file", None)
    if isinstance(file, io.TextIOBase) or isinstance(inner, io.TextIOBase):
        mode = {"read": "rb", "write": "wb"}[method]
        raise UsageError(
            "is open as text, and an archive is bytes",
            where=name,
            remedy=f'open it with "{mode}", or give its .buffer',
        )
    if _is_closed(file):
        raise UsageError("is closed", where=name, remedy="give a file that is open")
    if not says_of_itself(file, {"read": "readable", "write": "writable"}[method]):
        raise UsageError(f"is not open to {method}", where=name, remedy="open it for that")


def _is_closed(file: object) -> bool:
    with suppress(Exception):  # whatever a property of somebody else's raises
        return getattr(file, "closed", False) is True
    return False


def is_terminal(file: object) -> bool:
    """Tell whether somebody would see what is written, as far as the file says."""
    return callable(getattr(file, "isatty", None)) and says_of_itself(file, "isatty")


def says_of_itself(file: object, method: str) -> bool:
    """Return what a file says of itself, True if it says nothing."""
    asked = getattr(file, method, None)
    if not callable(asked):
        return True
    try:
        return bool(asked())
    except Exception:  # noqa: BLE001 - one that cannot be asked has yet to be tried
        return True


def reason_of(error: Exception) -> str:
    """Return what an error says, on one line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())
