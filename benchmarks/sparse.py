"""Archives of any number of images and any size that take next to no room: their layers are holes in the file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.apart import apart
from ocitool.archive.headers import BLOCK, encode_header, padding
from ocitool.archive.writer import END

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

PLATFORMS: Final = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/ppc64le", "linux/s390x")
LAYERS: Final = 8
"""Layers of each platform of each image, no two of them the same."""

ENTRIES_PER_IMAGE: Final = 1 + len(PLATFORMS) * (2 + LAYERS)

_OCI: Final = "application/vnd.oci.image."
_ZEROS: Final = bytes(1024 * 1024)


@dataclass(frozen=True, slots=True)
class SparseArchive:
    """An archive made here: how many entries it has and how many bytes it seems to hold."""

    path: Path
    entries: int
    size: int


def make_sparse_archive(path: Path, *, entries: int, size: int) -> SparseArchive:
    """Write an archive of about `entries` entries and `size` bytes.

    The layers are zeros, which is an empty tar, each a byte longer than the one before: they have different digests,
    all of them right, and one pass over the longest tells them all.
    """
    images = max(1, round(entries / ENTRIES_PER_IMAGE))
    count = images * len(PLATFORMS) * LAYERS
    layers = _zeros(max(2 * BLOCK, size // count - count // 2), count)
    with path.open("wb") as file:
        roots = [_image(file, number, layers) for number in range(images)]
        _entry(file, "index.json", _json({"schemaVersion": 2, "manifests": roots}))
        _entry(file, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        file.write(END)
        return SparseArchive(path, images * ENTRIES_PER_IMAGE + 2, file.tell())


def make_in_process(path: Path, *, entries: int, size: int) -> SparseArchive:
    """Write an archive in a process of its own: what is measured starts with the peak memory of its parent."""
    return apart(make_sparse_archive, path, entries=entries, size=size)


def _zeros(shortest: int, count: int) -> list[tuple[str, int]]:
    """Return digest and size of `count` runs of zeros, each a byte longer than the one before."""
    hasher = hashlib.sha256()
    for start in range(0, shortest, len(_ZEROS)):
        hasher.update(_ZEROS[: shortest - start])
    found = []
    for size in range(shortest, shortest + count):
        found.append((f"sha256:{hasher.hexdigest()}", size))
        hasher.update(b"\0")
    return found


def _image(file: BinaryIO, number: int, layers: list[tuple[str, int]]) -> dict[str, object]:
    first = number * len(PLATFORMS) * LAYERS
    children = [
        _platform(file, number, platform, layers[first + place * LAYERS :][:LAYERS])
        for place, platform in enumerate(PLATFORMS)
    ]
    index = {"schemaVersion": 2, "mediaType": f"{_OCI}index.v1+json", "manifests": children}
    name = f"docker.io/library/bench-{number}:1.0"
    return {
        **_blob(file, f"{_OCI}index.v1+json", index),
        "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": "1.0"},
    }


def _platform(file: BinaryIO, number: int, platform: str, layers: list[tuple[str, int]]) -> dict[str, object]:
    named = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
    rootfs = {"type": "layers", "diff_ids": [digest for digest, _ in layers]}
    # What configs of real images hold beside that is two to six kilobytes.
    history = [
        {"created": "2026-01-01T00:00:00Z", "created_by": f"RUN make part-{place} # buildkit {number}"}
        for place in range(LAYERS)
    ]
    config = _blob(file, f"{_OCI}config.v1+json", {**named, "rootfs": rootfs, "history": history})
    listed = [{"mediaType": f"{_OCI}layer.v1.tar", "digest": digest, "size": size} for digest, size in layers]
    manifest = {"schemaVersion": 2, "mediaType": f"{_OCI}manifest.v1+json", "config": config, "layers": listed}
    descriptor = _blob(file, f"{_OCI}manifest.v1+json", manifest)
    for digest, size in layers:
        file.write(encode_header(f"blobs/{digest.replace(':', '/')}", size))
        file.seek(size + padding(size), 1)
    return {**descriptor, "platform": named}


def _blob(file: BinaryIO, media_type: str, document: object) -> dict[str, object]:
    data = _json(document)
    value = hashlib.sha256(data).hexdigest()
    _entry(file, f"blobs/sha256/{value}", data)
    return {"mediaType": media_type, "digest": f"sha256:{value}", "size": len(data)}


def _entry(file: BinaryIO, name: str, data: bytes) -> None:
    file.write(encode_header(name, len(data)) + data + bytes(padding(len(data))))


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
