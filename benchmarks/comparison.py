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

NOISE: Final = 0.1
"""Figures below this are differences of a few milliseconds, which noise makes anything of."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure now, and as it was recorded: None where there is none."""

    name: str
    now: float | None
    recorded: float | None

    @property
    def change(self) -> float | None:
        """How many times the recorded figure it is, what is noise counted as the most that noise is."""
        if self.now is None or self.recorded is None:
            return None
        return max(self.now, NOISE) / max(self.recorded, NOISE)

    @property
    def is_noise(self) -> bool:
        """Whether neither figure can be told from nothing."""
        return max(self.now or 0.0, self.recorded or 0.0) <= NOISE

    @property
    def is_failure(self) -> bool:
        """Whether it is an order of magnitude above the recorded one, or cannot be compared."""
        return self.change is None or self.change >= WORSE

    @property
    def verdict(self) -> str:
        """What to make of it, in a few words."""
        if self.recorded is None:
            return "**never recorded: record again**"
        if self.now is None:
            return "**not measured any more: record again**"
        if self.is_failure:
            return f"**{WORSE:.0f} times or more**"
        return "within noise" if self.is_noise else "ok"


def compare(now: Iterable[Ratio], recorded: Iterable[Ratio]) -> tuple[Comparison, ...]:
    """Return each figure beside the recorded one of its name, and those that were only recorded."""
    measured = {ratio.name: ratio.value for ratio in now}
    known = {ratio.name: ratio.value for ratio in recorded}
    return tuple(Comparison(name, measured.get(name), known.get(name)) for name in {**measured, **known})


def comparison_table(comparisons: Iterable[Comparison]) -> str:
    """Return figures, what was recorded, and how they changed."""
    body = [
        [
            each.name,
            "" if each.now is None else f"{each.now:.2f}",
            "" if each.recorded is None else f"{each.recorded:.2f}",
            "" if each.change is None else f"{each.change:.2f} times",
            each.verdict,
        ]
        for each in comparisons
    ]
    return table(["", "now", "recorded", "change", ""], body)
