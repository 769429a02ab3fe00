from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ocitool.api import read_schema
from ocitool.cli.pace import JobStanding, Standing
from ocitool.cli.progress_forms import as_bar, as_json, as_words, format_duration

MIB = 1024 * 1024
HALF = Standing("filtering", 512 * MIB, 1024 * MIB, 1331.2 * MIB, 1)


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (HALF, "filtering: 512.0 MiB of 1.0 GiB (50 %), 1.3 GiB/s, 0:00:01 left"),
        (Standing("filtering", 0, 1024 * MIB), "filtering: 0 B of 1.0 GiB (0 %)"),
        (Standing("filtering", MIB, MIB, MIB, 0), "filtering: 1.0 MiB of 1.0 MiB (100 %), 1.0 MiB/s"),
        (Standing("filtering", 0, 0), "filtering: 0 B of 0 B"),
        (Standing("spooling", 3 * MIB, None, 2 * MIB), "spooling: 3.0 MiB, 2.0 MiB/s"),
        (Standing("saving", 0, None), "saving"),
        (
            Standing("batch", MIB, None, MIB, jobs=JobStanding(3, 1, 2, 9)),
            "batch: 3 of 9 jobs done, 1 failed, 2 running, 1.0 MiB, 1.0 MiB/s",
        ),
    ],
)
def test_words(standing: Standing, words: str) -> None:
    assert as_words(standing) == words


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (59, "0:00:59"), (61, "0:01:01"), (100 * 3600, "100:00:00")]
)
def test_durations(seconds: int, text: str) -> None:
    assert format_duration(seconds) == text


def test_json() -> None:
    assert json.loads(as_json(HALF)) == {
        "schemaVersion": 1,
        "kind": "progress",
        "phase": "filtering",
        "done": 512 * MIB,
        "total": 1024 * MIB,
        "bytesPerSecond": round(1331.2 * MIB),
        "secondsLeft": 1,
    }


def test_json_meets_its_schema() -> None:
    validator = Draft202012Validator(read_schema("output/progress"))
    for standing in (HALF, Standing("saving", 0, None), Standing("spooling", 1, None, 0.5)):
        document = json.loads(as_json(standing))
        validator.validate(document)
        for field in document:
            assert not validator.is_valid({name: value for name, value in document.items() if name != field})


def test_bar() -> None:
    assert as_bar(HALF, 100) == f"filtering  {'━' * 15}{'─' * 15}  512.0 MiB of 1.0 GiB  1.3 GiB/s  0:00:01"
    assert as_bar(HALF, 100, encoding="ascii").startswith(f"filtering  {'#' * 15}{'-' * 15}  512.0")
    assert as_bar(Standing("saving", 0, None), 80) == "saving"
    jobs = Standing("batch", MIB, None, jobs=JobStanding(3, 0, 2, 9))
    assert as_bar(jobs, 80) == f"batch  {'━' * 10}{'─' * 20}  3 of 9 jobs done, 2 running  1.0 MiB"
    assert as_bar(Standing("spooling", MIB, None, MIB), 80) == "spooling  1.0 MiB  1.0 MiB/s"
    assert "\x1b" not in as_bar(HALF, 80)
    assert "\x1b[36m" in as_bar(HALF, 80, coloured=True)


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (50, "filtering  512.0 MiB of 1.0 GiB  1.3 GiB/s"),
        (40, "filtering  ━━━───  512.0 MiB of 1.0 GiB"),
        (20, "filtering  ━━━━────"),
        (5, "filt"),
        (0, ""),
    ],
)
def test_a_narrow_terminal_has_less(columns: int, line: str) -> None:
    assert as_bar(HALF, columns) == line


@given(
    st.integers(0, 300),
    st.integers(0, 10**13),
    st.none() | st.integers(0, 10**13),
    st.none() | st.floats(0, 1e12),
    st.none() | st.integers(0, 10**9),
)
def test_a_bar_never_wraps(columns: int, done: int, total: int | None, speed: float | None, left: int | None) -> None:
    line = as_bar(Standing("recompressing", done, total, speed, left), columns)
    assert len(line) < max(columns, 1)
