"""The jobs that verify: a report that fails is a failed job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.api.jobs.reading import flag, path, source_options, text, texts
from ocitool.api.jobs.verb import JobSetting, Outcome
from ocitool.api.places import place_name
from ocitool.errors import FindingsFound
from ocitool.model.platform_selection import PlatformSelection
from ocitool.model.reference import ImageFilter

if TYPE_CHECKING:
    from ocitool.check.gates import Gates
    from ocitool.plan.batch.job import Job


def check_verify(job: Job) -> None:
    """Raise `UsageError` for a verification that cannot be meant."""
    _gates(job)


def run_verify(job: Job, setting: JobSetting) -> Outcome:
    """Verify an archive; raises `FindingsFound` if it is not what it has to be."""
    from dataclasses import replace

    from ocitool.api.image_lists import read_image_list
    from ocitool.api.verifying import VerifyOptions, verify_archive
    from ocitool.check.rule import Profile, Severity

    gates, require = _gates(job), path(job, "require")
    if require is not None:
        gates = replace(gates, images=read_image_list(require))
    options = VerifyOptions(Profile(text(job, "profile") or "import"), gates, flag(job, "deep"))
    if setting.dry_run:
        return Outcome()
    report = verify_archive(
        job.sources[0], options, source_options=source_options(job, setting.rate), listener=setting.listener
    )
    severity = Severity(text(job, "fail-on") or "error")
    if report.has(severity):
        count = sum(finding.severity.rank <= severity.rank for finding in report.findings)
        first = report.findings[0]
        others = f" (the first of {count} findings)" if count > 1 else ""
        raise FindingsFound(
            f"{first.rule}: {first.message}{others}",
            where=": ".join(filter(None, (place_name(job.sources[0]), first.where))),
            remedy=f"see ocitool verify {place_name(job.sources[0])}",
        )
    return Outcome(read=report.size)


def _gates(job: Job) -> Gates:
    from ocitool.check.gates import Gates

    platforms = texts(job, "platform")
    selection = PlatformSelection.parse(platforms) if platforms else None
    return Gates(selection, only=flag(job, "only"), scope=ImageFilter(texts(job, "image")))
