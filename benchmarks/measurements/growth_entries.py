"""What planning costs as entries grow to 50,000, in archives of over 100 GiB whose layers are holes in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.measure import Command, Role, measure
from benchmarks.measurement import Axis, Conditions, Findings, Measurement, Needs, Ratio, Row, rows_of
from benchmarks.setting import GIB, TOOL, WANTED, bare_with_typer, workspace
from benchmarks.sparse import make_in_process

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ALLOWED_PER_ENTRY: Final = 4.0
"""KiB that each entry beyond the first thousand may add."""

ENTRIES: Final = (100, 1_000, 10_000, 50_000)
MOST_BYTES: Final = 110 * GIB
"""Bytes of the archive of the most entries; the others have `LEAST_BYTES`."""

LEAST_BYTES: Final = GIB // 10

ADVISED: Final = 10_000
"""The most entries of an archive that `advise` is measured with: it predicts what many versions do."""

_KIB: Final = 1024
_SMALL_COUNT: Final = 1_000


def take(conditions: Conditions) -> Findings:
    """Measure what reads no layer."""
    counts = [count for count in ENTRIES if conditions.shrink == 1 or count <= _SMALL_COUNT]
    rows: list[Row] = []
    sizes: list[int] = []
    for count in counts:
        with workspace(conditions.disk) as folder:
            wanted = MOST_BYTES if count == max(ENTRIES) else LEAST_BYTES
            made = make_in_process(folder / "holes.tar", entries=count, size=wanted)
            commands = [bare_with_typer(), *planning(made.path, folder / "out.tar", is_advised=count <= ADVISED)]
            rows += rows_of(commands, measure(commands, runs=conditions.runs), made.entries)
            sizes.append(made.size)
    return Findings(tuple(rows), ratios(rows), {"bytesOfLargest": max(sizes)}, axis=Axis("entries"))


def planning(source: Path, output: Path, *, is_advised: bool) -> list[Command]:
    """Return the commands that read no layer."""
    one = ["filter", str(source), "-p", WANTED, "-o", str(output), "--dry-run"]
    commands = {
        "inspect": ["inspect", str(source)],
        "inspect --format json": ["inspect", str(source), "--format", "json"],
        "filter --dry-run": one,
        "filter --dry-run --format json": [*one, "--format", "json"],
        "filter -p all --dry-run": ["filter", str(source), "-p", "all", "-o", str(output), "--dry-run"],
        "split --dry-run": ["split", str(source), "-d", str(output.parent), "--dry-run"],
    }
    if is_advised:
        commands["advise"] = ["advise", str(source)]
    return [Command(name, [*TOOL, *arguments]) for name, arguments in commands.items()]


def ratios(rows: Sequence[Row]) -> tuple[Ratio, ...]:
    """Return what each entry beyond a thousand adds to the memory of each command."""
    made = []
    for name in dict.fromkeys(row.name for row in rows if row.role is Role.TOOL):
        points = sorted((row.place or 0.0, row.cost.memory) for row in rows if row.name == name)
        beyond = [point for point in points if point[0] >= _SMALL_COUNT * 0.9]
        if len(beyond) > 1:
            (fewer, before), (more, after) = beyond[0], beyond[-1]
            grown = (after - before) / _KIB / (more - fewer)
            made.append(Ratio(f"{name}: memory of each entry beyond", grown, at_most=ALLOWED_PER_ENTRY, unit="KiB"))
    return tuple(made)


MEASUREMENT: Final = Measurement(
    "growth_entries", "As entries grow, in up to 110 GiB", Needs(disk=2 * GIB, programs=()), take
)
