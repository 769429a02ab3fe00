"""The fast test of a schema says what a validator says; on real schemas, see `test_documents`."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.check.schema_shape import compile_pattern, compile_schema

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, 1, 2, 1.0, 1.5, -3, "", "a", "ab", "ab\n", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
SCHEMAS: Any = st.recursive(
    st.sampled_from(
        [
            *({"type": name} for name in ("array", "boolean", "integer", "null", "object", "string")),
            {"type": ["integer", "null"]},
            {"const": 1},
            {"const": True},
            {"enum": [0, None, "a"]},
            {"pattern": "^ab?$"},
            {"pattern": "b"},
            {"minimum": 1, "maximum": 2},
            {"minLength": 1},
            {"required": ["a", "b"]},
            {"title": "anything"},
        ]
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
            "additionalProperties": inner,
            "items": inner,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "allOf": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=6,
)


@given(SCHEMAS, VALUES)
def test_agrees_with_a_validator(schema: Any, value: Any) -> None:
    assert compile_schema(schema)(value) == jsonschema_rs.Draft202012Validator(schema).is_valid(value)


def test_keyword_that_is_not_known_is_not_passed_over() -> None:
    with pytest.raises(KeyError, match="uniqueItems"):
        compile_schema({"items": {"uniqueItems": True}})


def test_pattern_ends_where_the_text_does() -> None:
    assert compile_pattern("^a$").search("a")
    assert not compile_pattern("^a$").search("a\n")
    assert compile_pattern("a").search("ba\n")
