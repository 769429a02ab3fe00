"""Start a server in a folder of its own, and leave nothing behind when it stops.

Servers that start containers leave mounts and child processes when they are stopped in
the middle of something; both are found by the unique folder they were given.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .program import Program

START_LIMIT = 30.0
STOP_LIMIT = 10.0
POLL_INTERVAL = 0.05
LOG_TAIL = 2000


class DaemonError(RuntimeError):
    """Say that a server did not come up."""


class Daemon:
    """Own one server process and the temporary folder it works in."""

    def __init__(self, name: str) -> None:
        """Make the folder; its path is short because a socket path may not pass 107 bytes."""
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        self._name = name
        self._log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, program: Program, is_ready: Callable[[], bool]) -> None:
        """Start ``program`` and wait until ``is_ready`` says it answers."""
        environment = {**program.environment, "HOME": str(self.folder), "TMPDIR": str(self.folder)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(program.path), *program.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self.folder,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise DaemonError(f"{self._name} ended at once: {self.log_tail()}")
            if is_ready():
                return
            time.sleep(POLL_INTERVAL)
        raise DaemonError(f"{self._name} gives no answer: {self.log_tail()}")

    def log_tail(self) -> str:
        """Return the last lines the server wrote."""
        return self._log.read_text(errors="replace")[-LOG_TAIL:] if self._log.exists() else ""

    def stop(self) -> None:
        """Stop the server, its children and its mounts, and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP_LIMIT)
        for process in self._leftover_processes():
            _kill(process)
        for mount in sorted(self._mounts(), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _leftover_processes(self) -> Iterator[int]:
        """Yield processes, such as shims, whose command line names this folder."""
        needle = os.fsencode(self.folder)
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(word == needle or word.startswith(needle + b"/") for word in command):
                yield int(entry.name)

    def _mounts(self) -> Iterator[str]:
        """Yield what is still mounted below the folder."""
        for line in Path("/proc/self/mounts").read_text().splitlines():
            target = line.split(" ")[1]
            if target.startswith(f"{self.folder}/"):
                yield target


def _kill(process: int) -> None:
    """Kill one process that may have ended meanwhile."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return
