"""RULES.md says what the catalogue says."""

from __future__ import annotations

from ocitool.check.catalogue import RULES
from tests.rules_page import PAGE, page


def test_the_page_is_made_from_the_rules() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.rules_page"


def test_every_rule_has_one_row() -> None:
    rows = [line.split(" | ")[0].removeprefix("| ") for line in page().splitlines() if line.startswith("| ")]
    assert [row for row in rows if row != "id"] == sorted(RULES, key=[*rows].index)
    assert len([row for row in rows if row != "id"]) == len(RULES)
