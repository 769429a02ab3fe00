from __future__ import annotations

import io
import os
import random
from typing import TYPE_CHECKING

import pytest

from ocitool.archive import source as source_module
from ocitool.archive.holes import punch_hole
from ocitool.archive.source import HOLE, SpooledSource

if TYPE_CHECKING:
    from pathlib import Path

DATA = random.Random(1).randbytes(8 * HOLE)


def spooled(folder: Path) -> SpooledSource:
    path = folder / "spool"
    path.write_bytes(DATA)
    file = io.FileIO(path, "rb+")
    os.fsync(file.fileno())
    return SpooledSource(file, "x")


@pytest.mark.parametrize(
    "ranges",
    [
        [],
        [(0, len(DATA))],
        [(3, 5)],
        [(5 * HOLE + 7, HOLE), (HOLE - 1, 2), (HOLE, 100)],
        [(2 * HOLE, 3 * HOLE), (3 * HOLE, 10), (len(DATA) - 1, 1)],
    ],
)
def test_what_is_kept_stays_and_the_rest_gives_its_room_back(ranges: list[tuple[int, int]], tmp_path: Path) -> None:
    with spooled(tmp_path) as source:
        before = (tmp_path / "spool").stat().st_blocks
        source.will_read(ranges)
        source.check_unchanged()
        assert source.size == (tmp_path / "spool").stat().st_size == len(DATA)
        for offset, length in ranges:
            assert source.read_at(offset, length) == DATA[offset : offset + length]
        with io.FileIO(tmp_path / "spool", "rb+") as file:
            can_punch = punch_hole(file.fileno(), len(DATA), 1)
        if can_punch and ranges != [(0, len(DATA))]:
            assert before - (tmp_path / "spool").stat().st_blocks >= HOLE // 512


def test_small_gaps_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holes: list[tuple[int, int]] = []

    def record(_descriptor: int, offset: int, length: int) -> bool:
        holes.append((offset, length))
        return True

    monkeypatch.setattr(source_module, "punch_hole", record)
    with spooled(tmp_path) as source:
        source.will_read([(position, 512) for position in range(0, 4 * HOLE, 1024)])
    assert holes == [(4 * HOLE - 512, 4 * HOLE + 512)]


def test_where_holes_cannot_be_made_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA)
    with io.FileIO(tmp_path / "file", "rb") as file:
        assert not punch_hole(file.fileno(), 0, HOLE)
    assert (tmp_path / "file").read_bytes() == DATA
    with SpooledSource(io.FileIO(tmp_path / "file", "rb"), "x") as source:
        source.will_read([])
        assert source.read_at(0, len(DATA)) == DATA
