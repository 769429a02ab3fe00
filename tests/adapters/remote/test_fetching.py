"""Parts fetched ahead: any order of reads ends, with the right bytes, in bounded memory."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocitool.adapters.remote.cutting import Wanted, cut
from ocitool.adapters.remote.fetching import Fetcher
from tests.adapters.remote.reading import noise

if TYPE_CHECKING:
    from collections.abc import Sequence

PART = 1000
DATA = noise(60_000, "fetched")


class Fetching:
    """Copies from `DATA` and counts calls, and the buffers that are used."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []
        self.buffers: set[int] = set()
        self._lock = threading.Lock()

    def __call__(self, start: int, buffer: memoryview) -> None:
        with self._lock:
            self.calls.append((start, len(buffer)))
            self.buffers.add(id(buffer.obj))
        buffer[:] = DATA[start : start + len(buffer)]


def read_all(fetcher: Fetcher, offset: int, length: int, piece: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        buffer = memoryview(bytearray(min(piece, length - len(data))))
        count = fetcher.read(offset + len(data), buffer)
        assert count > 0
        data += buffer[:count]
    return bytes(data)


def made(ranges: Sequence[tuple[int, int]], fetch: Fetching, *, threads: int = 3, budget: int = 5 * PART) -> Fetcher:
    return Fetcher(cut([Wanted(*one) for one in ranges], PART), fetch, threads=threads, budget=budget)


RANGES = st.lists(st.integers(1, 4000), min_size=1, max_size=12)


@settings(max_examples=40)
@given(RANGES, st.randoms(use_true_random=False), st.integers(1, 5), st.integers(1, 4), st.integers(100, 1500))
def test_any_order_of_reads_by_several_threads_ends(
    lengths: list[int], random: object, readers: int, threads: int, piece: int
) -> None:
    ranges = [(5000 * number, length) for number, length in enumerate(lengths)]
    order = list(ranges)
    random.shuffle(order)  # type: ignore[attr-defined]
    fetch = Fetching()
    fetcher = made(ranges, fetch, threads=threads)
    errors: list[BaseException] = []

    def work(mine: Sequence[tuple[int, int]]) -> None:
        try:
            for offset, length in mine:
                assert read_all(fetcher, offset, length, piece) == DATA[offset : offset + length]
        except BaseException as error:  # noqa: BLE001 - looked at below
            errors.append(error)

    workers = [threading.Thread(target=work, args=(order[number::readers],)) for number in range(readers)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    fetcher.stop(ValueError())
    assert not errors
    assert not any(worker.is_alive() for worker in workers)


def test_reads_in_the_announced_order_fetch_each_part_once_in_bounded_memory() -> None:
    fetch = Fetching()
    ranges = [(0, 20_000), (25_000, 300), (26_000, 20_000)]
    fetcher = made(ranges, fetch)
    for offset, length in ranges:
        assert read_all(fetcher, offset, length, 700) == DATA[offset : offset + length]
    fetcher.stop(ValueError())
    assert sorted(set(fetch.calls)) == sorted(fetch.calls)
    assert len(fetch.calls) == 41
    assert len(fetch.buffers) <= 5


def test_what_is_read_is_fetched_ahead_of_what_is_not() -> None:
    fetch = Fetching()
    fetcher = made([(0, 3000), (10_000, 3000)], fetch, threads=1, budget=2 * PART)
    read_all(fetcher, 10_000, 3000, 500)
    fetcher.stop(ValueError())
    assert [start for start, _ in fetch.calls][:3] == [10_000, 11_000, 12_000]


def test_a_look_at_the_first_bytes_does_not_have_a_part_fetched_twice() -> None:
    fetch = Fetching()
    fetcher = made([(0, 3000)], fetch, threads=1)
    assert fetcher.read(0, memoryview(bytearray(300))) == 300
    assert read_all(fetcher, 0, 3000, 600) == DATA[:3000]
    fetcher.stop(ValueError())
    assert [start for start, _ in fetch.calls] == [0, 1000, 2000]


def test_what_is_read_again_is_fetched_again() -> None:
    fetch = Fetching()
    fetcher = made([(0, 3000)], fetch)
    for _ in range(3):
        assert read_all(fetcher, 0, 3000, 600) == DATA[:3000]
    fetcher.stop(ValueError())


def test_what_was_not_announced_is_left_to_others() -> None:
    fetcher = made([(1000, 500)], Fetching())
    assert fetcher.read(0, memoryview(bytearray(10))) == 0
    assert fetcher.read(1500, memoryview(bytearray(10))) == 0
    assert not fetcher.covers(999)
    assert fetcher.covers(1000)


def test_an_error_reaches_whoever_reads_that_part_alone() -> None:
    def fetch(start: int, buffer: memoryview) -> None:
        if start == 2000:
            raise OSError("gone")
        buffer[:] = DATA[start : start + len(buffer)]

    fetcher = Fetcher(cut([Wanted(0, 3000)], PART), fetch, threads=3)
    assert read_all(fetcher, 0, 2000, 500) == DATA[:2000]
    with pytest.raises(OSError, match="gone"):
        read_all(fetcher, 2000, 10, 10)
    fetcher.stop(ValueError())


def test_all_that_wait_end_when_it_is_stopped() -> None:
    held, begun = threading.Event(), threading.Event()

    def fetch(_start: int, _buffer: memoryview) -> None:
        begun.set()
        held.wait(60)

    fetcher = Fetcher(cut([Wanted(0, 3000)], PART), fetch, threads=3)
    errors: list[str] = []

    def work() -> None:
        try:
            fetcher.read(0, memoryview(bytearray(10)))
        except ValueError as error:
            errors.append(str(error))

    reader = threading.Thread(target=work)
    reader.start()
    assert begun.wait(60)
    fetcher.stop(ValueError("over"))
    reader.join(60)
    held.set()
    assert errors == ["over"]
    with pytest.raises(ValueError, match="over"):
        fetcher.read(0, memoryview(bytearray(10)))


def test_what_was_read_is_not_fetched_ahead_again() -> None:
    fetch = Fetching()
    fetcher = made([(0, 3000)], fetch, threads=1)
    read_all(fetcher, 2000, 1000, 500)
    read_all(fetcher, 0, 2000, 500)
    with fetcher._changed:  # once the thread that fetches waits, it has found nothing more to do
        assert fetcher._next() is None
    fetcher.stop(ValueError())
    assert sorted(start for start, _ in fetch.calls) == [0, 1000, 2000]


def test_what_was_fetched_too_early_makes_room_for_what_is_waited_for() -> None:
    fetch = Fetching()
    fetcher = made([(0, 1000), (30_000, 1000), (50_000, 1000)], fetch, threads=1, budget=PART)
    read_all(fetcher, 50_000, 1000, 1000)
    early = fetcher._slots[0]
    with fetcher._changed:
        assert fetcher._changed.wait_for(lambda: early.buffer is not None and early.state.name == "HERE", 60)
    assert read_all(fetcher, 30_000, 1000, 1000) == DATA[30_000:31_000]
    assert read_all(fetcher, 0, 1000, 1000) == DATA[:1000]
    fetcher.stop(ValueError())
    assert len(fetch.buffers) == 1
