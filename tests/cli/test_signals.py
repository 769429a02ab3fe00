"""Requests to end: one is heard, and another only when the first has led to nothing."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from ocitool.cli import signals
from ocitool.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    before = {number: signal.getsignal(number) for number in signals.SIGNALS}
    time = [1000.0]
    monkeypatch.setattr(signals, "monotonic", lambda: time[0])
    signals.handle_signals()
    yield time
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_second_request_does_not_interrupt_the_undoing(now: list[float]) -> None:
    with pytest.raises(Interrupted) as caught:
        os.kill(os.getpid(), signal.SIGINT)
    assert caught.value.signal_number == signal.SIGINT
    now[0] += signals.PATIENCE / 2
    for number in signals.SIGNALS:
        os.kill(os.getpid(), number)


def test_a_later_one_is_heard(now: list[float]) -> None:
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGINT)
    now[0] += signals.PATIENCE
    with pytest.raises(Interrupted) as caught:
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.signal_number == signal.SIGTERM
