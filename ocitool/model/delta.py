"""The list of a delta: what the whole archive holds, in its order, and what of it the base has (schema ``delta``).

A delta is whatever somebody sent. So every name in it is one of a few, or made of a digest that was parsed; sizes are
bounded; and the list has a digest of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError, IntegrityError, UnsupportedArchive
from ocitool.model.digest import Digest
from ocitool.model.json_text import JsonObject, JsonValue, count_values, dump_json, json_kind, parse_object
from ocitool.model.limits import DELTA_IMAGE_LIMIT, DELTA_NAME_LIMIT, DOCUMENT_LIMIT, VALUE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    _Item = TypeVar("_Item")

DELTA_NAME: Final = "delta.json"
DELTA_VERSION: Final = 1
DELTA_REMEDY: Final = "make it whole: ocitool apply OLD D -o NEW"

DELTA_RULE: Final = "L17"
"""The rule of `verify` that a delta breaks."""

BEGINNING: Final = 128
"""Bytes of a delta.json that tell it from any other file of that name."""

_BEGINS: Final = re.compile(rb'\s*\{\s*"schemaVersion"\s*:\s*[0-9]+\s*,\s*"kind"\s*:\s*"delta"')
_FILES: Final = (("oci-layout", "index.json"), ("oci-layout", "index.json", "manifest.json"))
_SIZE_LIMIT: Final = 2**63 - 1
_DAMAGED: Final = "transfer the delta again, or make it again"


def begins_delta(raw: bytes) -> bool:
    """Tell whether the beginning of a delta.json, `BEGINNING` bytes of it, is that of a delta of any version."""
    return _BEGINS.match(raw) is not None


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file at the top of the whole archive, which the delta holds: its name, size in bytes and digest."""

    name: str
    size: int
    digest: Digest

    def to_json(self) -> JsonObject:
        """Return the JSON form of the list."""
        return {"name": self.name, "size": self.size, "digest": str(self.digest)}


@dataclass(frozen=True, slots=True)
class ListedBlob:
    """A blob of the whole archive, `size` in bytes; `in_base` tells that it is to be taken from there."""

    digest: Digest
    size: int
    in_base: bool = False

    def to_json(self) -> JsonObject:
        """Return the JSON form of the list."""
        result: JsonObject = {"digest": str(self.digest), "size": self.size}
        return result | {"base": True} if self.in_base else result


@dataclass(frozen=True, slots=True)
class BaseImage:
    """An image of the base, for messages: its name, if it has one, and the digests that index.json listed for it."""

    name: str | None
    digests: tuple[Digest, ...]

    def __str__(self) -> str:
        """Return name and first digest."""
        digest = str(self.digests[0]) if self.digests else ""
        return " ".join(filter(None, (self.name or "an unnamed image", digest and f"({digest})")))

    def to_json(self) -> JsonObject:
        """Return the JSON form of the list."""
        return {"name": self.name, "digests": [str(digest) for digest in self.digests]}


