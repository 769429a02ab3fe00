"""The small form for every change: ratios in seconds, held to recorded ones.

``python -m benchmarks.small`` prints them beside those of benchmarks/results/small/ and exits 1 if one is an order of
magnitude worse, or if it cannot measure or compare; ``--record`` writes that file. Each ratio is to a yardstick of
the same run, so that it says about the same on a slow machine as on a fast one. Start-up is taken off where bytes are
moved: counted, it would hide an engine that is ten times slower. It needs half a GiB.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.checks import check_archive
from benchmarks.comparison import compare, comparison_table
from benchmarks.corpus import Recipe
from benchmarks.ending import Ending, exit_code
from benchmarks.measure import Command, Role, measure
from benchmarks.measurement import (
    Conditions,
    Findings,
    Measurement,
    Needs,
    NotPossible,
    Ratio,
    beyond,
    rows_of,
    slower,
    times,
)
from benchmarks.page import RESULTS
from benchmarks.results import read_result, write_result
from benchmarks.setting import (
    BARE,
    COPY,
    DISK_FOLDER,
    HASH,
    MEMORY_FOLDER,
    MIB,
    START,
    TOOL,
    UNVERIFIED,
    VERIFIED,
    VERSION,
    WANTED,
    Setting,
    bare,
    prepared,
    settle,
    version,
)
from benchmarks.taking import take

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.measure import Cost
    from benchmarks.results import Result

HASH_ALL: Final = "openssl dgst -sha256 of all"
COPY_ALL: Final = "cp of all"
SPLIT: Final = "split"
VERIFY: Final = "verify"
INSPECT: Final = "inspect"
SPLIT_START: Final = "split of next to nothing"
VERIFY_START: Final = "verify of next to nothing"
LAYER: Final = 80 * MIB
RUNS: Final = 4
RECORD: Final = RESULTS / "small" / "small.json"
_PLATFORMS: Final = ("linux/amd64", WANTED)


def take_small(conditions: Conditions) -> Findings:
    """Measure starting, filter, split, verify and inspect of an archive of 160 MiB."""
    with prepared(conditions.memory, Recipe(conditions.size(LAYER), platforms=_PLATFORMS)) as setting:
        commands = _commands(setting)
        costs = measure(commands, runs=conditions.runs)
        return Findings(rows_of(commands, costs), ratios(costs), setting.facts())


def ratios(costs: Mapping[str, Cost]) -> tuple[Ratio, ...]:
    """Return starts against that of Python, and what moves bytes, its start taken off, against its yardsticks."""
    starts = tuple(
        Ratio(f"{name} / {BARE}", times(costs[name].seconds, costs[BARE].seconds))
        for name in (VERSION, START, INSPECT)
    )
    moving = (
        (VERIFIED, START, "slower of hash and copy", (HASH, COPY)),
        (UNVERIFIED, START, "copy", (COPY,)),
        (SPLIT, SPLIT_START, "slower of hash and copy of all", (HASH_ALL, COPY_ALL)),
        (VERIFY, VERIFY_START, "hash of all", (HASH_ALL,)),
    )
    return starts + tuple(
        Ratio(f"{name} / {told}", times(beyond(costs, name, start), slower(costs, yardsticks)))
        for name, start, told, yardsticks in moving
    )


def _commands(setting: Setting) -> list[Command]:
    """Return all that is measured; copies count until they are on the disk, as what the tool writes does."""
    source, tiny, parts = str(setting.corpus.path), str(setting.tiny), setting.folder / "parts"

    def make_ready() -> None:
        shutil.rmtree(parts, ignore_errors=True)
        setting.output.unlink(missing_ok=True)
        settle(setting.folder, setting.size)

    def check_parts() -> None:
        for part in parts.iterdir():
            check_archive(SPLIT, part)

    splitting = partial(Command, prepare=make_ready)
    commands = [
        bare(),
        version(),
        setting.start(),
        splitting(SPLIT_START, [*TOOL, "split", tiny, "-d", str(parts), "-q"], role=Role.START),
        Command(VERIFY_START, [*TOOL, "verify", "-q", tiny], role=Role.START),
        Command(INSPECT, [*TOOL, "inspect", source]),
        setting.hash(),
        setting.copy(synced=True),
        setting.filter(VERIFIED),
        setting.filter(UNVERIFIED, "--no-verify"),
        Command(HASH_ALL, ["openssl", "dgst", "-sha256", source], role=Role.YARDSTICK),
        setting.shell(COPY_ALL, f"cp {source} {setting.output}", synced=True, role=Role.YARDSTICK),
        splitting(SPLIT, [*TOOL, "split", source, "-d", str(parts), "-q"], check=check_parts),
        Command(VERIFY, [*TOOL, "verify", "-q", source]),
    ]
    # No more than one output is there at a time.
    return [replace(command, prepare=make_ready) if command.prepare is not None else command for command in commands]


MEASUREMENT: Final = Measurement("small", "The small form", Needs(memory=512 * MIB), take_small)


def main(ending: Ending) -> int:
    """Measure, print the comparison; exit 1 if a ratio is an order of magnitude worse or nothing can be compared."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.small", description=__doc__.partition("\n")[0])
    parser.add_argument("--record", action="store_true", help="write the recorded ratios instead of comparing")
    parser.add_argument(
        "--folder", type=Path, help=f"where archives go (default {MEMORY_FOLDER}, else the temporary folder)"
    )
    parser.add_argument("--allow-nothing", action="store_true", help="exit 0 where this machine cannot measure")
    options = parser.parse_args()
    try:
        result = _take_somewhere([options.folder] if options.folder else [MEMORY_FOLDER, Path(tempfile.gettempdir())])
    except NotPossible as reason:
        ending.raise_again()
        print(f"No benchmark: {reason}.")
        return 0 if options.allow_nothing else 1
    if options.record:
        print(write_result(replace(result, command="python -m benchmarks.small --record"), RECORD.parent))
        return 0
    comparisons = compare(result.findings.ratios, read_result(RECORD).findings.ratios)
    print(comparison_table(comparisons))
    return 1 if any(each.is_failure for each in comparisons) else 0


def _take_somewhere(folders: list[Path]) -> Result:
    """Measure in the first folder where it fits; raises `NotPossible` with the reason of each."""
    reasons = []
    for folder in folders:
        try:
            return take(MEASUREMENT, Conditions(folder, DISK_FOLDER, RUNS))
        except NotPossible as reason:
            reasons.append(str(reason))
    raise NotPossible("; ".join(dict.fromkeys(reasons)))


if __name__ == "__main__":
    sys.exit(exit_code(main))
