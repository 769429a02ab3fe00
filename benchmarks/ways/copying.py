"""Copy a file into a new one, unseen or through a buffer."""

from __future__ import annotations

import mmap
import os
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.ways.way import KIB, MIB, Way, spans

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.ways.way import Bench


def ways(bench: Bench) -> list[Way]:
    """Return the ways to copy the source, not waiting for a disk."""
    return [
        Way("copy_file_range, 16 MiB (today, unverified)", partial(_copy, bench, _range(16 * MIB))),
        Way("copy_file_range, whole", partial(_copy, bench, _range(1 << 30))),
        Way("sendfile, 16 MiB", partial(_copy, bench, _sendfile)),
        Way("splice through a pipe of 1 MiB", partial(_copy, bench, _splice)),
        Way("preadv, pwrite 1 MiB (today, verified)", partial(_copy, bench, _pwrite(MIB))),
        Way("preadv, pwrite 256 KiB", partial(_copy, bench, _pwrite(256 * KIB))),
        Way("ftruncate, preadv, pwrite 1 MiB", partial(_copy, bench, _pwrite(MIB), os.ftruncate)),
        Way("posix_fallocate, preadv, pwrite 1 MiB", partial(_copy, bench, _pwrite(MIB), _allocate)),
        Way("posix_fallocate, copy_file_range", partial(_copy, bench, _range(16 * MIB), _allocate)),
        Way("ftruncate, preadv into mmap", partial(_copy, bench, _mapped, os.ftruncate)),
    ]


def synced_ways(bench: Bench) -> list[Way]:
    """Return ways to bring a cold source into a new file and that onto the disk."""
    forget = bench.forget
    plain = _pwrite(MIB)
    return [
        Way("pwrite, fsync (today)", partial(_copy, bench, plain, None, os.fsync), forget),
        Way("copy_file_range, fsync", partial(_copy, bench, _range(16 * MIB), None, os.fsync), forget),
        Way("posix_fallocate, pwrite, fsync", partial(_copy, bench, plain, _allocate, os.fsync), forget),
        Way("pwrite, begin to write each 8 MiB, fsync", partial(_copy, bench, _begun, None, os.fsync), forget),
        Way("WILLNEED, pwrite, fsync", partial(_copy, bench, plain, _will_need(bench), os.fsync), forget),
        Way("SEQUENTIAL, pwrite, fsync", partial(_copy, bench, plain, _in_order(bench), os.fsync), forget),
        Way("WILLNEED, begin each 8 MiB, fsync", partial(_copy, bench, _begun, _will_need(bench), os.fsync), forget),
    ]


def _copy(
    bench: Bench,
    move: Callable[[Bench, int], None],
    before: Callable[[int, int], object] | None = None,
    after: Callable[[int], object] | None = None,
) -> None:
    with bench.output() as output:
        if before is not None:
            before(output, bench.size)
        move(bench, output)
        if after is not None:
            after(output)


def _range(chunk: int) -> Callable[[Bench, int], None]:
    def move(bench: Bench, output: int) -> None:
        done = 0
        while done < bench.size:
            done += os.copy_file_range(bench.descriptor, output, min(chunk, bench.size - done), done, done)

    return move


def _sendfile(bench: Bench, output: int) -> None:
    done = 0
    while done < bench.size:
        done += os.sendfile(output, bench.descriptor, done, 16 * MIB)


def _splice(bench: Bench, output: int) -> None:
    from fcntl import F_SETPIPE_SZ, fcntl

    reading, writing = os.pipe()
    try:
        fcntl(writing, F_SETPIPE_SZ, MIB)
        done = 0
        while done < bench.size:
            count = os.splice(bench.descriptor, writing, MIB, offset_src=done)
            while count:
                moved = os.splice(reading, output, count, offset_dst=done)
                done, count = done + moved, count - moved
    finally:
        os.close(reading)
        os.close(writing)


def _pwrite(chunk: int) -> Callable[[Bench, int], None]:
    def move(bench: Bench, output: int) -> None:
        buffer = memoryview(bytearray(chunk))
        for offset, length in spans(bench.size, chunk):
            os.preadv(bench.descriptor, [buffer[:length]], offset)
            os.pwrite(output, buffer[:length], offset)

    return move


def _begun(bench: Bench, output: int) -> None:
    """Have the kernel begin to write what is 8 MiB behind: DONTNEED does that, and drops only what is written."""
    buffer = memoryview(bytearray(MIB))
    for offset, length in spans(bench.size, MIB):
        os.preadv(bench.descriptor, [buffer[:length]], offset)
        os.pwrite(output, buffer[:length], offset)
        if offset % (8 * MIB) == 7 * MIB:
            os.posix_fadvise(output, offset - 7 * MIB, 8 * MIB, os.POSIX_FADV_DONTNEED)


def _mapped(bench: Bench, output: int) -> None:
    with mmap.mmap(output, bench.size) as mapped, memoryview(mapped) as view:
        for offset, length in spans(bench.size, MIB):
            os.preadv(bench.descriptor, [view[offset : offset + length]], offset)


def _allocate(output: int, size: int) -> None:
    os.posix_fallocate(output, 0, size)


def _will_need(bench: Bench) -> Callable[[int, int], None]:
    return lambda _output, size: os.posix_fadvise(bench.descriptor, 0, size, os.POSIX_FADV_WILLNEED)


def _in_order(bench: Bench) -> Callable[[int, int], None]:
    return lambda _output, size: os.posix_fadvise(bench.descriptor, 0, size, os.POSIX_FADV_SEQUENTIAL)
