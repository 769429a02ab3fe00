"""Many archives by `batch`, against a plain loop of filters in one process, on local processes and on a Dask cluster.

Every job has one thread, so that what is measured is what running jobs elsewhere costs. Starts are taken off: of
Python, of the processes that run jobs and of the client of a cluster, with archives of next to nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from benchmarks.checks import check_archive
from benchmarks.corpus import Recipe
from benchmarks.measure import Command, CommandFailed, Role, measure
from benchmarks.measurement import Conditions, Findings, Measurement, Needs, Ratio, Skip, beyond, rows_of, times
from benchmarks.setting import GIB, MIB, TINY, TOOL, make_archive, settle, workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from benchmarks.measure import Cost

ALLOWED: Final = 1.10
"""How many times a plain loop one worker may take."""

WANTED_SPEED: Final = 1.6
"""How many times as fast as one worker two have to be."""

JOBS: Final = 6
LAYER: Final = 64 * MIB
"""Bytes of the layer of each of four platforms; all are kept, 256 MiB an archive."""

LOOP: Final = "plain loop"
LOOP_START: Final = "plain loop over next to nothing"
_LOOP: Final = """
import sys
from ocitool.api import FilterOptions, PlatformSelection, filter_archive
from ocitool.engine.workers import use_processors
use_processors(1)
for place in sys.argv[1:]:
    source, output = place.split("=")
    filter_archive(source, output, FilterOptions(PlatformSelection.parse(["all"])))
"""
_WAITING: Final = """
import sys
from distributed import Client
Client(scheduler_file=sys.argv[1]).wait_for_workers(int(sys.argv[2]))
"""
_PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Work:
    """The folder of a measurement, with links to one archive as the sources of its jobs."""

    folder: Path
    size: int
    platforms: tuple[str, ...]

    def places(self, kind: str) -> list[tuple[Path, Path]]:
        """Return the sources and outputs of the jobs."""
        return [(self.folder / f"{kind}-{number}.tar", self.folder / f"out-{number}.tar") for number in range(JOBS)]

    def prepare(self, kind: str) -> None:
        """Make the links and a list of jobs."""
        lines = []
        for number, (source, output) in enumerate(self.places(kind)):
            os.link(self.folder / f"{kind}.tar", source)
            job = {"id": str(number), "verb": "filter", "source": str(source), "output": str(output)}
            lines.append(json.dumps(job | {"options": {"platform": "all"}}))
        (self.folder / f"{kind}.jsonl").write_text("\n".join(lines))

    def clear(self) -> None:
        """Remove what was written, and touch the memory that will be."""
        for _, output in self.places("large"):
            output.unlink(missing_ok=True)
        settle(self.folder, self.size * JOBS)

    def check(self, name: str) -> None:
        """Hold what jobs wrote to whole archives."""
        for _, output in self.places("large"):
            check_archive(name, output, ",".join(self.platforms))

    def loop(self, name: str, kind: str, role: Role) -> Command:
        """Return the loop without any batch."""
        places = [f"{source}={output}" for source, output in self.places(kind)]
        return Command(name, [sys.executable, "-c", _LOOP, *places], prepare=self.clear, role=role)

    def batch(self, name: str, *options: str) -> list[Command]:
        """Return a batch, and one of archives of next to nothing, which is its start."""
        line = [*TOOL, "batch", "-q", "--threads", "1", *options]
        check = partial(self.check, name)
        return [
            Command(_start(name), [*line, str(self.folder / "small.jsonl")], prepare=self.clear, role=Role.START),
            Command(name, [*line, str(self.folder / "large.jsonl")], prepare=self.clear, check=check),
        ]


def take(conditions: Conditions) -> Findings:
    """Measure archives of 256 MiB in memory, by one and by two workers of each kind."""
    with workspace(conditions.memory) as folder, ExitStack() as stack:
        corpus = make_archive(folder / "large.tar", Recipe(conditions.size(LAYER)))
        make_archive(folder / "small.tar", TINY)
        work = _Work(folder, corpus.path.stat().st_size, tuple(corpus.platforms))
        for kind in ("small", "large"):
            work.prepare(kind)
        commands = [
            work.loop(LOOP_START, "small", Role.START),
            work.loop(LOOP, "large", Role.YARDSTICK),
            *work.batch(_name("processes", 1), "--workers", "1"),
            *work.batch(_name("processes", 2), "--workers", "2"),
        ]
        has_dask = find_spec("distributed") is not None
        for count in (1, 2) if has_dask else ():
            address = stack.enter_context(_cluster(folder / f"cluster-{count}", count))
            commands += work.batch(_name("Dask", count), "--scheduler", address)
        costs = measure(commands, runs=conditions.runs)
        skips = () if has_dask else (Skip("a Dask cluster", "distributed is not installed"),)
        kinds = ("processes", "Dask") if has_dask else ("processes",)
        facts = {"archiveBytes": work.size, "jobs": JOBS}
        return Findings(rows_of(commands, costs), ratios(costs, kinds), facts, skips)


def ratios(costs: Mapping[str, Cost], kinds: tuple[str, ...]) -> tuple[Ratio, ...]:
    """Return what one worker costs beyond a plain loop, and how much faster two are, starts taken off."""
    loop = beyond(costs, LOOP, LOOP_START)
    made = []
    for kind in kinds:
        one, two = (beyond(costs, _name(kind, count), _start(_name(kind, count))) for count in (1, 2))
        made.append(Ratio(f"{kind}: one worker / plain loop", times(one, loop), at_most=ALLOWED))
        made.append(Ratio(f"{kind}: one worker / two", times(one, two), at_least=WANTED_SPEED))
    return tuple(made)


def _name(kind: str, count: int) -> str:
    return f"batch, {kind}, {count} worker{'s' if count > 1 else ''}"


def _start(name: str) -> str:
    return f"{name}, of next to nothing"


@contextmanager
def _cluster(folder: Path, count: int) -> Iterator[str]:
    """Run a scheduler and workers of one thread; yield the address once all are there."""
    folder.mkdir()
    file = folder / "scheduler.json"
    common = ["--no-dashboard", "--scheduler-file", str(file)]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.enter_context(_running("dask_scheduler", "--host", "127.0.0.1", "--port", "0", *common))
        deadline = time.monotonic() + _PATIENCE
        while not file.exists():
            if time.monotonic() > deadline:
                raise CommandFailed("dask scheduler", "did not start")
            time.sleep(0.1)
        for _ in range(count):
            alone = ["--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
            stack.enter_context(_running("dask_worker", *alone, *common))
        subprocess.run([sys.executable, "-c", _WAITING, str(file), str(count)], check=True, timeout=_PATIENCE)
        address: str = json.loads(file.read_text())["address"]
        yield address


@contextmanager
def _running(module: str, *options: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


MEASUREMENT: Final = Measurement(
    "batch", "Many archives of 256 MiB, one thread a job", Needs(memory=4 * GIB, programs=()), take
)
