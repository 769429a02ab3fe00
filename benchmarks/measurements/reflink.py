"""On XFS an output can share its blocks with the source: what is left to do is next to nothing.

The file system is made in a file of the disk and mounted for the measurement, so this needs root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from benchmarks.corpus import Recipe
from benchmarks.layers import PLAIN_NOISE
from benchmarks.measure import Command, Role, measure
from benchmarks.measurement import Conditions, Findings, Measurement, Needs, NotPossible, Ratio, beyond, rows_of
from benchmarks.setting import COPY, GIB, MIB, START, TOOL, WANTED, Setting, filtering, make_setting, workspace
from benchmarks.space import mounted_xfs, used

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.measure import Cost

ALLOWED: Final = 0.050
"""Seconds that the unverified filter may take beyond that of next to nothing."""

OPTIONS: Final = ("--reflink", "always")
CLONED: Final = "filter --no-verify --reflink always"
VERIFIED: Final = "filter --reflink always"
COPIED: Final = "filter --no-verify"
CLONE: Final = "cp --reflink=always"
LAYER: Final = 2 * GIB
_EXTENTS_SHOWN: Final = 12
_PLATFORMS: Final = ("linux/amd64", WANTED)


def take(conditions: Conditions) -> Findings:
    """Measure the filter of an archive to a layer of 2 GiB on an XFS of its own."""
    _require()
    size = conditions.size(LAYER)
    with workspace(conditions.disk) as parent, mounted_xfs(parent, max(5 * size, 512 * MIB)) as folder:
        setting = make_setting(folder, Recipe(size, kind=PLAIN_NOISE, platforms=_PLATFORMS))
        commands = _commands(setting)
        costs = measure(commands, runs=conditions.runs)
        shared = _shared(setting)
        facts = {**setting.facts(), **shared}
        more = shared["fileSystemBytesMore"]
        assert isinstance(more, int)
        share = Ratio(
            "bytes more on disk / bytes of the output", more / setting.kept_size, at_most=0.01, is_counted=True
        )
        return Findings(rows_of(commands, costs), (*ratios(costs), share), facts)


def ratios(costs: Mapping[str, Cost]) -> tuple[Ratio, ...]:
    """Return what sharing takes, and how much longer copying does."""
    cloned = beyond(costs, CLONED, START)
    return (
        Ratio("filter --no-verify --reflink always beyond next to nothing", cloned, at_most=ALLOWED, unit="s"),
        Ratio("filter --no-verify beyond next to nothing", beyond(costs, COPIED, START), unit="s"),
    )


def _require() -> None:
    said = subprocess.run([*TOOL, "filter", "--help"], check=True, capture_output=True, text=True).stdout
    if OPTIONS[0] not in said:
        raise NotPossible("this ocitool has no --reflink")
    for program in ("mkfs.xfs", "filefrag"):
        if shutil.which(program) is None:
            raise NotPossible(f"no {program} here")


def _commands(setting: Setting) -> list[Command]:
    output = setting.output
    kept, written = str(setting.kept), str(output)
    return [
        setting.start("--no-verify", *OPTIONS),
        Command(CLONE, ["cp", "--reflink=always", kept, written], setting.make_ready, role=Role.YARDSTICK),
        setting.shell(COPY, f"cp --reflink=never {kept} {written}", synced=True, role=Role.YARDSTICK),
        setting.filter(COPIED, "--no-verify"),
        setting.filter(VERIFIED, *OPTIONS),
        setting.filter(CLONED, "--no-verify", *OPTIONS),
    ]


def _shared(setting: Setting) -> dict[str, object]:
    """Write one more output and tell how much more of the file system is used then, and what it shares.

    No output is removed before: XFS gives blocks back some time later.
    """
    output = setting.folder / "shared.tar"
    os.sync()
    before = used(setting.folder)
    subprocess.run(filtering(setting.corpus.path, output, "--no-verify", *OPTIONS), check=True)
    os.sync()
    more = used(setting.folder) - before
    extents = subprocess.run(["filefrag", "-v", str(output)], check=True, capture_output=True, text=True)
    lines = extents.stdout.replace(str(setting.folder), "").splitlines()
    shown = lines if len(lines) <= _EXTENTS_SHOWN else [*lines[: _EXTENTS_SHOWN - 1], f"... {lines[-1]}"]
    return {
        "outputBytes": output.stat().st_size,
        "outputBytesByDu": output.stat().st_blocks * 512,
        "fileSystemBytesMore": more,
        "filefrag": [line.rstrip() for line in shown],
    }


MEASUREMENT: Final = Measurement("reflink", "Blocks shared on XFS, 2 GiB kept", Needs(disk=10 * GIB, root=True), take)
