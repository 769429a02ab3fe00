"""Archives of every shape that decides how an import ends, made in memory by name.

Those of the measured matrix (tests/data/import-matrix.jsonl) have its names. Layers are real ones that unpack, though
nothing in them runs. Hosts are taken to be linux/amd64.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import random
import tarfile
from typing import TYPE_CHECKING, Any, Final

import zstandard

from tests.builders import (
    DOCKER_CONFIG,
    DOCKER_MANIFEST,
    NAME,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Layout,
    as_json,
    layer_tar,
    multi_platform,
    platform,
    sha256,
)

from .advice_tars import docker_archive, packed, repacked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.builders import Json

HOST: Final = "linux/amd64"
FOREIGN: Final = "linux/arm64/v8"
ARM: Final = "linux/arm/v7"
THREE: Final = (HOST, FOREIGN, ARM)
OTHER_NAME: Final = "docker.io/library/other:2.0"
SBOM: Final = "application/vnd.example.sbom"
ZSTD_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+zstd"
DOCKER_ZSTD_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.zstd"
FOREIGN_LAYER: Final = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"

SHAPES: Final[dict[str, Callable[[], bytes]]] = {}
"""The bytes of an archive, by the name of its shape."""


def shape(name: str) -> Callable[[Callable[[], Layout | bytes]], Callable[[], bytes]]:
    """Have a function make the shape of a name."""

    def enter(make: Callable[[], Layout | bytes]) -> Callable[[], bytes]:
        def archive() -> bytes:
            made = make()
            return made.pack() if isinstance(made, Layout) else made

        SHAPES[name] = archive
        return archive

    return enter


def nested(*platforms: str, **options: Any) -> Layout:
    """Return one name for one index of some platforms."""
    return multi_platform(platforms, **options)


def without_platform(descriptor: Json) -> Json:
    """Return a descriptor that does not say its platform."""
    return {key: value for key, value in descriptor.items() if key != "platform"}


def own_parts(layout: Layout, manifest: Json) -> list[Json]:
    """Return the manifest, its config and its last layer, which no other platform has."""
    document = layout.read(manifest)
    return [manifest, document["config"], document["layers"][-1]]


def with_layers(
    layout: Layout,
    layers: Sequence[tuple[Json, str]],
    platform_text: str = HOST,
    *,
    diff_ids: Sequence[str] | None = None,
    docker: bool = False,
) -> Json:
    """Add an image of layers that are made already, each with its diff_id."""
    listed = [diff_id for _, diff_id in layers] if diff_ids is None else list(diff_ids)
    config = platform(platform_text) | {"rootfs": {"type": "layers", "diff_ids": listed}}
    media_type = DOCKER_MANIFEST if docker else OCI_MANIFEST
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": layout.blob(as_json(config), DOCKER_CONFIG if docker else OCI_CONFIG),
        "layers": [layer for layer, _ in layers],
    }
    return layout.blob(as_json(document), media_type, platform=platform(platform_text))


def compressed_layer(layout: Layout, text: str, media_type: str) -> tuple[Json, str]:
    """Add a layer compressed as its media type says.

    It is larger than a block of tar even so, so that who takes it for a plain tar says what is wrong.
    """
    tar = layer_tar("file", random.Random(text).randbytes(2048))
    data = gzip.compress(tar, mtime=0) if media_type.endswith("gzip") else zstandard.compress(tar)
    return layout.blob(data, media_type), sha256(tar)


@shape("nested-multi")
def _() -> Layout:
    return nested(*THREE)


@shape("nested-host")
def _() -> Layout:
    return nested(HOST)


@shape("nested-foreign")
def _() -> Layout:
    return nested(FOREIGN)


@shape("flat-host")
def _() -> Layout:
    layout = Layout()
    return layout.add(without_platform(layout.manifest(HOST)))


@shape("flat-foreign")
def _() -> Layout:
    layout = Layout()
    return layout.add(without_platform(layout.manifest(FOREIGN)))


@shape("flat-foreign-platform")
def _() -> Layout:
    layout = Layout()
    return layout.add(layout.manifest(FOREIGN))


@shape("flat-host-platform")
def _() -> Layout:
    layout = Layout()
    return layout.add(layout.manifest(HOST))


@shape("flat-multi")
def _() -> Layout:
    layout = Layout()
    for text in THREE:
        layout.add(layout.manifest(text, ("base", f"own {text}")))
    return layout


@shape("missing-platforms")
def _() -> Layout:
    layout = nested(*THREE)
    for child in layout.read(layout.roots[0])["manifests"][1:]:
        layout.drop(*own_parts(layout, child))
    return layout


@shape("missing-386")
def _() -> Layout:
    layout = nested(HOST, "linux/386", FOREIGN)
    for child in layout.read(layout.roots[0])["manifests"][1:]:
        layout.drop(*own_parts(layout, child))
    return layout


@shape("nested-attested")
def _() -> Layout:
    return nested(*THREE, attested=True)


@shape("zstd-layers")
def _() -> Layout:
    layout = Layout()
    children = []
    for text in THREE:
        layers = [compressed_layer(layout, each, ZSTD_LAYER) for each in ("base", f"own {text}")]
        children.append(with_layers(layout, layers, text))
    return layout.add(layout.index(children))


@shape("outer-gzip")
def _() -> bytes:
    return gzip.compress(nested(*THREE).pack(), mtime=0)


@shape("outer-zstd")
def _() -> bytes:
    return zstandard.compress(nested(*THREE).pack())


@shape("outer-xz")
def _() -> bytes:
    return lzma.compress(nested(*THREE).pack())


@shape("outer-bzip2")
def _() -> bytes:
    return bz2.compress(nested(*THREE).pack())


@shape("unnamed")
def _() -> Layout:
    return nested(*THREE, name=None)


@shape("bare-name")
def _() -> Layout:
    layout = nested(HOST)
    layout.roots[0]["annotations"]["io.containerd.image.name"] = "lab"
    return layout


@shape("bad-docker-manifest")
def _() -> Layout:
    layout = nested(HOST)
    layout.files["manifest.json"] = b'[{"Config":'
    return layout


@shape("docker-manifest-of-another-form")
def _() -> Layout:
    layout = nested(HOST)
    layout.files["manifest.json"] = b'{"Config":"blobs"}'
    return layout


@shape("several-images")
def _() -> Layout:
    layout = nested(HOST, FOREIGN)
    layout.add(layout.index([layout.manifest(text, ("base", f"other {text}")) for text in THREE]), OTHER_NAME)
    return layout.add(without_platform(layout.manifest(FOREIGN, ("third",))), "docker.io/library/third:3.0")


@shape("several-images-of-different-platforms")
def _() -> Layout:
    layout = nested(HOST)
    return layout.add(layout.index([layout.manifest(FOREIGN, ("base", "other"))]), OTHER_NAME)


@shape("one-index-two-names")
def _() -> Layout:
    layout = nested(HOST, FOREIGN)
    bare = {key: layout.roots[0][key] for key in ("mediaType", "digest", "size")}
    return layout.add(bare, OTHER_NAME)


@shape("one-manifest-two-names")
def _() -> Layout:
    layout = Layout()
    manifest = without_platform(layout.manifest(HOST))
    return layout.add(manifest).add(manifest, OTHER_NAME)


@shape("index-in-index")
def _() -> Layout:
    layout = Layout()
    inner = layout.index([layout.manifest(HOST), layout.manifest(FOREIGN, ("base", "foreign"))])
    return layout.add(layout.index([inner]))


@shape("index-in-index-of-a-platform")
def _() -> Layout:
    layout = Layout()
    inner = layout.index([layout.manifest(FOREIGN, ("base", "foreign"))])
    inner["platform"] = {"os": "linux", "architecture": "arm64"}
    return layout.add(layout.index([layout.manifest(HOST), inner]))


@shape("attestation-absent")
def _() -> Layout:
    layout = nested(HOST, FOREIGN, attested=True)
    for child in layout.read(layout.roots[0])["manifests"]:
        if "annotations" in child:
            document = layout.read(child)
            layout.drop(child, *document["layers"])
    return layout


@shape("layer-missing")
def _() -> Layout:
    layout = nested(HOST, FOREIGN)
    manifest = layout.read(layout.roots[0])["manifests"][0]
    return layout.drop(layout.read(manifest)["layers"][-1])


@shape("layer-missing-foreign")
def _() -> Layout:
    layout = nested(HOST, FOREIGN)
    manifest = layout.read(layout.roots[0])["manifests"][1]
    return layout.drop(layout.read(manifest)["layers"][-1])


@shape("config-missing")
def _() -> Layout:
    layout = nested(HOST, FOREIGN)
    return layout.drop(layout.read(layout.read(layout.roots[0])["manifests"][0])["config"])


@shape("config-missing-foreign")
def _() -> Layout:
    layout = nested(HOST, FOREIGN)
    return layout.drop(layout.read(layout.read(layout.roots[0])["manifests"][1])["config"])


@shape("flat-config-missing")
def _() -> Layout:
    layout = Layout()
    manifest = without_platform(layout.manifest(HOST))
    return layout.add(manifest).drop(layout.read(manifest)["config"])


@shape("flat-layer-missing")
def _() -> Layout:
    layout = Layout()
    manifest = without_platform(layout.manifest(HOST))
    return layout.add(manifest).drop(layout.read(manifest)["layers"][0])


@shape("root-index-missing")
def _() -> Layout:
    layout = nested(HOST, FOREIGN)
    return layout.drop(layout.roots[0])


def _flipped(data: bytes) -> bytes:
    """Return data with one bit changed, in its middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@shape("layer-corrupt")
