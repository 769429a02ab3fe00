"""What every backend gives: the facts of one object, and ranges of its bytes."""

from __future__ import annotations

from typing import Protocol

from ocitool.errors import ArchiveError, ChangedSource


class RemoteObject(Protocol):
    """One object of a certain size and version; threads share it."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    @property
    def version(self) -> str:
        """What is another for another version of the object, also another day; "" if nothing tells."""

    @property
    def concurrency(self) -> int:
        """How many requests it is good to have under way at a time."""

    def read_range(self, offset: int, buffer: memoryview) -> int:
        """Ask once for the bytes from `offset` on and fill `buffer`, all of which there are; return how many came.

        Raises `Broken` if another try may help, `ChangedSource` if the object is another one by now, else
        `ArchiveError`.
        """

    def check_unchanged(self) -> None:
        """Raise `ChangedSource` if the object is not what it was, as far as reading has not told that already."""

    def interrupt(self) -> None:
        """Have the requests under way end with `Broken`."""


class Broken(Exception):
    """A request that may go well when it is made again; never leaves this package.

    `count` is how many bytes had come, `wait` how many seconds the server asks to wait.
    """

    def __init__(self, reason: str, *, count: int = 0, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.count = count
        self.wait = wait


def changed(name: str) -> ChangedSource:
    """Return the error for an object that was replaced."""
    return ChangedSource("changed while it was read", where=name, remedy="wait until it is written, then run again")


def missing(name: str) -> ArchiveError:
    """Return the error for an object that is not there."""
    return ArchiveError("no such object", where=name, remedy="check the name")


def refused(name: str, answer: str, remedy: str) -> ArchiveError:
    """Return the error for an object that may not be read."""
    return ArchiveError(f"may not be read ({answer})", where=name, remedy=remedy)
