from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.cli.options import Format
from ocitool.cli.outcome import LINE_LIMIT, print_error
from ocitool.cli.text import align, format_count, format_size, percent_less, printable
from ocitool.errors import ArchiveError, UsageError
from ocitool.model.size import parse_size


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


def test_an_error_line_is_bounded_and_keeps_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(ArchiveError("a name of " + "x" * 300_000, remedy="do this"), Format.TEXT)
    line = capsys.readouterr().err
    assert len(line) < LINE_LIMIT + 100
    assert line.startswith("ocitool: a name of xxx")
    assert line.endswith("xxx; do this\n")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("1K", 1024),
        ("1900MiB", 1900 << 20),
        ("2GB", 2_000_000_000),
        ("3 kB", 3000),
        ("1T", 1 << 40),
        ("7B", 7),
    ],
)
def test_sizes_are_read_as_coreutils_write_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5G", "1X", "MiB", "1 000", "9" * 30])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError, match="no size"):
        parse_size(text)


@given(st.integers(0, 1 << 50), st.integers(0, 1 << 50))
def test_percents_are_never_more_than_they_are(before: int, after: int) -> None:
    percent = percent_less(before, after)
    assert 0 <= percent <= 100
    assert percent * before <= 100 * max(before - after, 0)
