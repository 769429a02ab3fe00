"""Requests made again: with growing pauses, and from the byte on where the last one broke."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from ocitool.adapters.remote.remote_object import Broken
from ocitool.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

TRIES: Final = 5
"""Requests in a row that may fail before we give up."""

FIRST_PAUSE: Final = 0.2
"""Seconds before the second try, about; twice that before the third, and so on."""

LONGEST_PAUSE: Final = 30.0
"""Seconds that we wait at most, also where a server asks for more (RFC 9110, 10.2.3 Retry-After)."""

PROGRESS: Final = 64 * 1024
"""Bytes that must have come for a broken request not to count as one in a row."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to try and how to wait; `chance` gives numbers from 0 to 1, so that many clients spread."""

    tries: int = TRIES
    pause: Callable[[float], object] = time.sleep
    chance: Callable[[], float] = random.random

    def wait(self, failed: int, broken: Broken) -> None:
        """Wait after the try number `failed`, counted from 1."""
        pause = FIRST_PAUSE * 2 ** (failed - 1) * (0.5 + self.chance())
        self.pause(min(LONGEST_PAUSE, max(pause, broken.wait)))


def persist(attempt: Callable[[], Result], patience: Patience, name: str) -> Result:
    """Return what `attempt` returns, as soon as it does; raises `ArchiveError` if it never does."""
    for failed in range(1, patience.tries + 1):
        try:
            return attempt()
        except Broken as broken:
            if failed == patience.tries:
                raise given_up(broken, patience, name) from broken
            patience.wait(failed, broken)
    raise ValueError("no tries")


def fill(
    read: Callable[[int, memoryview], int], offset: int, buffer: memoryview, patience: Patience, name: str
) -> None:
    """Fill all of `buffer` from `offset` on, in as many requests as it takes; raises `ArchiveError` if it cannot."""
    done = failed = 0
    while done < len(buffer):
        try:
            count = read(offset + done, buffer[done:])
            broken = Broken("the answer was cut short")
        except Broken as error:
            count, broken = error.count, error
        done += count
        if done == len(buffer):
            return
        failed = 1 if count >= PROGRESS else failed + 1
        if failed >= patience.tries:
            raise given_up(broken, patience, name) from broken
        patience.wait(failed, broken)


def given_up(broken: Broken, patience: Patience, name: str) -> ArchiveError:
    """Return the error for what failed too often."""
    return ArchiveError(
        f"cannot be read: {broken.reason} ({patience.tries} tries)",
        where=name,
        remedy="check the network and the server, then run again",
    )
