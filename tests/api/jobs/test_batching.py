"""A batch over a crew that is a list: every job is answered for once, whatever the crew does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ocitool.api import BatchOptions, JobStatus, make_jobs, run_batch
from ocitool.api.jobs.crew import Completion
from ocitool.api.jobs.request import Request, Runner, answer
from ocitool.engine.workers import processor_count, use_processors
from tests.builders import multi_platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ocitool.api import Job, JobResult
    from ocitool.api.jobs.crew import CrewWatch


class CrewInHere:
    """Runs jobs in this thread, and the odd ones twice; or says what is in a script."""

    size = 4
    threads = 1

    def __init__(self, script: Callable[[], Iterator[Completion]] | None = None) -> None:
        self.script = script
        self.requests: dict[int, str] = {}
        self.is_cancelled = False
        self.at_once: int | None = None
        self.left: list[Completion] = []

    def submit(self, number: int, text: str) -> None:
        self.requests[number] = text

    def completed(self, watch: CrewWatch, at_once: int | None = None) -> Iterator[Completion]:
        self.at_once = at_once
        if self.script is not None:
            yield from self.script()
            return
        for number, text in self.requests.items():
            watch.started(number)
            for attempt in range(1, 2 + number % 2):
                yield Completion(number, answer(text, Runner("here", attempt=attempt)), "here", attempt)

    def cancel(self) -> list[Completion]:
        self.is_cancelled = True
        return self.left


@pytest.fixture(autouse=True)
def _processors() -> Iterator[None]:
    yield
    use_processors(None)


@pytest.fixture
def jobs(tmp_path: Path) -> tuple[Job, ...]:
    (tmp_path / "a.tar").write_bytes(multi_platform().pack())
    platforms = ["linux/amd64", "linux/arm64", "linux/s390x", "linux/arm/v7"]
    return make_jobs(
        {
            "id": platform,
            "verb": "filter",
            "source": f"{tmp_path}/a.tar",
            "output": f"{tmp_path}/{number}.tar",
            "options": {"platform": platform},
        }
        for number, platform in enumerate(platforms)
    )


def test_a_failure_stops_no_other_and_nobody_is_reported_twice(jobs: tuple[Job, ...], tmp_path: Path) -> None:
    results: list[JobResult] = []
    counts = run_batch(jobs, CrewInHere(), results.append)
    assert [(result.id, result.status.value) for result in results] == [
        ("linux/amd64", "done"),
        ("linux/arm64", "done"),
        ("linux/s390x", "failed"),
        ("linux/arm/v7", "done"),
    ]
    assert counts == {JobStatus.DONE: 3, JobStatus.FAILED: 1}
    error = results[2].error
    assert error is not None
    assert (error.code, error.exit_code) == ("selection", 4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.tar", "1.tar", "3.tar", "a.tar"]


def test_each_job_has_its_share_of_the_speed(jobs: tuple[Job, ...]) -> None:
    crew = CrewInHere(lambda: iter(()))
    run_batch(jobs[:2], crew, lambda _result: None, options=BatchOptions(threads=3, bytes_per_second=1000))
    requests = [Request.from_text(text) for text in crew.requests.values()]
    assert {(request.threads, request.bytes_per_second) for request in requests} == {(3, 500.0)}
    run_batch(jobs * 2, crew, lambda _result: None, options=BatchOptions(bytes_per_second=1000))
    requests = [Request.from_text(text) for text in crew.requests.values()]
    assert {(request.threads, request.bytes_per_second) for request in requests} == {(1, 250.0)}


def test_the_number_of_threads_counts_where_the_job_runs(jobs: tuple[Job, ...]) -> None:
    answer(Request(jobs[0], threads=7).to_text(), Runner())
    assert processor_count() == 7


def test_what_was_done_when_it_was_interrupted_is_reported(jobs: tuple[Job, ...]) -> None:
    results: list[JobResult] = []
    crew = CrewInHere()
    crew.left = [Completion(3, answer(Request(jobs[3]).to_text(), Runner()))]

    def interrupted() -> Iterator[Completion]:
        yield Completion(0, answer(Request(jobs[0]).to_text(), Runner()))
        raise KeyboardInterrupt

    crew.script = interrupted
    with pytest.raises(KeyboardInterrupt):
        run_batch(jobs, crew, results.append)
    assert crew.is_cancelled
    assert [result.id for result in results] == ["linux/amd64", "linux/arm/v7"]


def test_who_does_not_listen_ends_it_and_hears_nothing_more(jobs: tuple[Job, ...]) -> None:
    crew = CrewInHere()
    crew.left = [Completion(3, answer(Request(jobs[3]).to_text(), Runner()))]
    heard: list[JobResult] = []

    def report(result: JobResult) -> None:
        heard.append(result)
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run_batch(jobs, crew, report)
    assert crew.is_cancelled
    assert len(heard) == 1


def test_a_lost_job_is_a_failed_one_and_leaves_nothing(jobs: tuple[Job, ...], tmp_path: Path) -> None:
    (job,) = make_jobs([jobs[0].to_json() | {"output": f"{tmp_path}/lab/"}])
    left = tmp_path / f".lab.{job.digest.hex[:24]}.0123.part"
    (left / "blobs").mkdir(parents=True)
    others = tmp_path / ".lab.4711.0123.part"
    others.mkdir()
    crew = CrewInHere(lambda: iter([Completion(0, None, "host:1", 3, "it was lost")]))
    results: list[JobResult] = []
    run_batch([job], crew, results.append)
    (result,) = results
    assert result.error is not None
    assert (result.error.code, result.worker, result.attempts) == ("worker-lost", "host:1", 3)
    assert not left.exists()
    assert others.exists()


def test_another_version_is_refused(jobs: tuple[Job, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Request(jobs[0]).to_text()
    monkeypatch.setattr("ocitool.api.jobs.request.__version__", "99")
    results: list[JobResult] = []
    crew = CrewInHere(lambda: iter([Completion(0, answer(text, Runner("host:1")))]))
    run_batch(jobs, crew, results.append)
    error = results[0].error
    assert error is not None
    assert error.code == "cluster"
    assert error.message.startswith("runs ocitool 99, and the batch is one of ")
    assert not (tmp_path / "0.tar").exists()


def test_a_fault_of_ours_fails_its_job_alone(jobs: tuple[Job, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("ocitool.api.jobs.request.run_job", broken)
    results: list[JobResult] = []
    run_batch(jobs[:1], CrewInHere(), results.append)
    error = results[0].error
    assert error is not None
    assert error.message == "unexpected ZeroDivisionError: oops"


def test_nonsense_from_a_worker_is_a_failed_job(jobs: tuple[Job, ...]) -> None:
    crew = CrewInHere(lambda: iter([Completion(0, '{"kind": 1}')]))
    results: list[JobResult] = []
    run_batch(jobs, crew, results.append)
    assert results[0].status is JobStatus.FAILED


def test_a_dry_run_tells_what_would_be_read_and_written(jobs: tuple[Job, ...], tmp_path: Path) -> None:
    planned: list[JobResult] = []
    run_batch(jobs[:2], CrewInHere(), planned.append, options=BatchOptions(dry_run=True))
    assert {path.name for path in tmp_path.iterdir()} == {"a.tar"}
    done: list[JobResult] = []
    run_batch(jobs[:2], CrewInHere(), done.append)
    assert [replace(result, status=JobStatus.DONE, seconds=0.0, attempts=1) for result in planned] == [
        replace(result, seconds=0.0, attempts=1) for result in done
    ]


@pytest.mark.parametrize(("size", "share"), [(1, 1000.0), (2, 500.0), (9, 250.0)])
def test_no_more_jobs_run_at_once_than_a_bound_is_shared_among(
    jobs: tuple[Job, ...], size: int, share: float
) -> None:
    crew = CrewInHere(lambda: iter(()))
    crew.size = size
    run_batch(jobs, crew, lambda _: None, options=BatchOptions(bytes_per_second=1000))
    assert crew.at_once == min(size, len(jobs))
    assert {Request.from_text(text).bytes_per_second for text in crew.requests.values()} == {share}
    run_batch(jobs, crew, lambda _: None)
    assert crew.at_once is None
