"""Words and columns for people: sizes, safe text, aligned tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def format_size(size: int) -> str:
    """Write a number of bytes for people: `812 B`, `1.2 MiB`."""
    value = float(size)
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
            return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError


def percent_less(before: int, after: int) -> int:
    """Return how many percent `after` is less than `before`, rounded down; 0 if it is not."""
    return max(100 * (before - after) // max(before, 1), 0)


def format_count(count: int, noun: str) -> str:
    """Write a count with its noun: `1 blob`, `3 blobs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun.replace(' or ', 's or ')}s"


def printable(text: str) -> str:
    """Make text from an archive safe for a terminal: control characters are written out."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


def align(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Align columns with two spaces between them; those in `right` to the right. Nothing is ever cut."""
    if not rows:
        return []
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines: list[str] = []
    for row in cells:
        parts = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    return lines
