from __future__ import annotations

import threading
import time

import pytest

from ocitool.engine.workers import processor_count, run_parallel


@pytest.mark.parametrize("count", [1, 2, 7])
def test_every_item_is_worked_on_once(count: int) -> None:
    done: list[int] = []
    run_parallel(range(100), done.append, threading.Event(), count=count)
    assert sorted(done) == list(range(100))


@pytest.mark.parametrize("count", [1, 3])
def test_the_first_error_stops_the_rest_and_is_raised(count: int) -> None:
    started: list[int] = []

    def work(item: int) -> None:
        started.append(item)
        if item == 3:
            raise ValueError("three")
        time.sleep(0.001)

    stop = threading.Event()
    with pytest.raises(ValueError, match="three"):
        run_parallel(range(1000), work, stop, count=count)
    assert stop.is_set()
    assert len(started) < 100


def test_no_items_is_no_work() -> None:
    run_parallel([], lambda _: None, threading.Event())


def test_processor_count_is_positive() -> None:
    assert processor_count() >= 1
