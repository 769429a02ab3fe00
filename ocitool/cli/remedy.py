"""Remedies with the names of the archive at hand in the place of SRC, IMAGE, OLD and PLATFORM."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ocitool.check.report import Finding, Report

_PLACEHOLDER: Final = re.compile(r"\b(?:SRC|IMAGE|OLD|PLATFORM)\b")
_UNNAMED: Final = re.compile(r"\s")


def fill_remedies(report: Report, source: str) -> Report:
    """Return the report with each remedy as it can be typed; OUT and new names are left to choose."""
    return replace(report, findings=tuple(_filled(finding, source) for finding in report.findings))


def _filled(finding: Finding, source: str) -> Finding:
    image, platform = finding.place.image, finding.place.platform
    names = {"SRC": source}
    if image and not _UNNAMED.search(image):  # the label of an image without a name is a phrase
        names |= {"IMAGE": image, "OLD": image}
    if "/" in platform:
        names["PLATFORM"] = platform
    # Every name goes in at once: one of them may hold the word for another.
    remedy = _PLACEHOLDER.sub(
        lambda found: shlex.quote(names[found[0]]) if found[0] in names else found[0], finding.remedy
    )
    return replace(finding, remedy=remedy)
