"""What findings name as their place: entries that are there, or the document that lists what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.graph.image import ArchiveForm
from ocitool.graph.layout_files import DOCKER_NAME, INDEX_NAME

if TYPE_CHECKING:
    from ocitool.check.checked import CheckedArchive
    from ocitool.model.digest import Digest


def list_entry(archive: CheckedArchive) -> str:
    """Return the document that lists the images."""
    return DOCKER_NAME if archive.graph.form is ArchiveForm.DOCKER_ARCHIVE else INDEX_NAME


def blob_entry(archive: CheckedArchive, digest: Digest) -> str:
    """Return where a blob is, or should be; a docker-archive has no place for what is not in it."""
    entry = archive.graph.blobs.get(digest)
    if entry is not None:
        return entry.name
    return list_entry(archive) if archive.graph.form is ArchiveForm.DOCKER_ARCHIVE else digest.blob_name
