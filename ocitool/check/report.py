"""Findings and reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocitool.model.json_text import JsonObject


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check found: the rule's stable id, what is wrong, where, and what to do."""

    rule: str
    severity: Severity
    message: str
    where: str = ""
    remedy: str = ""

    def to_json(self) -> JsonObject:
        """Return the JSON form of reports."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "message": self.message,
            "where": self.where,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All findings about one archive, and how much was looked at; `size` in bytes."""

    source: str
    findings: tuple[Finding, ...]
    blobs: int = 0
    size: int = 0

    def has(self, severity: Severity) -> bool:
        """Tell whether any finding is of this severity."""
        return any(finding.severity is severity for finding in self.findings)

    @property
    def ok(self) -> bool:
        """Whether there is no error among the findings."""
        return not self.has(Severity.ERROR)

    def to_json(self) -> JsonObject:
        """Return the report as one JSON object (schema ``output/verify``)."""
        return {
            "schemaVersion": 1,
            "kind": "verify",
            "source": self.source,
            "ok": self.ok,
            "blobs": self.blobs,
            "size": self.size,
            "findings": [finding.to_json() for finding in self.findings],
        }
