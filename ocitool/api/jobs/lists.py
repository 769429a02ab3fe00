"""Read lists of jobs, and the results of earlier runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ocitool.api.jobs.outputs import require_files
from ocitool.api.jobs.verbs import VERBS
from ocitool.api.text_input import input_name, read_text_input
from ocitool.errors import DocumentError, UsageError
from ocitool.model.json_text import JsonObject, dump_json, parse_object
from ocitool.model.limits import DOCUMENT_LIMIT, JOB_LIST_LIMIT
from ocitool.model.url import path_of_url, url_scheme
from ocitool.plan.batch.job_list import JobRules, parse_jobs
from ocitool.plan.batch.result import JobResult, JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ocitool.plan.batch.job import Job


@dataclass(frozen=True, slots=True)
class EarlierResults:
    """The last result of each job by the job's digest; `damaged` are the numbers of lines that are none."""

    results: Mapping[str, JobResult]
    damaged: tuple[int, ...] = ()


def read_jobs(path: str | os.PathLike[str], *, standard_input: int = 0) -> tuple[Job, ...]:
    """Read a list of jobs (JSON Lines) from a file or ``-``; relative paths in it count from the current folder.

    Raises `JobsRefused`, a `UsageError`, with all that is wrong and where, or `UsageError` if it cannot be read.
    """
    data = read_text_input(path, "the list of jobs", JOB_LIST_LIMIT, standard_input=standard_input)
    return parse_jobs(data, input_name(path), job_rules())


def make_jobs(values: Iterable[JsonObject]) -> tuple[Job, ...]:
    """Return jobs from their JSON, held to all that a list is held to; raises what `read_jobs` raises."""
    return parse_jobs(b"\n".join(dump_json(value) for value in values), "jobs", job_rules())


def job_rules() -> JobRules:
    """Return what jobs are held to on this machine."""
    shapes = {name: verb.shape for name, verb in VERBS.items()}
    return JobRules(shapes, _absolute, os.path.realpath, _check)


def read_results(path: str | os.PathLike[str]) -> EarlierResults:
    """Read the result lines of earlier runs, of which the last of each job counts.

    A line that is none, as when the run that wrote it was killed, is passed over: its job is run again. Dry runs
    count for nothing. Raises `UsageError` if the file cannot be read, or not one of its lines is a result.
    """
    results: dict[str, JobResult] = {}
    damaged: list[int] = []
    name = os.fspath(path)
    try:
        with Path(name).open("rb") as file:
            number = 0
            while line := file.readline(DOCUMENT_LIMIT):
                number += 1
                if not line.strip():
                    continue
                try:
                    result = JobResult.from_json(parse_object(line))
                except DocumentError:
                    damaged.append(number)
                    continue
                if result.status is not JobStatus.PLANNED:
                    results[str(result.digest)] = result
    except OSError as error:
        raise UsageError(
            f"cannot read the results: {error.strerror}", where=name, remedy="name the results of an earlier batch"
        ) from error
    if damaged and not results:
        raise UsageError("holds no result of a batch", where=name, remedy="name what an earlier batch printed")
    return EarlierResults(results, tuple(damaged))


def _check(job: Job) -> None:
    VERBS[job.verb].check(job)
    require_files(job)


def _absolute(place: str) -> str:
    place = path_of_url(place)
    if url_scheme(place) or place == "-":
        return place
    return os.path.abspath(place) + ("/" if place.endswith("/") else "")  # noqa: PTH100 - links stay as they are
