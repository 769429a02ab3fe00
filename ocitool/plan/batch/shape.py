"""What a verb takes from a job, as data, and options held to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ocitool.errors import UsageError
from ocitool.model.json_text import json_kind
from ocitool.model.url import url_scheme

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ocitool.model.json_text import JsonObject, JsonValue


class Kind(Enum):
    """The type of an option's value; the value says it in a message."""

    TEXT = "a string"
    TEXTS = "a string or a list of strings"
    FLAG = "true or false"
    COUNT = "a whole number from 1 on"
    PLACE = "the path of a file or folder"


class Produces(Enum):
    """What the `output` of a job is."""

    NOTHING = "nothing"
    ARCHIVE = "archive"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Option:
    """An option by its name on the command line without hyphens before it; `words` are all it may be, if any are."""

    name: str
    kind: Kind = Kind.TEXT
    words: tuple[str, ...] = ()
    is_output: bool = False
    is_source: bool = False

    def read(self, value: JsonValue, absolute: Callable[[str], str]) -> JsonValue:
        """Return the value in its usual form, paths made `absolute`; raises `UsageError` for what it cannot be."""
        if self.kind is Kind.TEXTS:
            texts: list[JsonValue] = value if isinstance(value, list) else [value]
            self._require(bool(texts) and all(isinstance(text, str) for text in texts), value)
            return texts
        if self.kind is Kind.FLAG:
            self._require(isinstance(value, bool), value)
        elif self.kind is Kind.COUNT:
            self._require(type(value) is int and value > 0, value)
        else:
            self._require(isinstance(value, str) and bool(value), value)
        if self.kind is Kind.PLACE and isinstance(value, str) and url_scheme(value):
            raise UsageError(f"option {self.name} is a URL", remedy=f"it has to be {self.kind.value} of this machine")
        if self.words and value not in self.words:
            raise UsageError(f"option {self.name} is {value!r}", remedy=f"it can be {', '.join(self.words)}")
        if self.kind is not Kind.PLACE or not isinstance(value, str):
            return value
        return require_name(absolute(value), f"option {self.name}")

    def _require(self, holds: bool, value: JsonValue) -> None:
        if not holds:
            shown = repr(value) if isinstance(value, int | float | str) and value != "" else json_kind(value)
            raise UsageError(f"option {self.name} is {shown[:80]}", remedy=f"it has to be {self.kind.value}")


@dataclass(frozen=True, slots=True)
class Shape:
    """What the jobs of a verb may say.

    With `takes_several` a source may be a list; with `roles` it is a list of exactly those, in that order.
    """

    options: Mapping[str, Option]
    produces: Produces = Produces.ARCHIVE
    takes_several: bool = False
    roles: tuple[str, ...] = ()

    def read_options(self, value: JsonObject, absolute: Callable[[str], str]) -> JsonObject:
        """Return options in their usual form; raises `UsageError` for the first that is none or cannot be so."""
        result: JsonObject = {}
        for name, given in value.items():
            option = self.options.get(name)
            if option is None:
                raise UsageError(f"no option {name[:80]!r}", remedy=f"there is {', '.join(sorted(self.options))}")
            result[name] = option.read(given, absolute)
        return result


def require_name(place: str, what: str) -> str:
    """Return a place as it is; raises `UsageError` if no system can have something of that name."""
    if "\0" in place:
        raise UsageError(f"{what} is no name of a file: it holds a NUL", remedy="write the name as it is")
    return place


def by_name(*options: Option) -> dict[str, Option]:
    """Return options by their names."""
    return {option.name: option for option in options}
