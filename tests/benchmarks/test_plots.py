"""Pictures are made of results alone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.dom import minidom

import pytest

from benchmarks.measurement import Findings, Ratio
from benchmarks.plots import draw, draw_all, draw_limits
from benchmarks.results import from_json, to_json
from tests.benchmarks.findings import bars, lines, result

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("findings", [bars(), lines()], ids=["bars", "lines"])
def test_the_same_result_gives_the_same_bytes(findings: Findings) -> None:
    made = draw(result("paper", findings))
    assert made == draw(from_json(to_json(result("paper", findings))))
    assert minidom.parseString(made).getElementsByTagName("svg")  # noqa: S318 - our own picture
    assert b"date" not in made


def test_another_result_gives_others() -> None:
    assert draw(result("paper")) != draw(result("cloth"))


def test_limits_tell_noise_cut_bars_and_what_is_not_judged_apart() -> None:
    made = [
        draw_limits({"paper": result("paper", Findings((), (Ratio("x", value, at_most=1.0),)), shrink=shrink)})
        for value, shrink in ((-1.0, 1), (0.5, 1), (2.0, 1), (5.0, 1), (5.0, 32))
    ]
    assert len(set(made)) == len(made)
    assert [b"stroke: #ffffff; stroke-width: 2" in each for each in made] == [False, False, False, True, True]


def test_limits_have_a_picture_of_their_own(tmp_path: Path) -> None:
    results = {"paper": result("paper"), "grown": result("grown", lines())}
    assert [path.name for path in draw_all(results, tmp_path)] == ["paper.svg", "grown.svg", "limits.svg"]
    assert (tmp_path / "limits.svg").read_bytes() == draw_limits(results) == draw_limits(dict(results))
    assert [path.name for path in draw_all({"grown": results["grown"]}, tmp_path)] == ["grown.svg"]
