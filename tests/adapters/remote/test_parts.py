"""The sizes of parts: within what S3 takes, and within memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ocitool.adapters.remote.parts import LARGEST_PART, MEBIBYTE, PART_LIMIT, part_size, sent_at_once


@given(st.integers(1, 48 * 1024**4))
def test_parts_hold_all_of_a_known_size(total: int) -> None:
    size = part_size(1, total)
    assert 5 * MEBIBYTE <= size <= LARGEST_PART
    assert -(-total // size) <= PART_LIMIT
    assert part_size(PART_LIMIT, total) == size


def test_parts_hold_five_tebibytes_that_nobody_foresaw() -> None:
    sizes = [part_size(number, None) for number in range(1, PART_LIMIT + 1)]
    assert sum(sizes) >= 5 * 1024**4
    assert max(sizes) <= LARGEST_PART
    assert sizes == sorted(sizes)


@given(st.integers(5 * MEBIBYTE, LARGEST_PART))
def test_what_is_on_the_way_is_bounded(size: int) -> None:
    count = sent_at_once(size)
    assert count >= 1
    assert count == 1 or count * size <= 64 * MEBIBYTE
