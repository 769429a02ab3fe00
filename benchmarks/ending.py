"""End in order when asked to: what was started is stopped, what was mounted unmounted, the last first."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Ended(BaseException):
    """Somebody asked this program to end; nothing but `main` may stop it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.code = 128 + number


class Ending:
    """Turn the first signal to end into `Ended`, raised in the main thread; later ones leave the clean-up alone."""

    def __init__(self) -> None:
        self._ended: Ended | None = None

    def listen(self) -> None:
        """Take the signals from now on."""
        for number in SIGNALS:
            signal.signal(number, self._take)

    def raise_again(self) -> None:
        """Raise `Ended` if it was raised before and the clean-up put its own failure in its place."""
        if self._ended is not None:
            raise self._ended

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if self._ended is None:
            self._ended = Ended(number)
            raise self._ended


def exit_code(main: Callable[[Ending], int]) -> int:
    """Return what a program returns, or 128 and the signal that ended it, which a line on standard error tells."""
    ending = Ending()
    ending.listen()
    try:
        try:
            return main(ending)
        except Exception:
            ending.raise_again()
            raise
    except Ended as ended:
        print(f"benchmarks: {ended}; what was started is stopped and removed.", file=sys.stderr)
        return ended.code
