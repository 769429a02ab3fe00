"""Paths inside an image: cleaned, followed through links, and whether they leave its root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

LINKS_IN_A_ROW: Final = 40
"""Links that one path may lead through, as in Linux (`MAXSYMLINKS`)."""

LINKS_AT_UNPACKING: Final = 255
"""Links that one path may lead through in programs that unpack layers (Go's filepath, containerd's fs.RootPath)."""


class Cleaned(NamedTuple):
    """A path from the root, without slashes around it; `leaves` if it went up from there."""

    path: bytes
    leaves: bool


COST_OF_ONE: Final = 1 << 24
"""What following one path may cost: as much as a path of all the bytes that Linux takes, through a few links."""


class Followed(NamedTuple):
    """Where a path leads when its links are followed below the root, None if they never end or that cost too much.

    `leaves` tells that one of them is absolute or goes up from the root: it would leave if the root were a folder.
    `cost` is how many bytes of paths were looked at; `loops` tells that there were too many links.
    """

    path: bytes | None
    leaves: bool
    cost: int = 0
    loops: bool = False


def clean(raw: bytes) -> Cleaned:
    """Clean the name of an entry as one that unpacks it below a root does."""
    parts: list[bytes] = []
    leaves = False
    for part in raw.split(b"/"):
        if part == b"..":
            leaves = leaves or not parts
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


def follow(
    path: bytes, link_at: Callable[[bytes], bytes | None], cost: int = COST_OF_ONE, links: int = LINKS_IN_A_ROW
) -> Followed:
    """Follow a path, the last part of it too, through up to `links` links that `link_at` knows, for up to `cost`."""
    waiting = path.split(b"/")[::-1]
    done = b""
    leaves = False
    passed = spent = 0
    while waiting:
        part = waiting.pop()
        if part in {b"", b"."}:
            continue
        if part == b"..":
            leaves = leaves or not done
            done = done.rpartition(b"/")[0]
            spent += len(done) + 1
            continue
        place = done + b"/" + part if done else part
        spent += len(place)
        if spent > cost:
            return Followed(None, leaves, spent)
        target = link_at(place)
        if target is None:
            done = place
            continue
        passed += 1
        spent += len(target)
        if passed > links or spent > cost:
            return Followed(None, leaves, spent, loops=passed > links)
        if target.startswith(b"/"):
            leaves = True
            done = b""
        waiting += target.split(b"/")[::-1]
    return Followed(done, leaves, spent)
