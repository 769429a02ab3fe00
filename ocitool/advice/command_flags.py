"""The arguments of an import as flags and values, by what the table says that a version knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.advice.outcome import Ending, Outcome
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ocitool.advice.table import Behaviour


@dataclass(frozen=True, slots=True)
class CommandFlags:
    """What a command line says: its flags, each with its values ("" for a switch), and what is no flag.

    `unknown` is the first flag that the version does not know, "" if it knows them all.
    """

    flags: Mapping[str, tuple[str, ...]]
    operands: tuple[str, ...] = ()
    unknown: str = ""

    def value(self, flag: str) -> str:
        """Return the last value of a flag, "" if it is not given."""
        return self.flags.get(flag, ("",))[-1]

    def refusal(self, behaviour: Behaviour) -> Outcome:
        """Return how a command line with an unknown flag ends."""
        message = behaviour.message("flag-unknown", flag=self.unknown)
        return Outcome(Ending.ERROR, "flag-unknown", message, reasons=(f"it has no {self.unknown}",))


def read_flags(arguments: Sequence[str], known: Mapping[str, bool]) -> CommandFlags:
    """Read arguments; `known` are the flags, True for one that takes a value, after it or behind an equals sign.

    Raises `UsageError` for a flag without its value.
    """
    flags: dict[str, tuple[str, ...]] = {}
    operands: list[str] = []
    words = iter(arguments)
    for word in words:
        if not word.startswith("-"):
            operands.append(word)
            continue
        name, equals, value = word.partition("=")
        if name not in known:
            return CommandFlags(flags, tuple(operands), name)
        if known[name] and not equals:
            following = next(words, None)
            if following is None:
                raise UsageError(f"{name} needs a value")
            value = following
        flags[name] = (*flags.get(name, ()), value)
    return CommandFlags(flags, tuple(operands))
