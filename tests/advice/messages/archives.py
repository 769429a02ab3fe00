"""Archives that have one thing wrong each, and nothing else."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
from typing import TYPE_CHECKING, Final

import zstandard

from tests.builders import NAME, OCI_MANIFEST, Json, Layout, as_json
from tests.check.mutations_importing import OTHER, docker_item, flat, sound, with_docker

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

AMD64: Final = "linux/amd64"
ARM64: Final = "linux/arm64"
I386: Final = "linux/386"
WINDOWS: Final = "windows/amd64"


class Image:
    """An image of several platforms in an index of its own, with its manifests and what these list by platform."""

    def __init__(self, *platforms: str, attested: bool = False, name: str | None = NAME) -> None:
        self.layout = Layout()
        self.manifests = {text: self.layout.manifest(text, ("base", f"own {text}")) for text in platforms}
        self.documents = {text: self.layout.read(made) for text, made in self.manifests.items()}
        self.attestations = [self.layout.attestation(made) for made in self.manifests.values()] if attested else []
        self.layout.add(self.layout.index([*self.manifests.values(), *self.attestations]), name)

    def layer(self, platform: str) -> Json:
        made: Json = self.documents[platform]["layers"][1]
        return made

    def config(self, platform: str) -> Json:
        made: Json = self.documents[platform]["config"]
        return made

    def with_docker(self, platform: str) -> Image:
        with_docker(self.layout, docker_item(self.layout, self.manifests[platform], NAME))
        return self

    def without_platform(self, platform: str) -> Image:
        self.layout.drop(self.manifests[platform], self.config(platform), self.layer(platform))
        return self

    def without(self, *descriptors: Json) -> Image:
        self.layout.drop(*descriptors)
        return self

    def damaged(self, descriptor: Json) -> Image:
        """Change the last byte of a blob, which JSON and gzip both take badly."""
        data = self.layout.blobs[descriptor["digest"]]
        self.layout.blobs[descriptor["digest"]] = data[:-1] + bytes([data[-1] ^ 1])
        return self

    def linked(self, descriptor: Json, kind: bytes = tarfile.SYMTYPE) -> bytes:
        """Put a link in the place of a blob."""
        del self.layout.blobs[descriptor["digest"]]
        buffer = io.BytesIO(self.layout.pack())
        with tarfile.open(fileobj=buffer, mode="a") as tar:
            entry = tarfile.TarInfo("blobs/" + descriptor["digest"].replace(":", "/"))
            entry.type, entry.linkname = kind, "elsewhere"
            tar.addfile(entry)
        return buffer.getvalue()

    def pack(self) -> bytes:
        return self.layout.pack()


def foreign(*, listed: bool, docker: bool = False) -> bytes:
    """List an image for arm64 by itself, with its platform or without."""
    layout = Layout()
    made = layout.manifest(ARM64)
    if listed:
        layout.add(made)
    else:
        flat(layout, made)
    return (with_docker(layout, docker_item(layout, made, NAME)) if docker else layout).pack()


def flat_platforms(platforms: Sequence[str] = (AMD64, ARM64)) -> bytes:
    layout = Layout()
    for text in platforms:
        layout.add(layout.manifest(text, ("base", f"own {text}")))
    return layout.pack()


def two_names() -> bytes:
    layout = Layout()
    made = layout.manifest(AMD64)
    flat(layout, made)
    return flat(layout, made, OTHER).pack()


def zstd_layer() -> bytes:
    layout = Layout()
    made = layout.manifest(AMD64)
    document = layout.read(made)
    data = gzip.decompress(layout.blobs.pop(document["layers"][1]["digest"]))
    layout.drop(made)
    media_type = "application/vnd.oci.image.layer.v1.tar+zstd"
    document["layers"][1] = layout.blob(zstandard.compress(data), media_type)
    remade = layout.blob(as_json(document), OCI_MANIFEST)
    return with_docker(flat(layout, remade), docker_item(layout, remade, NAME)).pack()


def stale(part: str, *, without: Collection[str] = ()) -> bytes:
    """Let manifest.json name a file that is not there."""
    layout = sound()
    (item,) = json.loads(layout.files["manifest.json"])
    gone = "blobs/sha256/" + "0" * 64
    item[part] = gone if part == "Config" else [gone, *item[part][1:]]
    layout.files["manifest.json"] = as_json([item])
    return layout.pack(without=without)


def linked_docker_layer() -> bytes:
    """Make an archive of docker, whose layer is a symbolic link to nothing."""
    layout = sound()
    (item,) = json.loads(layout.files["manifest.json"])
    item["Layers"][1] = "second/layer.tar"
    layout.files["manifest.json"] = as_json([item])
    buffer = io.BytesIO(layout.pack(without=("index.json", "oci-layout")))
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        entry = tarfile.TarInfo("second/layer.tar")
        entry.type, entry.linkname = tarfile.SYMTYPE, "../first/layer.tar"
        tar.addfile(entry)
    return buffer.getvalue()


def with_file(name: str, data: bytes) -> bytes:
    layout = sound()
    layout.files[name] = data
    return layout.pack()


def root_files() -> bytes:
    """Make what docker export writes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in ("bin", "dev", "etc", "lib", "proc", "usr"):
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE
            tar.addfile(entry)
    return buffer.getvalue()


COMPRESSIONS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "xz": lzma.compress,
    "zstd": zstandard.compress,
}
