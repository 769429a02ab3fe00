"""Whether a value meets a schema, yes or no, fast: documents that do are told from those that `jsonschema` looks at.

Nearly every document is valid, and the library takes a millisecond for each, and a tenth of a second to load. Here a
schema becomes one function, made of those of its parts; which constraint a document breaks is not its business.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ocitool.model.limits import NAME_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ocitool.model.json_text import JsonValue

Test: TypeAlias = "Callable[[JsonValue], bool]"

_ANNOTATIONS: Final = frozenset({"title", "description", "format", "contentEncoding", "x-rules", "then", "else"})
"""Keywords that hold nobody to anything, and those that belong to ``if``."""

_TYPES: Final[Mapping[str, Test]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: type(value) is int or (isinstance(value, float) and value.is_integer()),
    "null": lambda value: value is None,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def compile_schema(schema: Mapping[str, Any]) -> Test:
    """Make the test of a schema without references; raises `KeyError` for a keyword that is not known here."""
    tests = [_KEYWORDS[key](value, schema) for key, value in schema.items() if key not in _ANNOTATIONS]
    return tests[0] if len(tests) == 1 else _all(tests)


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile as ECMA-262 means it, where ``$`` is the end; Python's also stands before a newline."""
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


def is_match(pattern: re.Pattern[str], text: str) -> bool:
    """Match a text of any length; what has a pattern is a name, and none is as long as what costs memory to match."""
    return len(text) <= NAME_LIMIT and pattern.search(text) is not None


def _all(tests: list[Test]) -> Test:
    def holds(value: JsonValue) -> bool:
        for test in tests:  # noqa: SIM110 - this is the inner loop, and a generator doubles its time
            if not test(value):
                return False
        return True

    return holds


def _type(names: str | list[str], _: Mapping[str, Any]) -> Test:
    if isinstance(names, str):
        return _TYPES[names]
    tests = [_TYPES[name] for name in names]
    return lambda value: any(test(value) for test in tests)


def _enum(allowed: list[JsonValue], _: Mapping[str, Any]) -> Test:
    def holds(value: JsonValue) -> bool:
        # To Python True is 1.
        return any(value == item and isinstance(value, bool) == isinstance(item, bool) for item in allowed)

    return holds


def _pattern(pattern: str, _: Mapping[str, Any]) -> Test:
    compiled = compile_pattern(pattern)
    return lambda value: not isinstance(value, str) or is_match(compiled, value)


def _minimum(least: int, _: Mapping[str, Any]) -> Test:
    return lambda value: isinstance(value, bool) or not isinstance(value, int | float) or value >= least


def _maximum(most: int, _: Mapping[str, Any]) -> Test:
    return lambda value: isinstance(value, bool) or not isinstance(value, int | float) or value <= most


def _min_length(least: int, _: Mapping[str, Any]) -> Test:
    return lambda value: not isinstance(value, str) or len(value) >= least


def _required(names: list[str], _: Mapping[str, Any]) -> Test:
    wanted = frozenset(names)
    return lambda value: not isinstance(value, dict) or wanted <= value.keys()


def _properties(schemas: Mapping[str, Mapping[str, Any]], _: Mapping[str, Any]) -> Test:
    tests = {name: compile_schema(schema) for name, schema in schemas.items()}

    def holds(value: JsonValue) -> bool:
        if isinstance(value, dict):
            for key, item in value.items():
                if key in tests and not tests[key](item):
                    return False
        return True

    return holds


def _additional(schema: Mapping[str, Any], around: Mapping[str, Any]) -> Test:
    test = compile_schema(schema)
    known = frozenset(around.get("properties", ()))
    return lambda value: (
        not isinstance(value, dict) or all(test(item) for key, item in value.items() if key not in known)
    )


def _items(schema: Mapping[str, Any], _: Mapping[str, Any]) -> Test:
    test = compile_schema(schema)
    return lambda value: not isinstance(value, list) or all(map(test, value))


def _not(schema: Mapping[str, Any], _: Mapping[str, Any]) -> Test:
    test = compile_schema(schema)
    return lambda value: not test(value)


def _if(schema: Mapping[str, Any], around: Mapping[str, Any]) -> Test:
    condition = compile_schema(schema)
    then, otherwise = (compile_schema(around[key]) if key in around else _anything for key in ("then", "else"))
    return lambda value: then(value) if condition(value) else otherwise(value)


def _all_of(schemas: list[Mapping[str, Any]], _: Mapping[str, Any]) -> Test:
    return _all([compile_schema(schema) for schema in schemas])


def _anything(_: JsonValue) -> bool:
    return True


_KEYWORDS: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], Test]]] = {
    "type": _type,
    "const": lambda value, around: _enum([value], around),
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _minimum,
    "maximum": _maximum,
    "minLength": _min_length,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "not": _not,
    "if": _if,
    "allOf": _all_of,
}
