"""Descriptors: typed references to content (image-spec descriptor.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError
from ocitool.model.digest import Digest
from ocitool.model.fields import MEDIA_TYPE, check_descriptor
from ocitool.model.json_text import JsonObject, JsonValue, json_kind
from ocitool.model.media_type import is_nondistributable
from ocitool.model.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTAINERD_NAME: Final = "io.containerd.image.name"
"""Annotation with the full image name; what containerd 1.3 and later record."""

REF_NAME: Final = "org.opencontainers.image.ref.name"
"""Annotation with the reference, by custom only the tag (annotations.md)."""

REFERENCE_TYPE: Final = "vnd.docker.reference.type"
REFERENCE_DIGEST: Final = "vnd.docker.reference.digest"
"""BuildKit's annotations on the attestation manifests of an index."""

_INT64_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A media type, digest and size in bytes; `fields` is the object as it stood in its document.

    Whatever is kept is written from `fields`, so that fields nobody here knows survive, in their order.
    """

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    fields: Mapping[str, JsonValue] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_json(cls, value: JsonValue) -> Descriptor:
        """Read a descriptor; raises `DocumentError` that names the first wrong field."""
        if not isinstance(value, dict):
            raise DocumentError(f"a descriptor is an object, not {json_kind(value)}")
        media_type = value.get("mediaType")
        if not isinstance(media_type, str) or not MEDIA_TYPE.fullmatch(media_type):
            raise DocumentError("descriptor without a valid mediaType")
        digest = value.get("digest")
        if not isinstance(digest, str):
            raise DocumentError("descriptor without a digest")
        size = value.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _INT64_MAX:
            raise DocumentError(f"descriptor of {digest[:80]!r} without a valid size")
        platform = value.get("platform")
        if platform is not None and not isinstance(platform, dict):
            raise DocumentError(f"platform of {digest[:80]!r} is {json_kind(platform)}, not an object")
        check_descriptor(value)
        return cls(
            media_type=media_type,
            digest=Digest.parse(digest),
            size=size,
            platform=None if platform is None else Platform.from_json(platform),
            fields=value,
        )

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations, empty if there are none."""
        value = self.fields.get("annotations")
        return {key: str(text) for key, text in value.items()} if isinstance(value, dict) else {}

    @property
    def has_urls(self) -> bool:
        """Whether the content may be fetched from elsewhere."""
        return bool(self.fields.get("urls"))

    @property
    def is_external(self) -> bool:
        """Whether this is a layer that may be absent on purpose: non-distributable, with `urls` to fetch it from."""
        return is_nondistributable(self.media_type) and self.has_urls

    def to_json(self) -> JsonObject:
        """Return the object to write: the original one where there is one."""
        if self.fields:
            return dict(self.fields)
        result: JsonObject = {"mediaType": self.media_type, "digest": str(self.digest), "size": self.size}
        if self.platform is not None:
            result["platform"] = self.platform.to_json()
        return result
