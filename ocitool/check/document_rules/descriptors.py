"""Rules of descriptors that ask for more than a schema: numbers, algorithms, URIs, embedded data."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final, TypeAlias

from ocitool.check.document import Breach, Path, brief
from ocitool.errors import DocumentError
from ocitool.model.digest import HEX_LENGTH, Digest, is_well_formed
from ocitool.model.media_type import EMPTY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.check.document import DocumentKind
    from ocitool.model.json_text import JsonObject, JsonValue

Descriptors: TypeAlias = "Sequence[tuple[Path, JsonObject]]"
"""All descriptors of a document with the way to each."""

_HEX_ALGORITHMS: Final = {**HEX_LENGTH, "blake3": 64}
_EMPTY_DIGEST: Final = str(Digest.of(b"{}"))
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})++")
"""A scheme and the characters of RFC 3986; an entry of `urls` is absolute, there is nothing to resolve it against."""

_WEB: Final = re.compile(r"https?:", re.IGNORECASE)


def descriptors_of(kind: DocumentKind, value: JsonObject) -> Descriptors:
    """Return every descriptor of an index or manifest that is an object at all."""
    lists, singles = (("manifests",), ("subject",)) if kind.is_index else (("layers",), ("config", "subject"))
    found: list[tuple[Path, JsonObject]] = []
    for key in singles:
        item = value.get(key)
        if isinstance(item, dict):
            found.append(((key,), item))
    for key in lists:
        items = value.get(key)
        for position, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict):
                found.append(((key, position), item))
    return found


def descriptor_breaches(value: JsonObject, path: Path) -> Iterator[Breach]:
    """Yield what is wrong with one descriptor beyond its schema."""
    size, digest = value.get("size"), value.get("digest")
    if isinstance(size, float) and size.is_integer():
        yield Breach("D12", f"size is {brief(size)}; Go reads no number with a point as an integer", (*path, "size"))
    if isinstance(digest, str):
        yield from _algorithm(digest, (*path, "digest"))
    if value.get("mediaType") == EMPTY and (digest != _EMPTY_DIGEST or size != 2):
        yield Breach("M20", f"an empty descriptor is of 2 bytes and {_EMPTY_DIGEST}", path)
    if value.get("urls") is not None:
        yield from _urls(value["urls"], (*path, "urls"))
    if isinstance(value.get("data"), str):
        yield from _data(value, (*path, "data"))


def _algorithm(digest: str, path: Path) -> Iterator[Breach]:
    algorithm = digest.partition(":")[0]
    if algorithm == "sha256" or not is_digest(digest):
        return  # the schema says what is none
    if algorithm in HEX_LENGTH:
        yield Breach("D11", f"digest is of {algorithm}, which containerd does not compute", path)
    else:
        yield Breach("D9", f"digest is of {brief(algorithm)}, which is not verified here", path)


def is_digest(text: str) -> bool:
    """Tell whether `text` is a digest, and as a registered algorithm writes it (descriptor.md, Digests)."""
    if not is_well_formed(text):
        return False
    algorithm, _, encoded = text.partition(":")
    length = _HEX_ALGORITHMS.get(algorithm)
    return length is None or (len(encoded) == length and re.fullmatch(r"[a-f0-9]+", encoded) is not None)


def _urls(urls: JsonValue, path: Path) -> Iterator[Breach]:
    for position, url in enumerate(urls if isinstance(urls, list) else ()):
        if not isinstance(url, str):
            continue
        if _URI.fullmatch(url) is None:
            yield Breach("D16", f"{brief(url)} is no URI", (*path, position))
        elif _WEB.match(url) is None:
            yield Breach("D17", f"{brief(url)} is neither http nor https", (*path, position))


def _data(value: JsonObject, path: Path) -> Iterator[Breach]:
    try:
        content = base64.b64decode(str(value["data"]), validate=True)
    except (binascii.Error, ValueError):
        yield Breach("D19", "data is not base64 with padding", path)
        return
    if len(content) != value.get("size"):
        yield Breach("D20", f"data is of {len(content)} bytes, size says {brief(value.get('size'))}", path)
        return
    try:
        digest = Digest.parse(str(value.get("digest")))
    except DocumentError:
        return
    if (found := Digest.of(content, digest.algorithm)) != digest:
        yield Breach("D20", f"data hashes to {found}, which is not the digest", path)
