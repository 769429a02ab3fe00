"""JUnit: valid against the schema of Jenkins' xunit plugin, one case a rule, counted right."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from ocitool.api import Gates, PlatformSelection, VerifyOptions
from ocitool.check.catalogue import RULES
from ocitool.check.report import Report
from ocitool.check.rule import Profile, Severity, Stage
from ocitool.cli.junit import junit_text
from tests.cli.reports import NASTY, finding, report

SCHEMA = xmlschema.XMLSchema10(str(Path(__file__).resolve().parent.parent / "data" / "junit-10.xsd"))


def suite(made: Report, options: VerifyOptions | None = None, fail_on: Severity = Severity.ERROR) -> ET.Element[str]:
    text = junit_text(made, options or VerifyOptions(), fail_on)
    assert text.isascii()
    SCHEMA.validate(text)
    (only,) = ET.fromstring(text)  # noqa: S314 - made here
    for count, path in {"tests": "testcase", "failures": "testcase/failure", "skipped": "testcase/skipped"}.items():
        assert only.get(count) == str(len(only.findall(path)))
    return only


def case(of: ET.Element[str], rule: str) -> ET.Element[str]:
    (found,) = (case for case in of if (case.get("name") or "").startswith(f"{rule}: "))
    return found


@pytest.mark.parametrize("profile", Profile)
def test_a_case_for_every_rule_of_the_profile(profile: Profile) -> None:
    names = [str(case.get("name")).partition(":")[0] for case in suite(Report("x", (), profile=profile))]
    assert sorted(names) == sorted(rule.id for rule in RULES.values() if rule.severity(profile) is not None)


def test_classes_are_the_groups() -> None:
    only = suite(report())
    assert case(only, "V25").get("classname") == "ocitool.verify.manifest-json-attestations-and-referrers"
    assert {str(each.get("classname")).count(".") for each in only} == {2}


def test_clean_rules_pass() -> None:
    assert list(case(suite(report()), "L12")) == []


def test_all_findings_of_a_rule_are_one_failure() -> None:
    made = report(finding(message="one", image="lab:1.0", platform="linux/amd64"), finding(message="two", path="$.x"))
    only = suite(made)
    assert only.get("name") == "image.tar"
    (failure,) = case(only, "L12")
    assert (failure.tag, failure.get("type"), failure.get("message")) == ("failure", "error", "one (and 1 more)")
    lines = (failure.text or "").splitlines()
    assert lines[:4] == ["2 findings", "error L12: one", "    of lab:1.0, linux/amd64", "    at blobs/sha256/ab"]
    assert "    at blobs/sha256/ab $.x" in lines


@pytest.mark.parametrize(
    ("fail_on", "rule", "tag"),
    [
        (Severity.ERROR, "I9", "system-out"),
        (Severity.WARNING, "I9", "failure"),
        (Severity.WARNING, "L11", "system-out"),
    ],
)
def test_what_does_not_fail_is_output(fail_on: Severity, rule: str, tag: str) -> None:
    only = suite(report(finding(rule)), fail_on=fail_on)
    assert [child.tag for child in case(only, rule)] == [tag]


def test_rules_that_were_not_judged_are_skipped() -> None:
    skipped = {
        str(case.get("name")).partition(":")[0] for case in suite(report()) if case.find("skipped") is not None
    }
    judged = {rule.id for rule in RULES.values() if rule.severity(Profile.IMPORT) is not None}
    assert skipped == {rule.id for rule in RULES.values() if rule.stage is not Stage.ALWAYS} & judged
    deep = VerifyOptions(gates=Gates(PlatformSelection.parse(["all"])), deep=True)
    skipped = {str(case.get("name")).partition(":")[0] for case in suite(report(), deep) if len(case)}
    assert skipped == {"G2", "G3"}


def test_hostile_text_is_written_out() -> None:
    made = report(finding(message=NASTY, entry=NASTY, image=NASTY, remedy=NASTY), source=NASTY)
    only = suite(made)
    (failure,) = case(only, "L12")
    for text in (only.get("name"), failure.get("message"), failure.text):
        assert text is not None
        assert "\\x1b[31mred\\x00 <&\"'>]]> \\ud800 \\uffff \\u2028 ünï 💾" in text
