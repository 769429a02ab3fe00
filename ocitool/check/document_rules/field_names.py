"""No key differs from a known one in case alone (J8): Go's decoder takes it for that one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.check.document import Breach, DocumentKind, Path
from ocitool.check.document_rules.descriptors import descriptors_of
from ocitool.model.fields import (
    ALL_CONFIG_FIELDS,
    DESCRIPTOR_FIELDS,
    DOCKER_ITEM_FIELDS,
    DOCUMENT_FIELDS,
    HISTORY_FIELDS,
    LAYOUT_FIELDS,
    PLATFORM_FIELDS,
    ROOTFS_FIELDS,
    RUNTIME_FIELDS,
    folded,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ocitool.model.json_text import JsonObject, JsonValue


def name_breaches(kind: DocumentKind, value: JsonValue) -> Iterator[Breach]:
    """Yield every key that importers would take for one that the document defines."""
    if kind is DocumentKind.ARCHIVE_MANIFEST:
        for position, item in enumerate(value if isinstance(value, list) else ()):
            yield from _of(item, DOCKER_ITEM_FIELDS, (position,))
    elif not isinstance(value, dict):
        return
    elif kind is DocumentKind.LAYOUT:
        yield from _of(value, LAYOUT_FIELDS, ())
    elif kind is DocumentKind.CONFIG:
        yield from _config_names(value)
    else:
        yield from _of(value, DOCUMENT_FIELDS, ())
        for path, descriptor in descriptors_of(kind, value):
            yield from _of(descriptor, DESCRIPTOR_FIELDS, path)
            yield from _of(descriptor.get("platform"), PLATFORM_FIELDS, (*path, "platform"))


def _config_names(value: JsonObject) -> Iterator[Breach]:
    yield from _of(value, ALL_CONFIG_FIELDS, ())
    yield from _of(value.get("rootfs"), ROOTFS_FIELDS, ("rootfs",))
    yield from _of(value.get("config"), RUNTIME_FIELDS, ("config",))
    history = value.get("history")
    for position, item in enumerate(history if isinstance(history, list) else ()):
        yield from _of(item, HISTORY_FIELDS, ("history", position))


def _of(value: JsonValue, fields: Mapping[str, str], path: Path) -> Iterator[Breach]:
    for key in value if isinstance(value, dict) else ():
        field = fields.get(folded(key), key)
        if field != key:
            yield Breach("J8", f"importers read this key as {field}", (*path, key))
