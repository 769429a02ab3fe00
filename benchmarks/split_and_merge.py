"""Measure `ocitool split` and `ocitool merge` of all bytes against hashing and copying them, all in one run.

``python -m benchmarks.split_and_merge`` makes an archive (4 platforms, one layer of 1 GiB each) in memory
(``/dev/shm``) and prints medians and ratios: the split into its 4 platforms, verified or not, and with the sha256 of
every part; the merge of the 4 parts; ``openssl dgst -sha256`` and ``cp`` of all bytes. Start-up is measured in the
same run and taken off. Last, where strace is there, the bytes that both read of their sources are counted.

The limit for each, verified, is 1.15 times the slower of hashing and copying.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.layers import STORED_NOISE
from benchmarks.measure import Command, measure
from benchmarks.reads import bytes_read
from benchmarks.report import make_report, print_report
from benchmarks.setting import START, TOOL, Setting, parse_options, prepare, start_up

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.measure import Cost

ALLOWED: Final = 1.15
"""How many times the slower of hashing and copying all bytes a split or merge may take."""

HASH: Final = "openssl dgst -sha256 of all"
COPY: Final = "cp of all"
SPLIT: Final = "split"
SPLIT_JSON: Final = "split --format json"
MERGE: Final = "merge"
UNVERIFIED: Final = " --no-verify"


@dataclass(frozen=True, slots=True)
class _Work:
    """The commands that are measured, and the places that they read and write."""

    setting: Setting
    parts: tuple[Path, ...]
    """Made before, for the merge."""

    @property
    def folder(self) -> Path:
        """Where the parts of a measured split go."""
        return self.setting.folder / "split"

    @property
    def split(self) -> list[str]:
        """The split into all platforms."""
        return [*TOOL, "split", str(self.setting.corpus.path), "-d", str(self.folder)]

    @property
    def merge(self) -> list[str]:
        """The merge of all parts."""
        return [*TOOL, "merge", *map(str, self.parts), "-o", str(self.setting.output), "-q"]

    def make_ready(self) -> None:
        """Remove what was written, and touch the memory that will be."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.setting.make_ready()

    def commands(self) -> list[Command]:
        """Return all that is measured."""
        source, output = str(self.setting.corpus.path), str(self.setting.output)
        return [
            *start_up(),
            Command(HASH, ["openssl", "dgst", "-sha256", source]),
            Command(COPY, ["cp", source, output], prepare=self.make_ready),
            Command(SPLIT, [*self.split, "-q"], prepare=self.make_ready),
            Command(SPLIT + UNVERIFIED, [*self.split, "-q", "--no-verify"], prepare=self.make_ready),
            Command(SPLIT_JSON, [*self.split, "--format", "json"], prepare=self.make_ready),
            Command(MERGE, self.merge, prepare=self.make_ready),
            Command(MERGE + UNVERIFIED, [*self.merge, "--no-verify"], prepare=self.make_ready),
        ]

    def reads(self) -> dict[str, float]:
        """Return how many times each byte of the sources is read, if that can be counted."""
        sources = {SPLIT: (self.setting.corpus.path,), MERGE: self.parts}
        counted: dict[str, float] = {}
        for name, arguments in ((SPLIT, [*self.split, "-q"]), (MERGE, self.merge)):
            self.make_ready()
            count = bytes_read(arguments, sources[name])
            if count is not None:
                counted[f"{name}: bytes read / bytes of sources"] = count / _size(sources[name])
        return counted


def main() -> None:
    """Make the corpus and its parts, measure, print a table."""
    options = parse_options(__doc__)
    with prepare(options, STORED_NOISE) as setting:
        made = setting.folder / "parts"
        subprocess.run([*TOOL, "split", str(setting.corpus.path), "-d", str(made), "-q"], check=True)
        work = _Work(setting, tuple(sorted(made.iterdir())))
        costs = measure(work.commands(), runs=options.runs)
        ratios = _ratios(costs) | work.reads()
        report = make_report("benchmarks.split_and_merge", costs, ratios, setting.facts(options))
    print_report(report, options.json)


def _ratios(costs: Mapping[str, Cost]) -> dict[str, float]:
    start = costs[START].seconds
    slower = max(costs[HASH].seconds, costs[COPY].seconds)
    taken = {name: cost.seconds - start for name, cost in costs.items()}
    return {
        f"{SPLIT} / slower, <= {ALLOWED}": taken[SPLIT] / slower,
        f"{MERGE} / slower, <= {ALLOWED}": taken[MERGE] / slower,
        f"{SPLIT + UNVERIFIED} / cp": taken[SPLIT + UNVERIFIED] / costs[COPY].seconds,
        f"{MERGE + UNVERIFIED} / cp": taken[MERGE + UNVERIFIED] / costs[COPY].seconds,
        "sha256 of the parts (seconds)": taken[SPLIT_JSON] - taken[SPLIT],
    }


def _size(files: tuple[Path, ...]) -> int:
    return sum(file.stat().st_size for file in files)


if __name__ == "__main__":
    main()
