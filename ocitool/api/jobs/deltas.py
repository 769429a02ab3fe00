"""The jobs that carry changes: delta and apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.api.deltas import apply_delta, make_delta, require_file
from ocitool.api.jobs.reading import source_options
from ocitool.api.jobs.verb import JobSetting, Outcome
from ocitool.api.jobs.writing import filter_options, outcome_of, write_options_of
from ocitool.api.writing import choose_compression
from ocitool.plan.steps import digest_map_json

if TYPE_CHECKING:
    from ocitool.plan.batch.job import Job


def check_delta(job: Job) -> None:
    """Raise `UsageError` for a delta that cannot be meant."""
    filter_options(job)
    require_file(job.output)
    check_apply(job)


def check_apply(job: Job) -> None:
    """Raise `UsageError` for an apply that cannot be meant."""
    choose_compression(job.output, write_options_of(job, JobSetting()).compression)


def run_delta(job: Job, setting: JobSetting) -> Outcome:
    """Write what the first source lacks of the second."""
    old, new = job.sources
    result = make_delta(
        old,
        new,
        job.output,
        filter_options(job),
        dry_run=setting.dry_run,
        write_options=write_options_of(job, setting),
        source_options=source_options(job, setting.rate),
        listener=setting.listener,
    )
    return outcome_of(job, result.plan, [result.output], digest_map_json(result.plan.outputs[0].digest_map))


def run_apply(job: Job, setting: JobSetting) -> Outcome:
    """Make the second source, a delta, and the first one whole."""
    old, delta = job.sources
    result = apply_delta(
        old,
        delta,
        job.output,
        dry_run=setting.dry_run,
        write_options=write_options_of(job, setting),
        source_options=source_options(job, setting.rate),
        listener=setting.listener,
    )
    return outcome_of(job, result.plan, [result.output], {})
