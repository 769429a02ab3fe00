"""Read a file into memory that can be used, warm and cold."""

from __future__ import annotations

import importlib
import mmap
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.ways.way import KIB, MIB, Way, spans

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.ways.way import Bench


def ways(bench: Bench) -> list[Way]:
    """Return the ways to read the source from memory."""
    return _ways(bench, None)


def cold_ways(bench: Bench) -> list[Way]:
    """Return the same for a source that the kernel has forgotten."""
    return _ways(bench, bench.forget)


def _ways(bench: Bench, prepare: Callable[[], object] | None) -> list[Way]:
    found = [
        Way("preadv, 1 MiB (today)", partial(_preadv, bench, MIB), prepare),
        Way("preadv, 256 KiB", partial(_preadv, bench, 256 * KIB), prepare),
        Way("preadv, 4 MiB", partial(_preadv, bench, 4 * MIB), prepare),
        Way("readinto", partial(_readinto, bench), prepare),
        Way("mmap, copied out", partial(_mapped, bench, None), prepare),
        Way("mmap, MADV_SEQUENTIAL", partial(_mapped, bench, mmap.MADV_SEQUENTIAL), prepare),
        Way("mmap, MADV_WILLNEED", partial(_mapped, bench, mmap.MADV_WILLNEED), prepare),
        Way("fadvise SEQUENTIAL", partial(_preadv, bench, MIB, os.POSIX_FADV_SEQUENTIAL), prepare),
        Way("fadvise WILLNEED, all", partial(_preadv, bench, MIB, os.POSIX_FADV_WILLNEED), prepare),
        Way("fadvise WILLNEED, 16 MiB ahead", partial(_ahead, bench), prepare),
        Way("fadvise NOREUSE", partial(_preadv, bench, MIB, os.POSIX_FADV_NOREUSE), prepare),
        Way("O_DIRECT", partial(_direct, bench), prepare),
    ]
    try:
        liburing = importlib.import_module("liburing")
    except ImportError:
        return found
    return [*found, Way("io_uring, 4 in flight (liburing)", partial(_uring, bench, liburing), prepare)]


def _preadv(bench: Bench, chunk: int, advice: int = os.POSIX_FADV_NORMAL) -> None:
    descriptor = os.open(bench.source, os.O_RDONLY)  # advice belongs to an open file
    try:
        if advice != os.POSIX_FADV_NORMAL:
            os.posix_fadvise(descriptor, 0, bench.size, advice)
        buffer = memoryview(bytearray(chunk))
        for offset, length in spans(bench.size, chunk):
            os.preadv(descriptor, [buffer[:length]], offset)
    finally:
        os.close(descriptor)


def _ahead(bench: Bench) -> None:
    buffer = memoryview(bytearray(MIB))
    for offset, length in spans(bench.size, MIB):
        if offset % (8 * MIB) == 0:
            os.posix_fadvise(bench.descriptor, offset + 8 * MIB, 16 * MIB, os.POSIX_FADV_WILLNEED)
        os.preadv(bench.descriptor, [buffer[:length]], offset)


def _readinto(bench: Bench) -> None:
    buffer = bytearray(MIB)
    with bench.source.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def _mapped(bench: Bench, advice: int | None) -> None:
    buffer = memoryview(bytearray(MIB))
    with mmap.mmap(bench.descriptor, bench.size, prot=mmap.PROT_READ) as mapped:
        if advice is not None:
            mapped.madvise(advice)
        with memoryview(mapped) as view:
            for offset, length in spans(bench.size, MIB):
                buffer[:length] = view[offset : offset + length]


def _direct(bench: Bench) -> None:
    descriptor = os.open(bench.source, os.O_RDONLY | os.O_DIRECT)
    try:
        with mmap.mmap(-1, MIB) as buffer:  # such memory is aligned
            for offset, _ in spans(bench.size, MIB):
                os.preadv(descriptor, [buffer], offset)
    finally:
        os.close(descriptor)


def _uring(bench: Bench, liburing: Any) -> None:  # noqa: ANN401 - a library without types
    ring, completion = liburing.Ring(), liburing.Cqe()
    liburing.io_uring_queue_init(8, ring, 0)
    buffers = [bytearray(MIB) for _ in range(4)]
    waiting, parts = 0, list(spans(bench.size, MIB))
    try:
        for number, (offset, _) in enumerate(parts):
            if waiting == len(buffers):
                _reap(liburing, ring, completion)
                waiting -= 1
            entry = liburing.io_uring_get_sqe(ring)
            liburing.io_uring_prep_read(entry, bench.descriptor, buffers[number % 4], offset)
            liburing.io_uring_submit(ring)
            waiting += 1
        for _ in range(waiting):
            _reap(liburing, ring, completion)
    finally:
        liburing.io_uring_queue_exit(ring)


def _reap(liburing: Any, ring: Any, completion: Any) -> None:  # noqa: ANN401 - the same
    liburing.io_uring_wait_cqe(ring, completion)
    if completion[0].res < 0:
        raise OSError(-completion[0].res, os.strerror(-completion[0].res))
    liburing.io_uring_cqe_seen(ring, completion[0])
