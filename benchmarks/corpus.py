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
    from pathlib import Path
    from typing import BinaryIO

PLATFORMS: Final = ("linux/amd64", "linux/arm64", "linux/ppc64le", "linux/s390x")
TAG: Final = "1.0"
NAME: Final = f"docker.io/library/bench:{TAG}"
_OCI: Final = "application/vnd.oci.image."


@dataclass(frozen=True, slots=True)
class Part:
    """A blob in the archive: its digest and where its bytes lie there, in bytes."""

    digest: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an archive is made of: images of some platforms with `layers` layers of `layer_size` bytes each."""

    layer_size: int
    layers: int = 1
    kind: LayerKind = STORED_NOISE
    platforms: tuple[str, ...] = PLATFORMS
    images: int = 1

    @property
    def size(self) -> int:
        """Bytes of the layers, unpacked, which is about what the archive takes at most."""
        return self.layer_size * self.layers * len(self.platforms) * self.images


@dataclass(frozen=True, slots=True)
class Corpus:
    """An archive and the blobs of each platform (manifests, configs, layers)."""

    path: Path
    platforms: dict[str, tuple[Part, ...]]

    def size(self, platform: str) -> int:
        """Bytes of the blobs of one platform."""
        return sum(part.size for part in self.platforms[platform])


def many_platforms(count: int) -> tuple[str, ...]:
    """Return `count` platforms that differ, the usual ones first."""
    return (*PLATFORMS, *(f"linux/made{number}" for number in range(count)))[:count]


def make_corpus(path: Path, recipe: Recipe) -> Corpus:
    """Write an archive; blobs come in the order of the images, index.json comes last, as containerd exports it."""
    made: dict[str, list[Part]] = {platform: [] for platform in recipe.platforms}
    roots = []
    with path.open("wb+") as file:
        for number in range(recipe.images):
            children: list[dict[str, object]] = []
            for platform in recipe.platforms:
                parts, child = _platform(file, recipe, platform, number)
                made[platform] += parts
                children.append(child)
            index = _json({"schemaVersion": 2, "mediaType": f"{_OCI}index.v1+json", "manifests": children})
            roots.append(_root(_blob(file, index), number))
        _entry(file, "index.json", _json({"schemaVersion": 2, "manifests": roots}))
        _entry(file, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        file.write(END)
    return Corpus(path, {platform: tuple(parts) for platform, parts in made.items()})


def _root(index: Part, number: int) -> dict[str, object]:
    name = NAME if number == 0 else NAME.replace("bench", f"bench{number}")
    return {
        "mediaType": f"{_OCI}index.v1+json",
        "digest": index.digest,
        "size": index.size,
        "annotations": {
            "io.containerd.image.name": name,
            "org.opencontainers.image.ref.name": TAG if number == 0 else name,
        },
    }


def _platform(
    file: BinaryIO, recipe: Recipe, platform: str, image: int
) -> tuple[tuple[Part, ...], dict[str, object]]:
    system, architecture = platform.split("/")
    kind, prefix = recipe.kind, platform if image == 0 else f"{image} {platform}"
    made = [_layer(file, kind, recipe.layer_size, f"{prefix} {number}") for number in range(recipe.layers)]
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
    with target.open("wb") as output:
        for part in corpus.platforms[platform]:
            _append(corpus.path, part, output)
    return target


def write_layers(corpus: Corpus, folder: Path) -> tuple[Path, ...]:
    """Write each layer into a file of its own in a new folder, for tools that work on files; return them in order."""
    folder.mkdir()
    files = []
    for part in (part for parts in corpus.platforms.values() for part in parts[2:]):
        files.append(folder / part.digest.replace(":", "-"))
        with files[-1].open("wb") as output:
            _append(corpus.path, part, output)
    return tuple(files)


def _append(archive: Path, part: Part, output: BinaryIO) -> None:
    with archive.open("rb") as source:
        source.seek(part.offset)
        left = part.size
        while left:
            data = source.read(min(left, 1 << 20))
            output.write(data)
            left -= len(data)
