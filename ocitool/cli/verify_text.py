"""The report of `verify` for people: by image and platform, the worst first, what is alike said once."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.check.rule import Severity
from ocitool.cli.remedy import COMMAND
from ocitool.cli.text import format_count, format_size, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ocitool.check.report import Finding, Report

SHOWN: Final = {Severity.ERROR: 10, Severity.WARNING: 3, Severity.NOTE: 1}
"""Findings of one rule that are printed without `-v`; the last of them says how many more there are."""

TEXT_LIMIT: Final = 2_000
"""Characters of a message, a place or a remedy that are printed; all of them may quote an archive."""

_COLOURS: Final = {Severity.ERROR: "1;31", Severity.WARNING: "33", Severity.NOTE: "36"}
_BOLD: Final = "1"

_STEP: Final = re.compile(r" && (?=(?:ocitool|ctr) )")

_HEX: Final = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52,116}\b")
"""The hexadecimal digits of a digest."""


@dataclass(frozen=True, slots=True)
class Look:
    """How to print: `width` in columns, None never to wrap; `verbose` prints all, `quiet` no notes and no verdict."""

    width: int | None = None
    colour: bool = False
    quiet: bool = False
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class _Shown:
    """A finding that is printed, and how many more there are of its rule, in how many images."""

    finding: Finding
    more: int = 0
    images: int = 0


def report_lines(report: Report, fail_on: Severity, look: Look) -> list[str]:
    """Write the report."""
    lines: list[str] = []
    for image, platforms in _grouped(_folded(report.findings, look)).items():
        lines += [*([""] if lines else []), _paint(_safe(image) or "the archive", _BOLD, look)]
        for platform, shown in platforms.items():
            lines += [f"  {_paint(_safe(platform), _BOLD, look)}"] if platform else []
            for item in shown:
                lines += _finding_lines(item, "    " if platform else "  ", look)
        lines += _remedy_lines([item.finding for shown in platforms.values() for item in shown], look)
    if look.quiet:
        return lines
    return [*lines, *([""] if lines else []), *_verdict(report, fail_on, look)]


def _folded(findings: Sequence[Finding], look: Look) -> Iterator[_Shown]:
    """Choose what is printed: of each rule the first few, of which the last stands for the rest.

    What is wrong with one blob, and therefore with all images that share it, is printed for the first of them.
    """
    wanted = [finding for finding in findings if not (look.quiet and finding.severity is Severity.NOTE)]
    if look.verbose:
        yield from map(_Shown, wanted)
        return
    rules: dict[str, list[Finding]] = {}
    for finding in wanted:
        rules.setdefault(finding.rule, []).append(finding)
    shown: dict[int, _Shown] = {}
    for group in rules.values():
        shown |= {id(item.finding): item for item in _first_few(group)}
    yield from (shown[id(finding)] for finding in wanted if id(finding) in shown)


def _first_few(findings: Sequence[Finding]) -> Iterator[_Shown]:
    """Choose among the findings of one rule."""
    first: dict[tuple[str, str], Finding] = {}
    alike: dict[int, list[Finding]] = {}
    for finding in findings:
        place = finding.place
        leader = first.setdefault((place.entry, place.path), finding) if place.entry.startswith("blobs/") else finding
        same_owner = (leader.place.image, leader.place.platform) == (place.image, place.platform)
        alike.setdefault(id(finding if same_owner else leader), []).append(finding)
    groups = list(alike.values())
    limit = SHOWN[findings[0].severity]
    for number, group in enumerate(groups[:limit], start=1):
        rest = [finding for other in groups[limit:] for finding in other] if number == limit else []
        everywhere = {finding.place.image for finding in (findings if rest else group)}
        yield _Shown(group[0], len(rest) + len(group) - 1, len(everywhere))


def _grouped(shown: Iterable[_Shown]) -> Mapping[str, Mapping[str, list[_Shown]]]:
    """Group by image and its platforms: the archive first, then in the order of the worst finding of each."""
    images: dict[str, dict[str, list[_Shown]]] = {"": {}}
    for item in shown:
        place = item.finding.place
        images.setdefault(place.image, {"": []}).setdefault(place.platform, []).append(item)
    return {image: platforms for image, platforms in images.items() if platforms}


def _finding_lines(item: _Shown, indent: str, look: Look) -> Iterator[str]:
    finding = item.finding
    head = f"{finding.severity.value} {finding.rule}:"
    below = " " * (len(indent) + 4)
    first, *rest = _wrap(_text(finding.message, look), len(indent) + len(head) + 1, len(below), look)
    yield f"{indent}{_paint(head, _COLOURS[finding.severity], look)} {first}"
    yield from (below + line for line in rest)
    if finding.where:
        yield f"{below}at {_text(finding.where, look)}"
    if item.more:
        of = f" in {item.images:,} images" if item.images > 1 else ""
        yield f"{below}and {item.more:,} more of {finding.rule}{of} (-v prints all)"


def _remedy_lines(findings: Sequence[Finding], look: Look) -> Iterator[str]:
    """Write what to do, once for all that it mends; a command stands alone and whole, so that it can be copied."""
    remedies: dict[str, dict[str, None]] = {}
    for finding in findings:
        if finding.remedy:
            # Cut before it is taken apart, as it may quote an archive.
            remedies.setdefault(_safe(finding.remedy), {})[finding.rule] = None
    for remedy, rules in remedies.items():
        head = f"to mend {', '.join(rules) if len(remedies) > 1 else 'it'}:"
        found = COMMAND.fullmatch(remedy)
        advice = remedy if found is None else found["advice"] + (found["otherwise"] or "")
        first, *rest = _wrap(advice, len(head) + 3, 6, look)
        yield f"  {_paint(head, _BOLD, look)} {first}"
        yield from (f"      {line}" for line in rest)
        if found is not None:
            yield from (f"      {line}" for line in _STEP.sub(" &&\n", found["command"]).split("\n"))


def _verdict(report: Report, fail_on: Severity, look: Look) -> list[str]:
    counts = {severity: report.count(severity) for severity in Severity}
    words = [format_count(count, severity.value) for severity, count in counts.items() if count]
    if not report.has(fail_on):
        words.insert(0, "ok")
    worst = next((severity for severity, count in counts.items() if count), None)
    colour = _COLOURS[worst] if report.has(fail_on) and worst is not None else "32"
    hashed = f"{format_count(report.blobs, 'blob')}, {format_size(report.size)} hashed"
    unpacked = f", {format_size(report.unpacked)} unpacked" if report.unpacked else ""
    told = f"({hashed}{unpacked}; profile {report.profile.value})"
    name, text = _safe(report.source), ", ".join(words)
    head = f"{name}: {_paint(text, colour, look)}"
    fits = look.width is None or len(f"{name}: {text} {told}") <= look.width
    return [f"{head} {told}"] if fits else [head, f"  {told}"]


def _wrap(text: str, first: int, below: int, look: Look) -> list[str]:
    """Break text for a terminal, where `first` columns are taken in the first line and `below` in the others."""
    if look.width is None or len(text) + first <= look.width:
        return [text]
    lines = textwrap.wrap(
        text,
        max(look.width, below + 30),
        initial_indent=" " * first,
        subsequent_indent=" " * below,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [lines[0][first:], *(line[below:] for line in lines[1:])]


def _text(text: str, look: Look) -> str:
    """Return what a finding says, on a terminal with short digests; `-v` has them whole."""
    return _safe(text if look.width is None or look.verbose else _HEX.sub(r"\1...", text))


def _safe(text: str) -> str:
    """Return untrusted text in a form that a terminal can take, and of a length that a person can."""
    half = TEXT_LIMIT // 2
    return printable(text if len(text) <= TEXT_LIMIT else f"{text[:half]} [...] {text[-half:]}")


def _paint(text: str, code: str, look: Look) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if look.colour else text
