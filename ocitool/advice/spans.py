"""Ranges of versions in words: `1.3 to 1.4`, `2.0.0 to 2.0.1`, `2.3 and later`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.advice.version import Version, VersionRange


def span(versions: VersionRange, known: Iterable[Version]) -> str:
    """Name a range; `known` are versions of the importer, which tell the lines that it has."""
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
    lines = sorted({(version.major, version.minor) for version in known if start <= version < end})
    last = lines[-1] if lines else (start.major, start.minor)
    if last == (start.major, start.minor):
        return first if start.patch == 0 else f"{first} and later {start.line}"
    return f"{first} to {last[0]}.{last[1]}"
