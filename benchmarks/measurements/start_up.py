"""What a start costs: Python, Python with the library that reads options, and commands with next to nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.measure import Command, measure
from benchmarks.measurement import Conditions, Findings, Measurement, Needs, Ratio, beyond, rows_of
from benchmarks.setting import BARE, MIB, TINY, TOOL, VERSION, bare, bare_with_typer, prepared, version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.measure import Cost

ALLOWED: Final = 0.120
"""Seconds that `ocitool --version` may take beyond an empty Python."""

_TIMES: Final = 3  # a start is short: more rounds cost little and steady the medians


def take(conditions: Conditions) -> Findings:
    """Measure starts on an archive of a few KiB."""
    with prepared(conditions.memory, TINY) as setting:
        source = str(setting.corpus.path)
        commands = [
            bare(),
            bare_with_typer(),
            version(),
            Command("ocitool --help", [*TOOL, "--help"]),
            setting.start(),
            Command("inspect of next to nothing", [*TOOL, "inspect", source]),
            Command("verify of next to nothing", [*TOOL, "verify", "-q", source]),
        ]
        runs = conditions.runs * _TIMES
        costs = measure(commands, runs=runs)
        return Findings(rows_of(commands, costs), ratios(costs), {**setting.facts(), "startsOfEach": runs})


def ratios(costs: Mapping[str, Cost]) -> tuple[Ratio, ...]:
    """Return what a start takes beyond an empty Python."""
    return (Ratio(f"{VERSION} beyond python", beyond(costs, VERSION, BARE), at_most=ALLOWED, unit="s"),)


MEASUREMENT: Final = Measurement("start_up", "Starting", Needs(memory=64 * MIB), take)
