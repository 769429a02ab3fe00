"""Who runs jobs, as far as a batch cares: texts go in by number, and come back as they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Completion:
    """What became of one request.

    `text` is the answer, None if whoever was at it was lost as often as it was tried, and `trouble` says how.
    `worker` names the last one, `attempts` counts how often it was begun.
    """

    number: int
    text: str | None
    worker: str = ""
    attempts: int = 1
    trouble: str = ""


class CrewWatch(Protocol):
    """Hears how it goes; called from any thread."""

    def started(self, number: int) -> None:
        """Hear that a job was begun, maybe not for the first time."""

    def advance(self, count: int) -> None:
        """Hear of bytes that were read."""


class Crew(Protocol):
    """Runs `ocitool.api.jobs.request.answer` for texts, somewhere else and several at a time."""

    @property
    def size(self) -> int:
        """How many jobs run at a time, as far as is known; at least 1."""

    @property
    def threads(self) -> int:
        """How many threads a job should have if nobody says."""

    def submit(self, number: int, text: str) -> None:
        """Take a request."""

    def completed(self, watch: CrewWatch, at_once: int | None = None) -> Iterator[Completion]:
        """Yield what became of each request once, as they end; raises `ClusterError` if the crew itself fails.

        Not more than `at_once` run at a time, not even if the crew grows.
        """

    def cancel(self) -> Iterable[Completion]:
        """End what runs and forget what waits; return what had ended by then and was not yielded."""
