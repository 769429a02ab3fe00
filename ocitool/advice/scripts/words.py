"""Words of commands in a text, with the place of each, so that a command can be changed where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """How the words of a command are written down: a command line, a list in brackets or a list of lines."""

    LINE = "line"
    FLOW = "flow"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Style:
    """What parts a word from the one before it, and the quote around it."""

    form: Form = Form.LINE
    separator: str = " "
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """A word: `text` without its quotes, from `start` to `end` in the file; what is before it ends at `gap`.

    `is_open` says that part of it is a variable or what another command prints, so that its value is not known.
    """

    text: str
    start: int
    end: int
    gap: int
    is_open: bool = False
    style: Style = Style()


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One simple command: its words without redirections, and where it ends with them.

    `is_printed` says that it is text that another command prints.
    """

    words: tuple[Word, ...]
    end: int
    is_printed: bool = False
