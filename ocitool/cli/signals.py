"""Signals: an orderly end while there is something to undo, none once the outputs get their names."""

from __future__ import annotations

import math
import signal
from time import monotonic
from typing import TYPE_CHECKING, Final

from ocitool.errors import Interrupted

if TYPE_CHECKING:
    from types import FrameType

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

PATIENCE: Final = 2.0
"""Seconds that an orderly end may take before another request is heard: undoing must not be interrupted halfway."""


def handle_signals() -> None:
    """Turn a request to end into `Interrupted`, raised in the main thread."""
    interrupter = _Interrupter()
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a shell's background job
            signal.signal(number, interrupter)


def ignore_signals() -> None:
    """Finish what takes no time any more: a new file under its name is success, whatever is asked now."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


class _Interrupter:
    """A handler that raises `Interrupted`, and again only when that has led to nothing for a while."""

    def __init__(self) -> None:
        self._asked = -math.inf

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        now = monotonic()
        if now - self._asked >= PATIENCE:
            self._asked = now
            raise Interrupted(number)
