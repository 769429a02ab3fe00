"""What each command costs as entries grow to 50,000, in archives of over 100 GiB whose layers are holes in a file.

The archives and the commands are those of `benchmarks.scale`.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any, Final

from benchmarks.measure import Role
from benchmarks.measurement import Axis, Conditions, Findings, Measurement, Needs, NotPossible, Ratio, Row
from benchmarks.setting import GIB, workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

ALLOWED_PER_ENTRY: Final = 4.0
"""KiB that each entry beyond the first thousand may add."""

_SCALE: Final = "benchmarks.scale"
_KIB: Final = 1024
_SMALL_COUNT: Final = 1_000


def take(conditions: Conditions) -> Findings:
    """Measure what reads no layer; raises `NotPossible` without the module that makes such archives."""
    if importlib.util.find_spec(_SCALE) is None:
        raise NotPossible("benchmarks.scale is not here")
    scale: Any = importlib.import_module(_SCALE)
    counts = [count for count in scale.ENTRIES if conditions.shrink == 1 or count <= _SMALL_COUNT]
    with workspace(conditions.disk) as folder:
        measured = scale.measure_entries(scale.Place(folder, conditions.runs), counts, advise=False)
    rows = tuple(Row(each.command, Role.TOOL, each.cost, each.entries) for each in measured)
    most = max(measured, key=lambda each: each.entries)
    return Findings(rows, ratios(rows), {"bytesOfLargest": most.size}, axis=Axis("entries"))


def ratios(rows: Sequence[Row]) -> tuple[Ratio, ...]:
    """Return what each entry beyond a thousand adds to the memory of each command."""
    made = []
    for name in dict.fromkeys(row.name for row in rows):
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
