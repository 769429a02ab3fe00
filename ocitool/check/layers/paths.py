"""Paths inside an image: cleaned, followed through links, and whether they leave its root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

LINKS_IN_A_ROW: Final = 40
"""Links that one path may lead through, as in Linux (`MAXSYMLINKS`)."""


class Cleaned(NamedTuple):
    """A path from the root, without slashes around it; `leaves` if it was absolute or went up anywhere."""

    path: bytes
    leaves: bool


PARTS_OF_ONE: Final = 4096
"""Parts that one path may have with those of its links; more cannot be in as many bytes, which is all Linux takes."""


class Followed(NamedTuple):
    """Where a path leads when its links are followed below the root, None if they never end.

    `leaves` tells that one of them is absolute or goes up from the root: it would leave if the root were a folder.
    `steps` is how many parts were looked at, the measure of what it cost.
    """

    path: bytes | None
    leaves: bool
    steps: int = 0


def clean(raw: bytes) -> Cleaned:
    """Clean the name of an entry as one that unpacks it below a root does."""
    parts: list[bytes] = []
    leaves = raw.startswith(b"/")
    for part in raw.split(b"/"):
        if part == b"..":
            leaves = True
            del parts[-1:]
        elif part not in {b"", b"."}:
            parts.append(part)
    return Cleaned(b"/".join(parts), leaves)


def climbs(path: bytes, folder: bytes = b"") -> bool:
    """Tell whether a path that is taken from `folder` is absolute or goes up from the root."""
    if path.startswith(b"/"):
        return True
    if b".." not in path:
        return False
    depth = folder.count(b"/") + 1 if folder else 0
    for part in path.split(b"/"):
        if part == b"..":
            depth -= 1
            if depth < 0:
                return True
        elif part not in {b"", b"."}:
            depth += 1
    return False


def follow(path: bytes, link_at: Callable[[bytes], bytes | None]) -> Followed:
    """Follow a path, the last part of it too, through the links that `link_at` knows."""
    waiting = path.split(b"/")[::-1]
    parts: list[bytes] = []
    leaves = False
    links = steps = 0
    while waiting:
        part = waiting.pop()
        steps += 1
        if part in {b"", b"."}:
            continue
        if part == b"..":
            leaves = leaves or not parts
            del parts[-1:]
            continue
        parts.append(part)
        target = link_at(b"/".join(parts))
        if target is None:
            continue
        links += 1
        if links > LINKS_IN_A_ROW or steps + len(waiting) > PARTS_OF_ONE:
            return Followed(None, leaves, steps)
        parts.pop()
        if target.startswith(b"/"):
            leaves = True
            parts.clear()
        waiting += target.split(b"/")[::-1]
    return Followed(b"/".join(parts), leaves, steps)
