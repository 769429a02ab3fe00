"""Large archives for measuring: several platforms, one gzip layer of chosen size each.

The layers are gzip with stored blocks over noise, so that they are real layers of the size asked for, take no
time to make, and no tool on the way is tempted to compress them.
"""

from __future__ import annotations

import hashlib
import json
import random
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.archive.headers import encode_header, padding
from ocitool.archive.writer import END

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import BinaryIO

PLATFORMS: Final = ("linux/amd64", "linux/arm64", "linux/ppc64le", "linux/s390x")
NAME: Final = "docker.io/library/bench:1.0"
NOISE_SIZE: Final = 16 * 1024 * 1024
_OCI: Final = "application/vnd.oci.image."


@dataclass(frozen=True, slots=True)
class Part:
    """A blob in the archive: its digest and where its bytes lie there, in bytes."""

    digest: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """An archive and the blobs of each platform (manifest, config, layers)."""

    path: Path
    platforms: dict[str, tuple[Part, ...]]


def make_corpus(path: Path, *, layer_size: int, layers: int = 1, platforms: Sequence[str] = PLATFORMS) -> Corpus:
    """Write an archive with `layers` layers of `layer_size` bytes for each platform; index.json comes last."""
    made: dict[str, tuple[Part, ...]] = {}
    children: list[dict[str, object]] = []
    with path.open("wb+") as file:
        for platform in platforms:
            parts, child = _platform(file, platform, layer_size, layers)
            made[platform] = parts
            children.append(child)
        index = _json({"schemaVersion": 2, "mediaType": f"{_OCI}index.v1+json", "manifests": children})
        part = _blob(file, index)
        root = {
            "mediaType": f"{_OCI}index.v1+json",
            "digest": part.digest,
            "size": part.size,
            "annotations": {"io.containerd.image.name": NAME, "org.opencontainers.image.ref.name": "1.0"},
        }
        _entry(file, "index.json", _json({"schemaVersion": 2, "manifests": [root]}))
        _entry(file, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        file.write(END)
    return Corpus(path, made)


def _platform(
    file: BinaryIO, platform: str, layer_size: int, layers: int
) -> tuple[tuple[Part, ...], dict[str, object]]:
    system, architecture = platform.split("/")
    made = [_layer(file, layer_size, f"{platform} {number}") for number in range(layers)]
    config = _blob(
        file,
        _json(
            {
                "architecture": architecture,
                "os": system,
                "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in made]},
            }
        ),
    )
    manifest = _blob(
        file,
        _json(
            {
                "schemaVersion": 2,
                "mediaType": f"{_OCI}manifest.v1+json",
                "config": {"mediaType": f"{_OCI}config.v1+json", "digest": config.digest, "size": config.size},
                "layers": [
                    {"mediaType": f"{_OCI}layer.v1.tar+gzip", "digest": part.digest, "size": part.size}
                    for part, _ in made
                ],
            }
        ),
    )
    child: dict[str, object] = {
        "mediaType": f"{_OCI}manifest.v1+json",
        "digest": manifest.digest,
        "size": manifest.size,
        "platform": {"architecture": architecture, "os": system},
    }
    return (manifest, config, *(part for part, _ in made)), child


def _layer(file: BinaryIO, size: int, seed: str) -> tuple[Part, str]:
    """Write a layer of about `size` bytes: a tar of one file of noise, in a gzip of stored blocks."""
    noise = random.Random(seed).randbytes(min(NOISE_SIZE, size))  # noqa: S311 - noise, not a secret
    start = file.tell()
    file.seek(start + 512)
    hasher, plain = hashlib.sha256(), hashlib.sha256()
    deflate = zlib.compressobj(level=0, wbits=31)
    written = 0

    def write(data: bytes) -> None:
        nonlocal written
        plain.update(data)
        packed = deflate.compress(data)
        hasher.update(packed)
        written += file.write(packed)

    write(encode_header("noise", size))
    for position in range(0, size, len(noise)):
        write(noise[: min(len(noise), size - position)])
    write(bytes(padding(size)) + END)
    tail = deflate.flush()
    hasher.update(tail)
    written += file.write(tail)
    file.write(bytes(padding(written)))
    end = file.tell()
    file.seek(start)
    file.write(encode_header(f"blobs/sha256/{hasher.hexdigest()}", written))
    file.seek(end)
    return Part(f"sha256:{hasher.hexdigest()}", start + 512, written), f"sha256:{plain.hexdigest()}"


def _blob(file: BinaryIO, data: bytes) -> Part:
    value = hashlib.sha256(data).hexdigest()
    offset = _entry(file, f"blobs/sha256/{value}", data)
    return Part(f"sha256:{value}", offset, len(data))


def _entry(file: BinaryIO, name: str, data: bytes) -> int:
    file.write(encode_header(name, len(data)))
    offset = file.tell()
    file.write(data + bytes(padding(len(data))))
    return offset


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
