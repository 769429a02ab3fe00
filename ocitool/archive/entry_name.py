"""Names of entries, as importers understand them."""

from __future__ import annotations

from ocitool.errors import UnsafeEntry
from ocitool.model.limits import NAME_LIMIT


def clean_name(raw: bytes) -> str:
    """Clean a name as importers do (Go's path.Clean); raises `UnsafeEntry` for what could leave a folder."""
    if b"\0" in raw or b"\\" in raw or len(raw) > NAME_LIMIT:
        raise UnsafeEntry("entry name with a NUL, a backslash or too many bytes")
    name = raw.decode("utf-8", errors="surrogateescape")
    if name.startswith("/"):
        raise UnsafeEntry(f"entry with an absolute name {name[:200]!r}")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise UnsafeEntry(f"entry name {name[:200]!r} has '..' in it")
    return "/".join(parts)
