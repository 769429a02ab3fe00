"""What becomes of a command with another version, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocitool.advice.scripts.revision import Revision


class Verdict(StrEnum):
    """What a new version makes of a command.

    `BREAKS`: it fails, or less is there after it than with the old version (with no archive at hand: for one of the
    usual kind). `FAILS`: it fails with the old version as well. `CHANGES`: it ends otherwise, for some archives or on
    some machines. `WORKS`: it does the same, or more. `UNKNOWN`: nothing is known of one of the versions, or what is
    run is not to be seen.
    """

    BREAKS = "breaks"
    FAILS = "fails"
    CHANGES = "changes"
    WORKS = "works"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict and why; `revision` makes a command of it that works, None if none is needed or known.

    `works_on_both` says that the changed command does with the old version what the one that stands there does.
    """

    verdict: Verdict
    why: tuple[str, ...] = ()
    revision: Revision | None = None
    works_on_both: bool = False
