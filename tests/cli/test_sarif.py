"""SARIF: valid against the public schema, with places, levels and fingerprints that code scanning relies on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from ocitool.check.catalogue import RULES
from ocitool.check.report import Report
from ocitool.check.rule import Profile, Severity
from ocitool.cli.sarif import archive_uri, sarif_text
from tests.cli.reports import NASTY, finding, report

SCHEMA = json.loads((Path(__file__).resolve().parent.parent / "data" / "sarif-2.1.0-rtm.5.json").read_bytes())


def log(made: Report, source: str = "image.tar", fail_on: Severity = Severity.ERROR) -> dict[str, Any]:
    text = sarif_text(made, source, fail_on)
    assert text.isascii()
    document: dict[str, Any] = json.loads(text)
    Draft4Validator(SCHEMA).validate(document)
    (run,) = document["runs"]
    return dict(run)


@pytest.mark.parametrize("profile", Profile)
def test_rules_and_results_agree(profile: Profile) -> None:
    judged = [rule for rule in RULES.values() if rule.severity(profile) is not None]
    made = Report("x", tuple(finding(rule.id, severity=rule.severity(profile)) for rule in judged), profile=profile)
    run = log(made)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in judged]
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["defaultConfiguration"]["level"] == result["level"]
        assert RULES[result["ruleId"]].remedy in rule["help"]["text"]


def test_every_result_says_where() -> None:
    (result,) = log(report(finding(image="lab:1.0", platform="linux/amd64", path="$.a[0]")))["results"]
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "image.tar", "index": 0}
    assert {place["kind"]: place["fullyQualifiedName"] for place in location["logicalLocations"]} == {
        "image": "lab:1.0",
        "platform": "lab:1.0 linux/amd64",
        "resource": "blobs/sha256/ab",
        "value": "blobs/sha256/ab $.a[0]",
    }
    assert "To mend it: keep the complete platforms" in result["message"]["text"]


def test_what_is_about_the_archive_has_no_logical_place() -> None:
    (result,) = log(report(finding("I15", entry="")))["results"]
    assert "logicalLocations" not in result["locations"][0]


def test_fingerprints_outlive_messages_and_the_name_of_the_archive() -> None:
    one = log(report(finding(message="one"), source="a.tar"), "a.tar")["results"]
    other = log(report(finding(message="other"), source="b.tar"), "b.tar")["results"]
    assert one[0]["partialFingerprints"] == other[0]["partialFingerprints"]


def test_fingerprints_tell_results_apart() -> None:
    made = report(finding(), finding(message="again"), finding(path="$.a"), finding("D15"), finding(image="x"))
    prints = [str(result["partialFingerprints"]) for result in log(made)["results"]]
    assert len(set(prints)) == 5


def test_the_end_is_told() -> None:
    warned = report(finding("I9"))
    assert log(warned)["invocations"] == [{"executionSuccessful": True, "exitCode": 0}]
    assert log(warned, fail_on=Severity.WARNING)["invocations"][0]["exitCode"] == 1


def test_hostile_text_is_written_out() -> None:
    (result,) = log(report(finding(message=NASTY, entry=NASTY, path=NASTY, image=NASTY, remedy=NASTY)))["results"]
    assert "\\x1b[31mred\\x00 <&" in result["message"]["text"]
    assert "💾" in result["message"]["text"]
    assert "\x1b" not in json.dumps(result, ensure_ascii=False)


@pytest.mark.parametrize(
    ("source", "uri"),
    [
        ("image.tar", "image.tar"),
        ("a b/ü#1?.tar", "a%20b/%C3%BC%231%3F.tar"),
        ("a:b.tar", "a%3Ab.tar"),
        ("100%.tar", "100%25.tar"),
        ("/tmp/x.tar", "file:///tmp/x.tar"),
        ("//tmp/x.tar", "file:///tmp/x.tar"),
        ("../x.tar", "../x.tar"),
        ("\udcff.tar", "%FF.tar"),
        ("-", "stdin"),
    ],
    ids=range(9),
)
def test_uri(source: str, uri: str) -> None:
    assert archive_uri(source) == uri
    log(report(finding(), source=source), source)
