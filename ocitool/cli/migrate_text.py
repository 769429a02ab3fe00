"""What a migration prints: a line for each command, as compilers do, then why, and the lines to write instead."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from ocitool.advice.migrate import Verdict
from ocitool.cli.text import format_count, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.advice.migrate import Migration, ScriptFinding

WIDTH: Final = 80
"""Columns of what is told in words; commands are never broken."""

_TOLD: Final = {
    Verdict.BREAKS: ("breaks", "break"),
    Verdict.FAILS: ("fails with both", "fail with both"),
    Verdict.CHANGES: ("changes", "change"),
    Verdict.WORKS: ("works", "work"),
    Verdict.UNKNOWN: ("is unknown", "are unknown"),
}


def migration_lines(report: Migration) -> list[str]:
    """Return the report; each command begins with ``file:line:column:``, so that editors go there."""
    lines = [line for finding in report.findings for line in (*_finding(finding, report), "")]
    return [*lines, *textwrap.wrap(_summary(report), WIDTH)]


def _finding(finding: ScriptFinding, report: Migration) -> Iterator[str]:
    place = f"{printable(finding.file)}:{finding.line}:{finding.column}"
    yield f"{place}: {finding.verdict}: {printable(' '.join(finding.command.split()))}"
    for reason in finding.why:
        yield from textwrap.wrap(
            printable(reason),
            WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    if finding.replacement is not None:
        both = f", which works with {report.source} too" if finding.works_on_both else ""
        yield f"  write{both}:"
        for line in textwrap.dedent(finding.replacement.expandtabs(4)).splitlines():
            yield f"    {printable(line)}".rstrip()


def _summary(report: Migration) -> str:
    versions = f"from {report.program} {report.source} to {report.target} on {report.host.display}"
    if not report.findings:
        return f"no command that imports or exports images, {versions}"
    counts = [(report.count(verdict), words) for verdict, words in _TOLD.items()]
    parts = ", ".join(f"{count} {words[count > 1]}" for count, words in counts if count)
    archive = "for this archive" if report.is_archive_known else "for archives of the usual shapes"
    return f"{format_count(len(report.findings), 'command')} {versions}, {archive}: {parts}"
