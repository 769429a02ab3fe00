"""Changed commands: flags taken away, added, or put before the operands, everything else as it stands."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

from ocitool.advice.scripts.words import Form

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ocitool.advice.scripts.commands import ArchiveCommand, Flag
    from ocitool.advice.scripts.words import Style

_EDIT_LIMIT: Final = 2
"""Flags taken away or added by choice, besides those that have to go."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A part of a text and what takes its place."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Revision:
    """What to change: `removed` are numbers of flags; `is_early` puts every flag before the operands."""

    removed: frozenset[int] = frozenset()
    added: tuple[str, ...] = ()
    is_early: bool = False

    @property
    def size(self) -> int:
        """How much is changed."""
        return len(self.removed) + len(self.added) + self.is_early

    def flags(self, command: ArchiveCommand) -> tuple[Flag, ...]:
        """Return the flags of a command that stay."""
        return tuple(flag for number, flag in enumerate(command.flags) if number not in self.removed)

    def edits(self, command: ArchiveCommand, text: str) -> tuple[Edit, ...]:
        """Return what to change in the text that holds the command; quoting and variables stay as they are."""
        style = command.verb_word.style
        inserted = [_written(word, style) for word in self.added]
        edits: list[Edit] = []
        for number, flag in enumerate(command.flags):
            is_moved = self.is_early and flag.is_late and number not in self.removed
            if is_moved:
                inserted += [style.separator + text[word.start : word.end] for word in flag.words]
            if is_moved or number in self.removed:
                edits += [Edit(word.gap, word.end, "") for word in flag.words]
        place = command.verb_word.end
        if inserted:
            edits.append(Edit(place, place, "".join(inserted)))
        return tuple(sorted(edits, key=lambda edit: (edit.start, edit.end)))


def _written(word: str, style: Style) -> str:
    quoted = shlex.quote(word) if style.form is Form.LINE else style.mark + word + style.mark
    return style.separator + quoted


def revisions(
    command: ArchiveCommand,
    *,
    unknown: Collection[int] = (),
    removable: Collection[str] = (),
    addable: Sequence[str] = (),
    is_early: bool = False,
) -> Iterator[Revision]:
    """Yield what might be changed, the least first: `unknown` flags go anyway, `is_early` moves the others.

    What adds comes before what takes away: a flag may do more than an outcome shows.
    """
    forced = frozenset(unknown)
    numbers = [number for number, flag in enumerate(command.flags) if flag.name in removable and number not in forced]
    names = {flag.name for flag in command.flags}
    new = [flag for flag in addable if flag not in names]
    for size in range(_EDIT_LIMIT + 1):
        for removals in range(size + 1):
            for added in combinations(new, size - removals):
                for removed in combinations(numbers, removals):
                    yield Revision(forced | frozenset(removed), added, is_early)


def apply(text: str, start: int, end: int, edits: Sequence[Edit]) -> str:
    """Return a part of a text with edits of it made; of two that overlap, the first is."""
    parts: list[str] = []
    place = start
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start >= place and edit.end <= end:
            parts += [text[place : edit.start], edit.text]
            place = edit.end
    return "".join(parts) + text[place:end]
