"""Write image layouts and layers whose bytes are the same on every build."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"

Document = dict[str, object]


class Blobs:
    """Collect blobs by digest and hand out their descriptors."""

    def __init__(self) -> None:
        """Start empty."""
        self.by_digest: dict[str, bytes] = {}

    def add(self, media_type: str, content: bytes) -> Document:
        """Keep ``content`` and return its descriptor."""
        digest = digest_of(content)
        self.by_digest[digest] = content
        return {"mediaType": media_type, "digest": digest, "size": len(content)}


def layer_tar(files: Mapping[str, bytes], links: Mapping[str, str]) -> bytes:
    """Return a layer with ``files`` and symbolic ``links``, folders first."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as layer:
        for folder in sorted({name.rpartition("/")[0] for name in (*files, *links)}):
            _add_entry(layer, folder, tarfile.DIRTYPE, mode=0o755)
        for name, content in sorted(files.items()):
            _add_entry(layer, name, tarfile.REGTYPE, mode=0o755, content=content)
        for name, target in sorted(links.items()):
            _add_entry(layer, name, tarfile.SYMTYPE, mode=0o777, target=target)
    return buffer.getvalue()


def write_archive(
    target: Path, blobs: Blobs, manifests: Sequence[Document], docker: Sequence[Document] | None
) -> None:
    """Write an OCI archive, with a manifest.json if ``docker`` entries are given."""
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": list(manifests)}
    files = {
        "oci-layout": encode({"imageLayoutVersion": "1.0.0"}),
        "index.json": encode(index),
        **({"manifest.json": json.dumps(list(docker)).encode()} if docker is not None else {}),
        **{blob_path(digest): content for digest, content in sorted(blobs.by_digest.items())},
    }
    with tarfile.open(target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            _add_entry(archive, name, tarfile.REGTYPE, mode=0o644, content=content)


def _add_entry(
    archive: tarfile.TarFile,
    name: str,
    kind: bytes,
    *,
    mode: int,
    content: bytes = b"",
    target: str = "",
) -> None:
    """Add one entry whose bytes depend on nothing but the arguments."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.linkname = kind, mode, len(content), target
    archive.addfile(entry, io.BytesIO(content))


def blob_path(digest: str) -> str:
    """Return where an image layout keeps the blob ``digest``."""
    return f"blobs/{digest.replace(':', '/')}"


def digest_of(content: bytes) -> str:
    """Return the digest of ``content`` in the spelling of OCI documents."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def encode(document: Mapping[str, object]) -> bytes:
    """Return compact JSON."""
    return json.dumps(document, separators=(",", ":")).encode()
