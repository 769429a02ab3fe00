"""The command `verify`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from ocitool.cli.options import Format, MaxRatio, Progress, ProgressMode, Quiet, ReportFormat, Source, SpoolDirectory
from ocitool.cli.outcome import exit_codes, print_json, print_lines
from ocitool.cli.progress import showing_progress
from ocitool.cli.text import format_count, format_size, printable
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from ocitool.check.report import Report


def verify_command(
    source: Source,
    form: ReportFormat = Format.TEXT,
    quiet: Quiet = False,
    progress: Progress = ProgressMode.AUTO,
    spool_directory: SpoolDirectory = None,
    max_ratio: MaxRatio = RATIO_LIMIT,
) -> None:
    """Check that everything an archive lists is there, whole, and of the platform it is listed as.

    Exits 1 if anything is wrong, after reporting all of it.

    \b
    Examples:
      ocitool verify image.tar
      ocitool verify image.tar --format json | jq '.findings[].message'
    """
    from ocitool.api.opening import SourceOptions
    from ocitool.api.verifying import verify_archive

    with exit_codes(form), showing_progress(progress, quiet=quiet) as listener:
        report = verify_archive(
            source,
            source_options=SourceOptions(spool_directory=spool_directory, ratio_limit=max_ratio),
            listener=listener,
        )
        if form is Format.JSON:
            print_json(report.to_json(), stream=sys.stdout)
        else:
            print_lines(_report_lines(report, quiet=quiet), stream=sys.stdout)
        if not report.ok:
            raise typer.Exit(1)


def _report_lines(report: Report, *, quiet: bool) -> list[str]:
    from ocitool.check.rule import Severity

    lines: list[str] = []
    for finding in report.findings:
        if quiet and finding.severity is Severity.NOTE:
            continue
        lines.append(f"{finding.severity.value} {finding.rule}: {printable(finding.message)}")
        if finding.where:
            lines.append(f"    at {printable(finding.where)}")
        if finding.remedy:
            lines.append(f"    to mend it: {printable(finding.remedy)}")
    errors, warnings = report.count(Severity.ERROR), report.count(Severity.WARNING)
    verdict = "ok" if report.ok else format_count(errors, "error")
    also = f", {format_count(warnings, 'warning')}" if warnings else ""
    checked = f"{format_count(report.blobs, 'blob')}, {format_size(report.size)} checked"
    return lines if quiet else [*lines, f"{printable(report.source)}: {verdict}{also} ({checked})"]
