from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocitool.archive.new_file import NewFile
from ocitool.archive.source import FileSource
from ocitool.engine import pump
from ocitool.engine.control import CHUNK, Control, Stopped
from ocitool.engine.pump import (
    copy_in_kernel,
    digest_blob,
    pump_unverified,
    pump_verified,
)
from ocitool.errors import ChangedSource, IntegrityError
from ocitool.model.digest import Digest
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [0, 1, 511, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 7 * CHUNK + 5]


def pattern(size: int) -> bytes:
    return bytes(range(251)) * (size // 251) + bytes(range(size % 251))


def make(folder: Path, data: bytes, *, before: int = 100) -> FileSource:
    path = folder / "source"
    path.write_bytes(b"x" * before + data + b"y" * 100)
    return FileSource.open(path)


def copy_of(data: bytes, algorithm: str = "sha256") -> Copy:
    return Copy(0, 100, len(data), Digest(algorithm, hashlib.new(algorithm, data).hexdigest()), "layer 1 of 1")


class Collector:
    def __init__(self) -> None:
        self.data = bytearray()
        self.counted = 0
        self.control = Control(threading.Event(), self.count)

    def count(self, size: int) -> None:
        self.counted += size

    def __call__(self, position: int, part: memoryview) -> None:
        assert position == len(self.data)
        self.data += part


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_verified_bytes_arrive_in_order(tmp_path: Path, size: int, algorithm: str) -> None:
    data, collector = pattern(size), Collector()
    with make(tmp_path, data) as source:
        pump_verified(copy_of(data, algorithm), source, collector, collector.control)
    assert collector.data == data
    assert collector.counted == size


@pytest.mark.parametrize("size", [size for size in SIZES if size])
def test_the_last_part_is_held_back_from_a_wrong_digest(tmp_path: Path, size: int) -> None:
    data, collector = bytearray(pattern(size)), Collector()
    copy = copy_of(bytes(data))
    data[size // 2] ^= 1
    with make(tmp_path, bytes(data)) as source, pytest.raises(IntegrityError, match="layer 1 of 1 is corrupt"):
        pump_verified(copy, source, collector, collector.control)
    assert len(collector.data) < size
    assert len(collector.data) >= size - CHUNK


@pytest.mark.parametrize("size", SIZES)
def test_unverified_bytes_arrive_in_order(tmp_path: Path, size: int) -> None:
    data, collector = pattern(size), Collector()
    with make(tmp_path, data) as source:
        pump_unverified(copy_of(data), source, collector, collector.control)
    assert collector.data == data


@pytest.mark.parametrize("size", SIZES)
def test_the_kernel_copies_the_same(tmp_path: Path, size: int) -> None:
    data, collector = pattern(size), Collector()
    with make(tmp_path, data) as source:
        sink = NewFile(tmp_path / "out")
        try:
            with sink.place(0) as place:
                assert copy_in_kernel(copy_of(data), source, place, collector.control) == size
            sink.stage()
            sink.publish()
        finally:
            sink.close()
    assert (tmp_path / "out").read_bytes() == data
    assert collector.counted == size


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_where_writers_take_turns_the_kernel_copies_only_what_it_need_not_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    data, collector = pattern(3 * CHUNK + 5), Collector()
    control = replace(collector.control, takes_turns=True)
    clock = count(0, seconds)
    monkeypatch.setattr(pump, "thread_time", lambda: next(clock))
    with make(tmp_path, data) as source:
        sink = NewFile(tmp_path / "out")
        try:
            with sink.place(0) as place:
                done = copy_in_kernel(copy_of(data), source, place, control)
                assert done == (CHUNK if seconds else len(data))
                assert control.kernel_moves.is_set() == bool(seconds)
                pump_unverified(copy_of(data), source, place.write_at, control, start=done)
                assert copy_in_kernel(copy_of(data), source, place, control) == (0 if seconds else len(data))
            sink.stage()
            sink.publish()
        finally:
            sink.close()
    assert (tmp_path / "out").read_bytes() == data


@pytest.mark.parametrize("size", [10, 3 * CHUNK])
def test_a_source_that_became_shorter_is_an_error(tmp_path: Path, size: int) -> None:
    data, collector = pattern(size), Collector()
    with make(tmp_path, data) as source:
        with (tmp_path / "source").open("r+b") as file:
            file.truncate(100 + size // 2)
        for pumping in (pump_verified, pump_unverified):
            collector.data.clear()
            with pytest.raises(ChangedSource):
                pumping(copy_of(data), source, collector, collector.control)


def test_a_stop_ends_the_pump_and_its_thread(tmp_path: Path) -> None:
    data, collector = pattern(5 * CHUNK), Collector()
    collector.control.stop.set()
    with make(tmp_path, data) as source, pytest.raises(Stopped):
        pump_verified(copy_of(data), source, collector, collector.control)
    assert not [thread for thread in threading.enumerate() if thread.name == "ocitool-hash"]


def test_an_error_of_the_hashing_thread_ends_the_pump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, collector = pattern(9 * CHUNK), Collector()

    class Failing:
        def update(self, _part: memoryview) -> None:
            raise MemoryError

        def hexdigest(self) -> str:
            return "0"

    monkeypatch.setattr(Digest, "hasher", lambda _digest: Failing())
    with make(tmp_path, data) as source, pytest.raises(MemoryError):
        pump_verified(copy_of(data), source, collector, collector.control)
    assert not [thread for thread in threading.enumerate() if thread.name == "ocitool-hash"]


@pytest.mark.parametrize("idle_from", [1, 2 * CHUNK, 9 * CHUNK])
def test_a_second_thread_reads_ahead_as_soon_as_a_processor_is_idle(tmp_path: Path, idle_from: int) -> None:
    data, collector = pattern(6 * CHUNK + 3), Threads(idle_from=idle_from)
    with make(tmp_path, data) as source:
        pump_unverified(copy_of(data), source, collector, collector.control, start=0)
    assert collector.data == data
    assert collector.counted == len(data)
    assert collector.ahead == (idle_from < 6 * CHUNK)
    assert not [thread for thread in threading.enumerate() if thread.name == "ocitool-ahead"]


def test_an_error_of_the_consumer_ends_the_hashing_thread(tmp_path: Path) -> None:
    data, collector = pattern(5 * CHUNK), Collector()

    def refuse(_position: int, _part: memoryview) -> None:
        raise ValueError("full")

    with make(tmp_path, data) as source, pytest.raises(ValueError, match="full"):
        pump_verified(copy_of(data), source, refuse, collector.control)
    assert not [thread for thread in threading.enumerate() if thread.name == "ocitool-hash"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("overlapped", [True, False])
def test_digest_blob_tells_what_the_bytes_are(tmp_path: Path, size: int, *, overlapped: bool) -> None:
    data, collector = pattern(size), Collector()
    lie = Copy(0, 100, size, Digest("sha256", "0" * 64), "layer")
    with make(tmp_path, data) as source:
        assert digest_blob(lie, source, collector.control, overlapped=overlapped) == Digest.of(data)
        assert collector.counted == size
        (tmp_path / "source").write_bytes(data[: size // 2])
        with pytest.raises(ChangedSource):
            digest_blob(Copy(0, 0, size + 1, lie.digest, "layer"), source, collector.control, overlapped=overlapped)
    assert not [thread for thread in threading.enumerate() if thread.name == "ocitool-ahead"]


class Threads(Collector):
    """Counts the bytes that come while a second thread hashes, and has processors go idle in the middle."""

    def __init__(self, *, idle_from: int) -> None:
        super().__init__()
        self.beside = 0
        self.ahead = False
        self._idle_from = idle_from
        self.control.idle.clear()

    def __call__(self, position: int, part: memoryview) -> None:
        super().__call__(position, part)
        names = {thread.name for thread in threading.enumerate()}
        if "ocitool-hash" in names:
            self.beside += len(part)
        self.ahead = self.ahead or "ocitool-ahead" in names
        if len(self.data) >= self._idle_from:
            self.control.idle.set()


@pytest.mark.parametrize(("idle_from", "beside"), [(1, 4), (2 * CHUNK, 3), (6 * CHUNK, 0)])
def test_a_second_thread_hashes_as_soon_as_a_processor_is_idle(tmp_path: Path, idle_from: int, beside: int) -> None:
    data, collector = pattern(6 * CHUNK), Threads(idle_from=idle_from)
    with make(tmp_path, data) as source:
        pump_verified(copy_of(data), source, collector, collector.control)
    assert collector.data == data
    assert collector.beside == beside * CHUNK


@pytest.mark.parametrize("idle", [True, False])
def test_buffers_are_used_again(tmp_path: Path, *, idle: bool) -> None:
    data, collector = pattern(3 * CHUNK), Collector()
    if not idle:
        collector.control.idle.clear()
    buffers: set[int] = set()

    def consume(_position: int, part: memoryview) -> None:
        buffers.add(id(part.obj))

    with make(tmp_path, data) as source:
        for _ in range(5):
            pump_verified(copy_of(data), source, consume, collector.control)
        refused = Copy(0, 100, len(data), Digest("sha256", "0" * 64), "layer")
        with pytest.raises(IntegrityError):
            pump_verified(refused, source, consume, collector.control)
    held = [collector.control.buffers.take() for _ in range(5)]
    assert buffers < {id(buffer.obj) for buffer in held}
    assert len(buffers) == (3 if idle else 1)


@given(
    size=st.integers(0, 5 * CHUNK),
    at=st.lists(st.integers(0, 5 * CHUNK), max_size=3),
    idle_from=st.integers(0, 6 * CHUNK),
)
@settings(max_examples=60, deadline=None)
def test_whoever_hashes_damage_is_found(
    tmp_path_factory: pytest.TempPathFactory, size: int, at: list[int], idle_from: int
) -> None:
    data = pattern(size)
    damaged = bytearray(data)
    for place in at:
        if place < size:
            damaged[place] ^= 1
    collector = Threads(idle_from=idle_from)
    with make(tmp_path_factory.mktemp("blob"), bytes(damaged)) as source:
        if damaged == data:
            pump_verified(copy_of(data), source, collector, collector.control)
            assert collector.data == data
        else:
            with pytest.raises(IntegrityError):
                pump_verified(copy_of(data), source, collector, collector.control)
            assert collector.data == damaged[: (size - 1) // CHUNK * CHUNK]
