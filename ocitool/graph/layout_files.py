"""The files at the top of an archive that say what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError
from ocitool.model.limits import DOCUMENT_LIMIT

if TYPE_CHECKING:
    from ocitool.archive.entry import Entry
    from ocitool.archive.source import ByteSource

INDEX_NAME: Final = "index.json"
LAYOUT_NAME: Final = "oci-layout"
DOCKER_NAME: Final = "manifest.json"
REPOSITORIES_NAME: Final = "repositories"
"""What `docker save` named its images by before manifest.json; later versions write both."""

BOOKKEEPING: Final = frozenset({"VERSION", "json", REPOSITORIES_NAME})
"""Files beside the layers of a docker-archive that readers before manifest.json needed."""

BLOBS_FOLDER: Final = "blobs/"
"""Where an image layout keeps its content."""

LAYOUT_FILES: Final = frozenset({INDEX_NAME, LAYOUT_NAME, DOCKER_NAME})


def read_document(source: ByteSource, entry: Entry) -> bytes:
    """Return the bytes of a document; raises `DocumentError` if it is larger than any may be."""
    if entry.size > DOCUMENT_LIMIT:
        raise DocumentError(f"has {entry.size} bytes, more than {DOCUMENT_LIMIT}")
    return source.read_at(entry.data_offset, entry.size)
