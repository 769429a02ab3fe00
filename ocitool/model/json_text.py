"""Strict JSON: what every reader would read alike, and nothing else.

Python's parser takes the last of duplicate keys, NaN and lone surrogates; readers in other languages do not
agree with it, and a document that two readers see differently is how checks are fooled. So (image-spec
considerations.md, "Canonicalization" and "JSON"): UTF-8 without a byte order mark, one value, unique keys,
finite numbers, bounded size and depth.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, TypeAlias

from ocitool.errors import DocumentError
from ocitool.model.limits import DEPTH_LIMIT, DOCUMENT_LIMIT, VALUE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence


JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = "dict[str, JsonValue]"


def parse_json(raw: bytes) -> JsonValue:
    """Parse one strict JSON value; raises `DocumentError` that says what is wrong."""
    if len(raw) > DOCUMENT_LIMIT:
        raise DocumentError(f"document of {len(raw)} bytes is larger than {DOCUMENT_LIMIT}")
    if count_values(raw) > VALUE_LIMIT:
        raise DocumentError(f"holds more than {VALUE_LIMIT} values")
    try:
        text = raw.decode("utf-8", errors="strict")
    except UnicodeDecodeError as error:
        raise DocumentError(f"not UTF-8 at byte {error.start}") from None
    if text.startswith("\ufeff"):
        raise DocumentError("starts with a byte order mark, which JSON does not allow")
    try:
        value: JsonValue = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
        )
    except RecursionError:
        raise DocumentError(f"nested deeper than {DEPTH_LIMIT} levels") from None
    except json.JSONDecodeError as error:
        raise DocumentError(f"not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except ValueError as error:  # an integer of more digits than Python converts
        raise DocumentError(f"not usable JSON: {error}") from None
    _check_depth(value)
    if "\\u" in text:
        try:
            dump_json(value)
        except UnicodeEncodeError:
            raise DocumentError("holds half of a surrogate pair, which is no character") from None
    return value


def count_values(raw: bytes) -> int:
    """Estimate from above how many values a document holds, without parsing it."""
    return raw.count(b",") + raw.count(b"{") + raw.count(b"[") + 1


def parse_object(raw: bytes) -> JsonObject:
    """Parse one strict JSON object; raises `DocumentError`."""
    value = parse_json(raw)
    if not isinstance(value, dict):
        raise DocumentError(f"not a JSON object but {json_kind(value)}")
    return value


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


def _unique(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DocumentError(f"key {key[:80]!r} occurs twice in one object")
            seen.add(key)
    return result


def _no_constant(name: str) -> JsonValue:
    raise DocumentError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise DocumentError(f"{text[:80]} is larger than any number a reader can hold")
    return number


def _check_depth(value: JsonValue) -> None:
    level = [value]
    for _ in range(DEPTH_LIMIT):
        if not level:
            return
        below: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = below
    raise DocumentError(f"nested deeper than {DEPTH_LIMIT} levels")


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
