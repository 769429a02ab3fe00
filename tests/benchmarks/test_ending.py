"""A benchmark that is told to end leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.ending import Ended, Ending, exit_code
from benchmarks.processes import processes_of
from benchmarks.space import mounted_memory, unmount

ROOT = Path(__file__).parents[2]
MEASURING = """
import sys
from contextlib import contextmanager
from pathlib import Path
from benchmarks.ending import exit_code
from benchmarks.measure import Command, run_once
from benchmarks.space import mounted_memory

parent = Path(sys.argv[1])
text = "import sys, time; open(sys.argv[1] + '/held', 'w'); print('', file=open(sys.argv[2], 'w')); time.sleep(600)"

@contextmanager
def failing():
    try:
        yield
    finally:
        raise OSError("the clean-up failed")

def main(ending):
    with failing(), mounted_memory(parent, 2**20) if sys.argv[2] == "mounted" else failing():
        place = parent / "memory"
        place.mkdir(exist_ok=True)
        run_once(Command("held", [sys.executable, "-c", text, str(place), str(parent / "ready")]))
    return 0

sys.exit(exit_code(main))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "kind",
    [pytest.param("mounted", marks=pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")), "plain"],
)
def test_what_was_started_is_stopped_and_what_was_mounted_unmounted(
    kind: str, number: signal.Signals, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "ready")
    arguments = [sys.executable, "-c", MEASURING, str(tmp_path), kind]
    with subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        (tmp_path / "ready").read_text()
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert errors == f"benchmarks: ended by {number.name}; what was started is stopped and removed.\n"
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
    assert not processes_of(tmp_path)


def test_only_the_first_signal_interrupts() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def main(_: Ending) -> int:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGINT)
        return 0

    try:
        assert exit_code(main) == 128 + signal.SIGTERM
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_an_end_is_raised_again_where_a_failure_took_its_place() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    ending = Ending()
    ending.raise_again()
    ending.listen()
    try:
        with pytest.raises(Ended):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Ended):
            ending.raise_again()
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_what_works_in_a_mount_ends_before_it_is_unmounted(tmp_path: Path) -> None:
    with mounted_memory(tmp_path, 2**20) as place:
        (place / "sub").mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "none", str(place / "sub")], check=True)
        server = subprocess.Popen([sys.executable, "-c", "input()", str(place)], stdin=subprocess.PIPE, cwd=place)
        while not processes_of(place):  # the command line is there when the program is
            time.sleep(0.01)
    with server:
        assert server.wait() == -signal.SIGKILL
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_mount_in_use_is_let_go_and_the_failure_of_the_measurement_stays(tmp_path: Path) -> None:
    def fail() -> None:
        with mounted_memory(tmp_path, 2**20) as place, (place / "held").open("w") as held:
            unmount(place)
            assert not place.exists()
            place.mkdir()
            held.write("still there")
            raise ValueError("the measurement failed")

    with pytest.raises(ValueError, match="the measurement failed"):
        fail()
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
