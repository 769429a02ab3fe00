"""Archives of several images, and archives that lack content or hold what is corrupt."""

from __future__ import annotations

import tarfile

from tests.builders import OCI_CONFIG, OCI_MANIFEST, Layout, as_json, linked

from .advice_parts import (
    FOREIGN,
    HOST,
    OTHER_NAME,
    SBOM,
    THREE,
    nested,
    shape,
    without_platform,
)


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


@shape("root-size-wrong")
def _() -> Layout:
    layout = nested(HOST)
    layout.roots[0]["size"] += 7
    return layout


@shape("root-size-zero")
def _() -> Layout:
    layout = nested(HOST)
    layout.add(layout.index([layout.manifest(HOST, ("other",))]) | {"size": 0}, OTHER_NAME)
    return layout


@shape("manifest-size-wrong")
def _() -> Layout:
    layout = Layout()
    manifest = layout.manifest(HOST)
    return layout.add(layout.index([manifest | {"size": manifest["size"] - 7}]))


@shape("layer-link")
def _() -> bytes:
    return linked(nested(HOST, FOREIGN), tarfile.SYMTYPE)


@shape("layer-hard-link")
def _() -> bytes:
    return linked(nested(HOST, FOREIGN), tarfile.LNKTYPE)


@shape("config-of-another-type")
def _() -> Layout:
    layout = Layout()
    manifest = layout.manifest(HOST)
    document = layout.read(manifest)
    document["config"]["mediaType"] = "application/vnd.example.config.v1+json"
    made = layout.blob(as_json(document), OCI_MANIFEST, platform=manifest["platform"])
    return layout.add(layout.index([made]))


@shape("config-without-os")
def _() -> Layout:
    layout = Layout()
    return layout.add(without_platform(layout.manifest("/amd64")))


@shape("child-without-type")
def _() -> Layout:
    layout = Layout()
    child = layout.manifest(HOST)
    del child["mediaType"]
    return layout.add(layout.index([child]))


@shape("root-without-type")
def _() -> Layout:
    layout = nested(HOST)
    del layout.roots[0]["mediaType"]
    return layout


@shape("config-no-json")
def _() -> Layout:
    layout = Layout()
    manifest = layout.manifest(HOST)
    document = layout.read(manifest) | {"config": layout.blob(b"{nope", OCI_CONFIG)}
    return layout.add(layout.index([layout.blob(as_json(document), OCI_MANIFEST, platform=manifest["platform"])]))


@shape("index-no-json")
def _() -> Layout:
    layout = nested(HOST)
    layout.files["index.json"] = b'{"schema'
    return layout
