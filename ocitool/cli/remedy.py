"""Remedies with the names at hand in the place of SRC and IMAGE."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from ocitool.model.url import shown_url

if TYPE_CHECKING:
    from ocitool.check.report import Report

COMMAND: Final = re.compile(r"(?P<advice>.*?): (?P<command>(?:ocitool|ctr) .*?)(?P<otherwise>; or [^']*)?", re.DOTALL)
"""A remedy that is a command, what it does in words before it, and perhaps what else helps after it."""

_PLACEHOLDER: Final = re.compile(
    r"(?<=ocitool filter )SRC\b|(?<=ocitool merge )SRC\b|(?<=ocitool apply BASE )SRC\b|"
    r"(?<=--all-platforms )IMAGE\b|(?<= MORE\.tar )IMAGE\b"
)
_QUOTED: Final = re.compile(r"'[^']*'")
_UNNAMED: Final = re.compile(r"\s")


def fill_remedies(report: Report, source: str) -> Report:
    """Return the report with each remedy as it can be typed; OUT and new names are left to choose."""
    # A name that starts like an option is none after `./`; a dash alone is standard input.
    name = shlex.quote(f"./{source}" if source.startswith("-") and source != "-" else shown_url(source))
    filled = cache(lambda remedy, image: _filled(remedy, name, image))
    return replace(
        report,
        findings=tuple(
            replace(finding, remedy=filled(finding.remedy, finding.place.image)) for finding in report.findings
        ),
    )


def _filled(remedy: str, source: str, image: str) -> str:
    names = {"SRC": source}
    if image and not _UNNAMED.search(image):  # the label of an image without a name is a phrase
        names["IMAGE"] = shlex.quote(image)
    # Names of the archive that have blanks are quoted already, and are left as they are.
    quoted = [range(*found.span()) for found in _QUOTED.finditer(remedy)]

    def fill(found: re.Match[str]) -> str:
        return found[0] if any(found.start() in span for span in quoted) else names.get(found[0], found[0])

    # All at once: one name may hold the word for another.
    return _PLACEHOLDER.sub(fill, remedy)


_NAMES: Final = re.compile(r"(?:(?<![\w./:'-])|(?<=-archive:))(SRC|OUT)(?![\w./'-])")


def fill_names(remedy: str, source: str, output: str) -> str:
    """Return a remedy with the archive in the place of SRC, and that of OUT where its commands write to that.

    Both are words of commands, which stand after a colon; a quoted one is a name of the archive's.
    """
    advice, colon, commands = remedy.partition(": ")
    if not colon:
        return remedy
    names = {"SRC": shlex.quote(source), "OUT": shlex.quote(output) if "SRC" in commands else "OUT"}
    return advice + colon + _NAMES.sub(lambda found: names[found[0]], commands)
