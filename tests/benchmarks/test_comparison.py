"""Only an order of magnitude is a failure."""

from __future__ import annotations

import pytest

from benchmarks.comparison import compare, comparison_table
from benchmarks.measurement import Ratio


@pytest.mark.parametrize(
    ("now", "is_far_worse"), [(0.1, False), (3.0, False), (9.9, False), (10.0, True), (99.0, True)]
)
def test_ten_times_fails_and_three_do_not(now: float, *, is_far_worse: bool) -> None:
    (comparison,) = compare([Ratio("filter / hash", now)], [Ratio("filter / hash", 1.0)])
    assert comparison.is_far_worse is is_far_worse
    assert ("10 times or more" in comparison_table([comparison])) is is_far_worse


def test_what_was_never_recorded_is_told_and_cannot_fail() -> None:
    (comparison,) = compare([Ratio("new", 99.0)], [Ratio("old", 1.0)])
    assert comparison.change is None
    assert not comparison.is_far_worse
    assert comparison_table([comparison]).splitlines()[-1].split("|")[1:4] == [" new ", " 99.00 ", "          "]
