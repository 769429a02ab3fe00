"""Many layers are kept: all cores can hash, so the filter has to be faster than one that hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.corpus import Recipe
from benchmarks.measure import measure
from benchmarks.measurement import Conditions, Findings, Measurement, Needs, Ratio, beyond, rows_of, times
from benchmarks.setting import COPY, GIB, HASH, MIB, START, UNVERIFIED, VERIFIED, prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.measure import Cost

ALLOWED: Final = 1.0
"""How many times the hashing on one core a verified filter may take."""

LAYER: Final = 64 * MIB
LAYERS: Final = 16


def take(conditions: Conditions) -> Findings:
    """Measure the filter of an archive of 4 GiB in memory to 16 layers of 64 MiB."""
    with prepared(conditions.memory, Recipe(conditions.size(LAYER), LAYERS)) as setting:
        commands = [
            setting.start(),
            setting.hash(),
            setting.copy(),
            setting.filter(VERIFIED),
            setting.filter(UNVERIFIED, "--no-verify"),
        ]
        costs = measure(commands, runs=conditions.runs)
        return Findings(rows_of(commands, costs), ratios(costs), {**setting.facts(), "layersKept": LAYERS})


def ratios(costs: Mapping[str, Cost]) -> tuple[Ratio, ...]:
    """Return how the filter compares, its start taken off."""
    return (
        Ratio(
            "filter / hash on one core", times(beyond(costs, VERIFIED, START), costs[HASH].seconds), at_most=ALLOWED
        ),
        Ratio("filter --no-verify / copy", times(beyond(costs, UNVERIFIED, START), costs[COPY].seconds), at_most=1.0),
    )


MEASUREMENT: Final = Measurement(
    "many_layers", "16 layers of 64 MiB kept, a quarter of the archive", Needs(memory=7 * GIB), take
)
