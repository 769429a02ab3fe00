"""The catalogue of messages and of their causes: JSON (schema ``advice/messages``) beside this module."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from ocitool.advice.version import Version, VersionRange
from ocitool.model.json_text import parse_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.model.json_text import JsonObject, JsonValue

# People cut digests, and leave out what they begin with.
_DIGEST: Final = r"(?P<{}>sha(?:256|512):[0-9a-f]{{6,128}}|\b[0-9a-f]{{12,128}})(?:\.{{3}}|…)?"
DIGEST_GROUPS: Final = ("digest", "digest2", "digest3", "layer")
"""The groups of patterns that are digests."""

_TOKENS: Final = {
    **{f"<{name}>": _DIGEST.format(name) for name in DIGEST_GROUPS},
    "<hex>": r"(?P<hex>[0-9a-f]{12,128})",
    "<some>": r"[\s\S]{0,400}?",
    "<short>": r"[\s\S]{0,80}?",
    # A pasted message may be wrapped wherever it has a blank.
    " ": r"\s{1,12}",
}
_TOKEN: Final = re.compile("|".join(map(re.escape, sorted(_TOKENS, key=len, reverse=True))))


@dataclass(frozen=True, slots=True)
class Printed:
    """A program that prints a message, and the versions that do; None for all."""

    program: str
    versions: VersionRange | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message: how to recognise it, who prints it, what it means, its causes in the order to look.

    `failure` is the name of the error in the tables of importers, "" if it has none there. A `generic` message only
    says that something went wrong, and others in the same text say what; one that is `alone` counts only where there
    is no other. It does not count in a text that holds `unless`.
    """

    id: str
    pattern: re.Pattern[str]
    printed: tuple[Printed, ...]
    means: str
    causes: tuple[str, ...]
    source: str
    failure: str = ""
    is_generic: bool = False
    is_alone: bool = False
    unless: str = ""


@dataclass(frozen=True, slots=True)
class GeneralCause:
    """A cause as it is told without an archive: its name in a few words, what it is, what to do about it.

    `is_certain` where the message by itself leaves no doubt. `flag` is what brings it about in a command line (its
    groups are words of the remedy), None if no flag does; `versions` those of the program that it occurs with, None
    for all.
    """

    id: str
    name: str
    text: str
    remedy: str
    is_certain: bool = False
    flag: re.Pattern[str] | None = None
    versions: VersionRange | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All messages, the more specific ones first, and all causes by their ids."""

    messages: tuple[Message, ...]
    causes: Mapping[str, GeneralCause]


@cache
def read_catalogue() -> Catalogue:
    """Return the catalogue."""
    value = parse_object((resources.files("ocitool.advice.messages") / "messages.json").read_bytes())
    causes = value["causes"]
    return Catalogue(
        tuple(_message(item) for item in _items(value["messages"])),
        {
            key: _cause(key, cause)
            for key, cause in (causes.items() if isinstance(causes, dict) else ())
            if isinstance(cause, dict)
        },
    )


def _message(item: JsonObject) -> Message:
    causes = item["causes"]
    return Message(
        id=str(item["id"]),
        pattern=re.compile(_TOKEN.sub(lambda found: _TOKENS[found[0]], str(item["pattern"]))),
        printed=tuple(_printed(printed) for printed in _items(item["printed"])),
        means=str(item["means"]),
        causes=tuple(map(str, causes)) if isinstance(causes, list) else (),
        source=str(item["source"]),
        failure=str(item.get("failure", "")),
        is_generic=bool(item.get("generic")),
        is_alone=bool(item.get("alone")),
        unless=str(item.get("unless", "")),
    )


def _cause(key: str, item: JsonObject) -> GeneralCause:
    return GeneralCause(
        key,
        str(item["name"]),
        str(item["text"]),
        str(item["remedy"]),
        bool(item.get("certain")),
        re.compile(str(item["flag"])) if "flag" in item else None,
        _versions(item),
    )


def _printed(item: JsonObject) -> Printed:
    return Printed(str(item["by"]), _versions(item))


def _versions(item: JsonObject) -> VersionRange | None:
    if "from" not in item and "before" not in item:
        return None
    end = Version.parse(str(item["before"])) if "before" in item else None
    return VersionRange(Version.parse(str(item.get("from", "0"))), end)


def _items(value: JsonValue) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
