"""One archive that breaks a rule, and one that comes near and keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ocitool.check.gates import Gates

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Mutation:
    """What fires exactly one rule, and what does not; both are made when asked for.

    `also` are the rules that cannot but fire along; say why beside it. `gates` is what both are asked for.
    """

    breaks: Callable[[], bytes]
    keeps: Callable[[], bytes]
    also: frozenset[str] = frozenset()
    gates: Gates = field(default_factory=Gates)
