"""Commands that import or export images, told from the words of a command line."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from ocitool.advice.scripts.reading import read_commands

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from ocitool.advice.scripts.words import CommandLine, Word


class Verb(StrEnum):
    """What a command does with an archive."""

    IMPORT = "import"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag as it stands: `name` with its dashes as tables spell it, the value if it has one, its words.

    `is_late` says that an operand stands before it.
    """

    name: str
    value: str | None
    words: tuple[Word, ...]
    is_late: bool = False

    @property
    def arguments(self) -> tuple[str, ...]:
        """The flag as importers are told it."""
        if self.value is None:
            return (self.name,)
        return (f"{self.name}={self.value}",) if len(self.words) == 1 else (self.name, self.value)

    @property
    def is_open(self) -> bool:
        """Whether its value is not known before the script runs."""
        return any(word.is_open for word in self.words)


@dataclass(frozen=True, slots=True)
class ArchiveCommand:
    """A command that imports or exports, from `start` to `end` in the file.

    Flags go behind `verb_word`; `unread` are variables that may hold flags.
    """

    program: str
    verb: Verb
    line: int
    start: int
    end: int
    verb_word: Word
    flags: tuple[Flag, ...] = ()
    operands: tuple[Word, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def meaning(self) -> Hashable:
        """What decides how it ends: all but its place, the spelling of its words and the names of its operands."""
        flags = tuple((flag.name, flag.value, len(flag.words), flag.is_late, flag.is_open) for flag in self.flags)
        return self.program, self.verb, flags, bool(self.operands), self.unread

    @property
    def arguments(self) -> tuple[str, ...]:
        """All flags as importers are told them, but the one that names the archive."""
        return tuple(argument for flag in self.flags if not self.names_archive(flag) for argument in flag.arguments)

    def names_archive(self, flag: Flag) -> bool:
        """Whether a flag names the archive that is imported, as an operand does for ctr and kind."""
        return self.verb is Verb.IMPORT and flag.name in ARCHIVE_FLAGS.get(self.program, ())


ARCHIVE_FLAGS: Final = dict.fromkeys(("docker", "podman", "nerdctl"), ("-i", "--input"))
"""Flags that name the archive of an import; importers are told it otherwise."""

_PROGRAM: Final = re.compile(
    r"[@:!+-]*(?:\w+=)?(?:[\w.${}()~+-]*/)*(?:\w+\.)?(?P<name>ctr|docker|podman|nerdctl|kind)"
    r"(?:-v?\d+(?:\.\d+)*)?(?:\.exe)?"
)
_LOOKED_UP: Final = re.compile(r"(?:\$\((?:shell )?|`) *(?:which|command -v|type -[pP]) +(?P<path>[^ )`]+) *[)`]")
_VARIABLE: Final = re.compile(r"[@+-]*(?:\$[({]?|\$?\{\{ *(?:\w+\.)*)(?P<name>\w+)(?:[)}]?| *\}\})")
_PROGRAMS: Final = ("ctr", "nerdctl", "docker", "podman", "kind")
_NOUNS: Final = {"ctr": ("images", "image", "i"), "kind": ("load",)}
_VERBS: Final = {
    "ctr": {"import": Verb.IMPORT, "export": Verb.EXPORT},
    "kind": {"image-archive": Verb.IMPORT, "docker-image": Verb.IMPORT},
}
_LOADING: Final = {"load": Verb.IMPORT, "save": Verb.EXPORT}
_GLOBAL_LIMIT: Final = 24
"""Words before the verb that are looked at."""

_MAY_HOLD_FLAGS: Final = re.compile(r"FLAG|OPT|ARG|EXTRA|PARAM", re.IGNORECASE)
_SHORT: Final = re.compile(r"-[a-zA-Z].+")


def find_commands(text: str, valued: Mapping[str, frozenset[str]]) -> tuple[ArchiveCommand, ...]:
    """Return the commands of a text that import or export, in its order.

    `valued` are the flags of each program that take a value. What is read twice over is found once.
    """
    starts = _line_starts(text)
    found: dict[int, ArchiveCommand] = {}
    for command in read_commands(text):
        if command.is_printed:
            continue
        for number, word in enumerate(command.words):
            if program := _program(word):
                archive_command = _command(command, number, program, valued)
                if archive_command is not None and archive_command.verb_word.start not in found:
                    found[archive_command.verb_word.start] = archive_command
                    break
    return tuple(
        _numbered(command, starts) for command in sorted(found.values(), key=lambda command: command.verb_word.start)
    )


def _program(word: Word) -> str:
    looked_up = _LOOKED_UP.fullmatch(word.text) if word.is_open else None
    if found := _PROGRAM.fullmatch(looked_up["path"] if looked_up else word.text):
        return found["name"]
    if word.is_open and (variable := _VARIABLE.fullmatch(word.text)):
        parts = variable["name"].lower().split("_")
        return next((program for program in _PROGRAMS if program in parts), "")
    return ""


def _command(
    command: CommandLine, number: int, program: str, valued: Mapping[str, frozenset[str]]
) -> ArchiveCommand | None:
    words = command.words
    nouns = _NOUNS.get(program, ("image",))
    verbs = _VERBS.get(program, _LOADING)
    needs_noun = program in _NOUNS
    place = _next_word(words, number + 1, {*nouns} if needs_noun else {*nouns, *verbs})
    if place is not None and words[place].text in nouns:
        place = _next_word(words, place + 1, {*verbs})
    if place is None:
        return None
    flags, operands, unread = _arguments(words[place + 1 :], program, valued.get(program, frozenset()))
    if program == "kind" and words[place].text == "docker-image":
        operands = ()  # names of images, no archive
    return ArchiveCommand(
        program,
        verbs[words[place].text],
        0,
        words[number].start,
        command.end,
        words[place],
        flags,
        operands,
        unread,
    )


def _next_word(words: tuple[Word, ...], start: int, wanted: set[str]) -> int | None:
    """Return the place of the next word that is wanted, behind flags alone and their values."""
    place = start
    stop = min(len(words), start + _GLOBAL_LIMIT)
    while place < stop:
        word = words[place]
        if word.text in wanted:
            return place
        if word.text.startswith("-"):
            follows = place + 1 < stop and words[place + 1].text not in wanted
            has_value = "=" not in word.text and follows and not words[place + 1].text.startswith("-")
            place += 2 if has_value else 1
        elif word.is_open:
            place += 1
        else:
            return None
    return None


def _arguments(
    words: tuple[Word, ...], program: str, valued: frozenset[str]
) -> tuple[tuple[Flag, ...], tuple[Word, ...], tuple[str, ...]]:
    flags: list[Flag] = []
    operands: list[Word] = []
    unread: list[str] = []
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        text = word.text
        if text == "--":
            operands.extend(words[place:])
            break
        if not text.startswith("-") or text == "-":
            if word.is_open and text.startswith("$") and _MAY_HOLD_FLAGS.search(text):
                unread.append(text)
            else:
                operands.append(word)
            continue
        name, equals, value = text.partition("=")
        if program == "ctr":  # Go's flags take one dash or two
            name = "--" + name.lstrip("-")
        elif _SHORT.fullmatch(name):
            name, equals, value = _short(text, valued)
        late = bool(operands)
        if equals:
            flags.append(Flag(name, value, (word,), late))
        elif name in valued and place < len(words):
            flags.append(Flag(name, words[place].text, (word, words[place]), late))
            place += 1
        else:
            flags.append(Flag(name, None, (word,), late))
    return tuple(flags), tuple(operands), tuple(unread)


def _short(text: str, valued: frozenset[str]) -> tuple[str, str, str]:
    """Read ``-ifile`` and ``-qi``: letters up to the first that takes a value; the last one counts."""
    for number, letter in enumerate(text[1:], 1):
        if f"-{letter}" in valued:
            value = text[number + 1 :].removeprefix("=")
            return f"-{letter}", "=" if value else "", value
    return f"-{text[1]}", "", ""


def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer(r"\n", text))]


def _numbered(command: ArchiveCommand, starts: list[int]) -> ArchiveCommand:

    return replace(command, line=bisect_right(starts, command.start))
