"""All bytes are moved: the split into platforms and the merge of them, against hashing and copying all bytes.

Where strace is there, the bytes that both read of their sources are counted: each byte has to be read once.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks.checks import check_archive
from benchmarks.corpus import Recipe
from benchmarks.measure import Command, CommandFailed, Role, measure
from benchmarks.measurement import (
    Conditions,
    Findings,
    Measurement,
    Needs,
    Ratio,
    Skip,
    beyond,
    rows_of,
    slower,
    times,
)
from benchmarks.reads import bytes_read
from benchmarks.setting import GIB, MIB, START, TOOL, Setting, prepared, settle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.measure import Cost

ALLOWED: Final = 1.10
"""How many times the slower of hashing and copying all bytes a verified split may take."""

HASH: Final = "openssl dgst -sha256 of all"
COPY: Final = "cp of all"
SPLIT: Final = "split"
SPLIT_JSON: Final = "split --format json"
MERGE: Final = "merge"
UNVERIFIED: Final = " --no-verify"
LAYER: Final = 512 * MIB


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
        self.setting.output.unlink(missing_ok=True)
        settle(self.setting.folder, self.setting.size)

    def commands(self) -> list[Command]:
        """Return all that is measured."""
        source, output = str(self.setting.corpus.path), str(self.setting.output)
        return [
            self.setting.start(),
            Command(HASH, ["openssl", "dgst", "-sha256", source], role=Role.YARDSTICK),
            Command(COPY, ["cp", source, output], prepare=self.make_ready, role=Role.YARDSTICK),
            *(
                Command(name, arguments, prepare=self.make_ready, check=partial(check, name))
                for name, arguments, check in (
                    (SPLIT, [*self.split, "-q"], self.check_parts),
                    (SPLIT + UNVERIFIED, [*self.split, "-q", "--no-verify"], self.check_parts),
                    (SPLIT_JSON, [*self.split, "--format", "json"], self.check_parts),
                    (MERGE, self.merge, self.check_merged),
                    (MERGE + UNVERIFIED, [*self.merge, "--no-verify"], self.check_merged),
                )
            ),
        ]

    def check_parts(self, name: str) -> None:
        """Hold what a split wrote to one whole archive for each platform."""
        written = sorted(self.folder.iterdir())
        if [path.name for path in written] != [path.name for path in self.parts]:
            raise CommandFailed(name, f"wrote {len(written)} archives, not {len(self.parts)}")
        for path in written:
            check_archive(name, path)

    def check_merged(self, name: str) -> None:
        """Hold what a merge wrote to all platforms, whole."""
        check_archive(name, self.setting.output, ",".join(self.setting.corpus.platforms))

    def reads(self) -> tuple[Ratio, ...]:
        """Return how many times each byte of the sources is read; empty where that cannot be counted."""
        sources = {SPLIT: (self.setting.corpus.path,), MERGE: self.parts}
        counted = []
        for name, arguments in ((SPLIT, [*self.split, "-q"]), (MERGE, self.merge)):
            self.make_ready()
            count = bytes_read(arguments, sources[name])
            if count is not None:
                counted.append(
                    Ratio(f"{name}: bytes read / bytes of sources", count / _size(sources[name]), is_counted=True)
                )
        return tuple(counted)


def take(conditions: Conditions) -> Findings:
    """Measure the split of an archive in memory into its 4 platforms, and the merge of the 4 parts."""
    with prepared(conditions.memory, Recipe(conditions.size(LAYER))) as setting:
        made = setting.folder / "parts"
        subprocess.run([*TOOL, "split", str(setting.corpus.path), "-d", str(made), "-q"], check=True)
        work = _Work(setting, tuple(sorted(made.iterdir())))
        commands = work.commands()
        costs = measure(commands, runs=conditions.runs)
        reads = work.reads()
        skips = () if reads else (Skip("bytes read of the sources", "no strace here"),)
        return Findings(rows_of(commands, costs), ratios(costs) + reads, setting.facts(), skips)


def ratios(costs: Mapping[str, Cost]) -> tuple[Ratio, ...]:
    """Return how split and merge compare, their start taken off."""
    limit = slower(costs, (HASH, COPY))
    taken = {name: beyond(costs, name, START) for name in costs}
    copy = costs[COPY].seconds
    return (
        Ratio("split / slower of hash and copy", times(taken[SPLIT], limit), at_most=ALLOWED),
        Ratio("merge / slower of hash and copy", times(taken[MERGE], limit), at_most=ALLOWED),
        Ratio("split --no-verify / copy", times(taken[SPLIT + UNVERIFIED], copy)),
        Ratio("merge --no-verify / copy", times(taken[MERGE + UNVERIFIED], copy)),
        Ratio("sha256 of the parts", taken[SPLIT_JSON] - taken[SPLIT], unit="s"),
    )


def _size(files: tuple[Path, ...]) -> int:
    return sum(file.stat().st_size for file in files)


MEASUREMENT: Final = Measurement("split_and_merge", "Split into four, and merged again", Needs(memory=10 * GIB), take)
