"""Documents are judged right in both directions, by us and by validators that are not ours."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from typing import Any, Final

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from ocitool.check.catalogue import RULES
from ocitool.check.document import DocumentKind, Surroundings, json_path
from ocitool.check.documents import breaches
from ocitool.check.schema_rules import accepts, schema_breaches
from ocitool.model.limits import PROBLEM_LIMIT
from ocitool.model.schemas import read_schema, schema_names
from tests.builders import OCI_INDEX
from tests.check.document_cases import CASES, GOOD, KINDS, SHA, Case
from tests.check.sample import EMPTY

NAMES: Final = tuple(name for name in schema_names() if name.startswith(("oci/", "docker/")))
SCHEMAS: Final[dict[str, Any]] = {name: read_schema(name) for name in NAMES}
REGISTRY: Final[Any] = Registry().with_resources(
    (schema["$id"], DRAFT202012.create_resource(schema)) for schema in SCHEMAS.values()
)
RUST_REGISTRY: Final = jsonschema_rs.Registry([(schema["$id"], schema) for schema in SCHEMAS.values()])
RUST: Final = {
    name: jsonschema_rs.Draft202012Validator(schema, registry=RUST_REGISTRY) for name, schema in SCHEMAS.items()
}
PYTHON: Final = {name: Draft202012Validator(schema, registry=REGISTRY) for name, schema in SCHEMAS.items()}


def test_there_are_enough_cases() -> None:
    good = sum(not case.breaches for case in CASES)
    assert len(CASES) > 300
    assert good > 70
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    found = [f"{breach.rule} {json_path(breach.path)}" for breach in breaches(case.kind, case.value, case.around)]
    assert sorted(found) == sorted(case.breaches)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_another_validator_agrees(case: Case) -> None:
    ours = not any(schema_breaches(case.kind, case.value))
    assert RUST[case.kind.value].is_valid(case.value) == ours
    assert accepts(case.kind.value)(case.value) == ours


SCALARS: Final = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
VALUES: Final = st.recursive(
    SCALARS | st.sampled_from(["layers", "a/b", "sha256:0", "2024-01-01T00:00:00Z", 2, 0.5]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container in a document with each of its keys."""
    keys = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[tuple[Any, Any]] = []
    for key, inner in keys:
        found += [(value, key), *_places(inner)]
    return found


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_other_validators_agree_on_anything(document: str, data: st.DataObject) -> None:
    value = json.loads(json.dumps(GOOD[document]))
    for _ in range(data.draw(st.integers(1, 3))):
        places = _places(value)
        if places:
            container, key = data.draw(st.sampled_from(places))
            if data.draw(st.booleans()):
                container[key] = data.draw(VALUES)
            else:
                del container[key]
    kind = KINDS[document]
    ours = not any(schema_breaches(kind, value))
    assert RUST[kind.value].is_valid(value) == ours
    assert accepts(kind.value)(value) == ours
    # Python's regular expressions let a newline stand at the end, which ECMA's do not: ours are stricter there.
    assert PYTHON[kind.value].is_valid(value) == ours or "\\n" in json.dumps(value)


