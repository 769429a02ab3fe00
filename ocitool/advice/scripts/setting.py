"""What a migration is from and to: versions of one program, the host, and the archive if there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.advice.importers import IMPORTERS
from ocitool.advice.scripts.commands import ARCHIVE_FLAGS
from ocitool.advice.scripts.examples import Example, examples
from ocitool.advice.table import read_table
from ocitool.advice.target import Target
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.importer import Importer
    from ocitool.advice.outcome import Outcome
    from ocitool.advice.scripts.commands import ArchiveCommand
    from ocitool.advice.table import Behaviour, Table
    from ocitool.advice.version import Version
    from ocitool.model.platform import Platform

EXPORTERS: Final = ("ctr", "docker")
"""Programs whose exports are in a table."""


@dataclass(frozen=True, slots=True)
class Setting:
    """An upgrade (or the way back) of `program` from one version to another, on hosts of a platform.

    `facts` are those of the archive that the scripts import; without them examples stand for it.
    """

    program: str
    old: Version
    new: Version
    host: Platform
    facts: ArchiveFacts | None = None
    importers: Mapping[str, Importer] = field(default_factory=lambda: IMPORTERS, hash=False, compare=False)

    @property
    def old_name(self) -> str:
        """The old version in words."""
        return f"{self.program} {self.old}"

    @property
    def new_name(self) -> str:
        """The new version in words."""
        return f"{self.program} {self.new}"

    def importer(self, program: str) -> Importer | None:
        """Return the importer of a program, None if its behaviour is not known."""
        return self.importers.get(program)

    def archives(self, wanted: Platform | None, name: str) -> tuple[Example, ...]:
        """Return the archive, or examples for a command that asks for a platform and names its images."""
        if self.facts is not None:
            return (Example("this archive", self.facts, is_common=True),)
        return examples(self.host, wanted, name)

    def predict(
        self, importer: Importer, facts: ArchiveFacts, version: Version, arguments: tuple[str, ...]
    ) -> Outcome | None:
        """Tell how an import ends, None for a command line that is none."""
        try:
            return importer.predict(facts, Target(self.program, version, self.host), arguments)
        except UsageError:
            return None


def export_table(program: str) -> Table | None:
    """Return what is known of a program's exports."""
    return read_table(f"exports/{program}") if program in EXPORTERS else None


def valued_flags(importers: Mapping[str, Importer]) -> dict[str, frozenset[str]]:
    """Return for each program which flags take a value in any version."""
    tables = [(name, importer.table) for name, importer in importers.items()]
    tables += [(name, table) for name in EXPORTERS if (table := export_table(name)) is not None]
    found = {name: {*_KNOWN.get(name, ()), *ARCHIVE_FLAGS.get(name, ())} for name in (*_KNOWN, *ARCHIVE_FLAGS)}
    for name, table in tables:
        found.setdefault(name, set()).update(row.name for row in table.flags if row.value == "value")
    return {name: frozenset(flags) for name, flags in found.items()}


_KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "podman": ("-o", "--output", "--format"),
    "nerdctl": ("-o", "--output", "--platform"),
    "kind": ("-n", "--name", "--nodes"),
}
"""Flags with a value of programs that may have no table."""


def strange_flags(command: ArchiveCommand, table: Table) -> tuple[str, ...]:
    """Say which flags of a command no version has: neither their meaning nor whether they take a value is known."""
    known = {row.name for row in table.flags}
    names = [flag.name for flag in command.flags if flag.name not in known and not command.names_archive(flag)]
    told = ", ".join(dict.fromkeys(names))
    return (f"no version that is known has {told}, so no other line is given",) if told else ()


def takes_late_flags(behaviour: Behaviour | None) -> bool:
    """Whether flags behind an operand count."""
    return behaviour is None or behaviour.traits.get("late-flags", "honoured") == "honoured"
