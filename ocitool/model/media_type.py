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

OCI_EQUIVALENTS: Final = {
    "application/vnd.docker.container.image.v1+json": OCI_CONFIG,
    "application/vnd.docker.image.rootfs.diff.tar": OCI_LAYERS["none"],
    "application/vnd.docker.image.rootfs.diff.tar.gzip": OCI_LAYERS["gzip"],
    "application/vnd.docker.image.rootfs.diff.tar.zstd": OCI_LAYERS["zstd"],
    "application/vnd.docker.image.rootfs.foreign.diff.tar": "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": (
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    ),
}
"""What the specification says Docker's types correspond to (media-types.md, "Compatibility Matrix")."""

DOCKER_LAYERS: Final = {
    "none": "application/vnd.docker.image.rootfs.diff.tar",
    "gzip": "application/vnd.docker.image.rootfs.diff.tar.gzip",
}
"""The same of Docker's manifests, which have no type for zstd that every reader takes."""

LAYERS: Final = frozenset(
    {*OCI_LAYERS.values(), *DOCKER_LAYERS.values(), "application/vnd.docker.image.rootfs.diff.tar.zstd"}
)
"""All types of layers that may be passed on and are known to be a tar."""

TAR_LAYERS: Final = (
    LAYERS
    | {media_type for media_type in OCI_EQUIVALENTS if ".foreign." in media_type}
    | {f"application/vnd.oci.image.layer.nondistributable.v1.tar{suffix}" for suffix in ("", "+gzip", "+zstd")}
)
"""All types of layers that are known to be a tar."""

DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"

EMPTY: Final = "application/vnd.oci.empty.v1+json"
"""The type of the two bytes ``{}``, which stand where an artifact has no content (manifest.md)."""

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
