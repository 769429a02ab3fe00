"""Measure `ocitool filter` against the limits of the machine and against skopeo, all in one run.

``python -m benchmarks.end_to_end`` makes a 4 GiB archive (4 platforms, one 1 GiB layer each) in memory
(``/dev/shm``) and prints medians and ratios: verified filter to one platform, unverified, ``openssl dgst
-sha256`` and ``cp`` of the kept bytes, ``skopeo copy`` of the same platform. Start-up is measured in the same run
and taken off.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.corpus import Corpus, make_corpus
from benchmarks.measure import Command, Cost, measure

if TYPE_CHECKING:
    from collections.abc import Callable

WANTED: Final = "linux/arm64"
MEMORY_FOLDER: Final = Path("/dev/shm")  # noqa: S108 - pages in memory are what is to be measured
BARE: Final = "python"
START: Final = "ocitool --version"
VERIFIED: Final = "filter"
UNVERIFIED: Final = "filter --no-verify"
HASH: Final = "openssl dgst -sha256"
COPY: Final = "cp"
SKOPEO: Final = "skopeo copy"


def main() -> None:
    """Make the corpus, measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layer-mib", type=int, default=1024, help="size of each layer (default 1024)")
    parser.add_argument("--layers", type=int, default=1, help="layers per platform (default 1)")
    parser.add_argument("--runs", type=int, default=5, help="measured rounds after a discarded one (default 5)")
    parser.add_argument("--folder", type=Path, default=MEMORY_FOLDER, help="where the files go (default /dev/shm)")
    parser.add_argument("--skopeo", default=shutil.which("skopeo"), help="the skopeo to compare with")
    parser.add_argument("--json", type=Path, help="write the result there too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ocitool-bench-", dir=options.folder) as folder:
        # In a process of its own: a child starts with the peak memory of its parent.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
            corpus = maker.submit(
                make_corpus,
                Path(folder) / "multi.tar",
                layer_size=options.layer_mib * 1024 * 1024,
                layers=options.layers,
            ).result()
        kept = _keep_bytes(corpus, Path(folder) / "kept.bin")
        costs = measure(_commands(corpus, kept, Path(folder), options.skopeo), runs=options.runs)
        result = _result(costs, kept.stat().st_size, corpus.path.stat().st_size, options)
    _print(result)
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


def _keep_bytes(corpus: Corpus, target: Path) -> Path:
    """Write the bytes that the filter keeps into one file, for the tools that can only hash or copy."""
    with corpus.path.open("rb") as source, target.open("wb") as output:
        for part in corpus.platforms[WANTED]:
            source.seek(part.offset)
            left = part.size
            while left:
                data = source.read(min(left, 1 << 20))
                output.write(data)
                left -= len(data)
    return target


def _commands(corpus: Corpus, kept: Path, folder: Path, skopeo: str | None) -> list[Command]:
    output = folder / "out.tar"
    tool = [sys.executable, "-m", "ocitool"]
    filter_arguments = [*tool, "filter", str(corpus.path), "-p", WANTED, "-q", "-o", str(output)]
    remove = _remover(output)
    commands = [
        Command(BARE, [sys.executable, "-c", "pass"]),
        Command(START, [*tool, "--version"]),
        Command(HASH, ["openssl", "dgst", "-sha256", str(kept)]),
        Command(COPY, ["cp", str(kept), str(output)], prepare=remove),
        Command(VERIFIED, filter_arguments, prepare=remove),
        Command(UNVERIFIED, [*filter_arguments, "--no-verify"], prepare=remove),
    ]
    if skopeo is not None:
        system, architecture = WANTED.split("/")
        commands.append(
            Command(
                SKOPEO,
                [
                    *(skopeo, "--insecure-policy", "--override-os", system, "--override-arch", architecture),
                    *("copy", "-q", f"oci-archive:{corpus.path}", f"oci-archive:{output}:1.0"),
                ],
                prepare=remove,
                environment={"TMPDIR": str(folder)},
            )
        )
    return commands


def _remover(path: Path) -> Callable[[], None]:
    return lambda: path.unlink(missing_ok=True)


def _result(costs: dict[str, Cost], kept: int, total: int, options: argparse.Namespace) -> dict[str, object]:
    start = costs[START].seconds
    limit = max(costs[HASH].seconds, costs[COPY].seconds)
    verified = costs[VERIFIED].seconds - start
    ratios = {
        "verified / slower of hash and copy": verified / limit,
        "unverified / copy": (costs[UNVERIFIED].seconds - start) / costs[COPY].seconds,
        "start-up over bare Python (seconds)": start - costs[BARE].seconds,
    }
    if SKOPEO in costs:
        ratios["skopeo / verified"] = costs[SKOPEO].seconds / verified
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} processors, Linux {platform.release()}",
        "python": platform.python_version(),
        "command": "python -m benchmarks.end_to_end " + " ".join(sys.argv[1:]),
        "folder": str(options.folder),
        "archiveBytes": total,
        "keptBytes": kept,
        "runs": options.runs,
        "seconds": {name: round(cost.seconds, 4) for name, cost in costs.items()},
        "processorSeconds": {name: round(cost.processor, 4) for name, cost in costs.items()},
        "peakMemoryMiB": {name: round(cost.memory / 2**20, 1) for name, cost in costs.items()},
        "ratios": {name: round(value, 3) for name, value in ratios.items()},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _print(result: dict[str, object]) -> None:
    for key in ("date", "machine", "python", "command", "archiveBytes", "keptBytes", "runs"):
        print(f"{key}: {result[key]}")
    for key in ("seconds", "processorSeconds", "peakMemoryMiB", "ratios"):
        values = result[key]
        assert isinstance(values, dict)
        print(f"{key}:")
        for name, value in values.items():
            print(f"  {name:<40} {value:>9}")


if __name__ == "__main__":
    main()
