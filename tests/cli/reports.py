"""Reports made by hand, for the tests of how they are written."""

from __future__ import annotations

from ocitool.check.catalogue import RULES
from ocitool.check.report import Finding, Place, Report
from ocitool.check.rule import Profile, Severity

NASTY = "\x1b[31mred\x00 <&\"'>]]> \ud800 \uffff \u2028 ünï 💾"
"""Text as an archive may hold it: control characters, half a surrogate pair, markup."""


def finding(
    rule: str = "L12",
    message: str = "a layer is not there",
    *,
    entry: str = "blobs/sha256/ab",
    path: str = "",
    image: str = "",
    platform: str = "",
    severity: Severity | None = None,
    remedy: str | None = None,
) -> Finding:
    """Make a finding; its severity and remedy are those of the rule unless given."""
    known = RULES[rule]
    severity = severity or known.severity(Profile.IMPORT) or known.severity(Profile.STRICT) or Severity.NOTE
    place = Place(entry, path, image, platform)
    return Finding(rule, severity, message, place, known.remedy if remedy is None else remedy)


def report(*findings: Finding, source: str = "image.tar", unpacked: int = 0) -> Report:
    ordered = sorted(findings, key=lambda each: each.severity.rank)
    return Report(source, tuple(ordered), blobs=3, size=2048, unpacked=unpacked)
