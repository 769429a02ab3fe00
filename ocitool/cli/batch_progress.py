"""How far a batch is, and its result lines."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from ocitool.api.listener import Listener, Silence
from ocitool.cli.outcome import silence
from ocitool.cli.pace import JobStanding
from ocitool.errors import OutputClosed, OutputError
from ocitool.plan.batch.result import JobStatus

if TYPE_CHECKING:
    from typing import TextIO

    from ocitool.plan.batch.result import JobResult


class BatchProgress:
    """Counts jobs and bytes from any thread."""

    def __init__(self, total: int) -> None:
        self.listener: Listener = Silence()
        self._total = total
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._done = 0
        self._failed = 0

    def started(self, number: int) -> None:
        """Count a job that was begun, once."""
        with self._lock:
            self._running.add(number)

    def advance(self, count: int) -> None:
        """Count bytes."""
        self.listener.advance(count)

    def ended(self, result: JobResult) -> None:
        """Count a job that has ended."""
        with self._lock:
            if result.status is JobStatus.FAILED:
                self._failed += 1
            else:
                self._done += 1

    def standing(self) -> JobStanding:
        """Return how far it is."""
        with self._lock:
            running = max(0, len(self._running) - self._done - self._failed)
            return JobStanding(self._done, self._failed, running, self._total)


def print_result(result: JobResult, stream: TextIO | None) -> None:
    """Print one line, at once; raises `OutputClosed` if nobody reads it, `OutputError` if it cannot be written."""
    if stream is None:
        return
    try:
        stream.write(json.dumps(result.to_json(), ensure_ascii=True) + "\n")
        stream.flush()
    except BrokenPipeError:
        silence(stream)
        raise OutputClosed(
            "nobody reads the results any more, so the batch ended", remedy="write them to a file, for --resume"
        ) from None
    except OSError as error:
        silence(stream)
        raise OutputError(f"cannot write the results: {error.strerror}") from error
