"""Which layers are compressed anew, and what becomes of the documents above them, by example."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from ocitool.api import Followers, IndexForm, Layers
from ocitool.errors import IntegrityError, UsageError
from tests.builders import (
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    Json,
    Layout,
    as_json,
    layer_tar,
    multi_platform,
    sha256,
)
from tests.laws.test_recompression_laws import assert_recompressed, recompress
from tests.laws.walker import Walked

if TYPE_CHECKING:
    from ocitool.api import FilterResult

OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


def image_of(*layers: tuple[bytes, str, Json], diff_ids: list[str] | None = None) -> Layout:
    """Make an image of one platform whose layers have the bytes, media types and further fields given."""
    layout = Layout()
    tars = [layer_tar("file", str(number).encode()) for number in range(len(layers))]
    config = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": diff_ids if diff_ids is not None else [*map(sha256, tars)]},
    }
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": layout.blob(as_json(config), OCI_CONFIG),
        "layers": [layout.blob(data, media_type, **fields) for data, media_type, fields in layers],
        "x-unknown": {"z": 1, "a": 2},
    }
    return layout.add(layout.blob(as_json(document), OCI_MANIFEST))


def plain(number: int = 0) -> bytes:
    return layer_tar("file", str(number).encode())


def notes(result: FilterResult) -> str:
    return "\n".join(note.message for note in result.plan.notes)


def manifest_of(output: bytes) -> dict[str, Any]:
    import json

    walked = Walked(output)
    manifest: dict[str, Any] = json.loads(walked.blobs[walked.index["manifests"][0]["digest"]])
    return manifest


def test_only_what_has_another_form() -> None:
    layout = image_of(
        (plain(0), OCI_LAYER, {}),
        (gzip.compress(plain(1)), f"{OCI_LAYER}+gzip", {}),
        (zstandard.compress(plain(2)), f"{OCI_LAYER}+zstd", {}),
    )
    output, result = recompress(layout.pack(), Layers.GZIP)
    assert_recompressed(output, Layers.GZIP)
    before, after = layout.read(layout.roots[0]), manifest_of(output)
    assert after["layers"][1] == before["layers"][1]
    assert after["config"] == before["config"]
    assert list(after) == list(before)
    assert after["x-unknown"] == {"z": 1, "a": 2}
    assert "2 layer(s) compressed anew" in notes(result)
    changed = {layer["digest"] for layer in (before["layers"][0], before["layers"][2])}
    assert {str(old) for old in result.digest_map} == {layout.roots[0]["digest"], *changed}
    assert {str(new) for new in result.digest_map.values()} <= {*Walked(output).blobs}


def test_nothing_to_do_is_the_same_archive() -> None:
    data = multi_platform().pack()
    assert recompress(data, Layers.GZIP)[0] == recompress(data, Layers.KEEP)[0]


def test_what_spoke_of_the_old_bytes_goes() -> None:
    fields = {
        "annotations": {
            "containerd.io/snapshot/stargz/toc.digest": sha256(b"toc"),
            "io.github.containers.zstd-chunked.manifest-position": "1:2:3:4",
            "org.example": "stays",
        },
        "urls": ["https://example.com/layer"],
        "x-field": 1,
    }
    output, _ = recompress(image_of((zstandard.compress(plain()), f"{OCI_LAYER}+zstd", fields)).pack(), Layers.GZIP)
    (layer,) = manifest_of(output)["layers"]
    assert layer["annotations"] == {"org.example": "stays"}
    assert layer["x-field"] == 1
    assert "urls" not in layer


@pytest.mark.parametrize(
    "media_type",
    ["application/vnd.example.other", "application/vnd.oci.image.layer.nondistributable.v1.tar"],
)
def test_other_layers_stay(media_type: str) -> None:
    layout = image_of((plain(), media_type, {}))
    output, result = recompress(layout.pack(), Layers.GZIP)
    assert Walked(output).blobs.keys() >= layout.blobs.keys()
    assert ("1 layer(s) stay as they are and are not gzip" in notes(result)) == ("nondistributable" in media_type)


@pytest.mark.parametrize(
    ("data", "diff_ids", "message"),
    [
        (zstandard.compress(plain())[:-3], None, "layer 1 of 1 .* cannot be unpacked: zstd data is cut short"),
        (
            gzip.compress(plain(), mtime=0),
            None,
            "its media type promises zstd, its bytes are gzip; build the image again",
        ),
        (plain(), None, "its media type promises zstd, its bytes are not compressed"),
        (zstandard.compress(b"other"), None, "unpacks to sha256:.*, but its config says sha256:"),
        (zstandard.compress(plain()) + b"tail", None, "cannot be unpacked"),
        (zstandard.compress(plain()), [], "names 0 diff_ids for 1 layers"),
        (zstandard.compress(plain()), ["sha256:short"], "hex characters"),
    ],
    ids=["cut", "gzip", "plain", "other", "tail", "no diff_ids", "bad diff_id"],
)
def test_layers_are_held_to_their_diff_ids(data: bytes, diff_ids: list[str] | None, message: str) -> None:
    layout = image_of((data, f"{OCI_LAYER}+zstd", {}), diff_ids=diff_ids)
    with pytest.raises(IntegrityError, match=message):
        recompress(layout.pack(), Layers.GZIP)


def test_a_damaged_layer_is_told_as_such() -> None:
    layout = image_of((zstandard.compress(plain() * 100), f"{OCI_LAYER}+zstd", {}))
    digest = max(layout.blobs, key=lambda digest: b"\x28\xb5\x2f\xfd" in layout.blobs[digest])
    data = bytearray(layout.blobs[digest])
    data[len(data) // 2] ^= 1
    layout.blobs[digest] = bytes(data)
    with pytest.raises(IntegrityError, match=r"layer 1 of 1 .* is corrupt: its bytes hash to"):
        recompress(layout.pack(), Layers.GZIP)


def test_one_layer_under_two_diff_ids() -> None:
    layout = Layout()
    for platform, diff_id in (("linux/amd64", None), ("linux/arm64", sha256(b"wrong"))):
        config = {"rootfs": {"type": "layers", "diff_ids": [diff_id]}} if diff_id else {}
        layout.add(layout.manifest(platform, ("base",), config=config), name=f"registry.example/{platform}:1")
    with pytest.raises(IntegrityError, match="two diff_ids"):
        recompress(layout.pack(), Layers.ZSTD)


def test_docker_types_become_oci_for_zstd_alone() -> None:
    layout = Layout()
    children = [layout.manifest(text, docker=True) for text in ("linux/amd64", "linux/arm64")]
    layout.add(layout.index(children, docker=True))
    output, _ = recompress(layout.pack(), Layers.ZSTD, "all")
    root = manifest_of(output)
    assert root["mediaType"] == OCI_INDEX
    assert {child["mediaType"] for child in root["manifests"]} == {OCI_MANIFEST}
    assert Walked(output).index["manifests"][0]["mediaType"] == OCI_INDEX
    assert b"vnd.docker" not in b"".join(Walked(output).blobs.values())
    plain_docker = Layout()
    document = plain_docker.read(child := plain_docker.manifest(docker=True))
    for layer in document["layers"]:
        data = gzip.decompress(plain_docker.blobs.pop(layer["digest"]))
        layer.update(plain_docker.blob(data, "application/vnd.docker.image.rootfs.diff.tar"))
    plain_docker.drop(child).add(plain_docker.blob(as_json(document), DOCKER_MANIFEST))
    gzipped = manifest_of(recompress(plain_docker.pack(), Layers.GZIP)[0])
    assert gzipped["mediaType"] == DOCKER_MANIFEST
    assert {layer["mediaType"] for layer in gzipped["layers"]} == {
        "application/vnd.docker.image.rootfs.diff.tar.gzip"
    }


def test_attestations_speak_of_the_old_bytes() -> None:
    data = multi_platform(attested=True).pack()
    output, result = recompress(data, Layers.ZSTD, "all")
    assert "unknown" not in str(manifest_of(output))
    assert notes(result).count("it speaks of a digest that --layers changes") == 3
    assert len([dropped for dropped in result.plan.dropped if dropped.reason == "its subject gets a new digest"]) == 3
    for form in (IndexForm.AUTO, IndexForm.NESTED):
        with pytest.raises(UsageError, match="--layers changes"):
            recompress(data, Layers.ZSTD, "all", attestations=Followers.FOLLOW, index=form)
    _, flat = recompress(data, Layers.ZSTD, "linux/arm64")
    assert "--index nested keeps them" not in notes(flat)
    assert recompress(data, Layers.GZIP, "all")[0] == recompress(data, Layers.KEEP, "all")[0]


def test_referrers_speak_of_the_old_bytes() -> None:
    layout = Layout()
    children = [layout.manifest(text) for text in ("linux/amd64", "linux/arm64")]
    index = layout.index(children)
    layout.add(index)
    sbom = layout.artifact("sbom", children[0])
    layout.add(sbom, name=None).add(layout.artifact("signature of the sbom", sbom), name=None)
    layout.add(layout.artifact("signature", index), name=None)
    output, result = recompress(layout.pack(), Layers.ZSTD, "all")
    assert len(Walked(output).index["manifests"]) == 1
    assert len(result.plan.dropped) == 3


def test_a_kept_index_cannot_change() -> None:
    with pytest.raises(UsageError, match="--index keep cannot hold"):
        recompress(multi_platform().pack(), Layers.ZSTD, "all", index=IndexForm.KEEP)


def test_names_with_the_old_digest_get_the_new_one() -> None:
    layout = Layout()
    child = layout.manifest()
    layout.add(child, name=f"registry.example/lab@{child['digest']}")
    output, result = recompress(layout.pack(), Layers.ZSTD)
    root = Walked(output).index["manifests"][0]
    assert root["annotations"]["io.containerd.image.name"] == f"registry.example/lab@{root['digest']}"
    (image,) = result.plan.images
    assert (str(image.original), str(image.digest)) == (child["digest"], root["digest"])
