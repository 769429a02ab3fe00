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


_WRITTEN: Final = re.compile(r".*\.(?:sh|bash|service|ya?ml)")
"""Files that commands are written to, to be run from there."""

_NOTHING: Final = ":"
"""The command that does nothing; elsewhere the colon stands behind a key."""


@dataclass(slots=True)
class Command:
    """A simple command that is being read: its words, the strings in it, the files and the command it writes to."""

    words: list[Word] = field(default_factory=list)
    strings: list[tuple[int, int]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    into: Command | None = None
    runs: bool | None = None
    end: int = 0

    def is_printing(self) -> bool:
        """Whether its arguments are text for people: nothing runs them at the end of the pipe, or from a file."""
        if self.words and self.words[0].text == _NOTHING:
            return True
        first = next((word.text for word in self.words if not _BEFORE.fullmatch(word.text)), "")
        if _name(first) not in _PRINTING:
            return False
        return not self._is_run()

    def _is_run(self) -> bool:
        """Whether what it prints is run, here or further down its pipe; each command of a pipe is looked at once."""
        before: list[Command] = []
        reader: Command | None = self
        while reader is not None and reader.runs is None:
            before.append(reader)
            reader = reader.into
        found = reader is not None and bool(reader.runs)
        for command in reversed(before):
            next_one = command.into
            found = found or command.writes_script() or (next_one is not None and next_one.runs_input())
            command.runs = found
        return found

    def runs_input(self) -> bool:
        """Whether it runs what it reads."""
        return any(_name(word.text) in _RUNNING for word in self.words)

    def writes_script(self) -> bool:
        """Whether a file that it writes looks like one that is run."""
        copies = self.words if any(_name(word.text) == "tee" for word in self.words) else []
        return any(map(_WRITTEN.fullmatch, (*self.targets, *(word.text for word in copies))))


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
