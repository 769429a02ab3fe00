"""Descriptors: typed references to content (image-spec descriptor.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError
from ocitool.model.digest import Digest
from ocitool.model.json_text import JsonObject, JsonValue, json_kind, refuse_case_twins
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

_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
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
        refuse_case_twins(value)
        media_type = value.get("mediaType")
        if not isinstance(media_type, str) or not _MEDIA_TYPE.fullmatch(media_type):
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
        _check_annotations(value.get("annotations"))
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
        """Whether the content may be fetched from elsewhere, so that it may be absent here."""
        return bool(self.fields.get("urls"))

    def to_json(self) -> JsonObject:
        """Return the object to write: the original one where there is one."""
        if self.fields:
            return dict(self.fields)
        result: JsonObject = {"mediaType": self.media_type, "digest": str(self.digest), "size": self.size}
        if self.platform is not None:
            result["platform"] = self.platform.to_json()
        return result


def _check_annotations(value: JsonValue) -> None:
    """Hold annotations to annotations.md: a map of strings to strings."""
    if value is None:
        return
    if not isinstance(value, dict):
        raise DocumentError(f"annotations are {json_kind(value)}, not an object")
    for key, text in value.items():
        if not isinstance(text, str):
            raise DocumentError(f"annotation {key[:80]!r} is {json_kind(text)}, not a string")
