"""Bytes from a pipe that was set up not to wait (O_NONBLOCK): that nothing is there yet is not its end."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest

from ocitool.archive.spool import InputStream, SpoolOptions, spool_stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECES = (b"first ", b"second ", b"third")


class LateFile(io.FileIO):
    """The reading end of a pipe into which the next piece comes when somebody has found nothing in it."""

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        os.set_blocking(reading, False)
        self._pieces = list(PIECES)
        super().__init__(reading, "rb")

    def read(self, size: int | None = -1, /) -> bytes:
        data: bytes | None = super().read(size or 0)
        if data is None:
            self._go_on()
        return data  # type: ignore[return-value]

    def readinto(self, buffer: object, /) -> int:
        count: int | None = super().readinto(buffer)  # type: ignore[arg-type]
        if count is None:
            self._go_on()
        return count  # type: ignore[return-value]

    def _go_on(self) -> None:
        if self._pieces:
            os.write(self._writing, self._pieces.pop(0))
        else:
            os.close(self._writing)


@pytest.fixture
def stream() -> Iterator[InputStream]:
    stream = InputStream(LateFile(), "late")
    yield stream
    stream.close()


def test_read_and_look_wait(stream: InputStream) -> None:
    whole = b"".join(PIECES)
    assert stream.peek(9) == whole[:9]
    found = b""
    while data := stream.read(4):
        found += data
    assert found == whole


def test_reading_into_a_buffer_waits(stream: InputStream) -> None:
    found, buffer = b"", memoryview(bytearray(4))
    while count := stream.readinto(buffer):
        found += bytes(buffer[:count])
    assert found == b"".join(PIECES)


def test_passing_over_waits(stream: InputStream) -> None:
    passed = 0
    while count := stream.skip(1):
        passed += count
    assert passed == len(b"".join(PIECES))


def test_a_spool_waits(stream: InputStream, tmp_path: Path) -> None:
    with spool_stream(stream, SpoolOptions(tmp_path)) as spool:
        spool.seek(0)
        assert spool.read() == b"".join(PIECES)
