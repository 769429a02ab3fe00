"""Importers as they are fed through a pipe."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.importer import Importer
    from ocitool.advice.outcome import Outcome
    from ocitool.advice.table import Table
    from ocitool.advice.target import Target
    from ocitool.api.import_client import ClientOptions
    from ocitool.model.platform import Platform

PIPE: Final = "-"
"""What stands for standard input."""

_FILE: Final = "SRC"
_INPUT_FLAGS: Final = ("-i", "--input")


@dataclass(frozen=True, slots=True)
class PipedImporter:
    """An importer without the commands that need a file of a name, such as ``podman pull oci-archive:FILE``.

    `fixed` are arguments that every command of it has, whatever else it is given.
    """

    importer: Importer
    fixed: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        """What its versions do."""
        return self.importer.table

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        """Tell how an import ends."""
        return self.importer.predict(facts, target, (*arguments, *self.fixed))

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        """Return the arguments with which it can read a pipe."""
        found = self.importer.candidates(facts, target, wanted)
        return tuple(arguments for arguments in found if _FILE in self.importer.words(arguments, _FILE))

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:
        """Return none: nobody types this."""
        del target, wanted
        return ()

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the command as it is typed for a pipe.

        docker and those that follow it read standard input without being told, and take a dash for a file.
        """
        program, *rest = self.importer.words((*arguments, *self.fixed), source)
        for flag in _INPUT_FLAGS:
            if (flag, PIPE) in itertools.pairwise(rest):
                del rest[rest.index(flag) : rest.index(flag) + 2]
        return (program, *rest)


def piped(importer: Importer, target: Target, client: ClientOptions) -> PipedImporter:
    """Return an importer as it is fed through a pipe, with what the client's options add to every import.

    ctr takes its snapshotter as a flag of `images import`, and 2.x ends otherwise with it than without.
    """
    if target.importer != "ctr" or client.snapshotter is None:
        return PipedImporter(importer)
    return PipedImporter(importer, ("--snapshotter", client.snapshotter))


def spell(
    importer: PipedImporter, arguments: tuple[str, ...], target: Target, client: ClientOptions
) -> tuple[str, ...]:
    """Return the whole command for an archive that comes through a pipe."""
    program, *rest = importer.words(arguments, PIPE)
    before = [*client.global_words]
    if client.snapshotter is not None and target.importer != "ctr":
        before += ["--snapshotter", client.snapshotter]
    return (client.path or program, *before, *rest)
