"""The report of `verify` as SARIF 2.1.0 (OASIS), for code scanning."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ocitool import __version__
from ocitool.check.catalogue import RULES
from ocitool.cli.text import printable
from ocitool.model.url import shown_url, url_scheme

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ocitool.check.report import Finding, Report
    from ocitool.check.rule import Rule, Severity
    from ocitool.model.json_text import JsonObject, JsonValue

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT: Final = "ocitoolFinding/v1"


def sarif_text(report: Report, source: str, fail_on: Severity) -> str:
    """Return the report as a SARIF log of one run; `source` is the archive as it was named, or ``-``."""
    rules = [rule for rule in RULES.values() if rule.severity(report.profile) is not None]
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    uri = archive_uri(source)
    run: JsonObject = {
        "tool": {
            "driver": {
                "name": "ocitool",
                "semanticVersion": __version__,
                "rules": [_rule(rule, report) for rule in rules],
            }
        },
        "invocations": [{"executionSuccessful": True, "exitCode": int(report.has(fail_on))}],
        "artifacts": [{"location": {"uri": uri}}],
        "results": list(_results(report, numbers, uri)),
        "columnKind": "unicodeCodePoints",
        "properties": {
            "profile": report.profile.value,
            "blobs": report.blobs,
            "size": report.size,
            "unpacked": report.unpacked,
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True)


def archive_uri(source: str) -> str:
    """Return a URL without secrets, or a file as it was named: relative, as in the repository it is checked in."""
    if source == "-":
        return "stdin"
    if url_scheme(source):
        return quote(shown_url(source), safe=":/?&=%@[]")
    path = quote(os.fsencode(source), safe="/")
    # Two slashes in front would make a host of the first folder.
    return re.sub(r"^/+", "file:///", path)


def _rule(rule: Rule, report: Report) -> JsonObject:
    severity = rule.severity(report.profile)
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.text},
        "fullDescription": {"text": f"{rule.text} ({rule.level.value}: {rule.source})"},
        "help": {"text": f"To mend it: {rule.remedy}."},
        "defaultConfiguration": {"level": "none" if severity is None else severity.value},
    }


def _results(report: Report, numbers: Mapping[str, int], uri: str) -> Iterator[JsonObject]:
    repeats: Counter[str] = Counter()
    for finding in report.findings:
        print_ = _fingerprint(finding)
        repeats[print_] += 1
        text = printable(finding.message)
        remedy = printable(finding.remedy)
        result: JsonObject = {
            "ruleId": finding.rule,
            "ruleIndex": numbers[finding.rule],
            "level": finding.severity.value,
            "message": {"text": f"{text}. To mend it: {remedy}" if remedy else text},
            "locations": [_location(finding, uri)],
            "partialFingerprints": {FINGERPRINT: f"{print_}:{repeats[print_]}"},
        }
        yield result


def _location(finding: Finding, uri: str) -> JsonObject:
    # An archive has no lines, but code scanning shows nothing without one.
    physical: JsonObject = {"artifactLocation": {"uri": uri, "index": 0}, "region": {"startLine": 1}}
    logical = list(_logical(finding))
    return {"physicalLocation": physical} | ({"logicalLocations": logical} if logical else {})


def _logical(finding: Finding) -> Iterator[JsonValue]:
    """Yield where it is within the archive: image, platform, entry, and what of the entry's JSON."""
    place = finding.place
    image, platform, entry, path = map(printable, (place.image, place.platform, place.entry, place.path))
    named = [
        ("image", image, image),
        ("platform", platform, f"{image} {platform}".strip()),
        ("resource", entry, entry),
        ("value", path, f"{entry} {path}".strip()),
    ]
    for kind, name, whole in named:
        if name:
            yield {"name": name, "fullyQualifiedName": whole, "kind": kind}


def _fingerprint(finding: Finding) -> str:
    """Return what stays the same when the archive is moved, and when a message is reworded."""
    place = finding.place
    parts = (finding.rule, place.image, place.platform, place.entry, place.path)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
