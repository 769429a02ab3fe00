"""Rules of documents broken where every importer looks: in the manifest, the config and the list of the only image.

A validator finds a fault wherever it is; an importer only in what it reads. Docker's classic store reads no more than
manifest.json and what that lists, so each archive has one that is right.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import tarfile
from typing import TYPE_CHECKING, Final

from tests.builders import DOCKER_CONFIG, NAME, OCI_CONFIG, OCI_MANIFEST, Json, Layout, as_json
from tests.check.mutations_importing import (
    AMD64,
    blob_name,
    docker_item,
    sound,
    with_artifact,
    with_docker,
    without_image,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HEX: Final = "0123456789abcdef" * 4


def _nothing(_value: Json) -> None:
    """Leave a document as it is."""


def _as_it_is(data: bytes) -> bytes:
    return data


def _item(document: Json) -> Json:
    """Return what manifest.json says of the image of a manifest."""
    layers = [blob_name(layer["digest"]) for layer in document["layers"]]
    return {"Config": blob_name(document["config"]["digest"]), "RepoTags": [NAME], "Layers": layers}


def image(
    *,
    config: Callable[[Json], object] = _nothing,
    manifest: Callable[[Json], object] = _nothing,
    root: Callable[[Json], object] = _nothing,
    raw_config: Callable[[bytes], bytes] = _as_it_is,
    raw_manifest: Callable[[bytes], bytes] = _as_it_is,
    files: dict[str, bytes] | None = None,
    **index: object,
) -> bytes:
    """Make an archive of one image, with changes to its documents that keep sizes and digests right."""
    layout = Layout(index_fields=index)
    made = layout.manifest(AMD64)
    document = layout.read(made)
    configuration = layout.read(document["config"])
    layout.drop(made, document["config"])
    config(configuration)
    document["config"] = layout.blob(raw_config(as_json(configuration)), OCI_CONFIG)
    item = _item(document)
    manifest(document)
    descriptor = layout.blob(raw_manifest(as_json(document)), OCI_MANIFEST)
    layout.add(descriptor)
    root(layout.roots[0])
    layout.files["manifest.json"] = as_json([item])
    layout.files |= files or {}
    return layout.pack()


def nested(change: Callable[[Json], object]) -> bytes:
    """Make an archive of one image in an index of its own, which is changed."""
    layout = Layout()
    child = layout.manifest(AMD64)
    document = layout.read(child)
    item = _item(document)
    index = layout.index([child])
    value = layout.read(index)
    layout.drop(index)
    change(value)
    layout.add(layout.blob(as_json(value), index["mediaType"]))
    layout.files["manifest.json"] = as_json([item])
    return layout.pack()


def _layer(change: Callable[[Json], object]) -> bytes:
    return image(manifest=lambda document: change(document["layers"][1]))


def _layer_digest(make: Callable[[str], str]) -> bytes:
    return _layer(lambda layer: layer.update(digest=make(layer["digest"])))


def _sha512() -> bytes:
    """Address a layer by sha512, under which it is there as well."""
    layout = Layout()
    made = layout.manifest(AMD64)
    document = layout.read(made)
    layer = document["layers"][1]
    data = layout.blobs.pop(layer["digest"])
    layer["digest"] = "sha512:" + hashlib.sha512(data).hexdigest()
    layout.blobs[layer["digest"]] = data
    layout.drop(made)
    layout.add(layout.blob(as_json(document), OCI_MANIFEST))
    layout.files["manifest.json"] = as_json([_item(document)])
    return layout.pack(tar_format=tarfile.PAX_FORMAT)


def _sha512_of_layers() -> bytes:
    """Name the layers, unpacked, by digests that are right, but not those that containerd computes."""
    layout = Layout()
    layers = layout.read(layout.manifest(AMD64))["layers"]
    unpacked = [gzip.decompress(layout.blobs[layer["digest"]]) for layer in layers]
    diff_ids = ["sha512:" + hashlib.sha512(layer).hexdigest() for layer in unpacked]
    return image(config=lambda config: config["rootfs"].update(diff_ids=diff_ids))


def _mixed() -> bytes:
    """List a config of Docker's type in an OCI manifest, without a manifest.json that podman would go by instead."""
    layout = Layout()
    made = layout.manifest(AMD64)
    document = layout.read(made)
    layout.drop(made)
    document["config"]["mediaType"] = DOCKER_CONFIG
    return layout.add(layout.blob(as_json(document), OCI_MANIFEST)).pack()


def _platform(change: Callable[[Json], object]) -> bytes:
    return nested(lambda index: change(index["manifests"][0]["platform"]))


def _tags(*tags: str) -> bytes:
    """Let manifest.json give the only image these names, or none."""
    layout = sound()
    return with_docker(layout, docker_item(layout, layout.roots[0], *tags)).pack()


