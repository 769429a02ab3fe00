"""Documents as the rules see them: what each is meant to be, what it says, and what is wrong in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from ocitool.check.report import Place
    from ocitool.model.json_text import JsonReading, JsonValue

Path: TypeAlias = "tuple[str | int, ...]"
"""The way to a value in a document: keys and positions, from the outside in."""

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_TEXT_LIMIT: Final = 80


class DocumentKind(StrEnum):
    """What a document is meant to be: the name of its schema."""

    LAYOUT = "oci/layout"
    INDEX = "oci/index"
    MANIFEST = "oci/manifest"
    CONFIG = "oci/config"
    MANIFEST_LIST = "docker/manifest-list"
    DOCKER_MANIFEST = "docker/manifest"
    ARCHIVE_MANIFEST = "docker/archive-manifest"

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests."""
        return self in {DocumentKind.INDEX, DocumentKind.MANIFEST_LIST}

    @property
    def is_manifest(self) -> bool:
        """Whether it lists a config and layers."""
        return self in {DocumentKind.MANIFEST, DocumentKind.DOCKER_MANIFEST}


@dataclass(frozen=True, slots=True)
class Document:
    """One document: what it is meant to be, where it stands and what it says."""

    kind: DocumentKind
    place: Place
    reading: JsonReading


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a document does not say of itself.

    `is_top` is true of index.json, `is_image` of manifests of images (artifacts and attestations are none). `images`
    are the digests of all images, `crowded` of those that share their name with another one in index.json.
    """

    is_top: bool = False
    is_image: bool = True
    images: frozenset[str] = field(default_factory=frozenset)
    crowded: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a document breaks, and the way to the value that does."""

    rule: str
    message: str
    path: Path = ()


def json_path(path: Path) -> str:
    """Write a way as a JSON path such as ``$.manifests[1].size``; odd keys are quoted, long ones cut."""
    return "$" + "".join(map(_step, path))


def brief(value: JsonValue) -> str:
    """Write a value that is not trusted, of any size, for one line."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value[: _TEXT_LIMIT + 1] if isinstance(value, str) else value)
    return text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 3] + "..."


def _step(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _PLAIN_KEY.fullmatch(part) else f"[{brief(part)}]"
