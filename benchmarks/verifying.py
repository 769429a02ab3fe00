"""Measure `ocitool verify` against parallel hashing, and with `--deep` against parallel inflating, all in one run.

``python -m benchmarks.verifying`` makes two archives of 4 platforms and 4 layers each in memory (``/dev/shm``): one
of layers that nothing compresses (4 GiB), one of gzip layers that unpack to half as much. Measured in turn: as many
``openssl dgst -sha256`` as there are processors over all layers of the first, and its verification; as many processes
that inflate the layers of the second with isal and do nothing else, the same with both hashes that its verification
needs (of what is read and of what comes out), and that verification.

The limits, start-up (a verification of next to nothing) taken off: 1.15 times the hashing, 1.3 times the inflating. A
second ratio of the latter is to inflating and hashing, which is what there is to do.
"""

from __future__ import annotations

import hashlib
import shlex
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.corpus import Corpus, make_corpus
from benchmarks.layers import GZIP_TEXT, STORED_NOISE
from benchmarks.measure import Command, measure
from benchmarks.report import make_report, print_report
from benchmarks.setting import BARE, TOOL, parse_options, start_up
from ocitool.engine.workers import processor_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.layers import LayerKind
    from benchmarks.measure import Cost

ALLOWED: Final = 1.15
ALLOWED_DEEP: Final = 1.3

HASH: Final = "openssl dgst -sha256, parallel"
VERIFY: Final = "verify"
VERIFY_START: Final = "verify --deep of next to nothing"
INFLATE: Final = "isal, parallel"
INFLATE_AND_HASH: Final = "isal, sha256 of both sides, parallel"
DEEP: Final = "verify --deep"

_SELF: Final = (sys.executable, "-m", "benchmarks.verifying")
_CHUNK: Final = 512 * 1024
_LAYERS: Final = 4


def main() -> None:
    """Make the corpora, measure, print a table."""
    if sys.argv[1:2] in (["inflate"], ["hash"]):
        inflate(sys.argv[2:], hashing=sys.argv[1] == "hash")
        return
    options = parse_options(__doc__)
    layers = max(options.layers, _LAYERS)
    size = options.layer_mib * 1024 * 1024 // layers
    with tempfile.TemporaryDirectory(prefix="ocitool-bench-", dir=options.folder) as name:
        folder = Path(name)
        tiny = _make(folder / "tiny", GZIP_TEXT, 1024, layers)
        plain = _make(folder / "noise", STORED_NOISE, size, layers)
        packed = _make(folder / "text", GZIP_TEXT, size // 2, layers)
        costs = measure(_commands(folder, tiny, plain, packed), runs=options.runs)
        facts = {
            "folder": str(options.folder),
            "archiveBytes": plain.path.stat().st_size,
            "gzipArchiveBytes": packed.path.stat().st_size,
            "gzipArchiveUnpacks": size // 2 * layers * len(packed.platforms),
            "layers": layers * len(packed.platforms),
            "processors": processor_count(),
            "runs": options.runs,
        }
        report = make_report("benchmarks.verifying", costs, _ratios(costs), facts)
    print_report(report, options.json)


def inflate(files: Sequence[str], *, hashing: bool) -> None:
    """Inflate files and do nothing else, or hash what is read and what comes out."""
    from isal import igzip_lib

    for name in files:
        packed, plain = hashlib.sha256(), hashlib.sha256()
        decompressor = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        with Path(name).open("rb", buffering=0) as file:
            while not decompressor.eof:
                data = file.read(_CHUNK) if decompressor.needs_input else b""
                part = decompressor.decompress(data, _CHUNK)
                if hashing:
                    packed.update(data)
                    plain.update(part)


def _make(folder: Path, kind: LayerKind, size: int, layers: int) -> Corpus:
    """Make an archive, and a folder of its layers; in a process of its own, whose peak memory is not ours."""
    folder.mkdir()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
        corpus = maker.submit(make_corpus, folder / "multi.tar", layer_size=size, layers=layers, kind=kind).result()
    blobs = folder / "layers"
    blobs.mkdir()
    with corpus.path.open("rb") as source:
        for part in (part for parts in corpus.platforms.values() for part in parts[2:]):
            source.seek(part.offset)
            with (blobs / part.digest.replace(":", "-")).open("wb") as target:
                for position in range(0, part.size, 1 << 20):
                    target.write(source.read(min(1 << 20, part.size - position)))
    return corpus


def _commands(folder: Path, tiny: Corpus, plain: Corpus, packed: Corpus) -> list[Command]:
    return [
        *start_up(),
        Command(VERIFY_START, [*TOOL, "verify", "-q", "--deep", str(tiny.path)]),
        _parallel(HASH, folder / "noise" / "layers", "openssl", "dgst", "-sha256"),
        Command(VERIFY, [*TOOL, "verify", "-q", str(plain.path)]),
        _parallel(INFLATE, folder / "text" / "layers", *_SELF, "inflate"),
        _parallel(INFLATE_AND_HASH, folder / "text" / "layers", *_SELF, "hash"),
        Command(DEEP, [*TOOL, "verify", "-q", "--deep", str(packed.path)]),
    ]


def _parallel(name: str, folder: Path, *command: str) -> Command:
    """Run a command over the files of a folder, one process a processor, each with its share of the files."""
    files = sorted(map(str, folder.iterdir()))
    count = processor_count()
    lines = [shlex.join([*command, *files[number::count]]) + " & " for number in range(count)]
    return Command(name, ["sh", "-c", "".join(lines) + "wait"])


def _ratios(costs: Mapping[str, Cost]) -> dict[str, float]:
    start, bare = costs[VERIFY_START].seconds, costs[BARE].seconds
    verify, deep = costs[VERIFY].seconds - start, costs[DEEP].seconds - start
    return {
        f"verify / hashing, <= {ALLOWED}": verify / costs[HASH].seconds,
        f"deep / decompressing, <= {ALLOWED_DEEP}": deep / (costs[INFLATE].seconds - bare),
        "deep / decompressing and hashing": deep / (costs[INFLATE_AND_HASH].seconds - bare),
        "verify of next to nothing over bare Python (seconds)": start - bare,
        "deep / decompressing and hashing, processor time": (costs[DEEP].processor - costs[VERIFY_START].processor)
        / costs[INFLATE_AND_HASH].processor,
        "decompressing and hashing / decompressing": (costs[INFLATE_AND_HASH].seconds - bare)
        / (costs[INFLATE].seconds - bare),
    }


if __name__ == "__main__":
    main()
