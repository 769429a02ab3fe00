"""What the first letter of a rule's id stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.check.catalogue import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.check.rule import Rule

TITLES: Final[Mapping[str, str]] = {
    "L": "Image layout",
    "D": "Descriptors and digests",
    "M": "Manifests",
    "X": "Indexes",
    "C": "Configs",
    "Y": "Layers",
    "A": "Annotations",
    "J": "JSON",
    "T": "The tar file",
    "V": "manifest.json, attestations and referrers",
    "I": "What importers store",
    "G": "What was asked for",
}
"""Titles by letter, in the order in which rules are listed."""


def rules_by_group() -> Mapping[str, tuple[Rule, ...]]:
    """Return the rules of each title, in the order of the catalogue."""
    return {
        title: tuple(rule for rule in RULES.values() if rule.id.rstrip("0123456789") == letter)
        for letter, title in TITLES.items()
    }
