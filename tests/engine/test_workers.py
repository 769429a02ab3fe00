from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from ocitool.engine import workers
from ocitool.engine.workers import processor_count, run_parallel, use_processors


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


def _look(idle: threading.Event, seen: list[bool], everybody: threading.Barrier, _item: int) -> None:
    everybody.wait(60)
    seen.append(idle.is_set())
    everybody.wait(60)


def test_processors_are_idle_when_threads_are_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "processor_count", lambda: 3)
    for items, is_idle in ((1, True), (2, True), (3, False), (9, False)):
        idle, seen = threading.Event(), list[bool]()
        everybody = threading.Barrier(min(items, 3))

        idle.set()
        run_parallel(range(items), partial(_look, idle, seen, everybody), threading.Event(), idle=idle)
        assert seen[0] == is_idle
        assert idle.is_set()


def test_a_thread_that_ran_out_of_work_leaves_a_processor_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "processor_count", lambda: 2)
    idle = threading.Event()
    heard: list[bool] = []

    def work(item: int) -> None:
        if item == 0:
            heard.append(idle.wait(60))  # until the other one has done all the rest

    run_parallel(range(4), work, threading.Event(), idle=idle)
    assert heard == [True]


def test_a_process_can_be_told_how_many_processors_it_has() -> None:
    own = processor_count()
    use_processors(own + 3)
    try:
        assert processor_count() == own + 3
    finally:
        use_processors(None)
    assert processor_count() == own
