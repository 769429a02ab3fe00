from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

import pytest

from ocitool.archive.prefetch import read_ahead, read_in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Producer:
    """Gives what is asked for in odd parts, then maybe an error."""

    def __init__(self, data: bytes, step: int, error: Exception | None = None) -> None:
        self._stream = io.BytesIO(data)
        self._step = step
        self._error = error

    def readinto(self, buffer: memoryview) -> int:
        count = self._stream.readinto(buffer[: self._step])
        if count == 0 and self._error is not None:
            raise self._error
        return count


DATA = bytes(range(256)) * 50


@pytest.mark.parametrize("step", [1, 7, 1000, 100_000])
@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, len(DATA)])
@pytest.mark.parametrize("read", [read_ahead, read_in_turn])
def test_the_bytes_arrive_in_order(
    read: Callable[[Producer, int], Iterator[memoryview]], step: int, size: int
) -> None:
    parts = [bytes(part) for part in read(Producer(DATA[:size], step), 1000)]
    assert b"".join(parts) == DATA[:size]
    assert all(len(part) == 1000 for part in parts[:-1])


def test_an_error_comes_after_the_whole_parts_before_it() -> None:
    parts: list[bytes] = []
    ahead = read_ahead(Producer(DATA, 64, ValueError("cut")), 1024)
    with pytest.raises(ValueError, match="cut"):
        parts.extend(map(bytes, ahead))
    assert b"".join(parts) == DATA[: len(DATA) // 1024 * 1024]


def test_a_consumer_that_leaves_ends_the_thread() -> None:
    ahead = read_ahead(Producer(DATA, 10), 100)
    next(ahead)
    ahead.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "ocitool-ahead"]
