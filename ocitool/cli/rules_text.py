"""The catalogue of rules as a table, and as JSON."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ocitool.check.catalogue.groups import rules_by_group
from ocitool.check.rule import Profile, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.check.rule import Rule
    from ocitool.model.json_text import JsonObject

_ROW = "  {:<4} {:<8} {:<8} {:<7} "
_INDENT = len(_ROW.format("", "", "", ""))


def rules_json() -> JsonObject:
    """Return all rules as one JSON object (schema ``output/rules``)."""
    groups = rules_by_group()
    return {
        "schemaVersion": 1,
        "kind": "rules",
        "rules": [rule.to_json() | {"group": title} for title, rules in groups.items() for rule in rules],
    }


def rule_lines(*, verbose: bool, width: int | None) -> list[str]:
    """Write every rule with its severity in each profile; `verbose` adds its source and remedy."""
    lines = [_ROW.format("RULE", *(profile.value.upper() for profile in Profile)) + "WHAT HOLDS"]
    for title, rules in rules_by_group().items():
        lines += ["", title]
        for rule in rules:
            lines += _lines(rule, verbose=verbose, width=width)
    return lines


def _lines(rule: Rule, *, verbose: bool, width: int | None) -> Iterator[str]:
    severities = [severity.value if (severity := rule.severity(profile)) else "-" for profile in Profile]
    head = _ROW.format(rule.id, *severities)
    first, *rest = _wrap(rule.text + (" (--deep)" if rule.stage is Stage.DEEP else ""), width)
    yield head + first
    if verbose:
        rest += [*_wrap(f"{rule.level.value}: {rule.source}", width), *_wrap(f"to mend it: {rule.remedy}", width)]
    yield from (" " * _INDENT + line for line in rest)


def _wrap(text: str, width: int | None) -> list[str]:
    if width is None:
        return [text]
    return textwrap.wrap(text, max(width - _INDENT, 30), break_long_words=False, break_on_hyphens=False)
