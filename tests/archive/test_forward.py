from __future__ import annotations

import os
import random
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from ocitool.archive import forward, kept
from ocitool.archive.forward import GIVE_A_FILE, UNKNOWN_SIZE, ForwardSource
from ocitool.archive.kept import KeptBytes
from ocitool.archive.source import Incoming, open_incoming
from ocitool.archive.spool import SpoolOptions
from ocitool.errors import ArchiveError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = random.Random(1).randbytes(300_000)
PIECE = 1000


@contextmanager
def arriving(folder: Path, data: bytes = DATA) -> Iterator[ForwardSource]:
    reading, writing = os.pipe()

    def write() -> None:
        with suppress(BrokenPipeError), os.fdopen(writing, "wb", buffering=0) as stream:
            rest = memoryview(data)
            while rest:
                rest = rest[stream.write(rest) :]

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        incoming = open_incoming("-", standard_input=reading)
        assert isinstance(incoming, Incoming)
        with ForwardSource(incoming, SpoolOptions(folder)) as source:
            yield source
    finally:
        os.close(reading)
        thread.join()


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "CHUNK", PIECE)


def test_what_is_kept_can_be_read_in_any_order(tmp_path: Path) -> None:
    with arriving(tmp_path) as source:
        assert source.size == UNKNOWN_SIZE
        assert source.read_at(5000, 10) == DATA[5000:5010]
        assert source.holds(5010)
        assert not source.holds(7000)
        assert source.read_at(0, 5000) == DATA[:5000]
        assert source.read_at(len(DATA) - 5, 10) == DATA[-5:]
        assert source.size == len(DATA)
        spooled = source.as_spool()
        assert (spooled.size, spooled.read_at(0, len(DATA))) == (len(DATA), DATA)
    assert not list(tmp_path.iterdir())


def test_what_was_let_go_is_read_once(tmp_path: Path) -> None:
    with arriving(tmp_path) as source:
        source.read_at(0, 2000)
        source.let_go()
        buffer = memoryview(bytearray(3000))
        assert source.readinto_at(1500, buffer) == 3000  # from what is kept into what comes
        assert bytes(buffer) == DATA[1500:4500]
        assert source.read_at(100_000, 7) == DATA[100_000:100_007]
        assert source.read_at(100, 50) == DATA[100:150]
        with pytest.raises(ArchiveError, match="has passed") as caught:
            source.read_at(50_000, 1)
        assert caught.value.remedy == GIVE_A_FILE
        assert source.open_range(0, 2000) is not None
        assert source.open_range(1500, 3000) is None
        assert source.read_at(len(DATA) + 10, 1) == b""
        assert source.size == len(DATA)


def test_documents_are_kept(tmp_path: Path) -> None:
    with arriving(tmp_path) as source:
        source.read_at(0, 512)
        source.let_go()
        source.keep(20_000, 9000)
        source.keep(900, 0)
        assert source.read_at(40_000, 5) == DATA[40_000:40_005]
        assert source.keeps(20_000, 9000)
        assert not source.keeps(20_000, 9001)
        assert not source.keeps(19_999, 2)
        assert source.read_at(21_000, 500) == DATA[21_000:21_500]


def test_few_bytes_are_kept_in_memory_and_more_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MEMORY_SIZE", 1000)
    held = KeptBytes(tmp_path, needed=0)
    in_memory = os.fstat(held.file.fileno()).st_dev
    held.write(0, b"a" * 600)
    held.write(600, b"b" * 100)
    held.write(10**9, b"c" * 300)
    assert os.fstat(held.file.fileno()).st_dev == in_memory
    held.write(2 * 10**9, b"d" * 10)
    assert os.fstat(held.file.fileno()).st_dev == tmp_path.stat().st_dev
    assert os.fstat(held.file.fileno()).st_blocks < 1000, "the holes must stay holes"
    buffer = memoryview(bytearray(200))
    held.readinto(500, buffer)
    assert bytes(buffer) == b"a" * 100 + b"b" * 100
    held.readinto(10**9 + 100, buffer)
    assert bytes(buffer) == b"c" * 200
    assert held.has(2 * 10**9, 10)
    held.close()


def test_a_file_that_is_going_to_be_too_large_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MEMORY_SIZE", 10)
    held = KeptBytes(tmp_path, needed=10**18)
    held.write(0, b"1234567890")
    with pytest.raises(OutputError, match=f"needs {10**18} bytes"):
        held.write(10, b"1")
    held.close()
    assert not list(tmp_path.iterdir())
