"""Many jobs, run by a crew; what fails stops no other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.api.jobs.request import Request
from ocitool.api.jobs.sweeping import sweep
from ocitool.errors import ClusterError, DocumentError, WorkerLost
from ocitool.model.json_text import parse_object
from ocitool.plan.batch.result import JobResult, JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ocitool.api.jobs.crew import Completion, Crew, CrewWatch
    from ocitool.plan.batch.job import Job


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a batch is run: threads a job (None: as the crew has it), bytes a second of all jobs together, for real."""

    threads: int | None = None
    bytes_per_second: int | None = None
    dry_run: bool = False


class _Deaf:
    """Hears nothing."""

    def started(self, number: int) -> None:
        pass

    def advance(self, count: int) -> None:
        pass


def run_batch(
    jobs: Sequence[Job],
    crew: Crew,
    report: Callable[[JobResult], None],
    *,
    options: BatchOptions | None = None,
    earlier: Mapping[str, JobResult] | None = None,
    watch: CrewWatch | None = None,
) -> Mapping[JobStatus, int]:
    """Run all jobs and `report` each result as it comes; return how many ended how.

    `earlier` are results of other runs by the digest of their job (`read_results`); None tells that there were none.
    Whatever `report` raises, or a
    signal, ends the jobs that run, without an output, and is raised again; results that are there by then are
    reported. Raises `ClusterError` if the crew fails.
    """
    options = options or BatchOptions()
    share = at_once = None
    if options.bytes_per_second is not None:
        # What is shared out among so many is exceeded by more.
        at_once = min(crew.size, max(1, len(jobs)))
        share = options.bytes_per_second / at_once
    counts: Counter[JobStatus] = Counter()
    reported: set[int] = set()
    is_heard = True

    def take(completion: Completion) -> None:
        nonlocal is_heard
        if completion.number in reported:
            return
        reported.add(completion.number)
        result = _result(jobs[completion.number], completion)
        counts[result.status] += 1
        is_heard = False
        report(result)
        is_heard = True

    try:
        for number, job in enumerate(jobs):
            request = Request(
                job,
                None if earlier is None else earlier.get(str(job.digest)),
                options.threads or crew.threads,
                share,
                options.dry_run,
                is_resumed=earlier is not None,
            )
            crew.submit(number, request.to_text())
        for completion in crew.completed(watch or _Deaf(), at_once):
            take(completion)
    except BaseException:
        for completion in crew.cancel():
            if is_heard:
                take(completion)
        raise
    return counts


def _result(job: Job, completion: Completion) -> JobResult:
    """Read an answer, or make the result of a job that nobody answered for."""
    if completion.text is None:
        sweep(job)
        lost = JobResult.failed(
            job, WorkerLost(completion.trouble, remedy="see why it ended; memory may be too small for it")
        )
        return lost.run_by(completion.worker, completion.attempts)
    try:
        result = JobResult.from_json(parse_object(completion.text.encode()))
    except DocumentError as error:
        result = JobResult.failed(job, ClusterError(f"its worker answered what is no result: {error.message}"))
    return result.run_by(completion.worker, completion.attempts)
