"""One digest for all that an archive holds, the same for a tar, a compressed one and a folder.

It is the sha256 of a line for each file, in the order of their names by code point: a JSON array of its name, its
size in bytes and the digest of its bytes, compact, in UTF-8. That digest is of the algorithm by which the file is
named below ``blobs/``, and sha256 for all others.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ocitool.model.digest import Digest, digest_of_blob_name
from ocitool.model.json_text import dump_json

if TYPE_CHECKING:
    from collections.abc import Iterable


def content_algorithm(name: str) -> str:
    """Return the algorithm of the digest that counts for a file of this name."""
    named = digest_of_blob_name(name)
    return "sha256" if named is None else named.algorithm


def contents_digest(files: Iterable[tuple[str, int, Digest]]) -> Digest:
    """Return the digest of all files, each given with its name, its size in bytes and its digest."""
    hasher = hashlib.sha256(usedforsecurity=False)
    for name, size, digest in sorted(files, key=lambda file: file[0]):
        hasher.update(dump_json([name, size, str(digest)]) + b"\n")
    return Digest("sha256", hasher.hexdigest())
