from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ocitool.cli.pace import LEFT_SECONDS, SPEED_SECONDS, Pace, Standing


def run(pace: Pace, start: float, end: float, done: int, rate: int) -> tuple[Standing, int]:
    """Go on at `rate` bytes a second from `start` to `end`, with a look each eighth of a second."""
    standing = Standing("x", done, None)
    for number in range(1, round((end - start) * 8) + 1):
        standing = pace.note(start + number / 8, done + rate * number // 8)
    return standing, done + rate * round(end - start)


def test_nothing_is_known_before_the_first_byte() -> None:
    assert Pace("saving", None, 5).note(6, 0) == Standing("saving", 0, None)
    assert Pace("filtering", 100, 5).note(6, 0) == Standing("filtering", 0, 100)
    assert Pace("filtering", 100, 5).note(5, 50) == Standing("filtering", 50, 100)


def test_speed_is_that_of_the_last_seconds() -> None:
    pace = Pace("filtering", 100_000, 0)
    _, done = run(pace, 0, 10, 0, 5_000)
    standing, _ = run(pace, 10, 10 + SPEED_SECONDS, done, 100)
    assert standing.speed == 100


def test_a_standstill_is_told() -> None:
    pace = Pace("filtering", 100_000, 0)
    _, done = run(pace, 0, 4, 0, 5_000)
    standing, _ = run(pace, 4, 4 + LEFT_SECONDS, done, 0)
    assert (standing.speed, standing.left) == (0, None)


def test_the_time_left_looks_further_back_than_the_speed() -> None:
    pace = Pace("filtering", 100_000, 0)
    _, done = run(pace, 0, 12, 0, 1_000)
    standing, _ = run(pace, 12, 15, done, 6_000)
    assert standing.speed == 6_000
    assert standing.left == 35  # 70,000 bytes at 30,000 in 15 seconds


def test_all_done_leaves_nothing() -> None:
    assert Pace("filtering", 10, 0).note(1, 10).left == 0
    assert Pace("filtering", 0, 0).note(1, 0).left == 0


def test_the_end_tells_the_speed_of_the_whole_phase() -> None:
    pace = Pace("filtering", 20_000, 0)
    _, done = run(pace, 0, 10, 0, 2_000)
    assert pace.end(10, done) == Standing("filtering", done, 20_000, 2_000, 0)
    assert pace.end(10, 10_000) == Standing("filtering", 10_000, 20_000, 1_000, None)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 10**9)), max_size=200), st.integers(0, 10**12))
def test_no_figure_is_ever_absurd(steps: list[tuple[float, int]], total: int) -> None:
    pace, now, done = Pace("x", total, 0), 0.0, 0
    for seconds, count in steps:
        now, done = now + seconds, done + count
        standing = pace.note(now, done)
        assert standing.speed is None or standing.speed >= 0
        assert standing.left is None or standing.left >= 0
        assert (standing.left == 0) == (done >= total)
