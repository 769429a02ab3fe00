from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.cli.text import align, format_count, format_size, printable


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 << 30, "5.0 GiB"),
        (1 << 60, "1024.0 PiB"),
    ],
)
def test_format_size(size: int, text: str) -> None:
    assert format_size(size) == text


def test_format_count() -> None:
    assert [format_count(number, "blob") for number in (0, 1, 2)] == ["0 blobs", "1 blob", "2 blobs"]


@given(st.text())
def test_printable_text_cannot_move_the_cursor(text: str) -> None:
    assert printable(text).isprintable()


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1))
def test_align_never_cuts(rows: list[tuple[str, str]]) -> None:
    for row, line in zip(rows, align(rows), strict=True):
        assert printable(row[0]).rstrip() in line
        assert printable(row[1]).rstrip() in line
