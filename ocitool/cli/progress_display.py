"""Progress that is seen: whoever moves bytes only counts them, one thread shows the count a few times a second."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from ocitool.cli.pace import JobStanding, Pace, Standing
from ocitool.cli.progress_forms import as_bar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

INTERVAL: Final = 1.0
"""Seconds between two lines of plain or JSON progress."""

TICK: Final = 0.125
"""Seconds between two looks at the count, and two drawings of a bar."""

_ERASE: Final = "\r\x1b[2K"
_COLUMNS: Final = 80


class Display(Protocol):
    """Where the standing of a phase is shown, one call at a time."""

    def begin(self, standing: Standing) -> None:
        """Show that a phase begins."""

    def tick(self, standing: Standing) -> None:
        """Show how far it is, if it is time for that."""

    def end(self, standing: Standing) -> None:
        """Show how it went, or clear what was drawn."""


class CountingListener:
    """Counts bytes from any thread, and has a display show them, and `jobs`, every `tick` seconds."""

    def __init__(
        self,
        display: Display,
        *,
        tick: float = TICK,
        clock: Callable[[], float] = time.monotonic,
        jobs: Callable[[], JobStanding] | None = None,
    ) -> None:
        self._display = display
        self._tick = tick
        self._clock = clock
        self._jobs = jobs
        self._lock = threading.Lock()
        self._done = 0
        self._pace: Pace | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, phase: str, total: int | None) -> None:
        """Begin a phase; one that did not end ends."""
        self.finish()
        self._done = 0
        self._ended = threading.Event()
        self._pace = Pace(phase, total, self._clock())
        # A reader of standard error that went away ends what is shown, not the work.
        with contextlib.suppress(OSError, ValueError):
            self._display.begin(self._with_jobs(Standing(phase, 0, total)))
        self._thread = threading.Thread(
            target=self._run, args=(self._pace, self._ended), name="ocitool-progress", daemon=True
        )
        self._thread.start()

    def advance(self, count: int) -> None:
        """Count `count` more bytes."""
        with self._lock:
            self._done += count

    def finish(self) -> None:
        """End the phase, if there is one."""
        pace, self._pace = self._pace, None
        if pace is None:
            return
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        with contextlib.suppress(OSError, ValueError):
            self._display.end(self._with_jobs(pace.end(self._clock(), self._done)))

    def _run(self, pace: Pace, ended: threading.Event) -> None:
        with contextlib.suppress(OSError, ValueError):
            while not ended.wait(self._tick):
                self._display.tick(self._with_jobs(pace.note(self._clock(), self._done)))

    def _with_jobs(self, standing: Standing) -> Standing:
        return standing if self._jobs is None else replace(standing, jobs=self._jobs())


class Lines:
    """A line when a phase begins, one every `interval` seconds, and one when it ends."""

    def __init__(
        self,
        stream: TextIO,
        form: Callable[[Standing], str],
        *,
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._form = form
        self._interval = interval
        self._clock = clock
        self._printed = 0.0

    def begin(self, standing: Standing) -> None:
        """Print the first line."""
        self._print(standing)

    def tick(self, standing: Standing) -> None:
        """Print a line, if the last one is old enough."""
        if self._clock() - self._printed >= self._interval:
            self._print(standing)

    def end(self, standing: Standing) -> None:
        """Print the last line."""
        self._print(standing)

    def _print(self, standing: Standing) -> None:
        self._printed = self._clock()
        self._stream.write(f"{self._form(standing)}\n")
        self._stream.flush()


class Bar:
    """One line of a terminal, drawn over and over, and erased in the end."""

    def __init__(self, stream: TextIO, *, coloured: bool) -> None:
        self._stream = stream
        self._coloured = coloured
        self._is_drawn = False

    def begin(self, standing: Standing) -> None:
        """Draw nothing: what ends at once is not shown."""

    def tick(self, standing: Standing) -> None:
        """Draw the bar anew, as wide as the terminal is now."""
        line = as_bar(standing, self._columns(), encoding=self._stream.encoding, coloured=self._coloured)
        self._is_drawn = True
        self._stream.write(_ERASE + line)
        self._stream.flush()

    def end(self, standing: Standing) -> None:  # noqa: ARG002 - a display is told, and this one does not ask
        """Erase the bar."""
        if self._is_drawn:
            self._is_drawn = False
            self._stream.write(_ERASE)
            self._stream.flush()

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or _COLUMNS
        except OSError:
            return _COLUMNS
