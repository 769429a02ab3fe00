"""Compare ways to do the inner jobs of the engine with today's: hash, read, copy, both at once, pipes, small blobs.

``python -m benchmarks.exploring`` makes a file of noise in ``/dev/shm`` and runs the ways of each group in turn, all
in one process, and prints medians of wall clock and processor time (children included) and ratios to the first way.
``--disk FOLDER`` adds the groups that need a disk: reading what the kernel has forgotten, and copies that are there
when the power fails. ``--only NAME`` (repeatable) runs one group.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.ways import copying, hashing, piping, pumping, reading, small_blobs
from benchmarks.ways.way import MIB, Bench, compare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.ways.way import Taken, Way

MEMORY_FOLDER: Final = Path("/dev/shm")  # noqa: S108 - pages in memory are what is to be measured

GROUPS: Final[Mapping[str, Callable[[Bench], list[Way]]]] = {
    "hash": hashing.ways,
    "read": reading.ways,
    "copy": copying.ways,
    "pump": pumping.one_blob,
    "pump-many": pumping.many_blobs,
    "pipe": piping.ways,
    "blobs-4k": small_blobs.ways_4_kib,
    "blobs-64k": small_blobs.ways_64_kib,
    "blobs-2m": small_blobs.ways_2_mib,
}
DISK_GROUPS: Final[Mapping[str, Callable[[Bench], list[Way]]]] = {
    "read-cold": reading.cold_ways,
    "copy-synced": copying.synced_ways,
}


def main() -> None:
    """Run the groups that were asked for."""
    options = _parse()
    print(f"{options.size_mib} MiB, median of {options.runs} runs; load {os.getloadavg()[0]:.1f} at the start")
    for folder, groups in ((options.folder, GROUPS), (options.disk, DISK_GROUPS)):
        wanted = [name for name in groups if folder is not None and (not options.only or name in options.only)]
        if wanted:
            with tempfile.TemporaryDirectory(prefix="ocitool-ways-", dir=folder) as name:
                bench = _make(Path(name), options.size_mib * MIB)
                for group in wanted:
                    _print(f"{group}, {folder}", compare(groups[group](bench), runs=options.runs))
                os.close(bench.descriptor)
    print(f"load {os.getloadavg()[0]:.1f} at the end")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size-mib", type=int, default=512, help="size of the source (default 512, at least 64)")
    parser.add_argument("--runs", type=int, default=5, help="measured rounds after a discarded one (default 5)")
    parser.add_argument("--folder", type=Path, default=MEMORY_FOLDER, help="where the files go (default /dev/shm)")
    parser.add_argument("--disk", type=Path, help="a folder on a disk, for the groups that need one")
    parser.add_argument("--only", action="append", choices=[*GROUPS, *DISK_GROUPS], help="a group (default: all)")
    return parser.parse_args()


def _make(folder: Path, size: int) -> Bench:
    source = folder / "source"
    noise = random.Random("ways").randbytes(16 * MIB)  # noqa: S311 - noise, not a secret
    with source.open("wb") as file:
        for position in range(0, size, len(noise)):
            file.write(noise[: size - position])
        file.flush()
        os.fsync(file.fileno())
    return Bench(folder, source, os.open(source, os.O_RDONLY), size)


def _print(title: str, taken: Mapping[str, Taken]) -> None:
    today = next(iter(taken.values()))
    print(f"\n{title:<48} {'wall s':>8} {'x':>6} {'cpu s':>8} {'x':>6}")
    for name, (wall, processor) in taken.items():
        print(
            f"{name:<48} {wall:>8.3f} {wall / today.wall:>6.2f} {processor:>8.3f} {processor / today.processor:>6.2f}"
        )


if __name__ == "__main__":
    main()
