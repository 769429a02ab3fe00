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
from benchmarks.setting import COPY, START, TOOL, WANTED, Setting, parse_options, prepare, start_up

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
    options = parse_options(
        __doc__,
        ("--packings", _packings, tuple(PACKINGS.values()), "zstd,gzip (default both)"),
        ("--synced", _yes, False, "yes: cp and decompressing count until the disk has all, as a filter does"),
    )
    with prepare(options, PLAIN_TEXT) as setting:
        for packing in options.packings:
            subprocess.run([*packing.pack, str(setting.corpus.path)], check=True)
        costs = measure(_commands(setting, options.packings, synced=options.synced), runs=options.runs)
        facts = setting.facts(options)
        facts |= {f"bytes{packing.suffix}": _packed(setting, packing).stat().st_size for packing in options.packings}
        report = make_report("benchmarks.compressed_sources", costs, _ratios(costs, options.packings), facts)
    print_report(report, options.json)


def _packings(text: str) -> tuple[Packing, ...]:
    return tuple(PACKINGS[name] for name in text.split(","))


def _yes(text: str) -> bool:
    return text == "yes"


def _commands(setting: Setting, packings: tuple[Packing, ...], *, synced: bool) -> list[Command]:
    output = shlex.quote(str(setting.output))
    commands = [
        *start_up(),
        Command(HASH, ["openssl", "dgst", "-sha256", str(setting.corpus.path)]),
        setting.copy(synced=synced),
    ]
    for packing in packings:
        packed = shlex.quote(str(_packed(setting, packing)))
        filtering = f"-p {WANTED} -q -o {output}"
        tool = shlex.join(TOOL)
        commands += [
            setting.shell(name, f"{shlex.join(unpack)} {packed} > {output}", synced=synced)
            for name, unpack in packing.unpack
        ]
        commands += [
            setting.shell(packing.from_file, f"{tool} filter {packed} {filtering}"),
            setting.shell(packing.from_pipe, f"cat {packed} | {tool} filter - {filtering}"),
        ]
    return commands


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
