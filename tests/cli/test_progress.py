from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING

import pytest

from ocitool.cli.progress_display import CountingListener, Lines
from ocitool.cli.progress_forms import as_json
from tests.builders import multi_platform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ocitool.cli.pace import Standing

COMMAND = (sys.executable, "-m", "ocitool")
ERASE = b"\r\x1b[2K"


class Notes:
    """A display that remembers, and can be waited for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.ticked = threading.Semaphore(0)

    def begin(self, standing: Standing) -> None:
        self.calls.append((f"begin {standing.phase}", standing.done))

    def tick(self, standing: Standing) -> None:
        self.calls.append(("tick", standing.done))
        self.ticked.release()

    def end(self, standing: Standing) -> None:
        self.calls.append((f"end {standing.phase}", standing.done))


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    yield
    assert "ocitool-progress" not in {thread.name for thread in threading.enumerate()}


def test_bytes_of_many_threads_are_all_counted() -> None:
    notes = Notes()
    listener = CountingListener(notes, tick=0.001)
    listener.start("hashing", 80_000)

    def count() -> None:
        for _ in range(10_000):
            listener.advance(1)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert notes.ticked.acquire(timeout=60)
    listener.finish()
    assert notes.calls[0] == ("begin hashing", 0)
    assert notes.calls[-1] == ("end hashing", 80_000)


def test_a_phase_ends_once_and_before_the_next() -> None:
    notes = Notes()
    listener = CountingListener(notes, tick=60)
    listener.finish()
    listener.start("splitting", 10)
    listener.advance(7)
    listener.start("saving", None)
    listener.finish()
    listener.finish()
    assert notes.calls == [("begin splitting", 0), ("end splitting", 7), ("begin saving", 0), ("end saving", 0)]


def test_a_reader_that_went_away_does_not_end_the_work() -> None:
    class Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    listener = CountingListener(Lines(Gone(), as_json, interval=0), tick=0.001)
    listener.start("filtering", 10)
    listener.advance(10)
    listener.finish()


def test_lines_are_as_far_apart_as_asked() -> None:
    now = 0.0
    stream = io.StringIO()
    lines = Lines(stream, lambda standing: str(standing.done), clock=lambda: now)
    listener = CountingListener(lines, tick=60)
    listener.start("filtering", 100)
    pace = listener._pace
    assert pace is not None
    for now in (0.5, 0.9, 1.0, 1.5, 1.9, 2.1, 2.9):
        lines.tick(pace.note(now, round(10 * now)))
    listener.finish()
    assert stream.getvalue().split() == ["0", "10", "21", "0"]


PATIENCE = 60
"""Seconds to wait for what a terminal is to show."""


class Terminal:
    """A pseudo-terminal for standard error."""

    def __init__(self, *, columns: int = 80) -> None:
        self._master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def read(self, until: bytes | None = None) -> bytes:
        """Return what is printed, to the end or until something is."""
        text = b""
        end = time.monotonic() + PATIENCE
        while until is None or until not in text:
            # A bar that is drawn over and over must not keep us for ever.
            assert select.select([self._master], [], [], max(0, end - time.monotonic()))[0], text
            try:
                part = os.read(self._master, 65536)
            except OSError:  # EIO: the last one who had it open has closed it
                break
            text += part
        return text

    def run(self, *arguments: str | Path, **variables: str) -> subprocess.Popen[bytes]:
        """Start the command with a pipe for standard input."""
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self.slave,
            env=environment | {"TERM": "xterm"} | variables,
        )
        os.close(self.slave)
        return process

    def close(self) -> None:
        os.close(self._master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    opened.close()


def large_archive() -> bytes:
    """An archive that is spooled, since its index comes last, and of which half is enough that some of it is."""
    layout = multi_platform()
    layout.files["README"] = bytes(8 * 1024 * 1024)
    return layout.pack(order=lambda name: ("README", "blobs", "index.json", "oci-layout").index(name.split("/")[0]))


def feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(data)
    process.stdin.flush()


def test_a_bar_is_drawn_and_erased(terminal: Terminal, tmp_path: Path) -> None:
    packed = large_archive()
    process = terminal.run("filter", "-", "-p", "linux/arm64", "-o", tmp_path / "out.tar")
    feed(process, packed[: len(packed) // 2])
    assert ERASE + b"spooling" in terminal.read(b"spooling")  # while it waits for the rest
    feed(process, packed[len(packed) // 2 :])
    assert process.stdin is not None
    process.stdin.close()
    text = terminal.read()
    assert process.wait() == 0
    after = text[text.rindex(ERASE) + len(ERASE) :]
    assert b"spooling" not in after
    assert b"note" in after


def test_an_interrupt_erases_the_bar(terminal: Terminal, tmp_path: Path) -> None:
    process = terminal.run("filter", "-", "-p", "linux/arm64", "-o", tmp_path / "out.tar")
    feed(process, large_archive()[: 4 * 1024 * 1024])
    terminal.read(b"spooling")
    process.send_signal(signal.SIGINT)
    text = terminal.read()
    assert process.wait() == 130
    assert ERASE in text
    assert b"spooling" not in text[text.rindex(ERASE) :]
    assert process.stdin is not None
    process.stdin.close()


def test_an_error_erases_the_bar(terminal: Terminal, tmp_path: Path) -> None:
    process = terminal.run("filter", "-", "-p", "linux/arm64", "-o", tmp_path / "out.tar")
    feed(process, large_archive()[: 4 * 1024 * 1024])
    terminal.read(b"spooling")
    assert process.stdin is not None
    process.stdin.close()
    text = terminal.read()
    assert process.wait() == 3
    assert b"spooling" not in text[text.rindex(ERASE) :]


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_erase_has_lines(terminal: Terminal, tmp_path: Path, term: str) -> None:
    (tmp_path / "image.tar").write_bytes(multi_platform().pack())
    process = terminal.run(
        "filter", tmp_path / "image.tar", "-p", "linux/arm64", "-o", tmp_path / "out.tar", TERM=term
    )
    assert process.stdin is not None
    process.stdin.close()
    text = terminal.read()
    assert process.wait() == 0
    assert b"\x1b" not in text
    assert text.startswith(b"filtering: 0 B of ")


def test_no_color_is_heard(tmp_path: Path) -> None:
    for variables, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        terminal = Terminal()
        (tmp_path / "image.tar").write_bytes(multi_platform().pack())
        code = (
            "import sys, time; from ocitool.cli.options import ProgressMode as M;"
            "from ocitool.cli.progress import showing_progress as s\n"
            "with s(M.AUTO, quiet=False) as l: l.start('filtering', 10); l.advance(5); sys.stdin.read()"
        )
        process = subprocess.Popen(
            [COMMAND[0], "-c", code],
            stdin=subprocess.PIPE,
            stderr=terminal.slave,
            env={name: value for name, value in os.environ.items() if name != "NO_COLOR"}
            | {"TERM": "xterm", **variables},
        )
        os.close(terminal.slave)
        drawn = terminal.read(b"5 B of 10 B")
        assert process.stdin is not None
        process.stdin.close()
        terminal.read()
        terminal.close()
        assert process.wait() == 0
        assert (b"\x1b[36m" in drawn) == coloured


def test_the_documents_of_a_run_are_lines_of_json(tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(multi_platform().pack())
    done = subprocess.run(
        [
            *COMMAND,
            *("filter", str(tmp_path / "image.tar"), "-p", "linux/arm64", "-o", str(tmp_path / "out.tar")),
            *("-q", "--progress", "json"),
        ],
        capture_output=True,
        check=True,
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    last = [line for line in lines if line["phase"] == "filtering"][-1]
    assert last["done"] == last["total"] > 0
    assert last["secondsLeft"] == 0
    assert last["bytesPerSecond"] > 0
