"""`verify` against parallel hashing, and with `--deep` against parallel inflating.

One archive has layers that nothing compresses, one has gzip layers. As many ``openssl dgst -sha256`` as there are
processors hash all layers of the first; as many processes inflate those of the second with isal and do nothing else,
or compute both hashes as well that its verification needs: of what is read and of what comes out.
"""

from __future__ import annotations

import importlib.util
import shlex
import sys
from typing import TYPE_CHECKING, Final

from benchmarks.corpus import Corpus, Recipe, write_layers
from benchmarks.layers import GZIP_TEXT
from benchmarks.measure import Command, Role, measure
from benchmarks.measurement import Conditions, Findings, Measurement, Needs, Ratio, Skip, beyond, rows_of, times
from benchmarks.setting import BARE, GIB, MIB, TOOL, bare, make_archive, workspace
from ocitool.engine.workers import processor_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.measure import Cost

ALLOWED: Final = 1.10
"""How many times the hashing by all processors `verify` may take."""

ALLOWED_DEEP: Final = 1.3

HASH: Final = "openssl dgst -sha256, parallel"
VERIFY: Final = "verify"
VERIFY_START: Final = "verify of next to nothing"
DEEP_START: Final = "verify --deep of next to nothing"
INFLATE: Final = "isal, parallel"
INFLATE_AND_HASH: Final = "isal, sha256 of both sides, parallel"
DEEP: Final = "verify --deep"
LAYER: Final = 160 * MIB
LAYERS: Final = 4

_INFLATING: Final = (sys.executable, "-m", "benchmarks.inflating")


def take(conditions: Conditions) -> Findings:
    """Measure the verification of 16 layers in memory, and of as many gzip layers that unpack to half of that."""
    size = conditions.size(LAYER)
    has_isal = importlib.util.find_spec("isal") is not None
    with workspace(conditions.memory) as folder:
        tiny = make_archive(folder / "tiny.tar", Recipe(1024, LAYERS, GZIP_TEXT))
        plain = make_archive(folder / "noise.tar", Recipe(size, LAYERS))
        packed = make_archive(folder / "text.tar", Recipe(size // 2, LAYERS, GZIP_TEXT))
        commands = _commands(folder, tiny, plain, packed)
        skips: tuple[Skip, ...] = ()
        if not has_isal:
            commands = [command for command in commands if command.name not in {INFLATE, INFLATE_AND_HASH}]
            skips = (Skip("inflating with isal", "isal is not installed"),)
        costs = measure(commands, runs=conditions.runs)
        facts = {
            "archiveBytes": plain.path.stat().st_size,
            "gzipArchiveBytes": packed.path.stat().st_size,
            "gzipArchiveUnpacks": size // 2 * LAYERS * len(packed.platforms),
            "layers": LAYERS * len(packed.platforms),
            "processors": processor_count(),
        }
        return Findings(rows_of(commands, costs), ratios(costs), facts, skips)


def ratios(costs: Mapping[str, Cost]) -> tuple[Ratio, ...]:
    """Return how the verifications compare, what one of next to nothing takes being off."""
    made = [
        Ratio(
            "verify / parallel hashing", beyond(costs, VERIFY, VERIFY_START) / costs[HASH].seconds, at_most=ALLOWED
        ),
        Ratio("verify of next to nothing beyond python", beyond(costs, VERIFY_START, BARE), unit="s"),
    ]
    if INFLATE in costs:
        deep = beyond(costs, DEEP, DEEP_START)
        inflating, both = (beyond(costs, name, BARE) for name in (INFLATE, INFLATE_AND_HASH))
        made += [
            Ratio("verify --deep / inflating", times(deep, inflating), at_most=ALLOWED_DEEP),
            Ratio("verify --deep / inflating and hashing", times(deep, both)),
            Ratio("inflating and hashing / inflating", times(both, inflating)),
            Ratio(
                "verify --deep / inflating and hashing, processor time",
                (costs[DEEP].processor - costs[DEEP_START].processor) / costs[INFLATE_AND_HASH].processor,
            ),
        ]
    return tuple(made)


def parallel(name: str, files: Sequence[Path], *command: str) -> Command:
    """Return a command over files, one process a processor, each with its share of the files.

    It fails if any of the processes does.
    """
    count = min(processor_count(), len(files))
    names = list(map(str, files))
    started = [f"{shlex.join([*command, *names[number::count]])} & p{number}=$!" for number in range(count)]
    ended = [f"wait $p{number} || status=$?" for number in range(count)]
    return Command(name, ["sh", "-c", "\n".join([*started, "status=0", *ended, "exit $status"])], role=Role.YARDSTICK)


def _commands(folder: Path, tiny: Corpus, plain: Corpus, packed: Corpus) -> list[Command]:
    noise, text = write_layers(plain, folder / "noise"), write_layers(packed, folder / "text")
    return [
        bare(),
        Command(VERIFY_START, [*TOOL, "verify", "-q", str(tiny.path)], role=Role.START),
        Command(DEEP_START, [*TOOL, "verify", "-q", "--deep", str(tiny.path)], role=Role.START),
        parallel(HASH, noise, "openssl", "dgst", "-sha256"),
        Command(VERIFY, [*TOOL, "verify", "-q", str(plain.path)]),
        parallel(INFLATE, text, *_INFLATING),
        parallel(INFLATE_AND_HASH, text, *_INFLATING, "--hash"),
        Command(DEEP, [*TOOL, "verify", "-q", "--deep", str(packed.path)]),
    ]


MEASUREMENT: Final = Measurement("verifying", "Verified, and unpacked as well", Needs(memory=8 * GIB), take)
