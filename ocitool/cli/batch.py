"""The command `batch`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocitool.cli.options import Format, Progress, ProgressMode, Quiet, local_path
from ocitool.cli.outcome import exit_codes, print_error, print_lines
from ocitool.errors import OutputClosed, OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ocitool.api.jobs.batching import BatchOptions
    from ocitool.api.jobs.crew import Crew
    from ocitool.plan.batch.job import Job
    from ocitool.plan.batch.result import JobResult, JobStatus


def batch_command(
    jobs: Annotated[
        str,
        typer.Argument(
            metavar="JOBS",
            help="A file of jobs, one JSON object a line, or - for standard input.",
            show_default=False,
        ),
    ],
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, metavar="N", help="Processes (default: one a processor).", show_default=False
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            min=1,
            metavar="N",
            help="Threads of each job (default: processors / workers, at least 1; with --scheduler 1).",
            show_default=False,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="Run the jobs on the workers of a Dask cluster, such as tcp://host:8786.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            min=0,
            metavar="SECONDS",
            help="How long to wait for the first worker of a cluster (default: until one comes).",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume",
            metavar="RESULTS",
            parser=local_path,
            help="Keep what an earlier batch did, by the lines that it printed, where that is still true.",
            show_default=False,
        ),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(
            "--max-bytes-per-second",
            metavar="SIZE",
            help="Bound on what all jobs together read in a second, such as 200M.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Plan every job, tell what it would read and write, write nothing.")
    ] = False,
    quiet: Quiet = False,
    progress: Progress = ProgressMode.AUTO,
) -> None:
    """Filter, split, merge, delta, apply or verify many archives, on this machine or on a Dask cluster.

    Prints one line of JSON for each job as it ends (ocitool schema output/batch-result) and exits 1 if one failed,
    which stops no other. A job names a verb, a source and an output, paths or URLs, and options as the command line
    has them (ocitool schema batch/job). All jobs are checked before the first one runs.

    \b
    A line of JOBS:
      {"id": "lab", "verb": "filter", "source": "lab.tar", "output": "out/lab.tar",
       "options": {"platform": ["linux/arm64"], "index": "flat"}}     (on one line)

    \b
    Examples:
      ocitool batch jobs.jsonl > results.jsonl
      ocitool batch jobs.jsonl --resume results.jsonl >> results.jsonl
      ocitool batch jobs.jsonl --workers 4 --max-bytes-per-second 200M
      ocitool batch jobs.jsonl --scheduler tcp://scheduler:8786
      ocitool batch jobs.jsonl --dry-run | jq -s 'map(.bytesRead) | add'
      ocitool batch jobs.jsonl | jq -r 'select(.status == "failed") | "\\(.id): \\(.error.message)"'
    """
    with exit_codes(Format.TEXT):
        if scheduler is not None and workers is not None:
            raise UsageError("--workers and --scheduler contradict each other", remedy="leave one of them out")
        if timeout is not None and scheduler is None:
            raise UsageError("--timeout is for a cluster", remedy="name its --scheduler too, or leave it out")
        from ocitool.api.jobs.batching import BatchOptions
        from ocitool.model.size import parse_size

        if sys.stdout is None and not dry_run:
            raise OutputError("there is no standard output for the results", remedy="write them to a file")
        options = BatchOptions(threads, None if rate is None else parse_size(rate), dry_run)
        listed = _read_jobs(jobs)
        earlier = None if resume is None else _read_earlier(resume)
        crew = _make_crew(scheduler, workers, len(listed), timeout)
        counts = _run(listed, crew, options, earlier, progress, quiet=quiet)
        if counts is None:
            return
        from ocitool.plan.batch.result import JobStatus

        if not quiet:
            print_lines([_summary(counts)], stream=sys.stderr)
        if counts.get(JobStatus.FAILED):
            raise typer.Exit(1)


def _read_jobs(path: str) -> Sequence[Job]:
    """Read the list; where lines are wrong, print each of the first with its own."""
    from ocitool.api.jobs.lists import read_jobs
    from ocitool.plan.batch.job_list import JobsRefused

    try:
        return read_jobs(path)
    except JobsRefused as error:
        for fault in error.faults:
            print_error(fault, Format.TEXT)
        if error.count > len(error.faults):
            more = UsageError(f"{error.count - len(error.faults)} more lines of {path} are wrong")
            print_error(more, Format.TEXT)
        raise typer.Exit(error.exit_code) from None


def _read_earlier(path: Path) -> Mapping[str, JobResult]:
    """Read the results of earlier runs; say so if some of it is none."""
    from ocitool.api.jobs.lists import read_results
    from ocitool.cli.streams import OUT, is_stream
    from ocitool.cli.text import format_count

    if is_stream(str(path), OUT) and not _is_appended_to(OUT):
        raise UsageError(
            "--resume is the file that standard output replaces", where=str(path), remedy="append to it with >>"
        )
    found = read_results(path)
    if found.damaged:
        lines = format_count(len(found.damaged), "line")
        note = f"ocitool: note: {path}: passed over {lines} that no result is, the first at {found.damaged[0]}"
        print_lines([note], stream=sys.stderr)
    return found.results


def _is_appended_to(descriptor: int) -> bool:
    import fcntl
    import os

    return bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND)


def _make_crew(scheduler: str | None, workers: int | None, count: int, timeout: float | None) -> Crew:
    if scheduler is None:
        from ocitool.adapters.crew.local import LocalCrew
        from ocitool.engine.workers import processor_count

        return LocalCrew(min(workers or processor_count(), count))
    from ocitool.adapters.crew.dask import DaskCrew

    def tell() -> None:
        print_lines([f"ocitool: note: no worker at {scheduler} yet; waiting for one"], stream=sys.stderr)

    return DaskCrew(scheduler, timeout=timeout, on_waiting=tell)


def _run(
    jobs: Sequence[Job],
    crew: Crew,
    options: BatchOptions,
    earlier: Mapping[str, JobResult] | None,
    progress: ProgressMode,
    *,
    quiet: bool,
) -> Mapping[JobStatus, int] | None:
    """Run all jobs and print their results; return None if nobody reads those any more, and so ended it."""
    from ocitool.api.jobs.batching import run_batch
    from ocitool.cli.batch_progress import BatchProgress, print_result
    from ocitool.cli.progress import showing_progress

    watch = BatchProgress(len(jobs))
    with showing_progress(progress, quiet=quiet, jobs=watch.standing) as listener:
        watch.listener = listener
        listener.start("planning" if options.dry_run else "batch", None)

        def report(result: JobResult) -> None:
            watch.ended(result)
            print_result(result, sys.stdout)

        try:
            return run_batch(jobs, crew, report, options=options, earlier=earlier, watch=watch)
        except OutputClosed as error:
            if options.dry_run:
                # As for any report: whoever closed the pipe has read enough.
                return None
            print_error(error, Format.TEXT)
            raise


def _summary(counts: Mapping[JobStatus, int]) -> str:
    from ocitool.cli.text import format_count

    total = format_count(sum(counts.values()), "job")
    return f"{total}: {', '.join(f'{count} {status.value}' for status, count in counts.items())}"
