"""Progress on standard error: bars on a terminal, lines or JSON on request."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ocitool.api.listener import Listener, Silence
from ocitool.cli.options import ProgressMode
from ocitool.cli.text import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress as RichProgress
    from rich.progress import ProgressColumn, Task, TaskID

INTERVAL: Final = 1.0
"""Seconds between two lines of plain or JSON progress."""


@contextmanager
def showing_progress(mode: ProgressMode, *, quiet: bool) -> Iterator[Listener]:
    """Yield the listener for a mode, and clear what it drew whatever happens."""
    listener = _make_listener(mode, quiet=quiet)
    try:
        yield listener
    finally:
        listener.finish()


def _make_listener(mode: ProgressMode, *, quiet: bool) -> Listener:
    """Return the listener for a mode; `auto` is silent unless standard error is a terminal."""
    if quiet and mode is ProgressMode.AUTO:
        return Silence()
    match mode:
        case ProgressMode.AUTO:
            return _Bars() if sys.stderr is not None and sys.stderr.isatty() else Silence()
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
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.finish()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            _column(_amount),
            _column(_speed),
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


def _column(text: Callable[[Task], str]) -> ProgressColumn:
    """Make a column of a bar; rich's own mix binary and decimal units."""
    from rich.progress import ProgressColumn
    from rich.text import Text

    class Column(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(text(task))

    return Column()


def _amount(task: Task) -> str:
    total = "" if task.total is None else f" of {format_size(int(task.total))}"
    return format_size(int(task.completed)) + total


def _speed(task: Task) -> str:
    return "" if task.speed is None else f"{format_size(int(task.speed))}/s"
