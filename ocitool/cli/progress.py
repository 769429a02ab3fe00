"""Progress on standard error: bars on a terminal, lines or JSON on request."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from ocitool.api.listener import Listener, Silence
from ocitool.cli.options import ProgressMode
from ocitool.cli.text import format_size

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

INTERVAL: Final = 1.0
"""Seconds between two lines of plain or JSON progress."""


def make_listener(mode: ProgressMode, *, quiet: bool) -> Listener:
    """Return the listener for a mode; `auto` is silent unless standard error is a terminal."""
    if quiet and mode is ProgressMode.AUTO:
        return Silence()
    match mode:
        case ProgressMode.AUTO:
            return _Bars() if sys.stderr.isatty() else Silence()
        case ProgressMode.PLAIN:
            return _Lines(as_json=False)
        case ProgressMode.JSON:
            return _Lines(as_json=True)
        case _:
            return Silence()


class _Bars:
    """A bar for each phase, drawn by rich."""

    def __init__(self) -> None:
        self._progress: RichProgress | None = None
        self._task: TaskID | None = None

    def start(self, phase: str, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.progress import TransferSpeedColumn as Speed

        self.finish()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            Speed(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task(phase, total=total)
        self._progress.start()

    def advance(self, count: int) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, count)

    def finish(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


class _Lines:
    """A line a second."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._lock = threading.Lock()
        self._phase = ""
        self._total: int | None = None
        self._done = 0
        self._printed = 0.0

    def start(self, phase: str, total: int | None) -> None:
        with self._lock:
            self._phase, self._total, self._done = phase, total, 0
            self._print()

    def advance(self, count: int) -> None:
        with self._lock:
            self._done += count
            if time.monotonic() - self._printed >= INTERVAL:
                self._print()

    def finish(self) -> None:
        with self._lock:
            if self._phase:
                self._print()
                self._phase = ""

    def _print(self) -> None:
        self._printed = time.monotonic()
        if self._as_json:
            line = json.dumps({"phase": self._phase, "done": self._done, "total": self._total})
        elif self._total:
            share = 100 * self._done // self._total
            line = f"{self._phase}: {format_size(self._done)} of {format_size(self._total)} ({share} %)"
        else:
            line = f"{self._phase}: {format_size(self._done)}"
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is what the user asked to see
