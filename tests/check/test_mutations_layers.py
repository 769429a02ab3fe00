"""Each rule of layers fires for what breaks it, alone, and not for what comes near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.check.catalogue import RULES
from ocitool.check.rule import Stage
from tests.check.layers.images import deep_report
from tests.check.mutations_layers import MUTATIONS, OTHERS

if TYPE_CHECKING:
    from pathlib import Path


def test_every_deep_rule_has_a_mutation() -> None:
    assert MUTATIONS.keys() == {rule.id for rule in RULES.values() if rule.stage is Stage.DEEP} | {"Y3"}


@pytest.mark.parametrize("rule", MUTATIONS)
def test_what_breaks_a_rule_fires_it_alone(tmp_path: Path, rule: str) -> None:
    mutation = MUTATIONS[rule]
    found = {finding.rule for finding in deep_report(mutation.breaks(), tmp_path).findings}
    assert found == {rule, *mutation.also}


@pytest.mark.parametrize("rule", MUTATIONS)
def test_what_comes_near_fires_nothing(tmp_path: Path, rule: str) -> None:
    report = deep_report(MUTATIONS[rule].keeps(), tmp_path)
    assert report.findings == ()
    assert report.unpacked > 0


@pytest.mark.parametrize("name", OTHERS)
def test_other_ways_to_break_a_rule(tmp_path: Path, name: str) -> None:
    rule, make = OTHERS[name]
    (finding,) = deep_report(make(), tmp_path).findings
    assert finding.rule == rule
    assert finding.where.startswith("blobs/sha256/")
    assert "layer 1 of 1 of linux/amd64 of docker.io/library/lab:1.0" in finding.message
