"""Jobs in processes of this machine: a process that is lost loses its job alone, and that is run again."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from ocitool.adapters.crew.local import ATTEMPTS
from ocitool.adapters.crew.member import Member
from tests.builders import multi_platform
from tests.command import ocitool
from tests.crews import Held, children, filtering, kill_only_child, names, read_lines, started, statuses, write_jobs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.tar").write_bytes(multi_platform().pack())
    (tmp_path / "out").mkdir()
    return tmp_path


def expected(folder: Path) -> bytes:
    """Return what a filter writes that nobody disturbs."""
    done = ocitool("filter", folder / "a.tar", "-p", "linux/arm64", "-o", folder / "expected.tar")
    assert done.returncode == 0, done.stderr
    return (folder / "expected.tar").read_bytes()


@pytest.mark.parametrize(
    ("output", "number"),
    [("out/held.tar", signal.SIGKILL), ("out/held/", signal.SIGKILL), ("out/held/", signal.SIGTERM)],
)
def test_the_job_of_a_killed_process_is_run_again(folder: Path, output: str, number: signal.Signals) -> None:
    held = Held(folder / "pipe")
    jobs = [filtering("held", "pipe", output)]
    jobs += [filtering(f"{number}", "a.tar", f"out/{number}.tar") for number in range(5)]
    with started("batch", write_jobs(folder / "jobs", jobs), "--workers", "1", folder=folder) as batch:
        held.wait()
        kill_only_child(batch.pid, number)
        held.lose()
        held.wait()
        held.send()
        out, error = batch.communicate()
    lines = read_lines(out)
    assert (batch.returncode, statuses(lines)) == (0, dict.fromkeys((job["id"] for job in jobs), "done")), error
    assert {name: line["attempts"] for name, line in lines.items() if line["attempts"] != 1} == {"held": 2}
    assert names(folder / "out") == sorted([*(f"{number}.tar" for number in range(5)), output[4:].rstrip("/")])
    right = expected(folder)
    assert all((folder / "out" / f"{number}.tar").read_bytes() == right for number in range(5))
    assert output.endswith("/") or (folder / output).read_bytes() == right


@pytest.mark.parametrize(
    ("output", "number"),
    [("out/held.tar", signal.SIGKILL), ("out/held/", signal.SIGKILL), ("out/held/", signal.SIGTERM)],
)
def test_a_job_that_kills_its_process_every_time_fails(folder: Path, output: str, number: signal.Signals) -> None:
    held = Held(folder / "pipe")
    jobs = [filtering("held", "pipe", output), filtering("other", "a.tar", "out/other.tar")]
    with started("batch", write_jobs(folder / "jobs", jobs), "--workers", "1", folder=folder) as batch:
        for _ in range(ATTEMPTS):
            held.wait()
            kill_only_child(batch.pid, number)
            held.lose()
        out, error = batch.communicate()
    lines = read_lines(out)
    assert (batch.returncode, statuses(lines)) == (1, {"held": "failed", "other": "done"}), error
    assert (lines["held"]["attempts"], lines["held"]["error"]["code"]) == (ATTEMPTS, "worker-lost")
    assert lines["held"]["error"]["message"].endswith(f"lost 3 times; the last one was killed by signal {number:d}")
    assert names(folder / "out") == ["other.tar"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("output", ["out/held.tar", "out/held/"])
def test_an_interrupt_ends_what_runs(folder: Path, number: signal.Signals, code: int, output: str) -> None:
    held = Held(folder / "pipe")
    jobs = [filtering("done", "a.tar", "out/done.tar"), filtering("held", "pipe", output)]
    with started("batch", write_jobs(folder / "jobs", jobs), "--workers", "1", folder=folder) as batch:
        held.wait()
        batch.send_signal(number)
        out, error = batch.communicate()
        held.lose()
    assert (batch.returncode, error) == (code, b"ocitool: interrupted\n")
    assert statuses(read_lines(out)) == {"done": "done"}
    assert names(folder / "out") == ["done.tar"]


def test_a_terminal_interrupts_no_process_that_starts(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Signals that come before a process can ignore them."""
    member = Member()
    for child in children(os.getpid()):
        if f"{os.uname().nodename}:{child}" == member.name:
            os.kill(child, signal.SIGINT)
            os.kill(child, signal.SIGHUP)
    assert member.dismiss() == "ended with code 0"
    assert capfd.readouterr().err == ""
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()).isdisjoint({signal.SIGINT, signal.SIGHUP})


def test_a_killed_batch_leaves_nothing_that_runs(folder: Path) -> None:
    held = Held(folder / "pipe")
    jobs = [filtering("held", "pipe", "out/held/")]
    with started("batch", write_jobs(folder / "jobs", jobs), folder=folder) as batch:
        held.wait()
        batch.kill()
        batch.wait()
        held.lose()
    assert names(folder / "out") == []
