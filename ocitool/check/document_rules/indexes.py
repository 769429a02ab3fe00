"""Rules of indexes that a schema cannot say, or that are advice (X1, X2, X7, X9, M21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.check.document import Breach, Surroundings, brief
from ocitool.model.fields import MEDIA_TYPE
from ocitool.model.media_type import INDEXES, MANIFESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.model.json_text import JsonObject

_OF_MANIFESTS: Final = ("config", "layers", "fsLayers")


def index_breaches(value: JsonObject, around: Surroundings) -> Iterator[Breach]:
    """Yield what is wrong with an index or manifest list as a whole, and what is missing of its entries."""
    if value.get("schemaVersion") == 2 and isinstance(value["schemaVersion"], float):
        yield Breach("X1", "schemaVersion is written with a point, which Go does not read", ("schemaVersion",))
    if "mediaType" not in value:
        yield Breach("X2", "the field mediaType is missing", ("mediaType",))
    for key in _OF_MANIFESTS:
        if key in value:
            yield Breach("M21", f"the field {key} makes a manifest of this index", (key,))
    entries = value.get("manifests")
    suspects = around.crowded if around.is_top else around.images
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield from _entry_breaches(entry, position, suspects)


def _entry_breaches(entry: JsonObject, position: int, suspects: frozenset[str]) -> Iterator[Breach]:
    media_type = entry.get("mediaType")
    if not isinstance(media_type, str) or MEDIA_TYPE.fullmatch(media_type) is None:
        return
    if media_type not in INDEXES | MANIFESTS:
        yield Breach("X7", f"lists a {brief(media_type)}, which importers pass over", ("manifests", position))
    elif media_type in MANIFESTS and entry.get("platform") is None and str(entry.get("digest")) in suspects:
        yield Breach("X9", "an image has no platform here", ("manifests", position, "platform"))
