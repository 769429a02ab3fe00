"""Measure `ocitool filter` of compressed archives against decompressing and hashing them, all in one run.

``python -m benchmarks.compressed_sources`` makes an archive that compresses two to three times (4 platforms, one
plain tar layer of 1 GiB each), packs it with zstd and gzip and measures, in turn: decompressing each to a file,
hashing all bytes (``openssl dgst -sha256``), ``cp`` of the kept bytes, and the filter to one platform from a file
and from a pipe.

The limit for a filter, start-up taken off, is 1.3 times the slower of decompressing and hashing, and the copy. For
gzip decompressing means the fastest of ``gzip -dc`` and isal's; without isal a filter can only be as fast as zlib.
"""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.layers import PLAIN_TEXT
from benchmarks.measure import Command, measure
from benchmarks.report import make_report, print_report
from benchmarks.setting import COPY, START, TOOL, WANTED, Setting, parse_options, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.measure import Cost

ALLOWED: Final = 1.3
"""How many times the slower of decompressing and hashing a filter may take, beside the copy."""

HASH: Final = "openssl dgst -sha256 of all"


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
        return f"cat {self.suffix} | filter -"


_ISAL: Final = (("python -m isal.igzip -dc", (sys.executable, "-m", "isal.igzip", "-dc")),)
PACKINGS: Final = {
    "zstd": Packing(".zst", ("zstd", "-q", "-T0"), (("zstd -dc", ("zstd", "-dqc")),)),
    "gzip": Packing(
        ".gz",
        ("gzip", "-k"),
        (("gzip -dc", ("gzip", "-dc")), *(_ISAL if importlib.util.find_spec("isal") else ())),
    ),
}


def main() -> None:
    """Make the corpus, measure, print a table."""
    options = parse_options(__doc__, ("--packings", _packings, tuple(PACKINGS.values()), "zstd,gzip (default both)"))
    with prepare(options, PLAIN_TEXT) as setting:
        for packing in options.packings:
            subprocess.run([*packing.pack, str(setting.corpus.path)], check=True)
        costs = measure(_commands(setting, options.packings), runs=options.runs)
        facts = setting.facts(options)
        facts |= {f"bytes{packing.suffix}": _packed(setting, packing).stat().st_size for packing in options.packings}
        report = make_report("benchmarks.compressed_sources", costs, _ratios(costs, options.packings), facts)
    print_report(report, options.json)


def _packings(text: str) -> tuple[Packing, ...]:
    return tuple(PACKINGS[name] for name in text.split(","))


def _commands(setting: Setting, packings: tuple[Packing, ...]) -> list[Command]:
    ready = setting.clear_and_warm
    commands = [
        *setting.start_up(),
        Command(HASH, ["openssl", "dgst", "-sha256", str(setting.corpus.path)]),
        setting.copy(),
    ]
    for packing in packings:
        packed = str(_packed(setting, packing))
        filtering = ["-p", WANTED, "-q", "-o", str(setting.output)]
        commands += [
            Command(name, _shell(f"{shlex.join([*unpack, packed])} > {shlex.quote(str(setting.output))}"), ready)
            for name, unpack in packing.unpack
        ]
        commands += [
            Command(packing.from_file, [*TOOL, "filter", packed, *filtering], ready),
            Command(
                packing.from_pipe,
                _shell(f"cat {shlex.quote(packed)} | {shlex.join([*TOOL, 'filter', '-', *filtering])}"),
                ready,
            ),
        ]
    return commands


def _shell(line: str) -> list[str]:
    return ["sh", "-c", line]


def _packed(setting: Setting, packing: Packing) -> Path:
    path = setting.corpus.path
    return path.with_name(path.name + packing.suffix)


def _ratios(costs: Mapping[str, Cost], packings: tuple[Packing, ...]) -> dict[str, float]:
    ratios: dict[str, float] = {}
    for packing in packings:
        unpacked = min(costs[name].seconds for name, _ in packing.unpack)
        slower = max(unpacked, costs[HASH].seconds)
        for name in (packing.from_file, packing.from_pipe):
            taken = costs[name].seconds - costs[START].seconds
            ratios[f"({name} - cp) / slower, <= {ALLOWED}"] = (taken - costs[COPY].seconds) / slower
            ratios[f"{name} / limit, <= 1"] = taken / (ALLOWED * slower + costs[COPY].seconds)
    return ratios


if __name__ == "__main__":
    main()
