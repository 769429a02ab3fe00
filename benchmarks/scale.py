"""What each command costs as entries and bytes grow: archives of up to 50,000 entries and more than 100 GiB.

``python -m benchmarks.scale`` makes archives whose layers are holes in a file (`benchmarks.sparse`), so that they
take next to no room, and measures

- by entries, 100 to 50,000: what reads no layer (inspect, the plans of filter and split), in 110 GiB for the most;
- by bytes, at 1,000 entries: that and what reads layers (filter, split, verify, merge), for a few GiB, or with
  ``--full`` for 100 GiB, where filter writes the 20 GiB that it keeps to nowhere;
- start-up: `--version`, `--help`, and each command on the smallest archive.

Memory is told above that of Python with typer imported; the limits are 48 MiB at 1,000 entries, and 4 KiB for each
entry beyond.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.measure import Command, Cost, run_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOOL: Final = (sys.executable, "-m", "ocitool")
WANTED: Final = "linux/arm64"

BARE: Final = "python"
TYPER: Final = "python, typer imported"

ENTRIES: Final = (100, 1_000, 10_000, 50_000)
MOST_BYTES: Final = 110 * 1024**3
"""Bytes of the archive of the most entries; the others have `LEAST_BYTES`."""

LEAST_BYTES: Final = 1024**3 // 10
SIZES: Final = (LEAST_BYTES, 1024**3, 4 * 1024**3)
FULL_SIZES: Final = (*SIZES, 100 * 1024**3)

MEMORY_LIMIT: Final = 48 * 1024**2
"""Bytes above Python with typer that a command may take for up to `LIMIT_ENTRIES` entries."""

ENTRY_LIMIT: Final = 4 * 1024
"""Bytes that each entry beyond them may take."""

LIMIT_ENTRIES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Measured:
    """What one command cost for one archive, the median of its runs; None for what takes no archive."""

    command: str
    cost: Cost
    entries: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A folder for archives and outputs, and how often each command runs."""

    folder: Path
    runs: int

    @property
    def output(self) -> Path:
        """Where an archive is written to."""
        return self.folder / "out.tar"

    @property
    def parts(self) -> Path:
        """Where a split writes to."""
        return self.folder / "parts"

    def archive(self, entries: int, size: int) -> tuple[Path, int, int]:
        """Make an archive and return its path, its entries and its bytes.

        In a process of its own: a child may start with the peak memory of its parent.
        """
        path = self.folder / f"{entries}-{size}.tar"
        making = [sys.executable, "-m", "benchmarks.sparse", str(path), str(entries), str(size)]
        told = subprocess.run(making, check=True, capture_output=True, text=True).stdout.split()
        return path, int(told[0]), int(told[1])

    def clear(self) -> None:
        """Remove what a run wrote."""
        self.output.unlink(missing_ok=True)
        shutil.rmtree(self.parts, ignore_errors=True)

    def cost(self, name: str, arguments: Sequence[str], *, discarded: int = 1) -> Cost:
        """Run a command as often as it is to be, after runs that are discarded, and return the medians."""
        command = Command(name, arguments, prepare=self.clear)
        costs = [run_once(command) for _ in range(discarded + self.runs)][discarded:]
        self.clear()
        return Cost(
            statistics.median(cost.seconds for cost in costs),
            statistics.median(cost.processor for cost in costs),
            max(cost.memory for cost in costs),
        )


def planning(source: Path, place: Place) -> dict[str, list[str]]:
    """Return the commands that read no layer."""
    one = ["filter", str(source), "-p", WANTED, "-o", str(place.output), "--dry-run"]
    return {
        "inspect": ["inspect", str(source)],
        "inspect --format json": ["inspect", str(source), "--format", "json"],
        "filter --dry-run": one,
        "filter --dry-run --format json": [*one, "--format", "json"],
        "filter -p all --dry-run": ["filter", str(source), "-p", "all", "-o", str(place.output), "--dry-run"],
        "split --dry-run": ["split", str(source), "-d", str(place.parts), "--dry-run"],
    }


def reading(source: Path, place: Place, *, to_nowhere: bool = False) -> dict[str, list[str]]:
    """Return the commands that read layers; `to_nowhere` leaves out those that write all of them."""
    output = os.devnull if to_nowhere else str(place.output)
    filtering = {"filter": ["filter", str(source), "-p", WANTED, "-o", output]}
    verifying = {"verify": ["verify", str(source)]}
    if to_nowhere:
        return filtering | verifying
    return {
        **filtering,
        "split": ["split", str(source), "-d", str(place.parts)],
        "merge": ["merge", str(source), str(source), "-o", str(place.output)],
        **verifying,
    }


def measure_entries(place: Place, entries: Sequence[int], *, advise: bool) -> list[Measured]:
    """Measure what reads no layer for archives of more and more entries."""
    measured = []
    for wanted in entries:
        path, count, size = place.archive(wanted, MOST_BYTES if wanted == max(ENTRIES) else LEAST_BYTES)
        commands = planning(path, place)
        if advise:
            commands["advise"] = ["advise", str(path)]
        for name, arguments in commands.items():
            measured.append(Measured(name, place.cost(name, [*TOOL, *arguments]), count, size))
            tell(measured[-1])
        path.unlink()
    return measured


