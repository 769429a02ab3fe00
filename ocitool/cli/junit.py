"""The report of `verify` as JUnit XML: one test suite for the archive, one test case for each rule.

The form is the one that Jenkins, GitLab, Azure and GitHub's reporters read (junit-10.xsd of Jenkins' xunit plugin).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ocitool.check.catalogue.groups import rules_by_group
from ocitool.check.rule import Stage
from ocitool.cli.text import format_count, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.api.verifying import VerifyOptions
    from ocitool.check.report import Finding, Report
    from ocitool.check.rule import Rule, Severity

_TIME = "0"
"""Seconds of a test case; rules are not timed one by one."""


def junit_text(report: Report, options: VerifyOptions, fail_on: Severity) -> str:
    """Return the report; what is of `fail_on` or worse fails its rule, other findings are its output.

    Rules that were not judged are skipped, those that the profile does not know are left out.
    """
    suite = ET.Element("testsuite", name=printable(report.source))
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(finding.rule, []).append(finding)
    for title, rules in rules_by_group().items():
        for rule in rules:
            if rule.severity(report.profile) is not None:
                _add_case(suite, title, rule, found.get(rule.id, ()), _not_judged(rule, report, options), fail_on)
    counts = {
        "tests": len(suite),
        "failures": len(suite.findall("testcase/failure")),
        "errors": 0,
        "skipped": len(suite.findall("testcase/skipped")),
    }
    for name, count in counts.items():
        suite.set(name, str(count))
    suite.set("time", _TIME)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    # In ASCII it is valid wherever it is written to, whatever the locale.
    written: bytes = ET.tostring(root, encoding="us-ascii", xml_declaration=True)
    return written.decode("ascii")


def _add_case(
    suite: ET.Element, title: str, rule: Rule, found: Sequence[Finding], not_judged: str, fail_on: Severity
) -> None:
    name = f"{rule.id}: {rule.text}"
    case = ET.SubElement(suite, "testcase", classname=f"ocitool.verify.{_slug(title)}", name=name, time=_TIME)
    failing = [finding for finding in found if finding.severity.rank <= fail_on.rank]
    if failing:
        more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
        failure = ET.SubElement(case, "failure", type=failing[0].severity.value)
        failure.set("message", printable(failing[0].message) + more)
        failure.text = _text(failing)
    elif found:
        ET.SubElement(case, "system-out").text = _text(found)
    elif not_judged:
        ET.SubElement(case, "skipped", message=not_judged)


def _slug(title: str) -> str:
    """Return a title as one component of a class name, which readers split at dots."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower())


def _not_judged(rule: Rule, report: Report, options: VerifyOptions) -> str:
    """Say why a rule was not judged; "" if it was."""
    if rule.id in report.unjudged:
        return "all layers together grow too far"
    if rule.stage is Stage.DEEP and not options.deep:
        return "needs --deep"
    if rule.stage is Stage.ASKED and rule.id not in options.gates.asked:
        return "nothing was asked for: -p, --only, --require, --image"
    return ""


def _text(findings: Sequence[Finding]) -> str:
    """Write findings one below the other; escaped, all of it is allowed in XML 1.0."""
    lines = [format_count(len(findings), "finding")]
    for finding in findings:
        place = finding.place
        owner = ", ".join(filter(None, (place.image, place.platform)))
        lines += [
            printable(line)
            for line in (
                f"{finding.severity.value} {finding.rule}: {finding.message}",
                f"    of {owner}" if owner else "",
                f"    at {finding.where}" if finding.where else "",
                f"    to mend it: {finding.remedy}" if finding.remedy else "",
            )
            if line
        ]
    return "\n".join(lines)
