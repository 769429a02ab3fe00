"""On a disk, warm and with nothing of it in memory: noise, and a real image in gzip, against ``cp && sync``.

Outputs are on the disk when the filter ends, so the copies count until they are as well.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks.corpus import Recipe
from benchmarks.layers import GZIP_TREE
from benchmarks.measure import Command, measure_with_peers
from benchmarks.measurement import (
    Conditions,
    Findings,
    Measurement,
    Needs,
    NotPossible,
    Ratio,
    Row,
    Skip,
    beyond,
    rows_of,
    slower,
    times,
)
from benchmarks.measurements.one_layer import SKOPEO_HERE, SKOPEO_ROUNDS, skopeo_commands
from benchmarks.setting import COPY, GIB, HASH, MIB, START, UNVERIFIED, VERIFIED, Setting, prepared
from benchmarks.space import drop_caches

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.measure import Cost

WARM: Final = "warm"
COLD: Final = "cold"
NOISE: Final = Recipe(256 * MIB)
REAL: Final = Recipe(96 * MIB, 3, GZIP_TREE)


def take(recipe: Recipe, conditions: Conditions) -> Findings:
    """Measure the filter of an archive on the disk, first warm, then, as root, cold."""
    small = replace(recipe, layer_size=conditions.size(recipe.layer_size))
    skips: tuple[Skip, ...] = ()
    with prepared(conditions.disk, small) as setting:
        warm = [
            setting.start(),
            setting.hash(),
            setting.copy(synced=True),
            setting.filter(VERIFIED),
            setting.filter(UNVERIFIED, "--no-verify"),
        ]
        try:
            warm.append(next(each for each in skopeo_commands(setting) if each.name == SKOPEO_HERE))
        except NotPossible as reason:
            skips = (Skip(SKOPEO_HERE, str(reason)),)
        ways = {WARM: [_after(command, partial(_read, setting)) for command in warm]}
        if os.geteuid() == 0:
            ways[COLD] = [_after(command, drop_caches) for command in warm]
        else:
            skips = (*skips, Skip(COLD, "forgetting what was read needs root"))
        rows: list[Row] = []
        made: list[Ratio] = []
        for way, commands in ways.items():
            costs, failed = measure_with_peers(commands, runs=conditions.runs)
            skips += tuple(replace(skip, name=f"{way}: {skip.name}") for skip in failed)
            rows += [replace(row, name=f"{way}: {row.name}") for row in rows_of(commands, costs)]
            made += ratios(costs, way)
        facts = setting.facts() | (
            {"runsOfSkopeo": SKOPEO_ROUNDS} if SKOPEO_HERE in {command.name for command in warm} else {}
        )
        return Findings(tuple(rows), tuple(made), facts, skips)


def ratios(costs: Mapping[str, Cost], way: str) -> tuple[Ratio, ...]:
    """Return how the filter compares: its start taken off against copy and hash, counted against skopeo."""
    verified = beyond(costs, VERIFIED, START)
    made = (
        Ratio(f"{way}: filter / cp && sync", times(verified, costs[COPY].seconds)),
        Ratio(f"{way}: filter / slower of hash and cp && sync", times(verified, slower(costs, (HASH, COPY)))),
        Ratio(
            f"{way}: filter --no-verify / cp && sync", times(beyond(costs, UNVERIFIED, START), costs[COPY].seconds)
        ),
    )
    if SKOPEO_HERE not in costs:
        return made
    return (
        *made,
        Ratio(f"{way}: {SKOPEO_HERE} / filter", times(costs[SKOPEO_HERE].seconds, costs[VERIFIED].seconds)),
    )


def _after(command: Command, step: object) -> Command:
    assert callable(step)

    def prepare() -> None:
        if command.prepare is not None:
            command.prepare()
        step()

    return replace(command, prepare=prepare)


def _read(setting: Setting) -> None:
    """Have the system remember source and kept bytes."""
    for path in (setting.corpus.path, setting.kept):
        _read_file(path)


def _read_file(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        while file.read(MIB):
            pass


MEASUREMENTS: Final = (
    Measurement("on_disk", "A layer of 256 MiB kept of four, on a disk", Needs(disk=2 * GIB), partial(take, NOISE)),
    Measurement(
        "real_image",
        "A real image (programs and libraries in gzip), one platform of four, on a disk",
        Needs(memory=GIB, disk=GIB),
        partial(take, REAL),
    ),
)
