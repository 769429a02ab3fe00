"""Shell patterns that also tell what each `*` took."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Final

_TOKEN: Final = re.compile(r"\[!?+\]?+[^\]]*+\]|.", re.DOTALL)
"""A set of characters, as fnmatch delimits it, or a single one."""


@dataclass(frozen=True, slots=True)
class _Literal:
    """What stands between two `*`: it always takes `length` characters."""

    pattern: re.Pattern[str]
    length: int


def count_stars(pattern: str) -> int:
    """Return how many `*` of a shell pattern match anything, those in sets left out."""
    return len(_literals(pattern)) - 1


def captures(pattern: str, text: str) -> tuple[str, ...] | None:
    """Return what each `*` of `pattern` took of `text`, as little as it could; None if it does not match.

    The time is linear in the length of `text`, which may come from an archive: there is no backtracking.
    """
    first, *rest = _literals(pattern)
    found = first.pattern.match(text)
    if found is None:
        return None
    position = found.end()
    if not rest:
        return () if position == len(text) else None
    *middle, last = rest
    taken: list[str] = []
    for literal in middle:
        found = literal.pattern.search(text, position)
        if found is None:
            return None
        taken.append(text[position : found.start()])
        position = found.end()
    end = len(text) - last.length
    if end < position or last.pattern.match(text, end) is None:
        return None
    return (*taken, text[position:end])


@lru_cache(maxsize=256)
def _literals(pattern: str) -> tuple[_Literal, ...]:
    """Split a pattern at its stars; user options are asked of every image."""
    parts: list[list[str]] = [[]]
    for piece in _TOKEN.findall(pattern):
        if piece == "*":
            parts.append([])
        else:
            parts[-1].append(piece)
    # translate() ends in an anchor behind the group, which only the last literal would need.
    return tuple(_Literal(re.compile(translate("".join(part)).rpartition(")")[0] + ")"), len(part)) for part in parts)
