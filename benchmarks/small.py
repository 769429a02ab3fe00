"""The small form for every change: ratios in seconds, held to recorded ones.

``python -m benchmarks.small`` prints them beside those of benchmarks/results/small/ and exits 1 only if one is an
order of magnitude worse; ``--record`` writes that file. Each ratio is to a yardstick of the same run, start-up
counted, so that it says about the same on a slow machine as on a fast one. It needs half a GiB of memory.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.comparison import compare, comparison_table
from benchmarks.corpus import Recipe
from benchmarks.measure import Command, Role, measure
from benchmarks.measurement import Conditions, Findings, Measurement, Needs, NotPossible, Ratio, rows_of
from benchmarks.page import RESULTS
from benchmarks.results import read_result, write_result
from benchmarks.setting import (
    BARE,
    COPY,
    DISK_FOLDER,
    HASH,
    MEMORY_FOLDER,
    MIB,
    TOOL,
    UNVERIFIED,
    VERIFIED,
    VERSION,
    bare,
    prepared,
    settle,
    version,
)
from benchmarks.taking import take

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.measure import Cost

HASH_ALL: Final = "openssl dgst -sha256 of all"
SPLIT: Final = "split"
VERIFY: Final = "verify"
INSPECT: Final = "inspect"
LAYER: Final = 32 * MIB
RUNS: Final = 3
RECORD: Final = RESULTS / "small" / "small.json"


def take_small(conditions: Conditions) -> Findings:
    """Measure starting, filter, split, verify and inspect of an archive of 128 MiB."""
    with prepared(conditions.memory, Recipe(conditions.size(LAYER))) as setting:
        source, parts = str(setting.corpus.path), setting.folder / "parts"

        def make_ready() -> None:
            shutil.rmtree(parts, ignore_errors=True)
            settle(setting.folder, setting.size)

        commands = [
            bare(),
            version(),
            setting.hash(),
            setting.copy(),
            Command(HASH_ALL, ["openssl", "dgst", "-sha256", source], role=Role.YARDSTICK),
            setting.filter(VERIFIED),
            setting.filter(UNVERIFIED, "--no-verify"),
            Command(SPLIT, [*TOOL, "split", source, "-d", str(parts), "-q"], prepare=make_ready),
            Command(VERIFY, [*TOOL, "verify", "-q", source]),
            Command(INSPECT, [*TOOL, "inspect", source]),
        ]
        costs = measure(commands, runs=conditions.runs)
        return Findings(rows_of(commands, costs), ratios(costs), setting.facts())


def ratios(costs: Mapping[str, Cost]) -> tuple[Ratio, ...]:
    """Return each command against a yardstick of its run."""
    pairs = (
        (VERSION, BARE),
        (INSPECT, BARE),
        (VERIFIED, HASH),
        (UNVERIFIED, COPY),
        (SPLIT, HASH_ALL),
        (VERIFY, HASH_ALL),
    )
    return tuple(Ratio(f"{name} / {yard}", costs[name].seconds / costs[yard].seconds) for name, yard in pairs)


MEASUREMENT: Final = Measurement("small", "The small form", Needs(memory=512 * MIB), take_small)


def main() -> int:
    """Measure, print the comparison; exit 1 if a ratio is an order of magnitude worse."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.small", description=__doc__.partition("\n")[0])
    parser.add_argument("--record", action="store_true", help="write the recorded ratios instead of comparing")
    parser.add_argument("--folder", type=Path, default=MEMORY_FOLDER, help="where archives go (default %(default)s)")
    options = parser.parse_args()
    try:
        result = take(MEASUREMENT, Conditions(options.folder, DISK_FOLDER, RUNS))
    except NotPossible as reason:
        print(f"No benchmark: {reason}.")
        return 0
    if options.record:
        print(write_result(replace(result, command="python -m benchmarks.small --record"), RECORD.parent))
        return 0
    comparisons = compare(result.findings.ratios, read_result(RECORD).findings.ratios)
    print(comparison_table(comparisons))
    return 1 if any(each.is_far_worse for each in comparisons) else 0


if __name__ == "__main__":
    sys.exit(main())
