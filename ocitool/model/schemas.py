"""The bundled JSON Schemas, by name: the path below ``schemas/`` without suffix."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocitool.errors import UsageError
from ocitool.model.json_text import JsonObject, parse_object

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_SUFFIX: Final = ".schema.json"


def schema_names() -> tuple[str, ...]:
    """Return the names of all bundled schemas."""
    return tuple(sorted(_names(_root(), "")))


def read_schema(name: str) -> JsonObject:
    """Return one schema; raises `UsageError` for a name there is not."""
    if name not in schema_names():
        raise UsageError(f"no schema {name!r}", remedy=f"there is {', '.join(schema_names())}")
    return parse_object(_root().joinpath(*f"{name}{_SUFFIX}".split("/")).read_bytes())


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
