from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import DocumentError
from ocitool.model import json_text
from ocitool.model.json_text import dump_json, json_kind, parse_json, parse_object, read_json
from ocitool.model.limits import DEPTH_LIMIT, DOCUMENT_LIMIT, PROBLEM_LIMIT

if TYPE_CHECKING:
    from ocitool.model.json_text import JsonValue

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXT, below, max_size=4),
    max_leaves=12,
)


def nested(levels: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * levels + closing * levels).encode()


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "not JSON"),
        (b" ", "not JSON"),
        (b"{", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"{}x", "not JSON"),
        (b"{}\0", "not JSON"),
        (b"[1,]", "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b"// note\n{}", "not JSON"),
        (b"01", "not JSON"),
        (b"+1", "not JSON"),
        (b".5", "not JSON"),
        (b'"a\nb"', "not JSON"),
        (b'"\\x41"', "not JSON"),
        (b"\xc2\xa0{}", "not JSON"),
        (b'{"a":1,"a":1}', "key 'a' occurs twice"),
        (b'{"a":1,"\\u0061":2}', "key 'a' occurs twice"),
        (b'[{"b":{"":1,"":2}}]', "key '' occurs twice"),
        (b"NaN", "NaN is not a JSON number"),
        (b"[Infinity]", "Infinity is not a JSON number"),
        (b'{"a":-Infinity}', "-Infinity is not a JSON number"),
        (b"1e999", "larger than any number"),
        (b"-1e999", "larger than any number"),
        (b"[1.5E+4000]", "larger than any number"),
        (b"1" * 5000, "larger than any number"),
        (b'"\\ud800"', "surrogate"),
        (b'"\\udc00\\ud800"', "surrogate"),
        (b'{"\\uD83D":1}', "surrogate"),
        (b'["\\\\ud800", "\\ud800x"]', "surrogate"),
        (b'"\xed\xa0\x80"', "not UTF-8 at byte 1"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("{}".encode("utf-16"), "not UTF-8 at byte 0"),
        ("{}".encode("utf-16-le"), "not JSON"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        (b'"\xc0\xaf"', "not UTF-8 at byte 1"),
        (nested(DEPTH_LIMIT + 1), "nested deeper"),
        (nested(DEPTH_LIMIT + 1, '{"a":', "}").replace(b":}", b":1}"), "nested deeper"),
        (nested(100_000), "nested deeper"),
        (b"[" * 100_000, "nested deeper"),
        (nested(100_000, '{"a":', "}"), "nested deeper"),
    ],
)
def test_refuses(raw: bytes, problem: str) -> None:
    with pytest.raises(DocumentError, match=problem) as caught:
        parse_json(raw)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b" \t\r\n{}\n", {}),
        (b'"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
        (b'"\\\\ud800"', "\\ud800"),
        ('{"é":"\N{GRINNING FACE}"}'.encode(), {"é": "\N{GRINNING FACE}"}),
        (b'{"a":{"a":1},"b":{"a":1}}', {"a": {"a": 1}, "b": {"a": 1}}),
        (b'{"a":1,"A":2}', {"a": 1, "A": 2}),
        (b"18446744073709551616", 2**64),
        (b"-0", 0),
        (b"1.5e300", 1.5e300),
        (b"1e-999", 0.0),
        (b"null", None),
        (b'"\\u0000"', "\0"),
    ],
)
def test_parses(raw: bytes, expected: JsonValue) -> None:
    assert parse_json(raw) == expected


def test_parses_what_is_nested_less() -> None:
    assert json_kind(parse_json(nested(DEPTH_LIMIT - 1))) == "an array"


def test_keys_keep_their_order() -> None:
    assert list(parse_object(b'{"b":1,"a":2,"c":3}')) == ["b", "a", "c"]


def test_bounds_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "DOCUMENT_LIMIT", 4)
    assert parse_json(b'"ab"') == "ab"
    with pytest.raises(DocumentError, match="document of 5 bytes is larger than 4"):
        parse_json(b'"abc"')


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "a boolean"),
        (1, "a number"),
        (1.5, "a number"),
        ("", "a string"),
        ([], "an array"),
        ({}, "an object"),
    ],
)
def test_kinds(value: JsonValue, kind: str) -> None:
    assert json_kind(value) == kind
    if kind != "an object":
        with pytest.raises(DocumentError, match=f"not a JSON object but {kind}"):
            parse_object(dump_json(value))


def test_dumps_compactly() -> None:
    assert dump_json({"b": [1, None, True], "a": "é/\u2028"}) == '{"b":[1,null,true],"a":"é/\u2028"}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]])
def test_dumps_no_number_that_is_none(value: JsonValue) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        dump_json(value)


@given(VALUES)
def test_dumped_and_parsed_is_the_same(value: JsonValue) -> None:
    raw = dump_json(value)
    again = parse_json(raw)
    assert again == value
    assert dump_json(again) == raw
    assert parse_json(json.dumps(value, indent=1).encode()) == value


@given(st.binary(max_size=30) | st.text(alphabet='{}[]",:\\ud8 10e9-.', max_size=30).map(str.encode))
def test_any_bytes_are_parsed_or_refused(raw: bytes) -> None:
    try:
        value = parse_json(raw)
    except DocumentError:
        return
    assert parse_json(dump_json(value)) == value


@given(VALUES, st.integers(0, 10**6))
def test_no_part_of_an_object_is_a_document(value: JsonValue, cut: int) -> None:
    raw = dump_json({"value": value})
    with pytest.raises(DocumentError):
        parse_json(raw[: cut % len(raw)])


def test_no_rule_hides_another() -> None:
    twice = ",".join(f'{{"{key}":1,"{key}":1}}' for key in range(PROBLEM_LIMIT + 50))
    problems = read_json(f'[{twice},1e999,"\\ud800"]?'.encode()).problems
    assert Counter(problem.rule for problem in problems) == {"J2": PROBLEM_LIMIT, "J3": 1, "J1": 1, "J6": 1}
    assert [problem.rule for problem in problems if "more of its kind" in problem.message] == ["J2"]


@pytest.mark.parametrize("digits", [310, 5000])
@pytest.mark.parametrize("sign", ["", "-"])
def test_integers_that_no_double_holds(sign: str, digits: int) -> None:
    reading = read_json(f"[{sign}{'9' * digits}]".encode())
    (problem,) = reading.problems
    assert (problem.rule, reading.is_readable) == ("J3", True)
    assert problem.message == f"{(sign + '9' * 80)[:80]} is larger than any number a reader can hold"
    assert reading.value == [int(sys.float_info.max) * (-1 if sign else 1)]


def test_integers_that_a_double_holds_are_exact() -> None:
    assert read_json(b"[" + b"9" * 300 + b"]").value == [10**300 - 1]
    assert read_json(b"[1" + b"0" * 308 + b"]").problems == ()


def test_too_large_is_said_with_the_size_of_the_whole() -> None:
    (problem,) = read_json(b" " * (DOCUMENT_LIMIT + 1), 22_000_000).problems
    assert problem.message == f"document of 22000000 bytes is larger than {DOCUMENT_LIMIT}"
