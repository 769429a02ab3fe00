"""Importers: for each how to predict it, which commands people type, and how they are spelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.outcome import Outcome
    from ocitool.advice.table import Table
    from ocitool.advice.target import Target
    from ocitool.model.platform import Platform


class Importer(Protocol):
    """One importer; all methods are pure."""

    @property
    def table(self) -> Table:
        """What its versions do."""

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        """Tell how an import with these arguments ends; raises `UsageError` for what is no such command line."""

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        """Return the arguments worth trying for some platforms, the simplest first; the first is none at all."""

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:
        """Return the arguments that people are used to, working or not."""

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the whole command as it is typed, `source` being the archive."""
