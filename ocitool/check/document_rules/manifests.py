"""Rules of manifests that a schema cannot say, or that are advice (M2, M3, M5, M12, M14, M21, M22, Y8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.check.document import Breach, DocumentKind, brief
from ocitool.model.fields import MEDIA_TYPE
from ocitool.model.media_type import DOCKER_CONFIG, EMPTY, IMAGE_CONFIGS, TAR_LAYERS, is_nondistributable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.model.json_text import JsonObject, JsonValue

_OF_INDEXES: Final = ("manifests", "fsLayers")


def manifest_breaches(kind: DocumentKind, value: JsonObject, *, is_image: bool) -> Iterator[Breach]:
    """Yield what is wrong with a manifest as a whole, and with the types of its layers."""
    if value.get("schemaVersion") == 2 and isinstance(value["schemaVersion"], float):
        yield Breach("M2", "schemaVersion is written with a point, which Go does not read", ("schemaVersion",))
    if "mediaType" not in value:
        yield Breach("M3", "the field mediaType is missing", ("mediaType",))
    for key in _OF_INDEXES:
        if key in value:
            yield Breach("M21", f"the field {key} makes an index of this manifest", (key,))
    config = value.get("config")
    config_type = config.get("mediaType") if isinstance(config, dict) else None
    if config_type == EMPTY and not value.get("artifactType"):
        yield Breach("M5", "the field artifactType is missing, and the config is empty", ("artifactType",))
    is_known = is_image and isinstance(config_type, str) and config_type in IMAGE_CONFIGS
    if is_known and kind is DocumentKind.MANIFEST and config_type == DOCKER_CONFIG:
        yield Breach("M22", f"{config_type} is Docker's, the manifest is OCI's", ("config", "mediaType"))
    yield from _layer_breaches(value.get("layers"), is_image=is_known)


def _layer_breaches(layers: JsonValue, *, is_image: bool) -> Iterator[Breach]:
    if layers == []:
        yield Breach("M12", "there are no layers", ("layers",))
    for position, layer in enumerate(layers if isinstance(layers, list) else ()):
        media_type = layer.get("mediaType") if isinstance(layer, dict) else None
        if not isinstance(media_type, str) or MEDIA_TYPE.fullmatch(media_type) is None:
            continue
        if is_nondistributable(media_type):
            yield Breach("Y8", f"{brief(media_type)} is deprecated", ("layers", position, "mediaType"))
        if is_image and media_type not in TAR_LAYERS:
            yield Breach(
                "M14",
                f"{brief(media_type)} is no type of layer that importers know",
                ("layers", position, "mediaType"),
            )
