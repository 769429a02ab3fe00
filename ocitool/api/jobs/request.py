"""A job on its way to whoever runs it, and its result on the way back: JSON text, whatever carries it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool import __version__
from ocitool.api.jobs.outputs import require_files
from ocitool.api.jobs.running import run_job
from ocitool.api.jobs.verb import JobSetting
from ocitool.api.listener import Listener, Silence
from ocitool.engine.rate import Rate
from ocitool.engine.workers import use_processors
from ocitool.errors import ClusterError, Interrupted, OcitoolError
from ocitool.model.json_text import parse_object
from ocitool.plan.batch.job import Job
from ocitool.plan.batch.result import JobResult

if TYPE_CHECKING:
    from collections.abc import Callable

UNKNOWN: Final = 0
"""The number of an attempt where nobody counts them: it may not be the first."""


@dataclass(frozen=True, slots=True)
class Request:
    """One job, an earlier result that may still be true, and how to run it: threads, bytes a second (None: any).

    `is_resumed` tells that an earlier run may have begun it, or ended it without a line.
    """

    job: Job
    earlier: JobResult | None = None
    threads: int = 1
    bytes_per_second: float | None = None
    dry_run: bool = False
    is_resumed: bool = False

    def to_text(self) -> str:
        """Return it as JSON on one line."""
        return json.dumps(
            {
                "ocitool": __version__,
                "job": self.job.to_json(),
                "earlier": None if self.earlier is None else self.earlier.to_json(),
                "threads": self.threads,
                "bytesPerSecond": self.bytes_per_second,
                "dryRun": self.dry_run,
                "isResumed": self.is_resumed,
            }
        )

    @classmethod
    def from_text(cls, text: str) -> Request:
        """Read what `to_text` wrote; raises `ClusterError` if that was another version of ocitool."""
        value = parse_object(text.encode())
        require_version(str(value.get("ocitool")))
        job, earlier, threads, rate = (value[key] for key in ("job", "earlier", "threads", "bytesPerSecond"))
        return cls(
            Job.from_json(job if isinstance(job, dict) else {}),
            JobResult.from_json(earlier) if isinstance(earlier, dict) else None,
            threads if isinstance(threads, int) else 1,
            float(rate) if isinstance(rate, int | float) else None,
            value["dryRun"] is True,
            value["isResumed"] is True,
        )


@dataclass(frozen=True, slots=True)
class Runner:
    """Who runs a job: its name, who hears of bytes, which `attempt` it is, and what is called before naming."""

    name: str = ""
    listener: Listener = field(default_factory=Silence)
    attempt: int = 1
    before_naming: Callable[[], None] = lambda: None


def require_version(version: str, where: str = "") -> None:
    """Raise `ClusterError` unless this is the version of ocitool that is installed here."""
    if version != __version__:
        raise ClusterError(
            f"runs ocitool {__version__}, and the batch is one of {version}",
            where=where,
            remedy="install the same version everywhere",
        )


def answer(text: str, runner: Runner) -> str:
    """Carry out the job of a request; return its result as JSON on one line, whatever happens.

    The number of threads counts for all of this process, in which all jobs are to have the same.
    """
    value = parse_object(text.encode()).get("job")
    job = Job.from_json(value if isinstance(value, dict) else {})
    try:
        request = Request.from_text(text)
        require_files(request.job)
        use_processors(request.threads)
        setting = JobSetting(
            runner.listener,
            None if request.bytes_per_second is None else Rate(request.bytes_per_second),
            request.dry_run,
            runner.before_naming,
        )
        was_lost = runner.attempt != 1 or request.is_resumed
        result = run_job(request.job, setting, earlier=request.earlier, was_lost=was_lost)
    except Interrupted as error:
        result = JobResult.failed(job, error)
    except OcitoolError as error:
        error.where = error.where or runner.name
        result = JobResult.failed(job, error)
    except Exception as error:  # noqa: BLE001 - one job that meets a fault of ours must not take others with it
        fault = OcitoolError(f"unexpected {type(error).__name__}: {error}", remedy="report it as a bug of ocitool")
        result = JobResult.failed(job, fault)
    return json.dumps(result.run_by(runner.name, max(runner.attempt, 1)).to_json())
