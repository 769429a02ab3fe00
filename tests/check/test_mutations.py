"""Every rule has a mutation that breaks it, in the table of its area; those hold what else may fire."""

from __future__ import annotations

from ocitool.check.catalogue import RULES
from tests.check import mutations_documents, mutations_gates, mutations_importing, mutations_layers

AREAS = (mutations_documents, mutations_gates, mutations_importing, mutations_layers)


def test_every_rule_can_be_broken() -> None:
    assert {rule for area in AREAS for rule in area.MUTATIONS} == RULES.keys()


def test_what_fires_along_is_a_rule() -> None:
    assert {rule for area in AREAS for mutation in area.MUTATIONS.values() for rule in mutation.also} <= RULES.keys()
