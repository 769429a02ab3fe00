from __future__ import annotations

import pytest

from ocitool.advice.spans import span
from ocitool.advice.version import Version, VersionRange
from ocitool.errors import UsageError


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2", Version(2)),
        ("1.7", Version(1, 7)),
        ("v2.1.9", Version(2, 1, 9)),
        ("1.6.20~ds1", Version(1, 6, 20)),
        ("2.0.0-rc.1", Version(2)),
        ("28.5.2+dfsg4", Version(28, 5, 2)),
        (" 1.7.24 ", Version(1, 7, 24)),
    ],
)
def test_version_is_read(text: str, version: Version) -> None:
    assert Version.parse(text) == version


@pytest.mark.parametrize("text", ["", "x", "1.", ".1", "-1", "1..2", "latest", "9999999", "1.7 2.0"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no version"):
        Version.parse(text)


def test_versions_are_ordered_by_number() -> None:
    assert Version.parse("1.10") > Version.parse("1.9.9")


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("1.7", "1.7.34", "1.8"),
        ("1.7", "1.7.0", "1.6.39"),
        ("28", "28.5.2", "29"),
        ("2.0.0", "2.0.0", "2.0.1"),
        ("2.0.0-rc.1", "2.0.0", "2.0.1"),
    ],
)
def test_a_line_covers_its_releases(text: str, inside: str, outside: str) -> None:
    versions = VersionRange.parse(text)
    assert Version.parse(inside) in versions
    assert Version.parse(outside) not in versions


LINES = [Version(1, minor) for minor in range(8)] + [Version(2)]


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("1.0", "1.2", "1.0 to 1.1"),
        ("1.2", "1.3", "1.2"),
        ("1.3", "1.5.15", "1.3 to 1.5.14"),
        ("1.5.15", "1.6", "1.5.15 and later 1.5"),
        ("1.5.15", "2.0", "1.5.15 to 1.7"),
        ("2.0", "2.0.2", "2.0.0 to 2.0.1"),
        ("2.0.0", "2.0.1", "2.0.0"),
        ("2.0.2", None, "2.0.2 and later"),
        ("2.0", None, "2.0 and later"),
    ],
)
def test_ranges_in_words(start: str, end: str | None, words: str) -> None:
    versions = VersionRange(Version.parse(start), None if end is None else Version.parse(end))
    assert span(versions, LINES) == words


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("20.10", "28.0", "20.10 to before 28.0"),
        ("0.12", "0.17", "0.12 to 0.16"),
        ("28.0", "29.0", "28.0 to before 29.0"),
    ],
)
def test_ranges_in_words_where_the_lines_are_not_told(start: str, end: str, words: str) -> None:
    assert span(VersionRange(Version.parse(start), Version.parse(end))) == words