ANYTHING: Final = st.recursive(
    SCALARS | st.floats(allow_nan=False) | st.sampled_from([2.0, "unknown", "windows", EMPTY, "sha512:0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_anything_is_judged(document: str, data: st.DataObject) -> None:
    value = json.loads(json.dumps(GOOD[document]))
    for _ in range(data.draw(st.integers(1, 4))):
        places = _places(value)
        if places:
            container, key = data.draw(st.sampled_from(places))
            container[key] = data.draw(ANYTHING)
    images = frozenset({SHA})
    for is_top in (False, True):
        for breach in breaches(KINDS[document], value, Surroundings(is_top, images=images, crowded=images)):
            assert breach.rule in RULES
            assert json_path(breach.path).startswith("$")


def _constraints(schema: Any, way: str = "") -> list[tuple[str, dict[str, Any], str]]:
    """Return every keyword that can fail, with the schema it stands in; conditions cannot."""
    found: list[tuple[str, dict[str, Any], str]] = []
    for key, value in schema.items():
        here = f"{way}/{key}"
        if key in {"type", "pattern", "minimum", "maximum", "minLength", "const", "enum", "not"}:
            found.append((here, schema, key))
        elif key in {"properties", "$defs"}:
            for name, inner in value.items():
                found += _constraints(inner, f"{here}/{name}")
        elif key in {"items", "additionalProperties", "then", "else"}:
            found += _constraints(value, here)
        elif key == "allOf":
            for inner in value:
                found += _constraints(inner, here)
        elif key == "required":
            found += [(f"{here}/{name}", schema["x-rules"], f"required/{name}") for name in value]
        else:
            assert key in {
                "$schema",
                "$id",
                "$ref",
                "title",
                "description",
                "x-rules",
                "if",
                "format",
                "contentEncoding",
            }
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_constraint_says_its_rule(name: str) -> None:
    used: list[str] = []
    for way, schema, keyword in _constraints(SCHEMAS[name]):
        if keyword.startswith("required/"):
            rule = schema["required"][keyword.removeprefix("required/")]
        else:
            rule = schema["x-rules"][keyword]
        assert rule in RULES, way
        used.append(rule)
    assert used


@pytest.mark.parametrize("name", NAMES)
def test_schema_says_what_a_pattern_means(name: str) -> None:
    for way, schema, keyword in _constraints(SCHEMAS[name]):
        if keyword in {"pattern", "const", "enum"}:
            assert schema["title"], way
        if keyword == "pattern":
            assert schema["pattern"].startswith("^"), way
            assert schema["pattern"].endswith("$"), way


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_called_by_its_place(name: str) -> None:
    assert SCHEMAS[name]["$id"] == f"urn:ocitool:schema:{name}:1"
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_kind_of_document_has_a_schema() -> None:
    assert {kind.value for kind in DocumentKind} == set(NAMES) - {"oci/descriptor"}


def test_all_is_said_within_a_bound_for_each_rule() -> None:
    value: Any = {"schemaVersion": 2, "manifests": [None] * 5000, "annotations": {str(key): 1 for key in range(5000)}}
    found = breaches(DocumentKind.INDEX, value, Surroundings())
    rules = Counter(breach.rule for breach in found)
    assert rules == {"X6": PROBLEM_LIMIT, "A1": PROBLEM_LIMIT, "A6": PROBLEM_LIMIT, "X2": 1}
    assert sorted(breach.rule for breach in found if breach.message.endswith("; and 4900 more like it")) == [
        *("A1", "A6", "X6"),
    ]


def test_no_more_is_said_of_as_many_as_there_may_be() -> None:
    value: Any = {"schemaVersion": 2, "manifests": [None] * PROBLEM_LIMIT}
    assert not any("more like it" in breach.message for breach in breaches(DocumentKind.INDEX, value, Surroundings()))


def test_no_rule_hides_another() -> None:
    value = json.loads(json.dumps(GOOD["manifest"]))
    value["annotations"] = {f"key{number}": "" for number in range(1000)}
    value["manifests"] = []
    value["layers"] = [value["layers"][0] | {"annotations": None} for _ in range(150)]
    value["layers"].append(value["layers"][0] | {"size": "7", "annotations": {}})
    found = {breach.rule: json_path(breach.path) for breach in breaches(DocumentKind.MANIFEST, value, Surroundings())}
    assert found == {
        "A4": "$.layers[99].annotations",
        "A6": "$.annotations.key99",
        "M21": "$.manifests",
        "D12": "$.layers[150].size",
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_messages_are_short_and_ours(case: Case) -> None:
    for breach in breaches(case.kind, case.value, case.around):
        assert len(breach.message) < 250
        assert breach.message.isprintable()


def test_message_cuts_what_is_long() -> None:
    value: Any = {"imageLayoutVersion": "\x1b[31m" + "x" * 10**6}
    (breach,) = breaches(DocumentKind.LAYOUT, value, Surroundings())
    assert len(breach.message) < 150
    assert "\x1b" not in breach.message


def test_path_cuts_what_is_long() -> None:
    assert json_path(("annotations", "x" * 10**6)).count("x") < 90
    assert json_path(("a", 1, "os.version", "b c")) == "$.a[1]['os.version']['b c']"


def test_texts_of_megabytes_cost_little() -> None:
    long = 2_000_000
    value = json.loads(json.dumps(GOOD["manifest"]))
    value["layers"][0] |= {
        "mediaType": "a/" + "b" * long,
        "digest": "a." * long,
        "urls": ["a:" + "%41" * long + "\\"],
        "annotations": {"org.opencontainers.image.ref.name": "a-" * long},
    }
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": value["layers"]}
    tracemalloc.start()
    found = [
        *breaches(DocumentKind.MANIFEST, value, Surroundings()),
        *breaches(DocumentKind.INDEX, index, Surroundings(is_top=True)),
    ]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert {"D2", "D4", "D16", "L14", "L15"} <= {breach.rule for breach in found}
    assert peak < 4 * long
