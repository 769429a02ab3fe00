"""The bundled JSON Schemas, by name: the path below ``schemas/`` without suffix."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocitool.errors import UsageError
from ocitool.model.json_text import JsonObject, JsonValue, parse_object

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_SUFFIX: Final = ".schema.json"


def schema_names() -> tuple[str, ...]:
    """Return the names of all bundled schemas."""
    return tuple(sorted(_names(_root(), "")))


def read_schema(name: str) -> JsonObject:
    """Return one schema with all that it refers to, so that any validator can use it alone.

    Other schemas stand below ``$defs`` under their ``$id``, by which they are referred to (JSON Schema Core 2020-12,
    section 9.3, Bundling). Raises `UsageError` for a name there is not.
    """
    if name not in schema_names():
        raise UsageError(f"no schema {name!r}", remedy=f"there is {', '.join(schema_names())}")
    schema = _read(name)
    others = {_id(other): _read(other) for other in _referred(schema)}
    if others:
        own = schema.get("$defs")
        schema["$defs"] = {**(own if isinstance(own, dict) else {}), **others}
    return schema


def _read(name: str) -> JsonObject:
    return parse_object(_root().joinpath(*f"{name}{_SUFFIX}".split("/")).read_bytes())


def _id(name: str) -> str:
    return f"urn:ocitool:schema:{name}:1"


def _referred(schema: JsonObject) -> list[str]:
    """Return the names of the schemas that one refers to, and those that these refer to."""
    by_id = {_id(name): name for name in schema_names()}
    found: list[str] = []
    waiting: list[JsonValue] = [schema]
    while waiting:
        value = waiting.pop()
        waiting.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
        reference = value.get("$ref") if isinstance(value, dict) else None
        name = by_id.get(reference.partition("#")[0]) if isinstance(reference, str) else None
        if name is not None and name not in found:
            found.append(name)
            waiting.append(_read(name))
    return found


def _root() -> Traversable:
    """Find the schemas: inside an installed package, beside it in a checkout or an editable install."""
    package = resources.files("ocitool")
    inside = package / "schemas"
    return inside if inside.is_dir() else Path(str(package)).parent / "schemas"


def _names(folder: Traversable, prefix: str) -> list[str]:
    names: list[str] = []
    for item in folder.iterdir():
        if item.is_dir():
            names += _names(item, f"{prefix}{item.name}/")
        elif item.name.endswith(_SUFFIX):
            names.append(prefix + item.name.removesuffix(_SUFFIX))
    return names
