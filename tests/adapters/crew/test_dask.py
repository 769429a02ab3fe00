"""Jobs on a Dask cluster, whose scheduler and workers are programs of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ocitool import __version__
from ocitool.adapters.crew.dask import DaskCrew
from ocitool.api import make_jobs
from ocitool.api.jobs.request import Request
from ocitool.cli.batch_progress import BatchProgress
from tests.builders import multi_platform
from tests.command import ocitool
from tests.crews import PATIENCE, Held, filtering, names, read_lines, started, statuses, write_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.builders import Json

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at what processes have open")

LOCAL_CLUSTER = """
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        input()
"""


@contextmanager
def program(*arguments: str, folder: Path) -> Iterator[int]:
    """Run a part of a cluster until the end of the test; yield its process."""
    with (folder / f"{arguments[0]}.log").open("ab") as log:
        kept = os.environ | {"DASK_TEMPORARY_DIRECTORY": str(folder)}
        command = [sys.executable, "-m", *arguments]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=kept)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextmanager
def running_scheduler(folder: Path) -> Iterator[tuple[str, int]]:
    """Run a scheduler; yield its address and its process."""
    file = folder / "scheduler.json"
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    with program("distributed.cli.dask_scheduler", *options, folder=folder) as process:
        deadline = time.monotonic() + PATIENCE
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.1)
        yield json.loads(file.read_text())["address"], process


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_scheduler(tmp_path_factory.mktemp("scheduler")) as (address, _):
        yield address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.tar").write_bytes(multi_platform().pack())
    (tmp_path / "out").mkdir()
    return tmp_path


@contextmanager
def workers(scheduler: str, count: int, folder: Path, *options: str) -> Iterator[tuple[int, ...]]:
    """Start workers of one thread, each a process that nobody starts again."""
    arguments = (scheduler, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", *options)
    with ExitStack() as stack:
        yield tuple(
            stack.enter_context(program("distributed.cli.dask_worker", *arguments, folder=folder))
            for _ in range(count)
        )


def many(count: int) -> list[Json]:
    return [filtering(f"{number}", "a.tar", f"out/{number}.tar") for number in range(count)]


def holder_of(path: Path, processes: tuple[int, ...]) -> int:
    """Return the process that has a file open."""

    def opened(process: int) -> set[str]:
        found = set()
        for link in Path(f"/proc/{process}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.add(str(link.readlink()))
        return found

    deadline = time.monotonic() + PATIENCE
    # Who is about to open a pipe counts as a reader already.
    while time.monotonic() < deadline:
        for process in processes:
            if str(path) in opened(process):
                return process
        time.sleep(0.02)
    raise AssertionError("nobody has it open")


def require_all_right(folder: Path, count: int) -> None:
    """Hold what jobs wrote to what a plain filter writes, and the folder to hold nothing else."""
    done = ocitool("filter", folder / "a.tar", "-p", "linux/arm64", "-o", folder / "expected.tar")
    assert done.returncode == 0, done.stderr
    right = (folder / "expected.tar").read_bytes()
    assert names(folder / "out") == sorted([*(f"{number}.tar" for number in range(count)), "held"])
    assert all((folder / "out" / f"{number}.tar").read_bytes() == right for number in range(count))


def test_the_job_of_a_killed_worker_is_run_by_another(scheduler: str, folder: Path) -> None:
    held = Held(folder / "pipe")
    jobs = [filtering("held", str(held.path), "out/held/"), *many(30)]
    with workers(scheduler, 2, folder) as processes:
        arguments = ("batch", write_jobs(folder / "jobs", jobs), "--scheduler", scheduler)
        with started(*arguments, folder=folder) as batch:
            held.wait()
            os.kill(holder_of(held.path, processes), signal.SIGKILL)
            held.lose()
            held.wait()
            held.send()
            out, error = batch.communicate()
    lines = read_lines(out)
    assert (batch.returncode, statuses(lines)) == (0, dict.fromkeys((job["id"] for job in jobs), "done")), error
    assert lines["held"]["attempts"] == 2
    require_all_right(folder, 30)


def test_who_comes_late_is_waited_for_and_what_is_done_is_kept(scheduler: str, folder: Path) -> None:
    jobs = write_jobs(folder / "jobs", [*many(3), filtering("bad", "absent.tar", "out/bad.tar")])
    with started("batch", jobs, "--scheduler", scheduler, folder=folder) as batch:
        assert b"no worker at tcp://" in batch.stderr.readline()
        with workers(scheduler, 1, folder):
            out, _ = batch.communicate()
            (folder / "results").write_bytes(out)
            again = ocitool("batch", jobs, "--scheduler", scheduler, "--resume", folder / "results", folder=folder)
    assert statuses(read_lines(out)) == {"0": "done", "1": "done", "2": "done", "bad": "failed"}
    assert (batch.returncode, again.returncode) == (1, 1)
    assert statuses(read_lines(again.stdout)) == {"0": "kept", "1": "kept", "2": "kept", "bad": "failed"}


def test_who_comes_late_gets_no_more_than_a_bound_allows(scheduler: str, folder: Path) -> None:
    jobs = make_jobs([job | {key: f"{folder}/{job[key]}" for key in ("source", "output")} for job in many(5)])
    with workers(scheduler, 1, folder):
        crew = DaskCrew(scheduler)
        for number, job in enumerate(jobs):
            crew.submit(number, Request(job).to_text())
        found = []
        with workers(scheduler, 1, folder):
            for completion in crew.completed(BatchProgress(5), crew.size):
                found.append(completion.number)
                # What the cluster does not have, nobody can run.
                assert len(crew._futures) <= crew.size == 1
    assert sorted(found) == [0, 1, 2, 3, 4]


def test_an_interrupted_batch_leaves_the_cluster_free(scheduler: str, folder: Path) -> None:
    """The only thread of the cluster is taken by a job that waits for more of its source; the next batch gets it."""
    held = Held(folder / "pipe")
    jobs = write_jobs(folder / "jobs", [filtering("held", str(held.path), "out/held.tar")])
    with workers(scheduler, 1, folder):
        with started("batch", jobs, "--scheduler", scheduler, folder=folder) as batch:
            held.wait()
            batch.send_signal(signal.SIGINT)
            _, error = batch.communicate()
        held.send()
        assert (batch.returncode, error) == (130, b"ocitool: interrupted\n")
        after = ocitool("batch", write_jobs(folder / "after", many(1)), "--scheduler", scheduler, folder=folder)
    assert after.returncode == 0, after.stderr
    assert names(folder / "out") == ["0.tar"]


def test_a_scheduler_that_is_lost_ends_the_batch_in_one_line(folder: Path) -> None:
    held = Held(folder / "pipe")
    jobs = [filtering("held", str(held.path), "out/held.tar"), *many(2)]
    arguments = ("batch", write_jobs(folder / "jobs", jobs), "--scheduler")
    with (
        running_scheduler(folder) as (address, process),
        workers(address, 1, folder),
        started(*arguments, address, folder=folder) as batch,
    ):
        held.wait()
        os.kill(process, signal.SIGKILL)
        out, error = batch.communicate()
    lost = f"ocitool: {address}: the scheduler was lost, or forgot the batch; run it again with --resume"
    assert (batch.returncode, error.decode().splitlines()[-1]) == (6, lost)
    assert error.count(b"\n") <= 2  # it may have waited for the worker, and said so
    assert set(statuses(read_lines(out)).values()) <= {"done"}


def test_a_worker_of_another_version_is_refused_before_anything_runs(scheduler: str, folder: Path) -> None:
    (folder / "older.py").write_text("import ocitool\nocitool.__version__ = '0.0.1'\n")
    jobs = write_jobs(folder / "jobs", many(1))
    with workers(scheduler, 1, folder, "--preload", str(folder / "older.py")):
        done = ocitool("batch", jobs, "--scheduler", scheduler, folder=folder)
    assert (done.returncode, done.stdout) == (6, b"")
    assert f"has ocitool 0.0.1, and this is {__version__}".encode() in done.stderr
    assert names(folder / "out") == []


def test_a_cluster_without_workers_is_waited_for_as_long_as_is_said(scheduler: str, folder: Path) -> None:
    jobs = write_jobs(folder / "jobs", many(1))
    done = ocitool("batch", jobs, "--scheduler", scheduler, "--timeout", "0.2", folder=folder)
    assert (done.returncode, done.stdout) == (6, b"")
    note, error = done.stderr.decode().splitlines()
    assert note == f"ocitool: note: no worker at {scheduler} yet; waiting for one"
    assert error.startswith(f"ocitool: {scheduler}: no worker came within 0.2 seconds; start one with: dask worker")


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("tcp://127.0.0.1:1", 6, "the scheduler cannot be reached: "),
        ("nowhere://x", 2, "no address of a scheduler: "),
    ],
)
def test_a_scheduler_that_is_not_there_is_told_in_one_line(folder: Path, address: str, code: int, words: str) -> None:
    done = ocitool("batch", write_jobs(folder / "jobs", many(1)), "--scheduler", address, folder=folder)
    assert (done.returncode, done.stdout) == (code, b"")
    assert done.stderr.decode().startswith(f"ocitool: {address}: {words}")
    assert done.stderr.count(b"\n") == 1


def test_two_hundred_archives_on_a_cluster_of_local_processes(folder: Path) -> None:
    (folder / "cluster.py").write_text(LOCAL_CLUSTER)
    jobs = write_jobs(folder / "jobs", [filtering("held", "a.tar", "out/held/"), *many(200)])
    cluster = subprocess.Popen(
        [sys.executable, str(folder / "cluster.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"DASK_TEMPORARY_DIRECTORY": str(folder)},
    )
    with cluster:
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        done = ocitool("batch", jobs, "--scheduler", address, folder=folder)
        cluster.communicate("\n")
    lines = read_lines(done.stdout)
    assert (done.returncode, set(statuses(lines).values()), len(lines)) == (0, {"done"}, 201), done.stderr
    assert len({line["worker"] for line in lines.values()}) == 2
    require_all_right(folder, 200)
