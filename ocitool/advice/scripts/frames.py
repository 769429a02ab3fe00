"""Commands while they are being read, and who only prints what it is given."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ocitool.advice.scripts.words import Word

_PRINTING: Final = frozenset(
    {"echo", "printf", "grep", "egrep", "fgrep", "sed", "awk", "logger", "which", "type", "man"}
)
_RUNNING: Final = frozenset({"sh", "bash", "dash", "ash", "zsh", "ssh", "xargs", "parallel", "at", "batch"})
_BEFORE: Final = re.compile(
    r"[@:!+-]*(?:sudo|then|do|else|if|while|until|time|nohup|exec|!|\w+=.*|[\w-]+:|-)?", re.DOTALL
)
"""Words that a command may stand behind: other commands, keywords, assignments, keys and dashes of YAML."""


@dataclass(slots=True)
class Command:
    """A simple command that is being read: its words, the strings in it, the command that it pipes into."""

    words: list[Word] = field(default_factory=list)
    strings: list[tuple[int, int]] = field(default_factory=list)
    into: Command | None = None
    end: int = 0

    def is_printing(self) -> bool:
        """Whether its arguments are text for people: nothing at the end of the pipe runs them."""
        first = next((word.text for word in self.words if not _BEFORE.fullmatch(word.text)), "")
        if _name(first) not in _PRINTING:
            return False
        reader = self.into
        while reader is not None:
            if any(_name(word.text) in _RUNNING for word in reader.words):
                return False
            reader = reader.into
        return True


def _name(text: str) -> str:
    return text.lstrip("@:!+-").rpartition("/")[2]


@dataclass(slots=True)
class Frame:
    """A command that is being read, from `opened` on, and the word of it that is."""

    closing: str
    opened: int
    gap: int
    quote: bool = False
    command: Command = field(default_factory=Command)
    start: int = -1
    parts: list[str] = field(default_factory=list)
    strings: list[tuple[int, int]] = field(default_factory=list)
    is_open: bool = False
    is_target: bool = False
    quote_start: int = -1
