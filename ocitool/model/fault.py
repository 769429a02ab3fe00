"""Faults: what a tolerant reader found wrong, as values.

One parser serves everybody: a validator lists the faults, a writer raises the first (`Fault.to_error`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocitool.errors import OcitoolError


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an archive; `rule` is the stable id that `verify` prints."""

    rule: str
    message: str
    error: type[OcitoolError]
    where: str = ""
    remedy: str = ""

    def to_error(self) -> OcitoolError:
        """Return the exception a writer raises for this fault."""
        return self.error(self.message, where=self.where, remedy=self.remedy)
