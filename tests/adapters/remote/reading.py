"""What tests of remote sources share: an archive, readers without pauses, S3 in the environment."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from ocitool.adapters.remote.retrying import Patience
from ocitool.adapters.remote.source import RemoteSource
from ocitool.adapters.remote.store import FsspecStore
from tests.builders import OCI_LAYERS_PLAIN, Layout, as_json, platform
from tests.remote_servers import S3Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

PLATFORMS: Final = ("linux/amd64", "linux/arm64", "linux/ppc64le", "linux/s390x")


def noise(length: int, seed: str) -> bytes:
    """Make bytes that no compression and no coincidence makes shorter."""
    return hashlib.shake_128(seed.encode()).digest(length)


def archive_with_layers(
    layer_size: int,
    layers: int = 1,
    platforms: Sequence[str] = PLATFORMS,
    *,
    order: Callable[[str], Any] | None = None,
) -> tuple[bytes, dict[str, int]]:
    """Make an archive of the shape of the benchmarks'; return it with the bytes of the blobs of each platform."""
    layout = Layout()
    sizes: dict[str, int] = {}
    children = []
    for name in platforms:
        made = [layout.blob(noise(layer_size, f"{name} {number}"), OCI_LAYERS_PLAIN) for number in range(layers)]
        config = as_json(platform(name) | {"rootfs": {"type": "layers", "diff_ids": [one["digest"] for one in made]}})
        document = as_json(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": layout.blob(config, "application/vnd.oci.image.config.v1+json"),
                "layers": made,
            }
        )
        child = layout.blob(document, "application/vnd.oci.image.manifest.v1+json", platform=platform(name))
        children.append(child)
        sizes[name] = layer_size * layers + len(config) + len(document)
    return layout.add(layout.index(children)).pack(order=order), sizes


def patient(tries: int = 5) -> Patience:
    """Return what tries again at once."""
    return Patience(tries=tries, pause=lambda _seconds: None, chance=lambda: 0.5)


def open_far(url: str) -> RemoteSource:
    """Open a URL that can be read by offset."""
    source = FsspecStore(patient()).open_source(url)
    assert isinstance(source, RemoteSource)
    return source


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Start S3 and have this process find it."""
    import s3fs

    with S3Server() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        yield server
        s3fs.S3FileSystem.clear_instance_cache()
