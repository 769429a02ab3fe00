"""Media types and what they mean for walking an image graph.

Sources: image-spec media-types.md; Docker's image manifest v2 schema 2 and manifest list documents.
"""

from __future__ import annotations

from typing import Final

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_LAYERS: Final = {
    "none": "application/vnd.oci.image.layer.v1.tar",
    "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
}
"""Media types of layers by their compression (layer.md)."""

DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"

INDEXES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFESTS: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
IMAGE_CONFIGS: Final = frozenset({OCI_CONFIG, DOCKER_CONFIG})


def is_nondistributable(media_type: str) -> bool:
    """Tell whether a layer is one that licences keep from being passed on (layer.md)."""
    return ".nondistributable." in media_type or ".foreign." in media_type


def layer_compression(media_type: str) -> str:
    """Name the compression a layer's media type promises: ``gzip``, ``zstd``, ``none`` or ``other``."""
    if media_type.endswith(("+gzip", ".tar.gzip")):
        return "gzip"
    if media_type.endswith(("+zstd", ".tar.zstd")):
        return "zstd"
    if media_type.endswith((".tar", ".diff.tar", "diff.tar")):
        return "none"
    return "other"
