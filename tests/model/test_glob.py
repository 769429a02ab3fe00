"""Globs that tell what they took, against fnmatch."""

from __future__ import annotations

import re
import time
from fnmatch import fnmatchcase, translate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ocitool.model.glob import captures, count_stars

PATTERNS = st.text(alphabet="ab*?[]!-:/", max_size=12)
TEXTS = st.text(alphabet="ab-:/[]!\n", max_size=16)


@pytest.mark.parametrize(
    ("pattern", "text", "taken"),
    [
        ("lab", "lab", ()),
        ("lab", "labs", None),
        ("*", "", ("",)),
        ("docker.io/*", "docker.io/library/lab", ("library/lab",)),
        ("*/*", "registry/a/b", ("registry", "a/b")),
        ("*a*b", "xaybab", ("x", "yba")),
        ("a*a", "a", None),
        ("l?b*", "lab1", ("1",)),
        ("[a-c]*[!a-c]", "bxyz", ("xy",)),
        ("[*]*", "*x", ("x",)),
        ("*\n", "one\ntwo\n", ("one\ntwo",)),
        ("**", "ab", ("", "ab")),
    ],
)
def test_examples(pattern: str, text: str, taken: tuple[str, ...] | None) -> None:
    assert captures(pattern, text) == taken
    if taken is not None:
        assert len(taken) == count_stars(pattern)


@given(PATTERNS, TEXTS)
@example("[]*", "[]a")
@example("[!]*]x", "ax")
@example("[b-a]*", "a")
def test_a_match_is_what_fnmatch_says(pattern: str, text: str) -> None:
    try:
        re.compile(translate(pattern))
    except re.error:
        return
    assert (captures(pattern, text) is not None) == fnmatchcase(text, pattern)


@given(st.lists(st.text(alphabet="ab/", max_size=4), min_size=1, max_size=4), TEXTS)
def test_what_was_taken_makes_the_text_again(literals: list[str], text: str) -> None:
    taken = captures("*".join(literals), text)
    if taken is not None:
        assert "".join(part for pair in zip(literals, (*taken, ""), strict=True) for part in pair) == text


def test_a_long_name_takes_linear_time() -> None:
    start = time.perf_counter()
    assert captures("*a" * 20 + "*b", "a" * 1_000_000) is None
    assert time.perf_counter() - start < 2
