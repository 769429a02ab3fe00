"""Announced ranges cut into parts: everything wanted once, nothing larger than a part, neighbours together."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ocitool.adapters.remote.cutting import BUDGET, GAP, LARGEST, SMALLEST, Wanted, cut, part_size

RANGES = st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 60_000), st.sampled_from([0, 512])), max_size=30)


@given(RANGES, st.integers(1000, 50_000))
def test_parts_cover_what_is_wanted_and_no_more_than_gaps(drawn: list[tuple[int, int, int]], size: int) -> None:
    wanted = [Wanted(offset + lead, length, lead) for offset, length, lead in drawn]
    parts = sorted((part for run in cut(wanted, size) for part in run), key=lambda part: part.start)
    assert all(before.end <= after.start for before, after in pairwise(parts))
    assert all(0 < part.size <= size for part in parts)
    fetched = {number for part in parts for number in range(part.start, part.end)}
    asked = {
        number for one in wanted if one.length for number in range(one.offset - one.lead, one.offset + one.length)
    }
    assert asked <= fetched
    stops = {one.offset + one.length for one in wanted if one.length}
    for part in parts:
        assert part.stops[-1] == part.end
        assert list(part.stops) == sorted(set(part.stops))
        edges = [stop for stop in (part.start, *part.stops) if stop in stops or stop == part.start]
        assert len(part.stops) == 1 or len(edges) == len(part.stops) + 1


def test_small_neighbours_share_a_part_and_large_ranges_have_their_own() -> None:
    runs = cut([Wanted(100_000, 30_000), Wanted(0, 1000), Wanted(1512, 1000), Wanted(130_512, 5000)], 10_000)
    assert [[(part.start, part.end) for part in run] for run in runs] == [
        [(100_000, 110_000), (110_000, 120_000), (120_000, 130_000)],
        [(0, 2512)],
        [(130_512, 135_512)],
    ]


def test_what_lies_far_apart_is_not_fetched_together() -> None:
    assert len(cut([Wanted(0, 10), Wanted(10 + GAP, 10)], 1_000_000)) == 1
    assert len(cut([Wanted(0, 10), Wanted(11 + GAP, 10)], 1_000_000)) == 2


def test_the_header_before_a_range_comes_with_it() -> None:
    ((part,),) = cut([Wanted(1024, 100, 512)], 10_000)
    assert (part.start, part.end, part.stops) == (512, 1124, (1124,))


def test_parts_fit_memory_with_any_number_of_readers() -> None:
    assert part_size(2) == LARGEST
    for readers in range(1, 40):
        assert (readers + 4) * part_size(readers) <= BUDGET
    assert part_size(10_000) == SMALLEST
