"""Run the command line: ``python -m ocitool``."""

from __future__ import annotations

import gc
import os
import signal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

COLLECTION_THRESHOLD: Final = 100_000
"""Objects made, less those freed, before the next search for cycles among them."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # Until the program has its own handlers, which takes the loading of it, nothing has begun that needs an end.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler}:
            signal.signal(number, _end)
    # Graphs and plans hold no cycles; looking for some every 700 objects took a fifth of the time of large ones.
    gc.set_threshold(COLLECTION_THRESHOLD)

    from ocitool.cli.app import run

    run()


def _end(number: int, _frame: FrameType | None) -> None:
    """End as the program itself does when it is interrupted, whatever is being loaded."""
    try:
        os.write(2, b"ocitool: interrupted\n")
    finally:
        os._exit(128 + number)


if __name__ == "__main__":
    main()
