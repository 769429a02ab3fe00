"""Large archives for measuring: several platforms, layers of chosen kind and size in each."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.layers import STORED_NOISE, LayerKind, write_layer
from ocitool.archive.headers import BLOCK, encode_header, padding
from ocitool.archive.writer import END

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import BinaryIO

PLATFORMS: Final = ("linux/amd64", "linux/arm64", "linux/ppc64le", "linux/s390x")
NAME: Final = "docker.io/library/bench:1.0"
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


def make_corpus(
    path: Path,
    *,
    layer_size: int,
    layers: int = 1,
    kind: LayerKind = STORED_NOISE,
    platforms: Sequence[str] = PLATFORMS,
) -> Corpus:
    """Write an archive with `layers` layers of `layer_size` bytes for each platform; index.json comes last."""
    made: dict[str, tuple[Part, ...]] = {}
    children: list[dict[str, object]] = []
    with path.open("wb+") as file:
        for platform in platforms:
            parts, child = _platform(file, platform, kind, layer_size, layers)
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
    file: BinaryIO, platform: str, kind: LayerKind, layer_size: int, layers: int
) -> tuple[tuple[Part, ...], dict[str, object]]:
    system, architecture = platform.split("/")
    made = [_layer(file, kind, layer_size, f"{platform} {number}") for number in range(layers)]
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
                    {"mediaType": f"{_OCI}layer.v1.{kind.suffix}", "digest": part.digest, "size": part.size}
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


def _layer(file: BinaryIO, kind: LayerKind, size: int, seed: str) -> tuple[Part, str]:
    """Write a layer as a blob and return it with its diff_id; the header comes when the digest is known."""
    start = file.tell()
    file.seek(start + BLOCK)
    layer = write_layer(file, kind, size, seed)
    file.write(bytes(padding(layer.size)))
    end = file.tell()
    file.seek(start)
    file.write(encode_header(f"blobs/sha256/{layer.blob}", layer.size))
    file.seek(end)
    return Part(f"sha256:{layer.blob}", start + BLOCK, layer.size), f"sha256:{layer.plain}"


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


def write_kept(corpus: Corpus, platform: str, target: Path) -> Path:
    """Write the bytes that a filter to `platform` keeps into one file, for tools that can only hash or copy."""
    with corpus.path.open("rb") as source, target.open("wb") as output:
        for part in corpus.platforms[platform]:
            source.seek(part.offset)
            left = part.size
            while left:
                data = source.read(min(left, 1 << 20))
                output.write(data)
                left -= len(data)
    return target
