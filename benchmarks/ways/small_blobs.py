"""Copy and hash many blobs through the engine itself, and through less of it."""

from __future__ import annotations

import hashlib
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks.ways.way import KIB, MIB, Way
from ocitool.archive.place import Place
from ocitool.archive.source import FileSource
from ocitool.engine.control import Control
from ocitool.engine.pump import pump_verified
from ocitool.engine.workers import run_parallel
from ocitool.model.digest import Digest
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from benchmarks.ways.way import Bench

BLOBS: Final = 10_000


def ways_4_kib(bench: Bench) -> list[Way]:
    """Return the ways for blobs of 4 KiB."""
    return _ways(bench, BLOBS, 4 * KIB)


def ways_64_kib(bench: Bench) -> list[Way]:
    """Return the ways for blobs of 64 KiB, as many as the source has."""
    return _ways(bench, min(BLOBS, bench.size // (64 * KIB)), 64 * KIB)


def ways_2_mib(bench: Bench) -> list[Way]:
    """Return the ways for blobs of 2 MiB, as many as the source has."""
    return _ways(bench, bench.size // (2 * MIB), 2 * MIB)


def _ways(bench: Bench, count: int, size: int) -> list[Way]:
    copies = [_copy(bench, number * size, size) for number in range(count)]
    return [
        Way("engine, a worker a processor (today)", partial(_engine, bench, copies, None)),
        Way("engine, one worker", partial(_engine, bench, copies, 1)),
        Way("bare system calls and hashlib, one thread", partial(_bare, bench, copies)),
    ]


def _copy(bench: Bench, offset: int, size: int) -> Copy:
    data = os.pread(bench.descriptor, size, offset)
    return Copy(0, offset, size, Digest("sha256", hashlib.sha256(data).hexdigest()), "layer")


def _engine(bench: Bench, copies: list[Copy], workers: int | None) -> None:
    control, turn = Control(threading.Event(), lambda _count: None), threading.Lock()
    with FileSource.open(bench.source) as source, bench.output() as output:

        def work(copy: Copy) -> None:
            pump_verified(copy, source, Place(output, copy.offset, "output", turn).write_at, control)

        run_parallel(copies, work, control.stop, count=workers, idle=control.idle)


def _bare(bench: Bench, copies: list[Copy]) -> None:
    buffer = memoryview(bytearray(copies[0].size))
    with bench.output() as output:
        for copy in copies:
            os.preadv(bench.descriptor, [buffer], copy.offset)
            if hashlib.sha256(buffer).hexdigest() != copy.digest.hex:
                raise ValueError(copy.digest)
            os.pwrite(output, buffer, copy.offset)
