"""Rules of annotations that are advice: keys, dates, digests, where a name may stand (A6, A7, A8, L14, L15)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ocitool.check.document import Breach, Path, brief
from ocitool.check.document_rules.dates import is_date_time
from ocitool.model.descriptor import REF_NAME
from ocitool.model.digest import is_well_formed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.check.document_rules.descriptors import Descriptors
    from ocitool.model.json_text import JsonObject, JsonValue

_RESERVED: Final = "org.opencontainers."
_PREFIX: Final = _RESERVED + "image."
_DEFINED: Final = frozenset(
    _PREFIX + name
    for name in (
        *("created", "authors", "url", "documentation", "source", "version", "revision", "vendor", "licenses"),
        *("ref.name", "title", "description", "base.digest", "base.name", "referrer.subject", "referrer.convert"),
    )
) | {_RESERVED + "referrers.filtersApplied"}
"""All keys that annotations.md defines, and the one of the distribution specification; all others are reserved."""

_CREATED: Final = _PREFIX + "created"
_BASE_DIGEST: Final = _PREFIX + "base.digest"
_DOMAIN_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.[!-~]+")
_COMPONENT: Final = r"[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*+"
_REFERENCE: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*+")
"""Possessive, as all loops over groups here: each turn that may be taken back costs a hundred bytes, of megabytes."""


def annotation_breaches(document: JsonObject, descriptors: Descriptors, *, is_top: bool) -> Iterator[Breach]:
    """Yield what is wrong with the annotations of a document and of the descriptors in it; `is_top` is index.json."""
    yield from _breaches(document.get("annotations"), ("annotations",), names_images=False)
    for path, descriptor in descriptors:
        names_images = is_top and path[0] == "manifests"
        if descriptor.get("annotations") is not None:
            yield from _breaches(descriptor["annotations"], (*path, "annotations"), names_images=names_images)


def _breaches(annotations: JsonValue, path: Path, *, names_images: bool) -> Iterator[Breach]:
    for key, text in annotations.items() if isinstance(annotations, dict) else ():
        way = (*path, key)
        if key == REF_NAME and not names_images:
            yield Breach("L14", "ref.name says nothing here, only on a descriptor of index.json", way)
        elif f"{key}.".startswith(_RESERVED) and key not in _DEFINED:
            yield Breach("A8", f"{brief(key)} is reserved, and no OCI specification defines it", way)
        elif _DOMAIN_KEY.fullmatch(key) is None:
            yield Breach("A6", f"{brief(key)} is not in reverse-domain notation", way)
        if isinstance(text, str):
            yield from _text_breaches(key, text, way, names_images=names_images)


def _text_breaches(key: str, text: str, path: Path, *, names_images: bool) -> Iterator[Breach]:
    if key == REF_NAME and names_images and _REFERENCE.fullmatch(text) is None:
        yield Breach("L15", f"{brief(text)} is no reference", path)
    elif key == _CREATED and not is_date_time(text):
        yield Breach("A7", f"{brief(text)} is no date and time of RFC 3339", path)
    elif key == _BASE_DIGEST and not is_well_formed(text):
        yield Breach("A7", f"{brief(text)} is no digest", path)
