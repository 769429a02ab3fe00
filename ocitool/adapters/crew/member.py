"""One worker process of this machine, as the process that started it sees it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ocitool.adapters.crew.worker import TERMINAL_SIGNALS

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK: Final = 64 * 1024
_PROGRAM: Final = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from ocitool.adapters.crew.worker import main
main()
"""


@dataclass(slots=True)
class Task:
    """A request by its number, and how often it was begun."""

    number: int
    text: str
    attempts: int = 0


class Member:
    """A process that runs one task at a time; `task` is the one it is at."""

    def __init__(self) -> None:
        self.task: Task | None = None
        self._rest = b""
        # It has this mask from the start; before it can ignore signals, an interpreter would end in a trace.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, TERMINAL_SIGNALS)
        try:
            # What can be imported here can be there, from the same places, and nothing of the folder it starts in.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    @property
    def name(self) -> str:
        """What results call it."""
        return f"{os.uname().nodename}:{self._process.pid}"

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when it has something to say, or is gone."""
        if self._process.stdout is None:
            raise TypeError("has no standard output")
        return self._process.stdout.fileno()

    def begin(self, task: Task) -> None:
        """Have it run a task; if it is gone already, that is seen when it is listened to."""
        task.attempts += 1
        self.task = task
        line = json.dumps({"attempt": task.attempts, "request": task.text}).encode() + b"\n"
        rest = memoryview(line)
        with suppress(BrokenPipeError):
            while rest and self._process.stdin is not None:
                rest = rest[self._process.stdin.write(rest) or 0 :]

    def listen(self) -> Iterator[dict[str, Any]]:
        """Yield what it has said, at least a part of a message; raises `EOFError` if it is gone."""
        data = os.read(self.fileno(), _CHUNK)
        if not data:
            raise EOFError
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield json.loads(line)

    def interrupt(self) -> None:
        """Ask it to end its task and itself: an output that has no name yet is given up."""
        self._close_input()
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def dismiss(self) -> str:
        """Wait for the end of one that was told to end or is gone; return how it ended."""
        self._close_input()
        code = self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return f"killed by signal {-code}" if code < 0 else f"ended with code {code}"

    def _close_input(self) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
