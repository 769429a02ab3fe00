"""The shapes of archives that `ctr images import` of 13 versions was run with (tests/data/import-matrix.jsonl)."""

from __future__ import annotations

import gzip
import tarfile
from typing import TYPE_CHECKING, Final

import zstandard

from ocitool.advice.facts import ArchiveFacts
from ocitool.archive.codec.sniff import tell_compression
from ocitool.archive.reader import scan_archive
from ocitool.graph.build import build_graph
from tests.builders import (
    OCI,
    OCI_CONFIG,
    OCI_MANIFEST,
    Json,
    Layout,
    as_json,
    layer_tar,
    multi_platform,
    platform,
    sha256,
)
from tests.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ZSTD_LAYER: Final = OCI + "layer.v1.tar+zstd"


def facts_of(data: bytes) -> ArchiveFacts:
    """Read an archive, whole-file gzip or zstd undone."""
    compression = tell_compression(data[:512]) or ""
    if compression == "gzip":
        data = gzip.decompress(data)
    elif compression == "zstd":
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    source = BytesSource(data)
    return ArchiveFacts(build_graph(scan_archive(source), source), compression)


def nested(*platforms: str) -> bytes:
    return multi_platform(platforms).pack()


def flat(*platforms: str, listed: bool = False) -> bytes:
    """List manifests in index.json itself, with or without their platform."""
    layout = Layout()
    for text in platforms:
        descriptor = layout.manifest(text)
        if not listed:
            del descriptor["platform"]
        layout.add(descriptor)
    return layout.pack()


def missing(*platforms: str, absent: tuple[str, ...]) -> bytes:
    """List platforms of which some are not there at all."""
    layout = Layout()
    children = {text: layout.manifest(text, (f"own {text}",)) for text in platforms}
    layout.add(layout.index(children.values()))
    for text in absent:
        document = layout.read(children[text])
        layout.drop(children[text], document["config"], *document["layers"])
    return layout.pack()


def zstd_manifest(layout: Layout, text: str) -> Json:
    """Add an image with one layer of zstd."""
    tar = layer_tar("file", text.encode())
    config = platform(text) | {"rootfs": {"type": "layers", "diff_ids": [sha256(tar)]}}
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": layout.blob(as_json(config), OCI_CONFIG),
        "layers": [layout.blob(zstandard.compress(tar), ZSTD_LAYER)],
    }
    return layout.blob(as_json(document), OCI_MANIFEST, platform=platform(text))


def zstd_layers() -> bytes:
    layout = Layout()
    return layout.add(
        layout.index([zstd_manifest(layout, text) for text in ("linux/amd64", "linux/arm64/v8", "linux/arm/v7")])
    ).pack()


def bare_name() -> bytes:
    """Name an image by a word without any of ``/:@``, beside a tag."""
    layout = multi_platform(("linux/amd64",))
    layout.roots[0]["annotations"]["io.containerd.image.name"] = "lab"
    return layout.pack()


def bad_docker_manifest() -> bytes:
    layout = multi_platform(("linux/amd64",))
    layout.files["manifest.json"] = b'[{"Config": '
    return layout.pack()


def docker_archive(*platforms: str, tag: str = "lab:1.0") -> bytes:
    """Write what `docker save` wrote before OCI layouts: manifest.json, configs and plain layers."""
    files: dict[str, bytes] = {}
    items: list[Json] = []
    for number, text in enumerate(platforms):
        tar = layer_tar("file", text.encode())
        system, architecture = text.split("/")[:2]
        config = as_json(
            {"os": system, "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": [sha256(tar)]}}
        )
        name = sha256(config).removeprefix("sha256:") + ".json"
        files |= {name: config, f"{number}/layer.tar": tar}
        items.append(
            {
                "Config": name,
                "RepoTags": [tag if not number else f"{tag}-{number}"],
                "Layers": [f"{number}/layer.tar"],
            }
        )
    layout = Layout(files=files | {"manifest.json": as_json(items)})
    return layout.pack(without=("index.json", "oci-layout"), tar_format=tarfile.USTAR_FORMAT)


MULTI: Final = ("linux/amd64", "linux/arm64/v8", "linux/arm/v7")

SHAPES: Final[Mapping[str, Callable[[], bytes]]] = {
    "nested-multi": lambda: nested(*MULTI),
    "nested-host": lambda: nested("linux/amd64"),
    "nested-foreign": lambda: nested("linux/arm64/v8"),
    "flat-host": lambda: flat("linux/amd64"),
    "flat-foreign": lambda: flat("linux/arm64/v8"),
    "flat-foreign-platform": lambda: flat("linux/arm64/v8", listed=True),
    "flat-multi": lambda: flat(*MULTI, listed=True),
    "missing-platforms": lambda: missing(*MULTI, absent=MULTI[1:]),
    "missing-386": lambda: missing("linux/amd64", "linux/386", "linux/arm64", absent=("linux/386", "linux/arm64")),
    "nested-attested": lambda: multi_platform(MULTI, attested=True).pack(),
    "zstd-layers": zstd_layers,
    "outer-gzip": lambda: gzip.compress(nested(*MULTI), mtime=0),
    "outer-zstd": lambda: zstandard.compress(nested(*MULTI)),
    "unnamed": lambda: multi_platform(MULTI, name=None).pack(),
    "bare-name": bare_name,
    "bad-docker-manifest": bad_docker_manifest,
}
"""By the name of the shape, as the matrix of imports has it."""
