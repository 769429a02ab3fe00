"""Far sources hear of what is read next in the order in which it is, and of the end of all interest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.archive.new_file import NewFile
from ocitool.archive.remote import FarSource
from ocitool.engine.announcing import StopSignal, announce
from ocitool.engine.execute import execute, execute_in_order
from ocitool.engine.unpack import read_blobs
from ocitool.errors import IntegrityError
from ocitool.plan.steps import Copy
from tests.builders import multi_platform
from tests.laws.filtering import BytesSink, plan_of
from tests.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

DATA = multi_platform(own=lambda name: name * 10_000).pack()


class FarBytes(BytesSource, FarSource):
    """Bytes that take note of what they are told."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.announced: list[tuple[int, int]] = []
        self.interrupted = False

    def require_before(self, expected: Mapping[int, bytes], documents: int) -> None:
        """Nothing is promised."""

    def will_read(self, ranges: Iterable[tuple[int, int]]) -> None:
        self.announced = list(ranges)

    def interrupt(self) -> None:
        self.interrupted = True


def copies() -> list[Copy]:
    steps = plan_of(DATA, ["all"]).outputs[0].steps()
    return [step.content for step in steps if isinstance(step.content, Copy)]


def ranges(of: Iterable[Copy]) -> list[tuple[int, int]]:
    return [(copy.offset, copy.size) for copy in of]


def largest_first(copy: Copy) -> tuple[int, int]:
    return -copy.size, copy.offset


def test_a_file_is_written_from_the_largest_blob_on(tmp_path: Path) -> None:
    source, file = FarBytes(DATA), NewFile(tmp_path / "out.tar")
    execute([(plan_of(DATA, ["all"]).outputs[0], file)], [source])
    file.close()
    assert source.announced == ranges(sorted(copies(), key=largest_first))
    assert source.announced != ranges(copies())
    assert not source.interrupted


def test_a_stream_is_written_in_its_order() -> None:
    source = FarBytes(DATA)
    execute_in_order(plan_of(DATA, ["all"]).outputs[0], [source, source], BytesSink())
    assert source.announced == ranges(copies())


def test_a_verification_reads_from_the_largest_blob_on() -> None:
    source = FarBytes(DATA)
    read_blobs(copies(), source)
    assert source.announced == ranges(sorted(copies(), key=largest_first))


def test_an_error_in_one_thread_ends_the_waiting_of_others(tmp_path: Path) -> None:
    damaged = bytearray(DATA)
    damaged[max(copies(), key=lambda copy: copy.size).offset] ^= 1
    source, file = FarBytes(bytes(damaged)), NewFile(tmp_path / "out.tar")
    with pytest.raises(IntegrityError):
        execute([(plan_of(DATA, ["all"]).outputs[0], file)], [source])
    file.close()
    assert source.interrupted


def test_sources_at_hand_are_told_nothing() -> None:
    announce(copies(), [BytesSource(DATA)])
    stop = StopSignal([BytesSource(DATA)])
    stop.set()
    assert stop.is_set()
