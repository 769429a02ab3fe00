"""The fields that documents define, and the care their names and types need.

Go's decoder, which every importer uses, takes a field under its name in any case (and folds the long s to s, the
Kelvin sign to k), the last one winning, and refuses a value of another type. A document that is read strictly here
and loosely there is how a check is passed with one image and another one runs; so a known field must be spelled
exactly and be of its type.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError
from ocitool.model.json_text import JsonObject, JsonValue, json_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
"""RFC 6838, section 4.2, as descriptor.md asks for."""


_FOLDS: Final = {**{code: code + 32 for code in range(ord("A"), ord("Z") + 1)}, 0x17F: ord("s"), 0x212A: ord("k")}
"""What stands for another letter of ASCII: capitals, the long s, the Kelvin sign, and nothing else."""


def folded(key: str) -> str:
    """Return the form by which Go's decoder takes one key for another (encoding/json, ``foldFunc``, ``foldName``).

    It folds rune by rune; `str.casefold` would also make two letters of a ligature.
    """
    return key.translate(_FOLDS)


def _names(*fields: str) -> Mapping[str, str]:
    return {folded(field): field for field in fields}


DOCUMENT_FIELDS: Final = _names(
    *("schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations"),
    *("fsLayers", "history"),
)
"""Fields of manifests and indexes; one list, since a reader that confuses the two reads those of both."""

DESCRIPTOR_FIELDS: Final = _names(
    "mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform"
)
PLATFORM_FIELDS: Final = _names("architecture", "os", "os.version", "os.features", "variant")
CONFIG_FIELDS: Final = _names(*PLATFORM_FIELDS.values(), "rootfs")
"""What decides on the platform and the layers of an image, and so on what is written."""

ALL_CONFIG_FIELDS: Final = _names(*CONFIG_FIELDS.values(), "created", "author", "config", "history")
RUNTIME_FIELDS: Final = _names(
    *("User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal"),
    *("ArgsEscaped", "Healthcheck", "OnBuild", "Shell", "StopTimeout"),
)
"""Fields of ``config`` in a config (config.md), and those that docker adds (moby image/spec)."""

HISTORY_FIELDS: Final = _names("created", "author", "created_by", "comment", "empty_layer")
ROOTFS_FIELDS: Final = _names("type", "diff_ids")
LAYOUT_FIELDS: Final = _names("imageLayoutVersion")
DOCKER_ITEM_FIELDS: Final = _names("Config", "RepoTags", "Layers")


def require_exact_names(value: JsonObject, fields: Mapping[str, str]) -> None:
    """Raise `DocumentError` for a key that importers would take for one of `fields` although it is not."""
    for key in value:
        field = fields.get(folded(key), key)
        if field != key:
            raise DocumentError(f"has a key {key[:80]!r}, which importers read as {field!r}")


def check_document(value: JsonObject) -> None:
    """Hold the fields that manifests and indexes share to their names and types; raises `DocumentError`."""
    require_exact_names(value, DOCUMENT_FIELDS)
    version = value.get("schemaVersion")
    if type(version) is not int or version != 2:
        raise DocumentError(f"schemaVersion is {_brief(version)}, not 2")
    for key in ("mediaType", "artifactType"):
        if value.get(key) is not None:
            _check_media_type(value[key], key)
    check_annotations(value.get("annotations"))


def check_descriptor(value: JsonObject) -> None:
    """Hold the optional fields of a descriptor to their names and types; raises `DocumentError`."""
    require_exact_names(value, DESCRIPTOR_FIELDS)
    check_annotations(value.get("annotations"))
    if value.get("artifactType") is not None:
        _check_media_type(value["artifactType"], "artifactType")
    urls = value.get("urls")
    if urls is not None and not (isinstance(urls, list) and all(isinstance(url, str) for url in urls)):
        raise DocumentError(f"urls are {_brief(urls)}, not an array of strings")
    data = value.get("data")
    if data is not None:
        _check_data(data, value.get("size"))


def check_annotations(value: JsonValue) -> None:
    """Hold annotations to annotations.md, a map of strings to strings; raises `DocumentError`."""
    if value is None:
        return
    if not isinstance(value, dict):
        raise DocumentError(f"annotations are {json_kind(value)}, not an object")
    for key, text in value.items():
        if not isinstance(text, str):
            raise DocumentError(f"annotation {key[:80]!r} is {json_kind(text)}, not a string")


def _check_media_type(value: JsonValue, key: str) -> None:
    if not isinstance(value, str) or not (value == "" or MEDIA_TYPE.fullmatch(value)):
        raise DocumentError(f"{key} is {_brief(value)}, not a media type")


def _check_data(data: JsonValue, size: JsonValue) -> None:
    """Check an embedded copy of the content (descriptor.md, "data"); its digest is checked with the content's."""
    try:
        content = base64.b64decode(data, validate=True) if isinstance(data, str) else None
    except (binascii.Error, ValueError):
        content = None
    if content is None or len(content) != size:
        raise DocumentError("data is not the content in base64")


def _brief(value: JsonValue) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
