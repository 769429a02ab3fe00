"""One job, carried out here."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ocitool.api.jobs.freshness import is_still_true, source_states
from ocitool.api.jobs.standing import Standing, is_in_the_way, standing
from ocitool.api.jobs.sweeping import owner_of, sweep
from ocitool.api.jobs.verb import JobSetting
from ocitool.api.jobs.verbs import VERBS
from ocitool.archive.place import hidden_names_of
from ocitool.errors import Interrupted, OcitoolError, OutputError
from ocitool.plan.batch.result import JobResult, JobStatus

if TYPE_CHECKING:
    from ocitool.api.jobs.verb import Outcome
    from ocitool.plan.batch.job import Job
    from ocitool.plan.batch.result import SourceState


def run_job(
    job: Job, setting: JobSetting | None = None, *, earlier: JobResult | None = None, was_lost: bool = False
) -> JobResult:
    """Carry out one job; what is wrong is in the result.

    An `earlier` result that is still true is kept, and nothing is done. `was_lost` tells that an earlier try may have
    been killed: what it left is removed, and what it finished counts as done. Raises `Interrupted` alone.
    """
    setting = setting or JobSetting()
    begun = time.monotonic()
    sources = source_states(job)
    try:
        if was_lost:
            sweep(job)
        if earlier is not None and is_still_true(job, earlier, sources, setting):
            return replace(
                earlier, status=JobStatus.KEPT, id=job.id, error=None, read=0, seconds=time.monotonic() - begun
            )
        outcome = _run(job, setting, earlier, was_lost=was_lost)
        if was_lost:
            sweep(job)
    except (OcitoolError, OSError) as error:
        failure = _failure(job, error, sources)
        return replace(failure, seconds=time.monotonic() - begun)
    return JobResult(
        job.id,
        job.digest,
        job.verb,
        JobStatus.PLANNED if setting.dry_run else JobStatus.DONE,
        sources=sources,
        outputs=outcome.outputs,
        read=outcome.read,
        digest_map=outcome.digest_map,
        seconds=time.monotonic() - begun,
    )


def _run(job: Job, setting: JobSetting, earlier: JobResult | None, *, was_lost: bool) -> Outcome:
    """Carry a job out, unless that was done before; what it wrote then is replaced, and nothing else."""
    run = VERBS[job.verb].run
    if (was_lost or earlier is not None) and not setting.dry_run and is_in_the_way(job):
        planned = run(job, replace(setting, dry_run=True))
        of_this = earlier if earlier is not None and _wrote(job, earlier) else None
        found, outcome = standing(job, planned, of_this, setting)
        if found is Standing.DONE:
            return outcome
        setting = replace(setting, may_replace=found is Standing.OURS)
    with hidden_names_of(owner_of(job)):
        return run(job, setting)


def _wrote(job: Job, earlier: JobResult) -> bool:
    return earlier.status in {JobStatus.DONE, JobStatus.KEPT} and earlier.digest == job.digest


def _failure(job: Job, error: OcitoolError | OSError, sources: tuple[SourceState, ...]) -> JobResult:
    if isinstance(error, Interrupted):
        raise error
    if isinstance(error, OcitoolError):
        return JobResult.failed(job, error, sources)
    return JobResult.failed(job, OutputError(error.strerror or str(error), where=str(error.filename or "")), sources)
