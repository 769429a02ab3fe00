"""Run other programs: find them, ask them something, feed them an archive."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocitool.adapters.held_signals import held_signals
from ocitool.archive.pipes import widen_pipe
from ocitool.archive.sink import StreamSink
from ocitool.errors import ImporterError, Interrupted, OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

QUESTION_LIMIT: Final = 20.0
"""Seconds that a program may take to answer a question; ctr itself gives its daemon 10."""

PATIENCE: Final = 10.0
"""Seconds that an importer gets to end by itself once its archive was cut, or once it was asked to stop."""

_NOT_HEADER: Final = b"\xff"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said to a question, and its exit code."""

    exit_code: int
    output: str
    complaint: str

    @property
    def last_line(self) -> str:
        """The last line that it complained with."""
        lines = self.complaint.strip().splitlines()
        return lines[-1].strip() if lines else f"ended with exit code {self.exit_code}"


def find_program(name: str, path: str | None = None, *, remedy: str = "") -> str:
    """Return the path of a program, `path` if that is given, else what PATH has; raises `ImporterError`."""
    if path is None:
        found = shutil.which(name)
        if found is None:
            raise ImporterError(f"{name} is not on PATH", remedy=remedy or f"install {name}")
        return found
    # A path without a slash would be looked for on PATH.
    if not os.access(path, os.X_OK) or Path(path).is_dir():
        what = "is no program that can be run" if Path(path).exists() else "no such file"
        raise ImporterError(what, where=path, remedy=f"name {name} itself, such as /usr/bin/{name}")
    return str(Path(path).absolute())


def ask(words: Sequence[str], *, limit: float = QUESTION_LIMIT) -> Answer:
    """Run a program to its end and return what it says; raises `ImporterError` if it cannot run or takes too long."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=limit,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise ImporterError(
            f"gave no answer for {limit:.0f} s", where=words[0], remedy="see whether its daemon is well"
        ) from None
    except OSError as error:
        raise ImporterError(f"cannot be run: {error.strerror}", where=words[0]) from error
    return Answer(done.returncode, done.stdout, done.stderr)


class Feeding:
    """A program that reads an archive from its standard input, as a context; nothing of it outlives that.

    Its other streams are ours, untouched; with `redirected` what it prints goes to standard error. After an
    interruption it gets the same signal, and is killed if that does not end it.
    """

    def __init__(self, words: Sequence[str], *, redirected: bool = False) -> None:
        self._words = words
        self._redirected = redirected
        self._process: subprocess.Popen[bytes] | None = None
        self._sink: StreamSink | None = None
        self._writing = -1

    @property
    def sink(self) -> StreamSink:
        """Where the archive goes."""
        if self._sink is None:
            raise RuntimeError("the program has not been started")
        return self._sink

    def __enter__(self) -> Self:
        """Start the program; raises `ImporterError` if that cannot be."""
        try:
            with held_signals():
                self._start()
        except BaseException as error:
            if self._process is not None:
                self.__exit__(type(error), error, error.__traceback__)
            self._close()
            raise
        return self

    def _start(self) -> None:
        # Both ends close on exec: the program gets its own, and no other one gets ours.
        reading, self._writing = os.pipe()
        self._sink = StreamSink(self._writing, Path(self._words[0]).name)
        try:
            widen_pipe(self._writing)
            self._process = subprocess.Popen(self._words, stdin=reading, stdout=2 if self._redirected else None)
        except OSError as error:
            raise ImporterError(f"cannot be run: {error.strerror}", where=self._words[0]) from error
        finally:
            os.close(reading)

    def finish(self) -> int:
        """End the archive and wait for the program; return its exit code, 128 and more for a signal."""
        self._close()
        code = self._running.wait()
        return code if code >= 0 else 128 - code

    def cut(self, *, inside: bool) -> None:
        """End the archive so that nobody takes it for whole; `inside` if that is within a blob."""
        if not inside:
            # Go's archive/tar takes the end of the data for the end of an archive, where an entry has just ended.
            poller = select.poll()
            poller.register(self._writing, select.POLLOUT)
            if not poller.poll(PATIENCE * 1000):
                self._running.kill()
            with suppress(OutputError):
                self.sink.write(_NOT_HEADER)
        self._close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the program, no longer than it takes to stop it."""
        process = self._running
        try:
            if isinstance(error, Interrupted):
                # Before the pipe closes: what has only been cut might still be taken in.
                with suppress(ProcessLookupError):
                    process.send_signal(error.signal_number)
            self._close()
            if not _has_ended(process):
                process.terminate()
            if not _has_ended(process):
                process.kill()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the program has not been started")
        return self._process

    def _close(self) -> None:
        if self._sink is not None:
            with suppress(OutputError):
                self._sink.close()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return False
    return True
