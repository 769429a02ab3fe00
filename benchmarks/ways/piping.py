"""Write a file into a pipe, whose reader reads 1 MiB at a time and does nothing with it."""

from __future__ import annotations

import os
import subprocess
import sys
from fcntl import F_SETPIPE_SZ, fcntl
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks.ways.way import KIB, MIB, Way, spans

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.ways.way import Bench

_READER: Final = "import os\nb = bytearray(1 << 20)\nwhile os.readv(0, [b]): pass"


def ways(bench: Bench) -> list[Way]:
    """Return the ways to hand the source to a reader."""
    return [
        Way("write 1 MiB, pipe of 1 MiB (today)", partial(_run, bench, _write(MIB), MIB)),
        Way("write 1 MiB, pipe of 64 KiB", partial(_run, bench, _write(MIB), 64 * KIB)),
        Way("write 256 KiB, pipe of 1 MiB", partial(_run, bench, _write(256 * KIB), MIB)),
        Way("splice, pipe of 1 MiB", partial(_run, bench, _splice, MIB)),
        Way("splice, pipe of 64 KiB", partial(_run, bench, _splice, 64 * KIB)),
        Way("sendfile, pipe of 1 MiB", partial(_run, bench, _sendfile, MIB)),
    ]


def _run(bench: Bench, move: Callable[[Bench, int], None], capacity: int) -> None:
    reading, writing = os.pipe()
    fcntl(writing, F_SETPIPE_SZ, capacity)
    with subprocess.Popen([sys.executable, "-S", "-c", _READER], stdin=reading) as reader:
        os.close(reading)
        move(bench, writing)
        os.close(writing)
        reader.wait()


def _write(chunk: int) -> Callable[[Bench, int], None]:
    def move(bench: Bench, pipe: int) -> None:
        buffer = memoryview(bytearray(chunk))
        for offset, length in spans(bench.size, chunk):
            os.preadv(bench.descriptor, [buffer[:length]], offset)
            rest = buffer[:length]
            while rest:
                rest = rest[os.write(pipe, rest) :]

    return move


def _splice(bench: Bench, pipe: int) -> None:
    done = 0
    while done < bench.size:
        done += os.splice(bench.descriptor, pipe, MIB, offset_src=done)


def _sendfile(bench: Bench, pipe: int) -> None:
    done = 0
    while done < bench.size:
        done += os.sendfile(pipe, bench.descriptor, done, MIB)