def measure_bytes(place: Place, sizes: Sequence[int]) -> list[Measured]:
    """Measure all commands for archives of 1,000 entries and more and more bytes."""
    measured = []
    for wanted in sizes:
        path, count, size = place.archive(LIMIT_ENTRIES, wanted)
        is_huge = wanted > max(SIZES)
        commands = planning(path, place) | reading(path, place, to_nowhere=is_huge)
        for name, arguments in commands.items():
            cost = place.cost(name, [*TOOL, *arguments], discarded=0 if is_huge else 1)
            measured.append(Measured(name, cost, count, size))
            tell(measured[-1])
        path.unlink()
    return measured


def measure_start(place: Place, runs: int) -> list[Measured]:
    """Measure what a start costs: of Python, of typer, of the program, and of each command on a small archive."""
    path, _, _ = place.archive(1, 1)
    often = Place(place.folder, runs)
    commands = {
        BARE: [sys.executable, "-c", "pass"],
        TYPER: [sys.executable, "-c", "import typer"],
        "--version": [*TOOL, "--version"],
        "--help": [*TOOL, "--help"],
    }
    small = {"inspect": planning(path, place)["inspect"], **reading(path, place)}
    commands |= {f"{name} of next to nothing": [*TOOL, *arguments] for name, arguments in small.items()}
    measured = []
    for name, arguments in commands.items():
        measured.append(Measured(name, often.cost(name, arguments)))
        tell(measured[-1])
    path.unlink()
    return measured


def report(start: Sequence[Measured], entries: Sequence[Measured], sizes: Sequence[Measured]) -> dict[str, object]:
    """Return all there is to say of a run as one JSON object."""
    costs = {each.command: each.cost for each in start}
    base = costs[TYPER].memory
    kib = entry_bytes(entries)
    within = [each for each in (*entries, *sizes) if (each.entries or 0) <= LIMIT_ENTRIES * 1.1]
    most = max((each.cost.memory - base for each in within), default=0)
    return {
        "python": platform.python_version(),
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "command": f"python -m benchmarks.scale {' '.join(sys.argv[1:])}".rstrip(),
        "startSeconds": {name: round(cost.seconds - costs[BARE].seconds, 4) for name, cost in costs.items()},
        "startProcessorSeconds": {
            name: round(cost.processor - costs[BARE].processor, 4) for name, cost in costs.items()
        },
        "byEntries": [_row(each, base) for each in entries],
        "byBytes": [_row(each, base) for each in sizes],
        "bytesPerEntry": kib,
        "limits": {
            "memoryUpTo1000Entries": {"bytes": most, "atMost": MEMORY_LIMIT, "met": most <= MEMORY_LIMIT},
            "memoryPerEntry": {
                "bytes": max(kib.values(), default=0),
                "atMost": ENTRY_LIMIT,
                "met": max(kib.values(), default=0) <= ENTRY_LIMIT,
            },
        },
    }


def entry_bytes(measured: Sequence[Measured]) -> Mapping[str, int]:
    """Return by command the bytes that each entry takes beyond those of an archive of 1,000."""
    found: dict[str, int] = {}
    for name in dict.fromkeys(each.command for each in measured):
        points = [(each.entries or 0, each.cost.memory) for each in measured if each.command == name]
        beyond = [point for point in points if point[0] >= LIMIT_ENTRIES * 0.9]
        if len(beyond) > 1:
            (fewer, before), (more, after) = beyond[0], beyond[-1]
            found[name] = round((after - before) / (more - fewer))
    return found


def _row(each: Measured, base: int) -> dict[str, object]:
    return {
        "command": each.command,
        "entries": each.entries,
        "bytes": each.size,
        "seconds": round(each.cost.seconds, 3),
        "processorSeconds": round(each.cost.processor, 3),
        "memoryAboveTyper": each.cost.memory - base,
    }


def tell(each: Measured) -> None:
    """Print what was measured, as soon as it is."""
    of = "" if each.entries is None else f"{each.entries:>6} entries {(each.size or 0) / 1024**3:>7.1f} GiB"
    cost = each.cost
    figures = f"{cost.seconds:>8.3f} s {cost.processor:>8.3f} s processor {cost.memory / 1024**2:>7.1f} MiB"
    print(f"{each.command:<32} {of:<27} {figures}", flush=True)


def main() -> None:
    """Measure, print each figure and the limits, and write the report as JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where the files go (default: the system's temporary folder)")
    parser.add_argument("--runs", type=int, default=1, help="measured runs after a discarded one (default 1)")
    parser.add_argument("--start-runs", type=int, default=20, help="the same for start-up (default 20)")
    parser.add_argument("--entries", type=int, nargs="*", default=list(ENTRIES), help="entries of the archives")
    parser.add_argument("--full", action="store_true", help="read an archive of 100 GiB too")
    parser.add_argument(
        "--advise", action="store_true", help="measure advise too, which takes a millisecond an entry"
    )
    parser.add_argument("--json", type=Path, help="write the result there too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ocitool-bench-", dir=options.folder) as name:
        place = Place(Path(name), options.runs)
        start = measure_start(place, options.start_runs)
        entries = measure_entries(place, options.entries, advise=options.advise)
        sizes = measure_bytes(place, FULL_SIZES if options.full else SIZES)
    result = report(start, entries, sizes)
    print(json.dumps({key: value for key, value in result.items() if key not in {"byEntries", "byBytes"}}, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
