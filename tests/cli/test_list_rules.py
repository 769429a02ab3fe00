from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from ocitool.api import read_schema
from ocitool.check.catalogue import RULES
from ocitool.check.catalogue.groups import TITLES, rules_by_group
from ocitool.cli.rules_text import rule_lines, rules_json
from tests.command import ocitool


def test_every_rule_is_in_one_group() -> None:
    grouped = [rule.id for rules in rules_by_group().values() for rule in rules]
    assert sorted(grouped) == sorted(RULES)
    assert all(rules_by_group().values())
    assert list(rules_by_group()) == list(TITLES.values())


def test_every_rule_is_a_line_with_its_severities() -> None:
    lines = rule_lines(verbose=False, width=None)
    for rule in RULES.values():
        (line,) = [line for line in lines if line.split()[:1] == [rule.id]]
        assert rule.text in line
    assert "  L12  warning  error    error   Everything that is listed is in the archive." in lines
    assert any(line.endswith("A layer unpacks to what its diff_id says. (--deep)") for line in lines)


def test_verbose_adds_source_and_remedy() -> None:
    text = "\n".join(rule_lines(verbose=True, width=None))
    assert all(rule.source in text and rule.remedy in text for rule in RULES.values())


def test_a_terminal_gets_lines_that_fit() -> None:
    assert max(map(len, rule_lines(verbose=True, width=80))) <= 80


def test_json_meets_its_schema() -> None:
    document = json.loads(ocitool("verify", "--list-rules", "--format", "json").stdout)
    Draft202012Validator(read_schema("output/rules")).validate(document)
    assert list(document)[:2] == ["schemaVersion", "kind"]
    assert document == rules_json()
    assert sorted(rule["id"] for rule in document["rules"]) == sorted(RULES)


def test_text_is_printed_without_an_archive() -> None:
    result = ocitool("verify", "--list-rules")
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode().splitlines() == rule_lines(verbose=False, width=None)
