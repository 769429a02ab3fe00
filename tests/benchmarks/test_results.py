"""Results survive being written; tables and the page are made of them alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.__main__ import recorded
from benchmarks.measurement import Findings, Ratio
from benchmarks.measurements import ALL
from benchmarks.page import PLOTS, RESULTS, front_text, pages, results_text, with_text
from benchmarks.results import from_json, read_result, read_results, to_json, write_result
from benchmarks.small import RECORD
from benchmarks.tables import limits_table, ratio_table, result_text
from tests.benchmarks.findings import bars, lines, result

if TYPE_CHECKING:
    from pathlib import Path


def test_a_result_survives_a_file(tmp_path: Path) -> None:
    for findings in (bars(), lines()):
        written = result("paper", findings)
        write_result(written, tmp_path)
        assert read_results(tmp_path) == {"paper": written}
        assert from_json(to_json(written)) == written


@pytest.mark.parametrize("text", ["{}", "[]", '{"costs": 1}'])
def test_what_is_no_result_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "paper.json").write_text(text)
    with pytest.raises(ValueError, match=r"paper\.json holds no result"):
        read_result(tmp_path / "paper.json")


def test_a_table_says_limits_and_whether_they_hold() -> None:
    text = result_text(result())
    assert "| filter / openssl | at most 1.10   | 0.80     | ok          |" in text
    assert "| skopeo / filter  | at least 10.00 | 8.00     | **not met** |" in text
    assert "Left out: docker: no docker here." in text
    assert "```text\none\ntwo\n```" in text
    assert "smaller than usual" not in text
    assert "median of 3 runs" in text
    small = result_text(result(shrink=32))
    assert "32 times smaller than usual" in small
    assert "### On paper (archives 32 times smaller)" in small
    assert small.count("not judged") == 2
    assert "not met" not in small + limits_table({"paper": result(shrink=32)})
    assert "`, one run, load" in result_text(replace(result(), runs=1))
    assert [line.count("On paper") for line in limits_table({"paper": result()}).splitlines()[2:]] == [1, 1]


def test_a_difference_of_nothing_is_noise_and_no_success() -> None:
    ratios = (Ratio("filter / cp", -0.01, at_most=1.0), Ratio("start", 0.0), Ratio("files", 0, 1, is_counted=True))
    found = result("paper", Findings((), ratios))
    assert from_json(to_json(found)) == found
    noise, none, counted = ratio_table(ratios).splitlines()[2:]
    assert noise.endswith("| -0.01    | within noise |")
    assert none.endswith("| 0.00     | within noise |")
    assert counted.endswith("| at most 1    | 0        | ok           |")
    assert "within noise" in limits_table({"paper": found})


def test_what_grows_has_a_column_for_each_place() -> None:
    text = result_text(result("grown", lines()))
    assert "| archive            | 0.1 GiB | 8 GiB |" in text
    assert "| `filter`, seconds  | 0.090   | 7.200 |" in text
    assert "| `filter`, MiB      | 1       | 1     |" in text


def test_the_page_takes_results_between_its_marks() -> None:
    page = "before\n<!-- results -->\nold\n<!-- /results -->\nafter\n"
    made = with_text(page, results_text({"paper": result()}))
    assert made.startswith("before\n<!-- results -->\n\nMachine: Paper 1 (sha_ni), 2 processors")
    assert made.endswith("![On paper](plots/paper.svg)\n\n<!-- /results -->\nafter\n")
    assert with_text(made, results_text({"paper": result()})) == made
    with pytest.raises(ValueError, match="no marks"):
        with_text("nothing", "")


def test_the_front_page_shows_what_says_most() -> None:
    text = front_text({name: result(name) for name in ("start_up", "one_layer", "peers")})
    assert "On one_layer (2026-01-02, Paper 1" in text
    assert "start_up" not in text
    assert not front_text({"start_up": result("start_up")})
    assert not results_text({})
    assert "limits.svg" in results_text({"paper": result()})
    assert "limits.svg" not in results_text({"grown": result("grown", lines())})
    assert text.endswith("![On peers](benchmarks/plots/peers.svg)\n")


def test_both_pages_show_what_is_recorded() -> None:
    found = recorded(RESULTS)
    assert {page: page.read_text() for page in pages(found)} == pages(found)
    assert all(page.read_text().count("results -->") == 2 for page in pages(found))
    assert set(read_results(RESULTS)) == set(found) <= {measurement.name for measurement in ALL}
    assert {path.stem for path in PLOTS.glob("*.svg")} == ({*found, "limits"} if found else set())
    assert all(each.shrink == 1 for each in found.values())
    assert read_result(RECORD).name == "small"
