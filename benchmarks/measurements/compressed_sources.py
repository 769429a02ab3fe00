"""Compressed archives are filtered, from a file and from a pipe, against decompressing and hashing them.

The archive compresses two to three times. The limit for a filter, start-up taken off, is 1.3 times the slower of
decompressing and hashing all bytes, and the copy. For gzip decompressing means the fastest of ``gzip -dc`` and
isal's, without which a filter can only be as fast as zlib.
"""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.corpus import Recipe
from benchmarks.layers import PLAIN_TEXT
from benchmarks.measure import Command, Role, measure
from benchmarks.measurement import Conditions, Findings, Measurement, Needs, Ratio, Skip, beyond, rows_of, times
from benchmarks.setting import COPY, GIB, MIB, START, TOOL, WANTED, Setting, prepared

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.measure import Cost

ALLOWED: Final = 1.3
"""How many times the slower of decompressing and hashing a filter may take, beside the copy."""

HASH: Final = "openssl dgst -sha256 of all"
LAYER: Final = 192 * MIB


@dataclass(frozen=True, slots=True)
class Packing:
    """A compressed form: its suffix, the command that makes it, commands (and names) that undo it."""

    suffix: str
    pack: tuple[str, ...]
    unpack: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def from_file(self) -> str:
        """Name of the filter that reads a file."""
        return f"filter {self.suffix}"

    @property
    def from_pipe(self) -> str:
        """Name of the filter that reads a pipe."""
        return f"filter - of {self.suffix}"


_ISAL: Final = (("python -m isal.igzip -dc", (sys.executable, "-m", "isal.igzip", "-dc")),)
PACKINGS: Final = (
    Packing(".zst", ("zstd", "-q", "-T0"), (("zstd -dc", ("zstd", "-dqc")),)),
    Packing(
        ".gz", ("gzip", "-k"), (("gzip -dc", ("gzip", "-dc")), *(_ISAL if importlib.util.find_spec("isal") else ()))
    ),
)


def take(conditions: Conditions) -> Findings:
    """Measure the filters of an archive of plain layers in memory, packed with what is there of zstd and gzip."""
    packings = tuple(packing for packing in PACKINGS if shutil.which(packing.pack[0]) is not None)
    skips = tuple(
        Skip(packing.suffix, f"no {packing.pack[0]} here") for packing in PACKINGS if packing not in packings
    )
    with prepared(conditions.memory, Recipe(conditions.size(LAYER), kind=PLAIN_TEXT)) as setting:
        packers = [subprocess.Popen([*packing.pack, str(setting.corpus.path)]) for packing in packings]
        try:
            for packer in packers:
                if packer.wait() != 0:
                    raise subprocess.CalledProcessError(packer.returncode, packer.args)
        finally:
            for packer in packers:
                packer.kill()  # what has ended is left alone
                packer.wait()
        commands = _commands(setting, packings)
        costs = measure(commands, runs=conditions.runs)
        facts = setting.facts()
        facts |= {f"bytes{packing.suffix}": _packed(setting, packing).stat().st_size for packing in packings}
        return Findings(rows_of(commands, costs), ratios(costs, packings), facts, skips)


def ratios(costs: Mapping[str, Cost], packings: tuple[Packing, ...] = PACKINGS) -> tuple[Ratio, ...]:
    """Return how the filters compare, start and copy taken off."""
    made = []
    for packing in packings:
        unpacked = min(costs[name].seconds for name, _ in packing.unpack)
        limit = max(unpacked, costs[HASH].seconds)
        for name in (packing.from_file, packing.from_pipe):
            taken = beyond(costs, name, START) - costs[COPY].seconds
            made.append(
                Ratio(f"({name} - cp) / slower of decompressing and hash", times(taken, limit), at_most=ALLOWED)
            )
    return tuple(made)


def _commands(setting: Setting, packings: tuple[Packing, ...]) -> list[Command]:
    output = shlex.quote(str(setting.output))
    commands = [
        setting.start(),
        Command(HASH, ["openssl", "dgst", "-sha256", str(setting.corpus.path)], role=Role.YARDSTICK),
        setting.copy(),
    ]
    for packing in packings:
        packed = shlex.quote(str(_packed(setting, packing)))
        filtering = f"-p {WANTED} -q -o {output}"
        tool = shlex.join(TOOL)
        commands += [
            setting.shell(name, f"{shlex.join(unpack)} {packed} > {output}", role=Role.YARDSTICK)
            for name, unpack in packing.unpack
        ]
        commands += [
            setting.shell(packing.from_file, f"{tool} filter {packed} {filtering}", role=Role.TOOL),
            setting.shell(packing.from_pipe, f"cat {packed} | {tool} filter - {filtering}", role=Role.TOOL),
        ]
    return commands


def _packed(setting: Setting, packing: Packing) -> Path:
    path = setting.corpus.path
    return path.with_name(path.name + packing.suffix)


MEASUREMENT: Final = Measurement(
    "compressed_sources", "Compressed archives", Needs(memory=5 * GIB, programs=("openssl", "gzip")), take
)
