"""Ranges of versions in words: `1.3 to 1.4`, `2.0.0 to 2.0.1`, `2.3 and later`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.advice.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.advice.version import VersionRange


def span(versions: VersionRange, lines: Iterable[Version] = ()) -> str:
    """Name a range; `lines` are the release lines that there are, without which its end is told by what follows."""
    start = versions.start
    first = start.line if start.patch == 0 else str(start)
    if versions.end is None:
        return f"{first} and later"
    end = versions.end
    if end.patch > 0:
        before = f"{end.line}.{end.patch - 1}"
        if str(start) == before:
            return before
        return f"{start if start.line == end.line else first} to {before}"
    last = max((line for line in lines if line < end and line >= Version(start.major, start.minor)), default=None)
    if last is None:
        last = Version(end.major, end.minor - 1) if end.minor and end.major == start.major else None
    if last is None:
        return f"{first} to before {end.line}"
    if last.line == start.line:
        return first if start.patch == 0 else f"{first} and later {start.line}"
    return f"{first} to {last.line}"
