"""What archives that decide how an import ends are made of, and the list of them by name."""

from __future__ import annotations

import gzip
import random
from typing import TYPE_CHECKING, Any, Final

import zstandard

from tests.builders import (
    DOCKER_CONFIG,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_MANIFEST,
    Layout,
    as_json,
    layer_tar,
    multi_platform,
    platform,
    sha256,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.builders import Json

HOST: Final = "linux/amd64"
FOREIGN: Final = "linux/arm64/v8"
ARM: Final = "linux/arm/v7"
THREE: Final = (HOST, FOREIGN, ARM)
OTHER_NAME: Final = "docker.io/library/other:2.0"
SBOM: Final = "application/vnd.example.sbom"
ZSTD_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+zstd"
DOCKER_ZSTD_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.zstd"
FOREIGN_LAYER: Final = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"

SHAPES: Final[dict[str, Callable[[], bytes]]] = {}
"""The bytes of an archive, by the name of its shape."""


def shape(name: str) -> Callable[[Callable[[], Layout | bytes]], Callable[[], bytes]]:
    """Have a function make the shape of a name."""

    def enter(make: Callable[[], Layout | bytes]) -> Callable[[], bytes]:
        def archive() -> bytes:
            made = make()
            return made.pack() if isinstance(made, Layout) else made

        SHAPES[name] = archive
        return archive

    return enter


def nested(*platforms: str, **options: Any) -> Layout:
    """Return one name for one index of some platforms."""
    return multi_platform(platforms, **options)


def without_platform(descriptor: Json) -> Json:
    """Return a descriptor that does not say its platform."""
    return {key: value for key, value in descriptor.items() if key != "platform"}


def own_parts(layout: Layout, manifest: Json) -> list[Json]:
    """Return the manifest, its config and its last layer, which no other platform has."""
    document = layout.read(manifest)
    return [manifest, document["config"], document["layers"][-1]]


def with_layers(
    layout: Layout,
    layers: Sequence[tuple[Json, str]],
    platform_text: str = HOST,
    *,
    diff_ids: Sequence[str] | None = None,
    docker: bool = False,
) -> Json:
    """Add an image of layers that are made already, each with its diff_id."""
    listed = [diff_id for _, diff_id in layers] if diff_ids is None else list(diff_ids)
    config = platform(platform_text) | {"rootfs": {"type": "layers", "diff_ids": listed}}
    media_type = DOCKER_MANIFEST if docker else OCI_MANIFEST
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": layout.blob(as_json(config), DOCKER_CONFIG if docker else OCI_CONFIG),
        "layers": [layer for layer, _ in layers],
    }
    return layout.blob(as_json(document), media_type, platform=platform(platform_text))


def compressed_layer(layout: Layout, text: str, media_type: str) -> tuple[Json, str]:
    """Add a layer compressed as its media type says.

    It is larger than a block of tar even so, so that who takes it for a plain tar says what is wrong.
    """
    tar = layer_tar("file", random.Random(text).randbytes(2048))
    data = gzip.compress(tar, mtime=0) if media_type.endswith("gzip") else zstandard.compress(tar)
    return layout.blob(data, media_type), sha256(tar)
