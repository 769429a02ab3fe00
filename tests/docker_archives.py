"""docker-archives of every age, made in memory as the tools that write them do.

docker before 25 put each layer in a folder with bookkeeping and linked a layer that occurs twice; docker 25 and later
name everything by digest, and left the index empty for images without a tag; skopeo names plain layers by diff_id,
crane, jib and kaniko compressed ones by their own digest.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import zstandard

from tests.builders import Json, as_json, layer_tar, platform, sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CLASSIC, DIGESTS, SKOPEO, CRANE, GZIP_UNNAMED, ZSTD_UNNAMED = STYLES = (
    "docker before 25",
    "docker 25 without a tag",
    "skopeo",
    "crane",
    "gzip layers without a digest",
    "zstd layers without a digest",
)


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


_PACKERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    CRANE: _gzip,
    GZIP_UNNAMED: _gzip,
    ZSTD_UNNAMED: zstandard.compress,
}


@dataclass
class DockerArchive:
    """A docker-archive under construction in one style; layers are given as texts."""

    style: str = CLASSIC
    items: list[Json] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    configs: list[bytes] = field(default_factory=list)

    def image(
        self, *tags: str, layers: Sequence[str] = ("base", "own"), os_arch: str = "linux/amd64", **fields: Any
    ) -> DockerArchive:
        """Add an image."""
        tars = [layer_tar("file", text.encode()) for text in layers]
        config = as_json(
            platform(os_arch)
            | {"config": {"Cmd": ["/bin/true"]}, "rootfs": {"type": "layers", "diff_ids": [*map(sha256, tars)]}}
            | fields
        )
        self.configs.append(config)
        names = [self._add_layer(tar, number) for number, tar in enumerate(tars)]
        value = sha256(config).removeprefix("sha256:")
        name = {DIGESTS: f"blobs/sha256/{value}", CRANE: f"sha256:{value}"}.get(self.style, f"{value}.json")
        self.files[name] = config
        item: Json = {"Config": name, "RepoTags": list(tags) or None, "Layers": names}
        if self.style == DIGESTS:
            item["LayerSources"] = {
                sha256(tar): {"mediaType": "application/vnd.oci.image.layer.v1.tar", "size": len(tar)} for tar in tars
            }
        self.items.append(item)
        return self

    def _add_layer(self, tar: bytes, number: int) -> str:
        data = _PACKERS.get(self.style, bytes)(tar)
        value = sha256(data).removeprefix("sha256:")
        if self.style in {CLASSIC, GZIP_UNNAMED, ZSTD_UNNAMED}:
            folder = sha256(f"{len(self.items)} {number}".encode()).removeprefix("sha256:")
            name = f"{folder}/layer.tar"
            earlier = next((known for known, content in self.files.items() if content == data), None)
            if earlier is None:
                self.files[name] = data
            else:
                self.links[name] = f"../{earlier}"
            self.files |= {f"{folder}/VERSION": b"1.0", f"{folder}/json": b"{}"}
            return name
        name = {DIGESTS: f"blobs/sha256/{value}", CRANE: f"{value}.tar.gz"}.get(self.style, f"{value}.tar")
        self.files[name] = data
        return name

    def pack(self, *, tar_format: int = tarfile.USTAR_FORMAT, end: bool = True) -> bytes:
        """Write the tar, manifest.json towards the end as docker does."""
        files = dict(self.files)
        files["manifest.json"] = as_json(self.items)
        if self.style == CLASSIC:
            files["repositories"] = b'{"lab":{"1.0":"0123"}}'
        if self.style == DIGESTS:
            index = {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.index.v1+json",
                "manifests": None,
            }
            files |= {"index.json": as_json(index), "oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as tar:
            for name, target in self.links.items():
                info = tarfile.TarInfo(name)
                info.type, info.linkname = tarfile.SYMTYPE, target
                tar.addfile(info)
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
            length = tar.offset
        return buffer.getvalue() if end else buffer.getvalue()[:length]
