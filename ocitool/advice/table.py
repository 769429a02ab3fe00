"""The tables of importers: flags, traits and messages by range of versions, each with its source.

A table is JSON (schema ``advice/importer``) beside this module, in ``tables/``. It says *what* a version does; what
follows from that for an archive is told by the functions that read the traits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from ocitool.advice.version import Version, VersionRange
from ocitool.model.json_text import parse_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.model.json_text import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: a name, what it says of a range of versions, and where that is known from."""

    name: str
    value: str
    versions: VersionRange
    source: str


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one version does: its flags (True: takes a value), its traits and its messages."""

    flags: Mapping[str, bool]
    traits: Mapping[str, str]
    messages: Mapping[str, str]

    def message(self, failure: str, **values: str) -> str:
        """Return the message of a failure, its ``{fields}`` filled in."""
        return self.messages[failure].format(**values)


@dataclass(frozen=True, slots=True)
class Table:
    """One importer over all its versions; `measured` are those that were run, all else is read from source.

    `lines` are its release lines, as far as they are told.
    """

    importer: str
    title: str
    oldest: Version
    measured: tuple[Version, ...]
    flags: tuple[Row, ...]
    traits: tuple[Row, ...]
    failures: tuple[Row, ...]
    lines: tuple[Version, ...] = ()

    def behaviour(self, version: Version) -> Behaviour:
        """Return what holds for a version; one before the oldest is taken for that."""
        version = max(version, self.oldest)
        flags, traits, messages = (
            {row.name: row.value for row in rows if version in row.versions}
            for rows in (self.flags, self.traits, self.failures)
        )
        return Behaviour({name: value == "value" for name, value in flags.items()}, traits, messages)

    def turning_points(self) -> tuple[Version, ...]:
        """Return every version from which on anything is different, the oldest first."""
        rows = (*self.flags, *self.traits, *self.failures)
        starts = {row.versions.start for row in rows} | {row.versions.end for row in rows}
        return tuple(sorted(version for version in starts if version is not None))


@cache
def read_table(importer: str) -> Table:
    """Return the table of an importer."""
    path = resources.files("ocitool.advice") / "tables" / f"{importer}.json"
    value = parse_object(path.read_bytes())
    return Table(
        importer=_text(value, "importer"),
        title=_text(value, "title"),
        oldest=Version.parse(_text(value, "oldest")),
        measured=tuple(Version.parse(str(text)) for text in _list(value, "measured")),
        flags=_rows(value, "flags"),
        traits=_rows(value, "traits"),
        failures=_rows(value, "failures"),
        lines=tuple(Version.parse(str(text)) for text in _list(value, "lines")),
    )


def _rows(table: JsonObject, key: str) -> tuple[Row, ...]:
    return tuple(_row(item) for item in _list(table, key) if isinstance(item, dict))


def _row(item: JsonObject) -> Row:
    end = Version.parse(_text(item, "before")) if "before" in item else None
    versions = VersionRange(Version.parse(_text(item, "from")), end)
    return Row(_text(item, "name"), _text(item, "value"), versions, _text(item, "source"))


def _text(item: JsonObject, key: str) -> str:
    return str(item[key])


def _list(item: JsonObject, key: str) -> list[JsonValue]:
    value = item.get(key)
    return value if isinstance(value, list) else []
