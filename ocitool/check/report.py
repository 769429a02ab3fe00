"""Problems, findings and reports: what the checks say, what a profile makes of it, and all of it together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ocitool.check.catalogue import RULES
from ocitool.check.rule import Profile, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocitool.model.json_text import JsonObject


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: the entry, the JSON path in it (``$.manifests[1].size``), the image and its platform."""

    entry: str = ""
    path: str = ""
    image: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that is broken, and where; `remedy` where the rule's own does not fit."""

    rule: str
    message: str
    place: Place = field(default_factory=Place)
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem as a profile judges it."""

    rule: str
    severity: Severity
    message: str
    place: Place = field(default_factory=Place)
    remedy: str = ""

    @property
    def where(self) -> str:
        """The entry, and the JSON path in it if there is one."""
        return " ".join(filter(None, (self.place.entry, self.place.path)))

    def to_json(self) -> JsonObject:
        """Return the JSON form of reports."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "message": self.message,
            "where": self.place.entry,
            "path": self.place.path,
            "image": self.place.image,
            "platform": self.place.platform,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All findings about one archive, the worst first, and how much was looked at; `size` in bytes.

    `blobs` and `size` count what was hashed; `unpacked` the bytes that layers were decompressed to. `unjudged` are
    the rules that would have been judged but for what other findings say.
    """

    source: str
    findings: tuple[Finding, ...]
    blobs: int = 0
    size: int = 0
    profile: Profile = Profile.IMPORT
    unpacked: int = 0
    unjudged: frozenset[str] = frozenset()

    def count(self, severity: Severity) -> int:
        """Count the findings of one severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def has(self, severity: Severity) -> bool:
        """Tell whether any finding is of this severity, or a worse one."""
        return any(finding.severity.rank <= severity.rank for finding in self.findings)

    @property
    def ok(self) -> bool:
        """Whether there is no error among the findings."""
        return not self.has(Severity.ERROR)

    def to_json(self, *, fail_on: Severity = Severity.ERROR) -> JsonObject:
        """Return the report as one JSON object (schema ``output/verify``); `failed` is for `fail_on` and worse."""
        return {
            "schemaVersion": 1,
            "kind": "verify",
            "source": self.source,
            "profile": self.profile.value,
            "ok": self.ok,
            "failOn": fail_on.value,
            "failed": self.has(fail_on),
            "blobs": self.blobs,
            "size": self.size,
            "unpacked": self.unpacked,
            "unjudged": [*sorted(self.unjudged)],
            "findings": [finding.to_json() for finding in self.findings],
        }


def judge(problems: Iterable[Problem], profile: Profile) -> tuple[Finding, ...]:
    """Give each problem the severity of a profile, once, the worst first, else in the order they were found."""
    findings = [
        Finding(problem.rule, severity, problem.message, problem.place, problem.remedy or rule.remedy)
        for problem in dict.fromkeys(problems)
        if (severity := (rule := RULES[problem.rule]).severity(profile)) is not None
    ]
    return tuple(sorted(findings, key=lambda finding: finding.severity.rank))
