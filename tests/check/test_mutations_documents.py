"""Every rule of documents is fired by one change and no other rule is; a near miss fires it not."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import pytest

from ocitool.check.catalogue import RULES
from tests.check.mutations_documents import MUTATIONS
from tests.check.sample import Sample
from tests.check.verified import fired_in_any

AREA: Final = re.compile(r"[DMXCAJ]\d+|L[23479]|L14|L15|Y8")

ELSEWHERE: Final = {
    "C8": "layers, unpacked",
    "L9": "blobs that nothing lists",
    "X15": "images",
}
"""Rules that look like those of documents, and where they are judged."""


@cache
def sample_rules() -> frozenset[str]:
    """Return what the sample is told unchanged, which says nothing of a change."""
    return fired_in_any(Sample().pack())


def test_every_rule_of_documents_has_a_mutation() -> None:
    assert {rule for rule in RULES if AREA.fullmatch(rule)} - set(ELSEWHERE) == set(MUTATIONS)


def test_sample_is_clean() -> None:
    assert not {rule for rule in sample_rules() if AREA.fullmatch(rule)}


@pytest.mark.parametrize("rule", MUTATIONS)
def test_rule_fires_alone(rule: str) -> None:
    mutation = MUTATIONS[rule]
    assert fired_in_any(mutation.breaks()) - sample_rules() == {rule} | mutation.also


@pytest.mark.parametrize("rule", MUTATIONS)
def test_rule_does_not_fire_on_a_near_miss(rule: str) -> None:
    assert rule not in fired_in_any(MUTATIONS[rule].keeps())
