"""Batches run as programs: lists of jobs, and sources that have a job wait until a test lets it go on."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.builders import multi_platform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.builders import Json

PATIENCE = 120.0
"""Seconds after which something that has to happen has not."""


def filtering(name: str, source: str, output: str, **options: Any) -> Json:
    """Return a job of one platform."""
    given = {"platform": "linux/arm64"} | {key.replace("_", "-"): value for key, value in options.items()}
    return {"id": name, "verb": "filter", "source": source, "output": output, "options": given}


def write_jobs(path: Path, jobs: Sequence[Json]) -> Path:
    """Write a list of jobs."""
    path.write_text("".join(f"{json.dumps(job)}\n" for job in jobs))
    return path


def read_lines(text: bytes) -> dict[str, Json]:
    """Read result lines by id; no job may have two."""
    lines = [json.loads(line) for line in text.splitlines()]
    assert len({line["id"] for line in lines}) == len(lines)
    return {line["id"]: line for line in lines}


@contextmanager
def started(*arguments: str | Path, folder: Path, program: Sequence[str] = ("ocitool",)) -> Iterator[Any]:
    """Start a program that is ended with the test, whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-m", *program, *map(str, arguments)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


class Held:
    """A source that is a pipe: who reads it waits, after so many bytes, until the rest is `sent` or it is gone."""

    def __init__(self, path: Path, data: bytes | None = None) -> None:
        self.path = path
        self._data = multi_platform().pack() if data is None else data
        self._descriptor = -1
        os.mkfifo(path)

    def wait(self, size: int = 512) -> None:
        """Wait for a reader and send it the first bytes."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._descriptor = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError as error:
                if error.errno != errno.ENXIO or time.monotonic() > deadline:
                    raise
            time.sleep(0.02)
        os.set_blocking(self._descriptor, True)
        os.write(self._descriptor, self._data[:size])
        self._sent = size

    def send(self) -> None:
        """Send the rest."""
        with os.fdopen(self._descriptor, "wb") as pipe:
            pipe.write(self._data[self._sent :])

    def lose(self) -> None:
        """Wait until whoever reads, and was killed, is gone: then nothing more can be written."""
        with suppress(BrokenPipeError):
            while True:
                os.write(self._descriptor, bytes(65536))
        os.close(self._descriptor)


def children(process: int) -> list[int]:
    """Return the processes that a process has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            if int(text.rpartition(")")[2].split()[1]) == process:
                found.append(int(entry.name))
    return found


def kill_only_child(process: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Kill the one process that a process has started, as a system does that is out of memory."""
    (child,) = children(process)
    os.kill(child, number)


def names(folder: Path) -> list[str]:
    """Return all that is in a folder, hidden or not."""
    return sorted(path.name for path in folder.iterdir())


def statuses(lines: Mapping[str, Json]) -> dict[str, str]:
    """Return how each job ended."""
    return {name: line["status"] for name, line in lines.items()}
