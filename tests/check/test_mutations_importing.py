"""Each rule of what importers do fires for what breaks it, alone, and not for what comes near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.check.catalogue import RULES, archive, importing
from ocitool.check.rule import Profile, Severity
from tests.check.mutations_importing import MUTATIONS, nested, sound, two
from tests.check.verified import findings, fired

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Layout

ELSEWHERE = {"L1", "L6", "L9", "L10", "L11", "L12", "L16", "L17", "D14", "D15", "X15", "X18"}
"""Rules of this area whose ids are those of the specification's parts."""


def test_every_rule_has_a_mutation() -> None:
    assert set(MUTATIONS) == {rule.id for group in (archive, importing) for rule in group.RULES} | ELSEWHERE


@pytest.mark.parametrize("rule", MUTATIONS)
def test_what_breaks_a_rule_breaks_it_alone(rule: str) -> None:
    found = fired(MUTATIONS[rule].breaks())
    assert rule in found
    assert found <= {rule} | MUTATIONS[rule].also


@pytest.mark.parametrize("rule", MUTATIONS)
def test_what_comes_near_keeps_it(rule: str) -> None:
    assert rule not in fired(MUTATIONS[rule].keeps())


NEIGHBOURS: dict[str, set[str]] = {
    "L1": {"I15"},  # the folder alone
    "L11": {"L9"},
    "L12": {"I12"},
    "D15": {"L9"},
    "T4": {"T3"},
    "T8": {"T7"},
    "I1": {"I2"},
    "I3": {"I14"},
    "I4": {"I6"},  # two names, each of a manifest with its platform
    "I9": {"I17"},  # there is nothing that docker loads
}
"""What comes near one rule and breaks another, which is why it is near."""


@pytest.mark.parametrize("rule", MUTATIONS)
def test_what_comes_near_is_sound_otherwise(rule: str) -> None:
    found = findings(MUTATIONS[rule].keeps(), Profile.IMPORT)
    assert {each.rule for each in found if each.severity is not Severity.NOTE} == NEIGHBOURS.get(rule, set())


@pytest.mark.parametrize("rule", MUTATIONS)
def test_a_profile_gives_the_severity_of_the_catalogue(rule: str) -> None:
    data = MUTATIONS[rule].breaks()
    for profile in Profile:
        severities = {finding.severity for finding in findings(data, profile) if finding.rule == rule}
        assert severities == {RULES[rule].severity(profile)} - {None}


SOUND: dict[str, Callable[[], Layout]] = {
    "one platform": sound,
    "several platforms": lambda: nested("linux/amd64", "linux/arm64"),
    "attested": lambda: nested("linux/amd64", "linux/arm64", attested=True),
    "several images": two,
}


@pytest.mark.parametrize("shape", SOUND)
def test_what_is_sound_is_clean(shape: str) -> None:
    assert findings(SOUND[shape]().pack(), Profile.IMPORT) == ()


@pytest.mark.parametrize("rule", MUTATIONS)
def test_a_finding_says_where_and_what_to_do(rule: str) -> None:
    for finding in findings(MUTATIONS[rule].breaks()):
        assert finding.message
        assert finding.remedy
        assert finding.place.entry or finding.rule in {
            "I9",
            "I10",
            "L1",
            "T5",
            "T7",
            "T8",
        }  # which are of the whole file
