from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from ocitool.engine.control import Control, Stopped
from ocitool.engine.rate import BURST, Rate


class Time:
    """A clock that stands still but for waiting."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, _stop: threading.Event, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=20), st.floats(1, 10_000))
def test_bytes_take_as_long_as_they_may(counts: list[int], speed: float) -> None:
    time = Time()
    rate = Rate(speed, clock=time, wait=time.wait)
    for count in counts:
        rate.take(count)
    assert abs(time.now - 100 - sum(counts) / speed) < 1e-6 * (1 + sum(counts) / speed)


def test_a_pause_is_made_up_for_only_so_far() -> None:
    time = Time()
    rate = Rate(1000, clock=time, wait=time.wait)
    time.now += 60
    rate.take(int(1000 * BURST))
    assert time.waits == []
    rate.take(500)
    assert time.waits == [0.5]


def test_threads_share_it() -> None:
    """What one took is paid for before the next goes on, whichever asks."""
    time = Time()
    waits: list[float] = []
    rate = Rate(1000, clock=time, wait=lambda _stop, seconds: waits.append(seconds))
    rate.take(1000)
    rate.take(1000)
    assert waits == [1.0, 2.0]


def test_the_end_of_the_work_ends_the_waiting() -> None:
    stop = threading.Event()
    control = Control(stop, lambda _count: None, rate=Rate(1))
    ended: list[type[BaseException]] = []

    def work() -> None:
        try:
            control.step(10**9)  # thirty years
        except Stopped as error:
            ended.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    stop.set()
    thread.join(timeout=60)
    assert ended == [Stopped]