def _() -> Layout:
    layout = nested(HOST, FOREIGN)
    layer = layout.read(layout.read(layout.roots[0])["manifests"][0])["layers"][-1]["digest"]
    layout.blobs[layer] = _flipped(layout.blobs[layer])
    return layout


@shape("config-corrupt")
def _() -> Layout:
    layout = nested(HOST, FOREIGN)
    config = layout.read(layout.read(layout.roots[0])["manifests"][0])["config"]["digest"]
    layout.blobs[config] = layout.blobs[config].replace(b"true", b"tree")
    return layout


@shape("manifest-corrupt")
def _() -> Layout:
    layout = nested(HOST, FOREIGN)
    manifest = layout.read(layout.roots[0])["manifests"][1]["digest"]
    layout.blobs[manifest] = layout.blobs[manifest].replace(b"schemaVersion", b"schemaVersioN")
    return layout


@shape("artifact-beside")
def _() -> Layout:
    layout = nested(HOST)
    return layout.add(layout.artifact("sbom"), "docker.io/library/lab-sbom:1.0")


@shape("artifact-alone")
def _() -> Layout:
    layout = Layout()
    return layout.add(layout.artifact("sbom"), "docker.io/library/lab-sbom:1.0")


@shape("referrer-beside")
def _() -> Layout:
    layout = nested(HOST, FOREIGN)
    subject = layout.read(layout.roots[0])["manifests"][0]
    return layout.add(layout.artifact("sbom", subject, artifactType=SBOM), None)


@shape("unnamed-beside-named")
def _() -> Layout:
    layout = nested(HOST)
    return layout.add(layout.index([layout.manifest(HOST, ("base", "nameless"))]), None)


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
