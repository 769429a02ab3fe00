"""manifest.json as it stands in an archive: what `docker save` lists its images in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError
from ocitool.graph.image import DockerItem
from ocitool.model.fields import DOCKER_ITEM_FIELDS, require_exact_names
from ocitool.model.json_text import parse_json
from ocitool.model.limits import LIST_LIMIT

if TYPE_CHECKING:
    from ocitool.model.json_text import JsonObject, JsonValue


NULL: Final = "is null, not an array of images"
"""What is said of a manifest.json that Go decodes without an error, and that lists nothing."""


def read_docker_manifest(raw: bytes) -> tuple[DockerItem, ...]:
    """Read the images of a manifest.json; raises `DocumentError` with the position of a bad one.

    The format has no specification; this is what docker's image/tarexport/load.go decodes.
    """
    value = parse_json(raw)
    if value is None:
        raise DocumentError(NULL)
    if not isinstance(value, list):
        raise DocumentError("is not an array of images")
    _check_length(value, "images")
    return tuple(_read_item(item, position) for position, item in enumerate(value))


def _read_item(item: JsonValue, position: int) -> DockerItem:
    if isinstance(item, dict):
        require_exact_names(item, DOCKER_ITEM_FIELDS)
        config, tags, layers = item.get("Config"), _strings(item, "RepoTags"), _strings(item, "Layers")
        if isinstance(config, str) and tags is not None and layers is not None:
            return DockerItem(config, tags, layers)
    raise DocumentError(f"item {position} has no Config, RepoTags and Layers of the right type")


def _strings(item: JsonObject, key: str) -> tuple[str, ...] | None:
    """Read an array of strings, which may be null or missing."""
    value = item.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        return None
    _check_length(value, key)
    texts = tuple(text for text in value if isinstance(text, str))
    return texts if len(texts) == len(value) else None


def _check_length(value: list[JsonValue], what: str) -> None:
    if len(value) > LIST_LIMIT:
        raise DocumentError(f"lists {len(value)} {what}, more than {LIST_LIMIT}")
