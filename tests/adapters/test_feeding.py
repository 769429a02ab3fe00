"""Programs that are fed through a pipe: how they end, and that they always do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ocitool.adapters import programs
from ocitool.adapters.programs import Feeding
from ocitool.archive.pipes import PIPE_SIZE
from ocitool.errors import ImporterError, Interrupted, OutputClosed

MANY = b"x" * (4 * 1024 * 1024)
"""More than a pipe holds."""


def python(script: str) -> list[str]:
    return [sys.executable, "-c", f"import os, signal, sys, time\n{script}"]


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("sys.stdin.buffer.read()", 0),
        ("sys.stdin.buffer.read(); sys.exit(7)", 7),
        ("sys.stdin.buffer.read(); os.kill(os.getpid(), signal.SIGKILL)", 128 + signal.SIGKILL),
        ("while sys.stdin.buffer.read1(400_000): time.sleep(0.01)", 0),
    ],
    ids=["success", "failure", "killed", "slow"],
)
def test_exit_code(script: str, code: int) -> None:
    with Feeding(python(script)) as feeding:
        feeding.sink.write(MANY)
        assert feeding.finish() == code


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("sys.exit(3)", 3),
        ("sys.stdin.buffer.read(100_000); sys.exit(4)", 4),
        ("os.close(0); time.sleep(0.3); os._exit(5)", 5),
        ("os.close(0); os._exit(0)", 0),
    ],
    ids=["at once", "in the middle", "closed, and working on", "had enough"],
)
def test_one_that_reads_no_more(script: str, code: int) -> None:
    with Feeding(python(script)) as feeding:
        with pytest.raises(OutputClosed):
            feeding.sink.write(MANY)
        assert feeding.finish() == code


def test_all_that_is_written_arrives(tmp_path: Path) -> None:
    with Feeding(python(f"open({str(tmp_path / 'fed')!r}, 'wb').write(sys.stdin.buffer.read())")) as feeding:
        feeding.sink.write(MANY)
        assert feeding.finish() == 0
    assert (tmp_path / "fed").read_bytes() == MANY


@pytest.mark.parametrize(("inside", "expected"), [(True, b"abc"), (False, b"abc\xff")])
def test_cut(tmp_path: Path, inside: bool, expected: bytes) -> None:
    """What ends between two entries would be an archive without its end blocks, which importers take for whole."""
    with Feeding(python(f"open({str(tmp_path / 'fed')!r}, 'wb').write(sys.stdin.buffer.read())")) as feeding:
        feeding.sink.write(b"abc")
        feeding.cut(inside=inside)
    assert (tmp_path / "fed").read_bytes() == expected


def test_one_that_takes_no_more_is_killed_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The byte that spoils the end does not fit any more."""
    monkeypatch.setattr(programs, "PATIENCE", 0.2)
    with Feeding(python("time.sleep(60)")) as feeding:
        feeding.sink.write(bytes(PIPE_SIZE))
        feeding.cut(inside=False)
        assert feeding.finish() == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_reaches_it(tmp_path: Path, number: int) -> None:
    script = f"""
def note(number, _frame):
    open({str(tmp_path / "got")!r}, "w").write(str(number))
    os._exit(0)
signal.signal(signal.SIGINT, note)
signal.signal(signal.SIGTERM, note)
open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
time.sleep(60)
"""
    _interrupt(script, tmp_path / "pid", number)
    assert (tmp_path / "got").read_text() == str(int(number))
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_one_that_does_not_care_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "PATIENCE", 0.2)
    script = f"""
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
time.sleep(60)
"""
    _interrupt(script, tmp_path / "pid", signal.SIGINT)
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_signals_are_as_a_program_expects_them() -> None:
    """Python ignores SIGPIPE; what it starts must not inherit that."""
    with Feeding(["/bin/sh", "-c", "kill -PIPE $$"]) as feeding:
        assert feeding.finish() == 128 + signal.SIGPIPE


def test_program_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "none").write_text("no program")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(ImporterError, match="cannot be run"), Feeding([str(tmp_path / "none")]):
        pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("redirected", [False, True])
def test_streams(redirected: bool) -> None:
    """What it prints is passed on as it is; with `redirected` it keeps out of standard output."""
    script = (
        "from ocitool.adapters.programs import Feeding\n"
        f"with Feeding(['/bin/sh', '-c', 'echo out; echo err >&2'], redirected={redirected}) as feeding:\n"
        "    feeding.finish()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == ((b"", b"out\nerr\n") if redirected else (b"out\n", b"err\n"))


def _interrupt(script: str, started: Path, number: int) -> None:
    """Feed a program, and be interrupted once it has written a file."""
    with suppress(Interrupted), Feeding(python(script)):
        _wait_for(started)
        raise Interrupted(number)


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
