"""Docker-archives, and archives that list their images in unusual ways."""

from __future__ import annotations

import gzip
import hashlib
import tarfile

from tests.builders import (
    NAME,
    OCI_INDEX,
    OCI_LAYER,
    Layout,
    as_json,
    layer_tar,
    sha256,
)

from .advice_parts import (
    DOCKER_ZSTD_LAYER,
    FOREIGN,
    FOREIGN_LAYER,
    HOST,
    THREE,
    compressed_layer,
    nested,
    shape,
    with_layers,
    without_platform,
)
from .advice_tars import docker_archive, packed, repacked


@shape("docker-archive")
def _() -> bytes:
    return packed(docker_archive(HOST))


@shape("docker-archive-foreign")
def _() -> bytes:
    return packed(docker_archive(FOREIGN))


@shape("docker-archive-familiar")
def _() -> bytes:
    return packed(docker_archive(HOST, tags=("lab:1.0", "example.org/team/lab:2")))


@shape("docker-archive-untagged")
def _() -> bytes:
    return packed(docker_archive(HOST, tags=()))


@shape("docker-archive-links")
def _() -> bytes:
    return packed(docker_archive(HOST, linked=True))


@shape("docker-archive-layer-missing")
def _() -> bytes:
    return packed([file for file in docker_archive(HOST) if not file.name.startswith("1/")])


@shape("no-layout-file")
def _() -> bytes:
    layout = Layout()
    manifest = layout.read(layout.add(without_platform(layout.manifest(HOST))).roots[0])
    paths = [f"blobs/{each['digest'].replace(':', '/')}" for each in (manifest["config"], *manifest["layers"])]
    layout.files["manifest.json"] = as_json([{"Config": paths[0], "RepoTags": [NAME], "Layers": paths[1:]}])
    return layout.pack(without=("oci-layout",))


@shape("no-layout-file-at-all")
def _() -> bytes:
    return nested(HOST).pack(without=("oci-layout",))


@shape("layout-of-another-version")
def _() -> Layout:
    layout = nested(HOST)
    layout.files["oci-layout"] = b'{"imageLayoutVersion":"2.0.0"}'
    return layout


@shape("docker-types")
def _() -> Layout:
    layout = Layout()
    children = [layout.manifest(text, ("base", f"own {text}"), docker=True) for text in THREE]
    return layout.add(layout.index(children, docker=True))


@shape("docker-types-zstd")
def _() -> Layout:
    layout = Layout()
    layers = [compressed_layer(layout, text, DOCKER_ZSTD_LAYER) for text in ("base", "own")]
    return layout.add(layout.index([with_layers(layout, layers, docker=True)], docker=True))


@shape("children-without-platform")
def _() -> Layout:
    layout = Layout()
    children = [without_platform(layout.manifest(text, ("base", f"own {text}"))) for text in THREE]
    return layout.add(layout.index(children))


@shape("children-without-platform-foreign")
def _() -> Layout:
    layout = Layout()
    return layout.add(layout.index([without_platform(layout.manifest(FOREIGN))]))


@shape("reference-alone-full")
def _() -> Layout:
    return _referring(NAME)


@shape("reference-alone-tag")
def _() -> Layout:
    return _referring("1.0")


def _referring(reference: str) -> Layout:
    layout = Layout()
    index = layout.index([layout.manifest(HOST)])
    return layout.add(index, None, **{"org.opencontainers.image.ref.name": reference})


@shape("entries-in-reverse")
def _() -> bytes:
    return nested(*THREE).pack(order=lambda name: [-ord(letter) for letter in name])


@shape("entries-with-dots")
def _() -> bytes:
    return nested(*THREE).pack(prefix="./")


@shape("entries-twice")
def _() -> bytes:
    return repacked(nested(HOST), "index.json", "oci-layout")


@shape("listed-386")
def _() -> Layout:
    return nested(HOST, "linux/386")


@shape("only-386")
def _() -> Layout:
    return nested("linux/386")


@shape("only-arm")
def _() -> Layout:
    return nested("linux/arm/v5", "linux/arm/v6", "linux/arm/v7")


@shape("only-windows")
def _() -> Layout:
    return nested("windows/amd64")


@shape("only-amd64-v2")
def _() -> Layout:
    return nested("linux/amd64/v2")


@shape("flat-amd64-v2")
def _() -> Layout:
    layout = Layout()
    return layout.add(without_platform(layout.manifest("linux/amd64/v2")))


@shape("config-of-another-platform")
def _() -> Layout:
    layout = Layout()
    host, foreign = layout.manifest(HOST), layout.manifest(FOREIGN, ("base", "foreign"))
    return layout.add(
        layout.index([host | {"platform": foreign["platform"]}, foreign | {"platform": host["platform"]}])
    )


@shape("empty-index")
def _() -> Layout:
    return Layout()


@shape("empty-nested-index")
def _() -> Layout:
    layout = Layout()
    return layout.add(layout.index([]))


@shape("diff-ids-too-few")
def _() -> Layout:
    layout = Layout()
    layers = [layout.layer(text) for text in ("base", "own")]
    return layout.add(layout.index([with_layers(layout, layers, diff_ids=[layers[0][1]])]))


@shape("layer-sha512")
def _() -> bytes:
    layout = Layout()
    tar = layer_tar("file", b"sha512")
    data = gzip.compress(tar, mtime=0)
    digest = "sha512:" + hashlib.sha512(data).hexdigest()
    layout.blobs[digest] = data
    layer = {"mediaType": OCI_LAYER, "digest": digest, "size": len(data)}
    manifest = with_layers(layout, [layout.layer("base"), (layer, sha256(tar))])
    return layout.add(layout.index([manifest])).pack(tar_format=tarfile.GNU_FORMAT)


@shape("layer-of-unknown-type")
def _() -> Layout:
    layout = Layout()
    (layer, diff_id) = layout.layer("base")
    layers = [(layer | {"mediaType": "application/vnd.example.layer"}, diff_id)]
    return layout.add(layout.index([with_layers(layout, layers)]))


@shape("layer-elsewhere")
def _() -> Layout:
    layout = Layout()
    base, (layer, diff_id) = layout.layer("base"), layout.layer("own")
    elsewhere = layer | {"mediaType": FOREIGN_LAYER, "urls": ["https://example.org/layer"]}
    return layout.add(layout.index([with_layers(layout, [base, (elsewhere, diff_id)])])).drop(layer)


@shape("no-layers")
def _() -> Layout:
    layout = Layout()
    return layout.add(layout.index([layout.manifest(HOST, ())]))


@shape("manifest-called-index")
def _() -> Layout:
    layout = Layout()
    return layout.add(without_platform(layout.manifest(HOST)) | {"mediaType": OCI_INDEX})


@shape("name-of-a-digest")
def _() -> Layout:
    layout = nested(HOST)
    name = f"docker.io/library/lab@{layout.roots[0]['digest']}"
    layout.roots[0]["annotations"] = {"io.containerd.image.name": name}
    return layout


@shape("several-names-one-bare")
def _() -> Layout:
    layout = nested(HOST)
    layout.add(layout.index([layout.manifest(HOST, ("base", "bare"))]), "bare")
    return layout


@shape("nothing-listed")
def _() -> Layout:
    layout = nested(HOST)
    layout.files["index.json"] = b'{"schemaVersion":2,"manifests":null}'
    return layout


@shape("two-flat-names")
def _() -> Layout:
    layout = Layout()
    for text in (HOST, FOREIGN):
        layout.add(layout.manifest(text, (f"own {text}",)), f"docker.io/library/lab:{text.split('/')[1]}")
    return layout
