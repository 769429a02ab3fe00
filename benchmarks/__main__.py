"""Measure all that fits this machine: ``python -m benchmarks``, which is what ``make bench`` runs."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from benchmarks.ending import Ending, exit_code
from benchmarks.measure import CommandFailed
from benchmarks.measurement import Conditions, Measurement, NotPossible
from benchmarks.measurements import ALL
from benchmarks.page import PLOTS, RESULTS, write_pages
from benchmarks.results import Result, read_results, write_result
from benchmarks.setting import DISK_FOLDER, MEMORY_FOLDER
from benchmarks.tables import limits_table, result_text
from benchmarks.taking import take

QUICK_SHRINK: Final = 32
SMALL_FOLDER: Final = Path("build/bench")
"""Where results and plots of small archives go: their figures are no record."""


def main(ending: Ending) -> int:
    """Measure, print tables, write results, draw plots; exit 1 if a measurement failed, not if a limit is not met."""
    options = _parse()
    if options.list:
        for measurement in ALL:
            print(f"{measurement.name:<20} {measurement.title}")
        return 0
    shrink = options.shrink or (QUICK_SHRINK if options.quick else 1)
    folder = options.results or (RESULTS if shrink == 1 else SMALL_FOLDER / "results")
    plots = PLOTS if folder == RESULTS else folder.parent / "plots"
    if options.page:
        _draw(folder, plots)
        return 0
    runs = options.runs or (1 if options.quick else 3)
    conditions = Conditions(options.folder, options.disk, runs, shrink)
    taken, has_failed = _take_all(_chosen(options.only), conditions, folder, ending)
    if taken:
        _draw(folder, plots)
        print(limits_table({result.name: result for result in taken}))
        print(f"\nResults are in {folder}, plots in {plots}.")
    return 1 if has_failed else 0


def recorded(folder: Path) -> dict[str, Result]:
    """Return the results in a folder in the order of the measurements."""
    found = read_results(folder)
    return {measurement.name: found[measurement.name] for measurement in ALL if measurement.name in found}


def _take_all(
    measurements: tuple[Measurement, ...], conditions: Conditions, folder: Path, ending: Ending
) -> tuple[list[Result], bool]:
    taken = []
    has_failed = False
    for measurement in measurements:
        start = time.monotonic()
        try:
            result = take(measurement, conditions)
        except NotPossible as reason:
            print(f"Skipped {measurement.name}: {reason}.\n", flush=True)
            continue
        except (CommandFailed, subprocess.CalledProcessError, OSError) as reason:
            ending.raise_again()
            print(f"Failed {measurement.name}: {reason}.\n", flush=True)
            has_failed = True
            continue
        write_result(result, folder)
        taken.append(result)
        print(f"{result_text(result)}\n({measurement.name} took {time.monotonic() - start:.0f} s)\n", flush=True)
    return taken, has_failed


def _draw(results: Path, plots: Path) -> None:
    """Draw what is in a folder of results; what is recorded goes into the pages as well."""
    from benchmarks.plots import draw_all  # after measuring: what is measured starts with the memory of its parent

    found = recorded(results)
    draw_all(found, plots)
    if results == RESULTS:
        write_pages(found)


def _chosen(names: list[str]) -> tuple[Measurement, ...]:
    if not names:
        return ALL
    known = {measurement.name: measurement for measurement in ALL}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"no measurement {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(known[name] for name in names)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="extend", nargs="+", default=[], metavar="NAME", help="these measurements")
    parser.add_argument("--quick", action="store_true", help="one round, archives 32 times smaller: does it all run?")
    parser.add_argument("--shrink", type=int, metavar="N", help="archives N times smaller")
    parser.add_argument("--runs", type=int, help="measured rounds after a discarded one (default 3; quick: 1)")
    parser.add_argument("--folder", type=Path, default=MEMORY_FOLDER, help="in memory (default %(default)s)")
    parser.add_argument("--disk", type=Path, default=DISK_FOLDER, help="on a disk (default %(default)s)")
    parser.add_argument("--results", type=Path, help=f"where results go (default {RESULTS.name}/ beside this)")
    parser.add_argument("--list", action="store_true", help="list the measurements")
    parser.add_argument("--page", action="store_true", help="draw and write the pages from results that are there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(exit_code(main))
