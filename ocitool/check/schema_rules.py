"""The rules that schemas say: what a document breaks of its schema, by the ids that stand in it.

Every constraint of ``schemas/oci`` and ``schemas/docker`` carries the id of its rule beside it, in the annotation
``x-rules``: ``{"type": "D12", "required": {"digest": "D3"}}``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from ocitool.check.document import Breach, brief
from ocitool.check.schema_shape import compile_pattern, compile_schema, is_match
from ocitool.model.json_text import json_kind
from ocitool.model.schemas import read_schema

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

    from ocitool.check.document import DocumentKind, Path
    from ocitool.check.schema_shape import Test
    from ocitool.model.json_text import JsonValue

_ABOUT_SCHEMAS: Final = frozenset({"$defs", "$id", "$schema"})

_TYPES: Final = {
    "array": "an array",
    "boolean": "a boolean",
    "integer": "an integer",
    "null": "null",
    "object": "an object",
    "string": "a string",
}


def schema_breaches(kind: DocumentKind, value: JsonValue) -> Iterator[Breach]:
    """Yield everything in a document that its schema does not allow, without end: the caller bounds it.

    Of several constraints that one value breaks by its type, the outermost counts: it knows what is asked for there.
    """
    if accepts(kind.value)(value):
        return
    before: tuple[Path, object] = (), None
    for error in _validator(kind.value).iter_errors(value):
        path: Path = tuple(error.absolute_path)
        if error.validator in {"type", "required"}:
            if (path, error.validator) == before:
                continue
            before = path, error.validator
        if error.validator == "required":
            yield from _missing(error, path)
        else:
            yield Breach(_rules(error)[str(error.validator)], _message(error, path), path)


def _rules(error: ValidationError) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", cast("dict[str, Any]", error.schema)["x-rules"])


def _missing(error: ValidationError, path: Path) -> Iterator[Breach]:
    """Name every field that an object lacks; the library makes an error of each, and says which in words alone."""
    present = cast("dict[str, Any]", error.instance)
    for name, rule in _rules(error)["required"].items():
        if name not in present:
            yield Breach(rule, f"the field {name} is missing", (*path, name))


def _message(error: ValidationError, path: Path) -> str:
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    name = name if len(name) <= 80 else name[:77] + "..."
    if path and isinstance(path[-1], int):
        name += f"[{path[-1]}]"
    return f"{name or 'the document'} {_what_is_wrong(error)}"


def _what_is_wrong(error: ValidationError) -> str:
    value = cast("JsonValue", error.instance)
    limit = cast("Any", error.validator_value)
    match error.validator:
        case "type":
            names = [limit] if isinstance(limit, str) else [name for name in limit if name != "null"]
            return f"is {json_kind(value)}, not {' or '.join(_TYPES[name] for name in names)}"
        case "minimum":
            return f"is {brief(value)}, less than {limit}"
        case "maximum":
            return f"is {brief(value)}, more than {limit}"
        case "minLength":
            return "is empty"
        case "not":
            return "is null"
        case _:
            return f"is {brief(value)}, not {cast('dict[str, Any]', error.schema)['title']}"


@lru_cache(maxsize=16)
def accepts(name: str) -> Test:
    """Return the test of whether a value meets the schema of this name, made once."""
    return compile_schema(_resolved(name))


@lru_cache(maxsize=16)
def _validator(name: str) -> Validator:
    """Build the validator of a schema once; the library is loaded when first a document is invalid."""
    from jsonschema.validators import Draft202012Validator, extend

    validator: Validator = extend(Draft202012Validator, {"pattern": _pattern})(_resolved(name))  # type: ignore[no-untyped-call]
    return validator


def _resolved(name: str) -> dict[str, Any]:
    """Return a schema with everything that it refers to put in its place.

    None of ours refers to itself, and to follow a reference anew at each descriptor costs more than the checks.
    """
    schema = cast("dict[str, Any]", read_schema(name))
    bundled = (inner for inner in schema.get("$defs", {}).values() if "$id" in inner)
    schemas = {each["$id"]: each for each in (schema, *bundled)}
    return cast("dict[str, Any]", _inlined(schema, schema["$id"], schemas))


def _inlined(schema: Any, base: str, schemas: Mapping[str, dict[str, Any]]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(schema, list):
        return [_inlined(item, base, schemas) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" not in schema:
        return {key: _inlined(item, base, schemas) for key, item in schema.items() if key not in _ABOUT_SCHEMAS}
    identifier, _, pointer = schema["$ref"].partition("#")
    target: Any = schemas[identifier or base]
    for part in pointer.split("/")[1:]:
        target = target[part]
    inlined = _inlined(target, identifier or base, schemas)
    # Beside a reference there is no more than the type, with the rule of the place that refers.
    return inlined | {"x-rules": inlined["x-rules"] | schema.get("x-rules", {})}


def _pattern(_: Validator, pattern: str, instance: object, _schema: object) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    if isinstance(instance, str) and not is_match(_compiled(pattern), instance):
        yield ValidationError("does not match")


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return compile_pattern(pattern)
