"""What a filter to one platform costs as archives grow: in bytes, in platforms, in layers, in images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks.corpus import PLATFORMS, Recipe, many_platforms
from benchmarks.layers import PLAIN_NOISE
from benchmarks.measure import Command, measure
from benchmarks.measurement import Axis, Conditions, Findings, Measurement, Needs, Ratio, Row, rows_of
from benchmarks.setting import (
    GIB,
    MIB,
    TOOL,
    TYPER,
    UNVERIFIED,
    VERIFIED,
    bare_with_typer,
    prepared,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALLOWED_MEMORY: Final = 48.0
"""MiB that a filter may hold beyond Python with the library that reads options, whatever the archive's size."""

ALLOWED_PER_ENTRY: Final = 4.0
"""KiB that each entry beyond the first thousand may add."""

FEW_ENTRIES: Final = 1_000
INSPECT: Final = "inspect"

_KIB: Final = 1024
_SMALL_COUNT: Final = 16


@dataclass(frozen=True, slots=True)
class Growth:
    """Archives along an axis, by their place on it."""

    name: str
    title: str
    axis: Axis
    archives: Mapping[float, Recipe]
    memory: int
    is_counted: bool = True
    """Whether the places are counts, which are kept low where archives are to be small."""


GROWTHS: Final = (
    Growth(
        "growth_bytes",
        "As the archive grows",
        Axis("archive", "GiB"),
        {size: Recipe(int(size * GIB) // len(PLATFORMS), kind=PLAIN_NOISE) for size in (0.1, 0.5, 2.0, 8.0)},
        int(12.5 * GIB),
        is_counted=False,
    ),
    Growth(
        "growth_platforms",
        "As platforms grow, 16 MiB each",
        Axis("platforms"),
        {count: Recipe(16 * MIB, kind=PLAIN_NOISE, platforms=many_platforms(count)) for count in (2, 4, 16, 64)},
        2 * GIB,
    ),
    Growth(
        "growth_blobs",
        "As layers grow, 256 MiB in all for each of two platforms",
        Axis("layers of a platform"),
        {count: Recipe(256 * MIB // count, count, PLAIN_NOISE, PLATFORMS[:2]) for count in (1, 10, 100, 1_000)},
        2 * GIB,
    ),
    Growth(
        "growth_images",
        "As images grow, four platforms of one small layer each",
        Axis("images"),
        {count: Recipe(1024, kind=PLAIN_NOISE, images=count) for count in (1, 10, 100, 1_000)},
        GIB,
    ),
)


def take(growth: Growth, conditions: Conditions) -> Findings:
    """Measure the filter of each archive of a growth, and what one core takes to hash what is kept."""
    rows: list[Row] = []
    entries: dict[float, int] = {}
    for place, recipe in growth.archives.items():
        if conditions.shrink > 1 and growth.is_counted and place > _SMALL_COUNT:
            continue
        small = Recipe(
            max(1024, conditions.size(recipe.layer_size)), recipe.layers, recipe.kind, recipe.platforms, recipe.images
        )
        with prepared(conditions.memory, small) as setting:
            commands = [
                bare_with_typer(),
                setting.hash(),
                setting.filter(VERIFIED),
                setting.filter(UNVERIFIED, "--no-verify"),
                Command(INSPECT, [*TOOL, "inspect", "--format", "json", str(setting.corpus.path)]),
            ]
            used = place if growth.is_counted else place / conditions.shrink
            rows += rows_of(commands, measure(commands, runs=conditions.runs), used)
            entries[used] = sum(map(len, setting.corpus.platforms.values())) + small.images + 2
    facts = {"entries": ", ".join(f"{count} at {place:g}" for place, count in entries.items())}
    return Findings(tuple(rows), ratios(rows, entries), facts, axis=growth.axis)


def ratios(rows: Sequence[Row], entries: Mapping[float, int]) -> tuple[Ratio, ...]:
    """Return how memory grows: with no more than a thousand entries, and with each entry beyond."""
    held = {
        place: max(_memory(rows, name, place) for name in (VERIFIED, UNVERIFIED)) - _memory(rows, TYPER, place)
        for place in entries
    }
    few = {place: held[place] for place, count in entries.items() if count <= FEW_ENTRIES}
    many = {place: count for place, count in entries.items() if count > FEW_ENTRIES}
    made = []
    if few:
        made.append(
            Ratio(
                "peak memory of filter beyond python with typer",
                max(few.values()) / MIB,
                at_most=ALLOWED_MEMORY,
                unit="MiB",
            )
        )
    if few and many:
        most, base = max(many), max(few)
        grown = (held[most] - held[base]) / _KIB / (entries[most] - entries[base])
        made.append(Ratio("memory of each entry beyond", grown, at_most=ALLOWED_PER_ENTRY, unit="KiB"))
    return tuple(made)


def _memory(rows: Sequence[Row], name: str, place: float) -> int:
    return next(row.cost.memory for row in rows if row.name == name and row.place == place)


MEASUREMENTS: Final = tuple(
    Measurement(growth.name, growth.title, Needs(memory=growth.memory), partial(take, growth)) for growth in GROWTHS
)
