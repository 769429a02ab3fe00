"""`kind load image-archive`: `ctr images import` in every node (pkg/cluster/nodeutils/util.go)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.advice.containerd.ctr import Ctr
from ocitool.advice.table import read_table
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.outcome import Outcome
    from ocitool.advice.table import Table
    from ocitool.model.platform import Platform


@dataclass(frozen=True, slots=True)
class Kind:
    """`kind load image-archive`, which takes no flag that matters.

    The target's `daemon` is the containerd in the nodes; None if it is the one that the version of kind brings.
    """

    @property
    def table(self) -> Table:
        """What its versions do."""
        return read_table("kind")

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        """Tell how a load ends; raises `UsageError` if there are arguments."""
        if arguments:
            raise UsageError("kind load image-archive takes the archive alone")
        traits = self.table.behaviour(target.version).traits
        node = target.daemon or Version.parse(traits["containerd"])
        return Ctr().predict(facts, Target("ctr", node, target.host), traits["arguments"].split())

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        """Return the one way there is."""
        del facts, target, wanted
        return ((),)

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:
        """Return the one way there is."""
        del target, wanted
        return ((),)

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the command as it is typed."""
        return ("kind", "load", "image-archive", source, *arguments)
