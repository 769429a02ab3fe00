"""Signals that come while a program is being started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.adapters.held_signals import held_signals
from ocitool.adapters.programs import Feeding
from ocitool.cli.signals import handle_signals
from ocitool.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    handle_signals()
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_is_handled_at_the_end(number: int) -> None:
    handler = signal.getsignal(number)
    steps: list[str] = []
    with pytest.raises(Interrupted) as caught:
        _signalled(number, steps)
    assert (steps, caught.value.signal_number) == (["signal sent"], number)
    assert signal.getsignal(number) is handler


def _signalled(number: int, steps: list[str]) -> None:
    with held_signals():
        os.kill(os.getpid(), number)
        steps.append("signal sent")


def test_nothing_comes() -> None:
    with held_signals():
        pass


def test_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with held_signals():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        os.kill(os.getpid(), signal.SIGHUP)


def test_other_threads_have_no_handlers() -> None:
    done = threading.Event()

    def work() -> None:
        with held_signals():
            done.set()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(5)
    assert done.is_set()


def test_program_that_was_being_started_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    start = subprocess.Popen

    def interrupted(*arguments: Any, **options: Any) -> Any:
        process = start(*arguments, **options)
        started.append(process)
        os.kill(os.getpid(), signal.SIGTERM)
        return process

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(Interrupted), Feeding(["sleep", "60"]):
        pass
    (process,) = started
    assert process.returncode == -signal.SIGTERM
