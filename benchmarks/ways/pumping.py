"""Copy and hash at once: one blob with rings of several shapes, and many blobs on all processors."""

from __future__ import annotations

import hashlib
import os
import threading
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from benchmarks.ways.way import KIB, MIB, Way, spans
from ocitool.engine.workers import processor_count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.ways.way import Bench

    Range = tuple[int, int]
    Pump = Callable[[Bench, int, Range, threading.Lock], None]

BLOBS: Final = 16
_RINGS: Final = (
    (2, MIB),
    (3, MIB),
    (8, MIB),
    (4, 256 * KIB),
    (8, 256 * KIB),
    (4, 512 * KIB),
    (4, 2 * MIB),
    (4, 4 * MIB),
)


def one_blob(bench: Bench) -> list[Way]:
    """Return the ways to copy and hash one large blob."""
    whole = (0, bench.size)

    def way(name: str, pump: Pump) -> Way:
        return Way(name, partial(_run, bench, [whole], pump, 1))

    return [
        way("ring of 4 x 1 MiB (today)", ring(4, MIB)),
        *(way(f"ring of {count} x {chunk // KIB} KiB", ring(count, chunk)) for count, chunk in _RINGS),
        way("one thread, 1 MiB", in_turn(MIB)),
        way("one thread, 256 KiB", in_turn(256 * KIB)),
        way("three threads: read, hash, write", _three),
        way("copy_file_range, hashed beside", _kernel_beside),
        way("written, then hashed", _hash_after),
    ]


def many_blobs(bench: Bench) -> list[Way]:
    """Return the ways to copy and hash `BLOBS` blobs."""
    ranges = list(spans(bench.size, bench.size // BLOBS))
    count = processor_count()
    return [
        Way("a ring for each, a worker a processor (today)", partial(_run, bench, ranges, ring(4, MIB), count)),
        Way("no ring, 1 MiB", partial(_run, bench, ranges, in_turn(MIB), count)),
        Way("no ring, 512 KiB", partial(_run, bench, ranges, in_turn(512 * KIB), count)),
        Way("no ring, 256 KiB", partial(_run, bench, ranges, in_turn(256 * KIB), count)),
        Way("no ring, one worker more", partial(_run, bench, ranges, in_turn(MIB), count + 1)),
        Way("ring, one worker", partial(_run, bench, ranges, ring(4, MIB), 1)),
    ]


def ring(count: int, chunk: int) -> Pump:
    """Return what reads and writes in this thread, and hashes in a second one."""

    def pump(bench: Bench, output: int, span: Range, turn: threading.Lock) -> None:
        free: SimpleQueue[memoryview] = SimpleQueue()
        full: SimpleQueue[memoryview | None] = SimpleQueue()
        hasher = hashlib.sha256()
        for _ in range(count):
            free.put(memoryview(bytearray(chunk)))

        def run() -> None:
            while (part := full.get()) is not None:
                hasher.update(part)
                free.put(part)

        thread = threading.Thread(target=run)
        thread.start()
        start, size = span
        for offset, length in spans(size, chunk):
            part = free.get()[:length]
            os.preadv(bench.descriptor, [part], start + offset)
            full.put(part)
            with turn:
                os.pwrite(output, part, start + offset)
        full.put(None)
        thread.join()

    return pump


def in_turn(chunk: int) -> Pump:
    """Return what reads, hashes and writes in this thread."""

    def pump(bench: Bench, output: int, span: Range, turn: threading.Lock) -> None:
        buffer, hasher = memoryview(bytearray(chunk)), hashlib.sha256()
        start, size = span
        for offset, length in spans(size, chunk):
            part = buffer[:length]
            os.preadv(bench.descriptor, [part], start + offset)
            hasher.update(part)
            with turn:
                os.pwrite(output, part, start + offset)

    return pump


def _run(bench: Bench, ranges: Sequence[Range], pump: Pump, workers: int) -> None:
    turn, waiting = threading.Lock(), iter(ranges)
    taking = threading.Lock()

    def work() -> None:
        while True:
            with taking:
                span = next(waiting, None)
            if span is None:
                return
            pump(bench, output, span, turn)

    with bench.output() as output:
        threads = [threading.Thread(target=work) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _three(  # noqa: C901 - one experiment, told in one place
    bench: Bench, output: int, span: Range, turn: threading.Lock
) -> None:
    free: SimpleQueue[memoryview] = SimpleQueue()
    to_hash: SimpleQueue[memoryview | None] = SimpleQueue()
    to_write: SimpleQueue[tuple[memoryview, int] | None] = SimpleQueue()
    uses: dict[int, int] = {}
    hasher, lock = hashlib.sha256(), threading.Lock()
    for _ in range(4):
        free.put(memoryview(bytearray(MIB)))

    def give_back(part: memoryview) -> None:
        with lock:
            uses[id(part.obj)] = uses.get(id(part.obj), 0) + 1
            if uses[id(part.obj)] % 2 == 0:
                free.put(part)

    def run_hash() -> None:
        while (part := to_hash.get()) is not None:
            hasher.update(part)
            give_back(part)

    def run_write() -> None:
        while (item := to_write.get()) is not None:
            part, offset = item
            with turn:
                os.pwrite(output, part, offset)
            give_back(part)

    threads = [threading.Thread(target=run_hash), threading.Thread(target=run_write)]
    for thread in threads:
        thread.start()
    for offset, length in spans(span[1], MIB):
        part = free.get()[:length]
        os.preadv(bench.descriptor, [part], span[0] + offset)
        to_hash.put(part)
        to_write.put((part, span[0] + offset))
    to_hash.put(None)
    to_write.put(None)
    for thread in threads:
        thread.join()


def _kernel_beside(bench: Bench, output: int, span: Range, turn: threading.Lock) -> None:
    thread = threading.Thread(target=_hash, args=(bench.descriptor, span))
    thread.start()
    _kernel(bench, output, span, turn)
    thread.join()


def _hash_after(bench: Bench, output: int, span: Range, turn: threading.Lock) -> None:
    _kernel(bench, output, span, turn)
    _hash(output, span)


def _kernel(bench: Bench, output: int, span: Range, turn: threading.Lock) -> None:
    for offset, length in spans(span[1], 16 * MIB):
        with turn:
            os.copy_file_range(bench.descriptor, output, length, span[0] + offset, span[0] + offset)


def _hash(descriptor: int, span: Range) -> None:
    buffer, hasher = memoryview(bytearray(256 * KIB)), hashlib.sha256()
    for offset, length in spans(span[1], 256 * KIB):
        os.preadv(descriptor, [buffer[:length]], span[0] + offset)
        hasher.update(buffer[:length])
