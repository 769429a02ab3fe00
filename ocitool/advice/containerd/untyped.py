"""Descriptors without a media type, which Go decodes as any other, and which lead nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError
from ocitool.graph.image import Kind, ManifestNode, State
from ocitool.graph.layout_files import INDEX_NAME
from ocitool.model.descriptor import Descriptor
from ocitool.model.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ocitool.graph.image import ImageGraph
    from ocitool.model.fault import Fault
    from ocitool.model.json_text import JsonValue

_ANY_TYPE: Final = "application/octet-stream"
_MESSAGE: Final = "manifests[{place}]: descriptor without a valid mediaType"


def untyped_nodes(graph: ImageGraph) -> dict[str, dict[int, ManifestNode]]:
    """Return them by the entry whose index lists them, and their place there."""
    faulty = {fault.where for fault in graph.faults if fault.rule == "X6"}
    found = {INDEX_NAME: dict(_untyped(graph.index))} if INDEX_NAME in faulty else {}
    for image in graph.images:
        for index in image.indexes():
            where = index.descriptor.digest.blob_name
            if where in faulty and where not in found:
                found[where] = dict(_untyped(read_json(index.raw).value))
    return found


def is_of_untyped(fault: Fault, untyped: Mapping[str, Mapping[int, ManifestNode]]) -> bool:
    """Tell whether a fault says no more than that a descriptor has no media type."""
    return any(fault.message == _MESSAGE.format(place=place) for place in untyped.get(fault.where, ()))


def _untyped(index: JsonValue) -> Iterator[tuple[int, ManifestNode]]:
    entries = index.get("manifests") if isinstance(index, dict) else None
    for place, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, dict) or not (entry.get("mediaType") is None or entry["mediaType"] == ""):
            continue
        try:
            descriptor = Descriptor.from_json(entry | {"mediaType": _ANY_TYPE})
        except DocumentError:
            continue
        yield place, ManifestNode(replace(descriptor, media_type="", fields=entry), Kind.OPAQUE, State.COMPLETE)
