"""A process that runs jobs for the batch that started it, one after the other.

Requests come as lines of JSON through its standard input, what it has to say goes as lines of JSON to what was its
standard output. It ends when its input does.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Final

from ocitool.adapters.crew.counting import Counting
from ocitool.api.jobs.request import Runner, answer
from ocitool.errors import Interrupted

if TYPE_CHECKING:
    from types import FrameType

COLLECTION_THRESHOLD: Final = 100_000
"""Objects made, less those freed, before a search for cycles: graphs and plans hold none."""

TERMINAL_SIGNALS: Final = (signal.SIGINT, signal.SIGHUP)
"""What a terminal sends to all processes; blocked from the start, as it takes a while until they are ignored."""

INTERVAL: Final = 0.2
"""Seconds between two lines that tell of bytes."""


def main() -> None:
    """Run jobs until no more come."""
    gc.set_threshold(COLLECTION_THRESHOLD)
    _hold_signals()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, TERMINAL_SIGNALS)
    requests, replies = _take_streams()
    waiting: SimpleQueue[bytes] = SimpleQueue()
    busy = threading.Event()
    threading.Thread(target=_read, args=(requests, waiting, busy), name="ocitool-requests", daemon=True).start()
    name = f"{os.uname().nodename}:{os.getpid()}"

    def tell(message: dict[str, object]) -> None:
        replies.write(json.dumps(message).encode() + b"\n")
        replies.flush()

    try:
        while line := waiting.get():
            busy.set()
            message = json.loads(line)
            # Asked to end, a job ends in order and its output is gone; once names are given it is past that.
            signal.signal(signal.SIGTERM, _interrupt)
            counting = Counting(lambda count: tell({"bytes": count}), INTERVAL)
            runner = Runner(name, counting, message["attempt"], _hold_signals)
            text = answer(message["request"], runner)
            _hold_signals()
            counting.close()
            tell({"answer": text})
            busy.clear()
            if was_interrupted(text):
                # What was undone for it is undone; whoever asked still wants an end, and sees by what it was.
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                os.kill(os.getpid(), signal.SIGTERM)
    except (BrokenPipeError, Interrupted):
        pass


def _read(requests: IO[bytes], waiting: SimpleQueue[bytes], busy: threading.Event) -> None:
    """Hand requests on; when whoever sends them is gone, so is the reason to go on."""
    for line in requests:
        waiting.put(line)
    waiting.put(b"")
    if busy.is_set():
        os.kill(os.getpid(), signal.SIGTERM)


def _take_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Return the streams that this process talks through, and put others in their place for all else."""
    requests, replies = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(2, 1)
    os.close(nowhere)
    return os.fdopen(requests, "rb"), os.fdopen(replies, "wb")


def was_interrupted(text: str) -> bool:
    """Tell whether an answer is that of a job which was asked to end."""
    error = json.loads(text)["error"]
    return error is not None and error["code"] == Interrupted.code


def _hold_signals() -> None:
    """Leave the end to whoever started this process: a terminal interrupts both."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    _hold_signals()  # once is enough: another one would come in the midst of clearing up
    raise Interrupted(number)