@dataclass(frozen=True, slots=True)
class DeltaList:
    """What delta.json says: `files` and then `blobs` are all that the whole archive holds, in its order.

    `base_images` are at most `DELTA_IMAGE_LIMIT` of the `base_count` that the base had. With `has_contents` the whole
    begins with a table of contents, and the first `documents` of the blobs are indexes, manifests and configs.
    """

    files: tuple[ListedFile, ...]
    blobs: tuple[ListedBlob, ...]
    base_images: tuple[BaseImage, ...] = ()
    base_count: int = 0
    has_contents: bool = False
    documents: int = 0

    @property
    def digest(self) -> Digest:
        """The sha256 of what the whole archive holds: names, digests, sizes, in order and as compact JSON.

        It does not depend on the base: all deltas to one archive have the same.
        """
        files: list[JsonValue] = [[file.name, str(file.digest), file.size] for file in self.files]
        blobs: list[JsonValue] = [[str(blob.digest), blob.size] for blob in self.blobs]
        return Digest.of(dump_json([files, blobs, self.has_contents, self.documents]))

    @property
    def base_label(self) -> str:
        """What messages call the base."""
        if not self.base_images:
            return "an archive without images"
        more = self.base_count - 1
        return f"{self.base_images[0]}{f' and {more} more' if more > 0 else ''}"

    def in_base(self) -> tuple[ListedBlob, ...]:
        """Return the blobs that are to be taken from the base."""
        return tuple(blob for blob in self.blobs if blob.in_base)

    def in_delta(self) -> tuple[ListedBlob, ...]:
        """Return the blobs that the delta holds."""
        return tuple(blob for blob in self.blobs if not blob.in_base)

    def to_json(self) -> JsonObject:
        """Return the list as one JSON object (schema ``delta``); kind and version come first."""
        return {
            "schemaVersion": DELTA_VERSION,
            "kind": "delta",
            "digest": str(self.digest),
            "hasContents": self.has_contents,
            "documents": self.documents,
            "base": {"images": [image.to_json() for image in self.base_images], "imageCount": self.base_count},
            "files": [file.to_json() for file in self.files],
            "blobs": [blob.to_json() for blob in self.blobs],
        }

    def dump(self) -> bytes:
        """Return the bytes of delta.json; raises `UnsupportedArchive` if they were more than anybody reads."""
        raw = dump_json(self.to_json())
        if len(raw) > DOCUMENT_LIMIT or count_values(raw) > VALUE_LIMIT:
            raise UnsupportedArchive(
                f"has {len(self.blobs)} blobs, more than one delta can list",
                remedy="split both archives alike, and make a delta for each part",
            )
        return raw

    @classmethod
    def parse(cls, raw: bytes) -> DeltaList:
        """Read a delta.json.

        Raises `UnsupportedArchive` for another version, `DocumentError` for what is no such list, `IntegrityError` if
        it does not have the digest that it names.
        """
        value = parse_object(raw)
        if value.get("kind") != "delta":
            raise DocumentError("is not the list of a delta")
        version = value.get("schemaVersion")
        if version != DELTA_VERSION or isinstance(version, bool):
            raise UnsupportedArchive(
                f"is of version {version!r}, and only {DELTA_VERSION} is known"[:200],
                remedy="apply it with the version of ocitool that made it, or a later one",
            )
        base = _object(value.get("base"), "base")
        images = _items(base, "images", _base_image)
        if len(images) > DELTA_IMAGE_LIMIT:
            raise DocumentError(f"base names {len(images)} images, more than {DELTA_IMAGE_LIMIT}")
        result = cls(
            files=_items(value, "files", _file),
            blobs=_items(value, "blobs", _blob),
            base_images=images,
            base_count=_size(base, "imageCount"),
            has_contents=_flag(value, "hasContents"),
            documents=_size(value, "documents"),
        )
        if tuple(file.name for file in result.files) not in _FILES:
            raise DocumentError("files are not oci-layout, index.json and perhaps manifest.json")
        if len({blob.digest for blob in result.blobs}) != len(result.blobs):
            raise DocumentError("a blob is listed twice")
        if result.documents > len(result.blobs):
            raise DocumentError("there are more documents than blobs")
        if _digest(value) != result.digest:
            raise IntegrityError(f"does not have the digest that it names, {_digest(value)}", remedy=_DAMAGED)
        return result


def _items(value: JsonObject, key: str, read: Callable[[JsonObject], _Item]) -> tuple[_Item, ...]:
    items = value.get(key)
    if not isinstance(items, list):
        raise DocumentError(f"{key} is {json_kind(items)}, not an array")
    return tuple(read(_object(item, f"an item of {key}")) for item in items)


def _object(value: JsonValue, what: str) -> JsonObject:
    if not isinstance(value, dict):
        raise DocumentError(f"{what} is {json_kind(value)}, not an object")
    return value


def _flag(value: JsonObject, key: str) -> bool:
    flag = value.get(key)
    if not isinstance(flag, bool):
        raise DocumentError(f"{key} is {json_kind(flag)}, not true or false")
    return flag


def _file(value: JsonObject) -> ListedFile:
    size = _size(value, "size")
    if size > DOCUMENT_LIMIT:
        raise DocumentError(f"a file of {size} bytes is listed, more than {DOCUMENT_LIMIT}")
    return ListedFile(_text(value, "name"), size, _digest(value))


def _blob(value: JsonObject) -> ListedBlob:
    in_base = value.get("base", False)
    if not isinstance(in_base, bool):
        raise DocumentError(f"base of a blob is {json_kind(in_base)}, not a boolean")
    return ListedBlob(_digest(value), _size(value, "size"), in_base)


def _base_image(value: JsonObject) -> BaseImage:
    name = None if value.get("name") is None else _text(value, "name")
    digests = value.get("digests")
    if not isinstance(digests, list):
        raise DocumentError(f"digests are {json_kind(digests)}, not an array")
    if len(digests) > DELTA_IMAGE_LIMIT:
        raise DocumentError(f"an image of the base has {len(digests)} digests, more than {DELTA_IMAGE_LIMIT}")
    return BaseImage(name, tuple(_parsed(digest) for digest in digests))


def _text(value: JsonObject, key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str) or len(text) > DELTA_NAME_LIMIT:
        raise DocumentError(f"{key} is no text of at most {DELTA_NAME_LIMIT} characters")
    return text


def _size(value: JsonObject, key: str) -> int:
    size = value.get(key)
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _SIZE_LIMIT:
        raise DocumentError(f"{key} is no valid size")
    return size


def _digest(value: JsonObject) -> Digest:
    return _parsed(value.get("digest"))


def _parsed(value: JsonValue) -> Digest:
    if not isinstance(value, str):
        raise DocumentError(f"a digest is {json_kind(value)}, not text")
    return Digest.parse(value)
