"""What the commands hold in memory as an archive of a thousand entries grows to 100 GiB; its layers are holes."""

from __future__ import annotations

import os
import shutil
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks.measure import Command, Role, measure, run_once
from benchmarks.measurement import Axis, Conditions, Findings, Measurement, Needs, Ratio, Row, rows_of
from benchmarks.setting import GIB, MIB, TOOL, TYPER, WANTED, bare_with_typer, workspace
from benchmarks.sparse import make_in_process

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ENTRIES: Final = 1_000
SIZES: Final = (GIB // 10, GIB, 4 * GIB)
HUGE: Final = 100 * GIB
"""Bytes of the archive that is read once and written nowhere."""

ALLOWED_MEMORY: Final = 48.0
"""MiB that any command may hold beyond Python with the library that reads options, whatever the archive's size."""


def take(conditions: Conditions) -> Findings:
    """Measure what reads layers, and what only lists them."""
    rows: list[Row] = []
    for size in (*SIZES, HUGE):
        with workspace(conditions.disk) as folder:
            made = make_in_process(folder / "holes.tar", entries=ENTRIES, size=conditions.size(size))
            place = round(made.size / GIB, 1)
            commands = [bare_with_typer(), *reading(made.path, folder, to_nowhere=size == HUGE)]
            costs = (
                {command.name: run_once(command) for command in commands}
                if size == HUGE
                else measure(commands, runs=conditions.runs)
            )
            rows += rows_of(commands, costs, place)
    return Findings(tuple(rows), ratios(rows), {"entries": ENTRIES}, axis=Axis("archive", "GiB"))


def reading(source: Path, folder: Path, *, to_nowhere: bool) -> list[Command]:
    """Return the commands; with `to_nowhere` a filter writes to nowhere, and what writes all bytes is left out."""
    output, parts = folder / "out.tar", folder / "parts"
    filtered = os.devnull if to_nowhere else str(output)
    commands = {
        "inspect": ["inspect", str(source)],
        "filter": ["filter", str(source), "-p", WANTED, "-q", "-o", filtered],
        "verify": ["verify", "-q", str(source)],
    }
    if not to_nowhere:
        commands["split"] = ["split", str(source), "-q", "-d", str(parts)]
        commands["merge"] = ["merge", str(source), str(source), "-q", "-o", str(output)]
    clear = partial(_clear, output, parts)
    return [Command(name, [*TOOL, *arguments], prepare=clear) for name, arguments in commands.items()]


def ratios(rows: Sequence[Row]) -> tuple[Ratio, ...]:
    """Return the most that each command holds beyond Python with the library that reads options."""
    base = min(row.cost.memory for row in rows if row.name == TYPER)
    most: dict[str, int] = {}
    for row in rows:
        if row.role is Role.TOOL:
            most[row.name] = max(most.get(row.name, 0), row.cost.memory - base)
    return tuple(
        Ratio(f"{name}: peak memory beyond python with typer", held / MIB, at_most=ALLOWED_MEMORY, unit="MiB")
        for name, held in most.items()
    )


def _clear(output: Path, parts: Path) -> None:
    output.unlink(missing_ok=True)
    shutil.rmtree(parts, ignore_errors=True)


MEASUREMENT: Final = Measurement(
    "growth_holes", "As a thousand entries grow to 100 GiB", Needs(disk=10 * GIB, programs=()), take
)
