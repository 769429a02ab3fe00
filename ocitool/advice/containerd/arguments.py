"""Command lines as Go's flag package reads them behind urfave/cli, whose versions put flags in another order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.advice.containerd.failure import ImportFailure
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ARCHIVE: Final = "\0"
"""Stands for the archive behind the arguments; no argument can hold it."""

_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})
"""What Go's strconv.ParseBool takes."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The flags that are set, each by its name with two dashes; the last of several counts."""

    values: Mapping[str, str]

    def text(self, flag: str) -> str:
        """Return the value of a flag, "" if it is not set."""
        return self.values.get(flag, "")

    def is_on(self, flag: str, *, default: bool = False) -> bool:
        """Tell whether a flag without a value is set."""
        return self.values[flag] in _TRUE if flag in self.values else default


def read_arguments(arguments: Sequence[str], flags: Mapping[str, bool], order: str) -> CommandLine:
    """Read what stands before the archive; `flags` tell which take a value.

    `order` is what urfave/cli does first: ``flags-first`` puts all that looks like a flag before the rest,
    ``known-flags-first`` only those of the command, so that others may stand behind the archive, where nobody reads
    them; ``as-typed`` leaves all where it is.

    Raises `ImportFailure` for what the program refuses, `UsageError` if the archive would be taken for another word.
    """
    words = [*arguments, _ARCHIVE]
    if order != "as-typed":
        words = _reordered(words, None if order == "flags-first" else flags)
    values: dict[str, str] = {}
    while (word := words.pop(0)) != _ARCHIVE:
        if not word.startswith("-") or word == "-":
            raise UsageError(f"{word!r} stands where the archive does", remedy="give flags and their values alone")
        if word != "--":
            flag, text = _read_flag(word, words, flags)
            values[flag] = text
    return CommandLine(values)


def _read_flag(word: str, words: list[str], flags: Mapping[str, bool]) -> tuple[str, str]:
    """Read a flag and, from the words behind it, its value."""
    name, equals, text = word.lstrip("-").partition("=")
    flag = f"--{name}"
    if flag not in flags:
        raise ImportFailure("flag-unknown", f"this ctr has no flag {flag}", flag=name)
    if flags[flag]:
        text = text if equals else words.pop(0)
        if text == _ARCHIVE:
            raise UsageError(f"{flag} needs a value", remedy="give it before the archive")
        return flag, text
    text = text if equals else "true"
    if text not in _TRUE | _FALSE:
        raise ImportFailure("flag-not-boolean", f"{flag} is true or false", flag=name, text=text)
    return flag, text


def _reordered(words: Sequence[str], known: Mapping[str, bool] | None) -> list[str]:
    """Put flags, and what may be their values, before the rest (command.go, `reorderArgs`)."""
    first: list[str] = []
    rest: list[str] = []
    may_be_value = False
    for number, word in enumerate(words):
        if word == "--":
            rest += words[number:]
            break
        if may_be_value and not word.startswith("-"):
            may_be_value = False
            first.append(word)
        elif _is_flag(word, known):
            may_be_value = "=" not in word
            first.append(word)
        else:
            may_be_value = may_be_value and known is not None
            rest.append(word)
    return first + rest


def _is_flag(word: str, known: Mapping[str, bool] | None) -> bool:
    if word == "-" or not word.startswith("-"):
        return False
    return known is None or "--" + word.lstrip("-").partition("=")[0] in known