BROKEN: Final[dict[str, Callable[[], bytes]]] = {
    "L2": lambda: image(files={"oci-layout": b""}),
    "L3": lambda: image(files={"oci-layout": b"[]"}),
    "L4": lambda: image(files={"oci-layout": b'{"imageLayoutVersion":"1.0.1"}'}),
    "L7": lambda: image(files={"index.json": b"[]"}),
    "J1": lambda: image(raw_manifest=lambda data: b"\xef\xbb\xbf" + data),
    "J2": lambda: image(raw_manifest=lambda data: data[:-1] + b',"layers":[]}'),
    "J3": lambda: image(raw_manifest=lambda data: data.replace(b":2,", b":2e999,")),
    "J6": lambda: image(raw_manifest=lambda data: data + b"?"),
    "J7": lambda: image(raw_manifest=lambda data: data[:-1] + b',"x":' + b"[" * 20000 + b"]" * 20000 + b"}"),
    "J8": lambda: image(raw_manifest=lambda data: data[:-1] + b',"Layers":[]}'),
    "A1": lambda: image(root=lambda root: root.update(annotations=["a"])),
    "A2": lambda: image(root=lambda root: root["annotations"].update({"com.example.a": None})),
    "D1": lambda: _layer(lambda layer: layer.pop("mediaType")),
    "D2": lambda: _layer(lambda layer: layer.update(mediaType="layer")),
    "D3": lambda: _layer(lambda layer: layer.pop("digest")),
    "D4": lambda: _layer_digest(lambda digest: digest.replace(":", "-")),
    "D5": lambda: _layer_digest(lambda digest: digest[:-1]),
    "D6": lambda: _layer_digest(lambda digest: "sha256:" + digest[7:].upper()),
    "D7": lambda: _layer_digest(lambda _: "sha512:" + HEX),
    "D8": lambda: _layer_digest(lambda _: "blake3:" + HEX + HEX),
    "D9": lambda: _layer_digest(lambda _: "blake3:" + HEX),
    "D11": _sha512,
    "D12": lambda: _layer(lambda layer: layer.update(size=str(layer["size"]))),
    "D13": lambda: _layer(lambda layer: layer.update(size=2**70)),
    "D19": lambda: _layer(lambda layer: layer.update(data="e30")),
    "D20": lambda: image(manifest=lambda document: document["config"].update(data="e30=")),
    "D21": lambda: image(root=lambda root: root.update(artifactType="image")),
    "D24": lambda: _layer(lambda layer: layer.update(urls="https://example.com")),
    "M1": lambda: image(manifest=lambda document: document.pop("schemaVersion")),
    "M2": lambda: image(manifest=lambda document: document.update(schemaVersion=1)),
    "M4": lambda: image(
        manifest=lambda document: document.update(mediaType="application/vnd.oci.image.index.v1+json")
    ),
    "M6": lambda: image(manifest=lambda document: document.update(artifactType="image")),
    "M8": lambda: image(manifest=lambda document: document.pop("config")),
    "M11": lambda: image(manifest=lambda document: document.update(layers={})),
    "M14": lambda: _layer(lambda layer: layer.update(mediaType="application/vnd.example.layer.v1.tar+xz")),
    "M22": _mixed,
    "M17": lambda: image(manifest=lambda document: document.update(subject="sha256")),
    "M20": lambda: image(
        manifest=lambda document: document["config"].update(mediaType="application/vnd.oci.empty.v1+json")
    ),
    "M21": lambda: image(manifest=lambda document: document.update(manifests=[])),
    "X1": lambda: nested(lambda index: index.pop("schemaVersion")),
    "X3": lambda: image(mediaType=OCI_MANIFEST),
    "X4": lambda: nested(lambda index: index.update(artifactType="image")),
    "X5": lambda: nested(lambda index: index.pop("manifests")),
    "X6": lambda: nested(lambda index: index.update(manifests=[7])),
    "X10": lambda: _platform(lambda platform: platform.pop("architecture")),
    "X11": lambda: _platform(lambda platform: platform.pop("os")),
    "X15": lambda: with_artifact(AMD64),
    "X16": lambda: nested(lambda index: index.update(subject=[])),
    "X18: a feature that is not configured": lambda: _platform(
        lambda platform: platform.update({"os.features": ["sse4"]})
    ),
    "X19": lambda: _platform(lambda platform: platform.update(variant=7)),
    "C1": lambda: image(config=lambda config: config.pop("architecture")),
    "C2": lambda: image(config=lambda config: config.pop("os")),
    "C5": lambda: image(config=lambda config: config.pop("rootfs")),
    "C6": lambda: image(config=lambda config: config["rootfs"].update(type="layer")),
    "C7": lambda: image(config=lambda config: config["rootfs"].update(diff_ids=["sha256:0", "sha256:1"])),
    "C9": lambda: image(config=lambda config: config["rootfs"]["diff_ids"].pop()),
    "C11": lambda: image(config=lambda config: config.update(created="2024-02-29 12:00:00Z")),
    "C17": _sha512_of_layers,
    "C13": lambda: image(config=lambda config: config["config"].update(User=0)),
    "C14": lambda: image(config=lambda config: config["config"].update(Labels={"a": 1})),
    "T8: bzip2": lambda: bz2.compress(sound().pack()),
    "V25: no tags": _tags,
    "V25: a name without a tag": lambda: _tags(NAME.rpartition(":")[0]),
    "I18: an attestation alone": lambda: without_image(attested=True),
    "I21: a reference alone": lambda: sound(
        name=None, **{"org.opencontainers.image.ref.name": "docker.io/library/LAB:1.0"}
    ).pack(),
}
"""By rule, and what breaks it where there are several ways; made when asked for."""
