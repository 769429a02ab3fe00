"""Hold figures of a run to those of a recorded one: only an order of magnitude counts, never noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.measurement import Ratio

WORSE: Final = 10.0
"""How many times the recorded figure one has to be to be a failure."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure now, and as it was recorded: None if it never was."""

    name: str
    now: float
    recorded: float | None

    @property
    def change(self) -> float | None:
        """How many times the recorded figure it is."""
        return None if self.recorded is None else self.now / self.recorded

    @property
    def is_far_worse(self) -> bool:
        """Whether it is an order of magnitude above the recorded one."""
        return self.change is not None and self.change >= WORSE


def compare(now: Iterable[Ratio], recorded: Iterable[Ratio]) -> tuple[Comparison, ...]:
    """Return each figure beside the recorded one of its name."""
    known = {ratio.name: ratio.value for ratio in recorded}
    return tuple(Comparison(ratio.name, ratio.value, known.get(ratio.name)) for ratio in now)


def comparison_table(comparisons: Iterable[Comparison]) -> str:
    """Return figures, what was recorded, and how they changed."""
    body = [
        [
            each.name,
            f"{each.now:.2f}",
            "" if each.recorded is None else f"{each.recorded:.2f}",
            "" if each.change is None else f"{each.change:.2f} times",
            f"**{WORSE:.0f} times or more**" if each.is_far_worse else "ok",
        ]
        for each in comparisons
    ]
    return table(["", "now", "recorded", "change", ""], body)
