"""Strict JSON: what every reader would read alike, and nothing else.

Python's parser takes the last of duplicate keys, NaN and lone surrogates; readers in other languages do not
agree with it, and a document that two readers see differently is how checks are fooled. So (image-spec
considerations.md, "Canonicalization" and "JSON"): UTF-8 without a byte order mark, one value, unique keys,
finite numbers, bounded size and depth.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from ocitool.errors import DocumentError
from ocitool.model.limits import DEPTH_LIMIT, DOCUMENT_LIMIT, PROBLEM_LIMIT, VALUE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence


JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = "dict[str, JsonValue]"

_BLANKS: Final = " \t\n\r"
_SAFE_DIGITS: Final = 300
"""Any integer of as many digits is below the largest double, of 309."""


@dataclass(frozen=True, slots=True)
class JsonProblem:
    """Something that readers do not read alike; `rule` is the stable id that `verify` prints."""

    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class JsonReading:
    """What a document says, read as most importers would, and what is wrong with it.

    Where `problems` is not empty no writer may trust `value`; without `is_readable` there is none.
    """

    value: JsonValue
    problems: tuple[JsonProblem, ...] = ()
    is_readable: bool = True

    def object(self) -> JsonObject:
        """Return the value if it is an object; raises `DocumentError` otherwise."""
        if not self.is_readable:
            raise DocumentError(self.problems[-1].message)
        if not isinstance(self.value, dict):
            raise DocumentError(f"not a JSON object but {json_kind(self.value)}")
        return self.value


class _Problems:
    """Problems as they are found, each once, and `PROBLEM_LIMIT` of a rule at the most: none hides another."""

    def __init__(self) -> None:
        self._listed: dict[JsonProblem, None] = {}
        self._counts: Counter[str] = Counter()

    def add(self, rule: str, message: str) -> None:
        """List one more, unless there are enough of its rule."""
        problem = JsonProblem(rule, message)
        if problem not in self._listed:
            self._counts[rule] += 1
            if self._counts[rule] <= PROBLEM_LIMIT:
                self._listed[problem] = None

    def all(self) -> tuple[JsonProblem, ...]:
        """Return what is listed; the last of a rule says if there are more."""
        listed = list(self._listed)
        for rule, count in self._counts.items():
            if count > PROBLEM_LIMIT:
                place = max(place for place, problem in enumerate(listed) if problem.rule == rule)
                message = f"{listed[place].message}; more of its kind are not listed"
                listed[place] = replace(listed[place], message=message)
        return tuple(listed)


def parse_json(raw: bytes) -> JsonValue:
    """Parse one strict JSON value; raises `DocumentError` that says what is wrong."""
    reading = read_json(raw)
    for problem in reading.problems:
        raise DocumentError(problem.message)
    return reading.value


def read_json(raw: bytes, size: int = 0) -> JsonReading:
    """Parse one JSON value and go on after what is wrong, as Go's decoder does, wherever that is possible.

    `size` is that of the document where `raw` is only its beginning.
    """
    if too_large := _why_too_large(raw, max(size, len(raw))):
        return _unreadable("J7", too_large)
    problems = _Problems()
    text = _decode(raw, problems)
    try:
        value = _decode_json(text, problems)
    except RecursionError:
        return _unreadable("J7", f"nested deeper than {DEPTH_LIMIT} levels")
    except json.JSONDecodeError as error:
        return _unreadable("J6", f"not JSON: {error.msg} at line {error.lineno} column {error.colno}", problems.all())
    except ValueError as error:  # NaN
        return _unreadable("J3", f"not usable JSON: {error}", problems.all())
    if _is_too_deep(value):
        return _unreadable("J7", f"nested deeper than {DEPTH_LIMIT} levels", problems.all())
    if "\\u" in text:
        value = _without_halves(value, problems)
    return JsonReading(value, problems.all())


def _why_too_large(raw: bytes, size: int) -> str:
    if size > DOCUMENT_LIMIT:
        return f"document of {size} bytes is larger than {DOCUMENT_LIMIT}"
    if count_values(raw) > VALUE_LIMIT:
        return f"holds more than {VALUE_LIMIT} values"
    return ""


def _decode_json(text: str, problems: _Problems) -> JsonValue:
    decoder = json.JSONDecoder(
        object_pairs_hook=partial(_unique, problems=problems),
        parse_constant=_no_constant,
        parse_float=partial(_finite, problems=problems),
        parse_int=partial(_whole, problems=problems),
    )
    value: JsonValue
    value, end = decoder.raw_decode(text, len(text) - len(text.lstrip(_BLANKS)))
    if rest := text[end:].lstrip(_BLANKS):
        line = text.count("\n", 0, len(text) - len(rest)) + 1
        problems.add("J6", f"not JSON: something follows the value, at line {line}")
    return value


def _unreadable(rule: str, message: str, before: Sequence[JsonProblem] = ()) -> JsonReading:
    return JsonReading(None, (*before, JsonProblem(rule, message)), is_readable=False)


def _decode(raw: bytes, problems: _Problems) -> str:
    """Decode as Go does, which puts a sign in the place of what is no UTF-8."""
    try:
        text = raw.decode("utf-8", errors="strict")
    except UnicodeDecodeError as error:
        problems.add("J1", f"not UTF-8 at byte {error.start}")
        text = raw.decode("utf-8", errors="replace")
    if text.startswith("\ufeff"):
        problems.add("J1", "starts with a byte order mark, which JSON does not allow")
        text = text.lstrip("\ufeff")
    return text


def _without_halves(value: JsonValue, problems: _Problems) -> JsonValue:
    """Return a value without halves of surrogate pairs, which are no characters and cannot be printed."""
    try:
        dump_json(value)
    except UnicodeEncodeError:
        problems.add("J1", "holds half of a surrogate pair, which is no character")
        text = json.dumps(value, ensure_ascii=False).encode("utf-8", errors="replace").decode("utf-8")
        replaced: JsonValue = json.loads(text)
        return replaced
    return value


def count_values(raw: bytes) -> int:
    """Estimate from above how many values a document holds, without parsing it."""
    return raw.count(b",") + raw.count(b"{") + raw.count(b"[") + 1


def parse_object(raw: bytes) -> JsonObject:
    """Parse one strict JSON object; raises `DocumentError`."""
    reading = read_json(raw)
    for problem in reading.problems:
        raise DocumentError(problem.message)
    return reading.object()


def dump_json(value: JsonValue) -> bytes:
    """Serialise compactly, keys in their given order, UTF-8, no newline: the same bytes everywhere."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def json_kind(value: object) -> str:
    """Name the JSON type of `value` for a message."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def _unique(pairs: list[tuple[str, JsonValue]], *, problems: _Problems) -> JsonObject:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                problems.add("J2", f"key {key[:80]!r} occurs twice in one object")
                break
            seen.add(key)
    return result


def _no_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str, *, problems: _Problems) -> float:
    number = float(text)
    if math.isfinite(number):
        return number
    problems.add("J3", f"{text[:80]} is larger than any number a reader can hold")
    return math.copysign(sys.float_info.max, number)


def _whole(text: str, *, problems: _Problems) -> int:
    """Convert an integer, if a double can hold it; one of thousands of digits Python does not even convert."""
    return int(text) if len(text) <= _SAFE_DIGITS else int(_finite(text, problems=problems))


def _is_too_deep(value: JsonValue) -> bool:
    level = [value]
    for _ in range(DEPTH_LIMIT):
        if not level:
            return False
        below: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = below
    return True


def agreeing_fields(objects: Sequence[JsonObject]) -> JsonObject:
    """Join objects: every field on which all that have it agree; where they hold objects, those are joined alike.

    Which one comes first decides the order of fields and nothing else.
    """
    result: JsonObject = {}
    for key in dict.fromkeys(key for value in objects for key in value):
        values = [value[key] for value in objects if key in value]
        inner = [value for value in values if isinstance(value, dict)]
        if len(inner) == len(values):
            result[key] = agreeing_fields(inner)
        elif all(value == values[0] and type(value) is type(values[0]) for value in values):
            result[key] = values[0]
    return result
