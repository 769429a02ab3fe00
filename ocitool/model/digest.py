"""Content digests, parsed strictly before they ever become a name.

The grammar is that of the image specification, descriptor.md "Digests": ``algorithm ":" encoded``. Only the
registered algorithms that Python can compute are accepted as a `Digest`; for the rest see `is_well_formed`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from ocitool.errors import DocumentError

if TYPE_CHECKING:
    from typing import Self

    from typing_extensions import Buffer

HEX_LENGTH: Final = {"sha256": 64, "sha512": 128}
"""Characters of the encoded part by algorithm (descriptor.md, "Registered algorithms")."""

_GRAMMAR: Final = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*+:[A-Za-z0-9=_-]+")
_HEX: Final = re.compile(r"[a-f0-9]+")


class Hasher(Protocol):
    """What hashing needs of a `hashlib` object."""

    def update(self, data: Buffer, /) -> None:
        """Take in more bytes."""

    def hexdigest(self) -> str:
        """Return the digest so far, in lower-case hexadecimal."""


@dataclass(frozen=True, slots=True)
class Digest:
    """An algorithm and the lower-case hexadecimal value, both checked."""

    algorithm: str
    hex: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``sha256:…`` or ``sha512:…``.

        Raises `DocumentError` for anything else: a digest becomes part of a file name, so nothing is guessed.
        """
        algorithm, separator, encoded = text.partition(":")
        if not separator or not is_well_formed(text):
            raise DocumentError(f"{_short(text)} is not a digest")
        length = HEX_LENGTH.get(algorithm)
        if length is None:
            raise DocumentError(f"{_short(text)}: digest algorithm {_short(algorithm)} is not supported")
        if len(encoded) != length or not _HEX.fullmatch(encoded):
            raise DocumentError(f"{_short(text)}: a {algorithm} digest has {length} lower-case hex characters")
        return cls(algorithm, encoded)

    @classmethod
    def of(cls, data: Buffer, algorithm: str = "sha256") -> Self:
        """Compute the digest of `data`."""
        hasher = hashlib.new(algorithm, usedforsecurity=False)
        hasher.update(data)
        return cls(algorithm, hasher.hexdigest())

    def hasher(self) -> Hasher:
        """Return a fresh hasher of this digest's algorithm."""
        return hashlib.new(self.algorithm, usedforsecurity=False)

    @property
    def blob_name(self) -> str:
        """The entry name of the content in an image layout (image-layout.md, "Blobs")."""
        return f"blobs/{self.algorithm}/{self.hex}"

    @property
    def short(self) -> str:
        """The first twelve characters of the value, as docker prints them."""
        return self.hex[:12]

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def is_well_formed(text: str) -> bool:
    """Tell whether `text` meets the digest grammar, whatever its algorithm."""
    return _GRAMMAR.fullmatch(text) is not None


def digest_of_blob_name(name: str) -> Digest | None:
    """Return the digest an entry called `name` claims to hold, or None if it is no blob's name."""
    parts = name.split("/")
    if len(parts) != 3 or parts[0] != "blobs" or len(parts[2]) != HEX_LENGTH.get(parts[1]):
        return None
    return Digest(parts[1], parts[2]) if _HEX.fullmatch(parts[2]) else None


def _short(text: str) -> str:
    """Quote untrusted text for a one-line message."""
    return repr(text if len(text) <= 80 else text[:77] + "...")
