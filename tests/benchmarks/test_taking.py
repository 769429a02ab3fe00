"""A measurement that does not fit is left out, with the reason."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

import pytest

from benchmarks import small, taking
from benchmarks.comparison import WORSE
from benchmarks.ending import Ending
from benchmarks.measurement import Conditions, Findings, Measurement, Needs, NotPossible, Ratio
from benchmarks.measurements import ALL
from benchmarks.results import read_result, write_result
from benchmarks.setting import MEMORY_FOLDER
from benchmarks.taking import command_of, shortage, take
from tests.benchmarks.findings import result

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.results import Result

HUGE = 2**60


@pytest.fixture
def conditions(tmp_path: Path) -> Conditions:
    return Conditions(tmp_path, tmp_path, runs=1)


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        (Needs(programs=()), None),
        (Needs(programs=("no-such-program",)), "no no-such-program here"),
        (Needs(memory=HUGE, programs=()), r"it takes 1073741824\.0 GiB of .*GiB are free"),
        (Needs(disk=HUGE, programs=()), r"it takes 1073741824\.0 GiB of .*GiB are free"),
    ],
    ids=["fits", "program", "memory", "disk"],
)
def test_shortages_are_told(needs: Needs, reason: str | None, conditions: Conditions) -> None:
    measurement = Measurement("paper", "On paper", needs, lambda _: Findings((), ()))
    if reason is None:
        assert take(measurement, conditions).findings == Findings((), ())
        return
    with pytest.raises(NotPossible, match=reason):
        take(measurement, conditions)


def test_small_archives_need_less(tmp_path: Path) -> None:
    needs = Needs(disk=HUGE, programs=())
    assert shortage(needs, Conditions(tmp_path, tmp_path, 1, shrink=2**50)) is None


def test_mounting_needs_root(conditions: Conditions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert shortage(Needs(root=True, programs=()), conditions) == "it mounts a file system, which needs root"


def test_measurements_have_names_that_take_them_again(tmp_path: Path) -> None:
    assert len({measurement.name for measurement in ALL}) == len(ALL)
    assert command_of("peers", Conditions(tmp_path, tmp_path, 3)) == "python -m benchmarks --only peers --runs 3"
    assert command_of("peers", Conditions(tmp_path, tmp_path, 1, 32)).endswith("--runs 1 --shrink 32")


def test_the_small_form_measures_what_it_has_recorded(tmp_path: Path) -> None:
    findings = small.take_small(Conditions(tmp_path, tmp_path, runs=1, shrink=1024))
    assert len(findings.rows) == 14
    assert all(row.cost.seconds > 0 for row in findings.rows)
    assert [ratio.name for ratio in findings.ratios] == [ratio.name for ratio in recorded_ratios()]


def recorded_ratios() -> tuple[Ratio, ...]:
    return read_result(small.RECORD).findings.ratios


@pytest.mark.parametrize(("factor", "code"), [(3.0, 0), (WORSE, 1)])
def test_the_small_form_fails_at_an_order_of_magnitude(
    factor: float, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    then = result("small", Findings((), (Ratio("filter / hash", 1.0),)))
    now = result("small", Findings((), (Ratio("filter / hash", factor),)))
    monkeypatch.setattr(small, "RECORD", write_result(then, tmp_path))
    monkeypatch.setattr(small, "take", lambda *_: now)
    monkeypatch.setattr("sys.argv", ["small"])
    assert small.main(Ending()) == code
    assert f"{factor:.2f} times" in capsys.readouterr().out


@pytest.mark.parametrize(("options", "code"), [([], 1), (["--allow-nothing"], 0)])
def test_the_small_form_tells_why_it_measures_nothing(
    options: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise NotPossible("no room")

    monkeypatch.setattr(small, "take", refuse)
    monkeypatch.setattr("sys.argv", ["small", *options])
    assert small.main(Ending()) == code
    assert capsys.readouterr().out == "No benchmark: no room.\n"


def test_the_small_form_takes_the_temporary_folder_where_memory_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[Path] = []

    def choose(_: Measurement, conditions: Conditions) -> Result:
        tried.append(conditions.memory)
        if conditions.memory == MEMORY_FOLDER:
            raise NotPossible("no room")
        return result("small", Findings((), recorded_ratios()))

    monkeypatch.setattr(small, "take", choose)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["small"])
    assert small.main(Ending()) == 0
    assert tried == [MEMORY_FOLDER, tmp_path]
    assert "ok" in capsys.readouterr().out


def test_taking_compiles_what_is_measured(conditions: Conditions, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(taking, "compile_package", compiled.append)
    take(Measurement("paper", "On paper", Needs(programs=()), lambda _: Findings((), ())), conditions)
    assert [path.rpartition("/")[2] for path in compiled] == ["ocitool"]
