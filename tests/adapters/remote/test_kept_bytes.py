"""Bytes that are kept, held to a plain copy of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ocitool.adapters.remote.kept_bytes import KeptBytes
from tests.adapters.remote.reading import noise

DATA = noise(2000, "kept")
RANGES = st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 400)), max_size=12)


@given(RANGES, RANGES)
def test_what_was_kept_is_found_and_nothing_else(added: list[tuple[int, int]], read: list[tuple[int, int]]) -> None:
    kept = KeptBytes()
    there: set[int] = set()
    for start, length in added:
        kept.add(start, memoryview(DATA[start : start + length]))
        there.update(range(start, start + length))
    for offset, length in read:
        expected = next((number for number in range(length) if offset + number not in there), length)
        buffer = bytearray(length)
        assert kept.copy(offset, memoryview(buffer)) == expected
        assert buffer[:expected] == DATA[offset : offset + expected]
        assert kept.end(offset) == next(number for number in range(offset, 3000) if number not in there)
        following = kept.next_start(offset)
        if following is None:
            assert all(number <= kept.end(offset) for number in there)
        else:
            assert offset < following
            assert there.isdisjoint(range(kept.end(offset) + 1, following)) or following <= kept.end(offset)


@given(RANGES)
def test_memory_is_bounded(added: list[tuple[int, int]]) -> None:
    kept = KeptBytes(500)
    for start, length in added:
        kept.add(start, memoryview(DATA[start : start + length]))
        buffer = bytearray(1)
        assert sum(kept.copy(position, memoryview(buffer)) for position in range(2000)) <= 500


def test_what_was_not_used_for_long_goes_first() -> None:
    kept = KeptBytes(300)
    for start in (0, 200, 400):
        kept.add(start, memoryview(DATA[start : start + 100]))
    kept.copy(0, memoryview(bytearray(1)))
    kept.add(600, memoryview(DATA[600:700]))
    assert [kept.end(start) - start for start in (0, 200, 400, 600)] == [100, 0, 100, 100]
