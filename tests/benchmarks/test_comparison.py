"""Only an order of magnitude is a failure, or what cannot be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import setting, small
from benchmarks.comparison import compare, comparison_table
from benchmarks.measurement import Ratio
from benchmarks.small import ratios
from tests.benchmarks.findings import cost

if TYPE_CHECKING:
    from benchmarks.measure import Cost


@pytest.mark.parametrize(
    ("now", "is_failure"), [(0.1, False), (3.0, False), (9.9, False), (10.0, True), (99.0, True)]
)
def test_ten_times_fails_and_three_do_not(now: float, *, is_failure: bool) -> None:
    (comparison,) = compare([Ratio("filter / hash", now)], [Ratio("filter / hash", 1.0)])
    assert comparison.is_failure is is_failure
    assert ("10 times or more" in comparison_table([comparison])) is is_failure


@pytest.mark.parametrize(
    ("now", "recorded", "verdict"),
    [
        (-0.2, 0.01, "within noise"),
        (0.1, -0.3, "within noise"),
        (0.9, 0.01, "ok"),
        (-0.5, 1.0, "ok"),
        (1.1, 0.0, "**10 times or more**"),
    ],
)
def test_differences_near_nothing_are_noise(now: float, recorded: float, verdict: str) -> None:
    (comparison,) = compare([Ratio("filter / hash", now)], [Ratio("filter / hash", recorded)])
    assert comparison.verdict == verdict


def test_what_cannot_be_compared_is_a_failure() -> None:
    new, old = compare([Ratio("new", 99.0)], [Ratio("old", 1.0)])
    assert (new.change, old.change) == (None, None)
    assert new.is_failure
    assert old.is_failure
    told = comparison_table([new, old])
    assert "**never recorded: record again**" in told
    assert "**not measured any more: record again**" in told


@pytest.mark.parametrize(("factor", "failures"), [(1, 0), (3, 0), (11, 4)])
def test_an_engine_that_is_ten_times_slower_is_found(factor: int, failures: int) -> None:
    """What starting takes stays as it is: counted, it would hide the rest."""
    found = compare(ratios(_costs(factor)), ratios(_costs(1)))
    assert sum(each.is_failure for each in found) == failures


def _costs(factor: float) -> dict[str, Cost]:
    start, moved = 0.2, {setting.VERIFIED: 0.08, setting.UNVERIFIED: 0.05, small.SPLIT: 0.15, small.VERIFY: 0.08}
    starts = (setting.VERSION, setting.START, small.INSPECT, small.SPLIT_START, small.VERIFY_START)
    return {
        setting.BARE: cost(0.01),
        **{name: cost(start) for name in starts},
        **{name: cost(start + factor * seconds) for name, seconds in moved.items()},
        **{name: cost(0.08) for name in (setting.HASH, setting.COPY, small.HASH_ALL, small.COPY_ALL)},
    }
