"""Rewritten documents by example."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from ocitool.plan.options import Followers, IndexForm
from tests.builders import DOCKER_LIST, OCI_INDEX, Json, Layout, multi_platform, sha256
from tests.laws.filtering import filtered
from tests.laws.walker import Walked


def output_of(layout: Layout, *platforms: str, **fields: object) -> Walked:
    return Walked(filtered(layout.pack(), platforms, **fields))


def root_of(output: Walked) -> Json:
    (root,) = output.index["manifests"]
    return dict(root)


def test_flat_points_at_the_manifest_without_platform() -> None:
    layout = multi_platform()
    child = layout.read(layout.roots[0])["manifests"][1]
    root = root_of(output_of(layout, "linux/arm64"))
    assert root == {key: child[key] for key in ("mediaType", "digest", "size")} | {
        "annotations": layout.roots[0]["annotations"]
    }


def test_nested_is_the_old_index_less_what_was_dropped() -> None:
    layout = multi_platform()
    old = layout.read(layout.roots[0])
    output = output_of(layout, "linux/arm64", "linux/amd64")
    root = root_of(output)
    new = json.loads(output.blobs[root["digest"]])
    assert new == old | {"manifests": old["manifests"][:2]}
    assert list(new) == list(old)
    assert root["digest"] == sha256(output.blobs[root["digest"]])


@pytest.mark.parametrize("form", [IndexForm.AUTO, IndexForm.NESTED, IndexForm.KEEP])
def test_nothing_dropped_nothing_rewritten(form: IndexForm) -> None:
    layout = multi_platform(attested=True)
    assert root_of(output_of(layout, "all", index=form)) == layout.roots[0]


def test_index_in_index_is_rewritten_from_the_inside() -> None:
    layout = Layout()
    inner = layout.index([layout.manifest("linux/amd64"), layout.manifest("linux/arm64")])
    other = layout.index([layout.manifest("linux/386")])
    data = b64encode(layout.blobs[inner["digest"]]).decode()
    layout.add(layout.index([inner | {"x-kept": 1, "data": data}, other, layout.manifest("linux/s390x")]))
    output = output_of(layout, "linux/arm64", "linux/s390x")
    outer = json.loads(output.blobs[root_of(output)["digest"]])["manifests"]
    assert len(outer) == 2
    assert outer[0]["x-kept"] == 1
    assert "data" not in outer[0]
    assert [
        child["platform"]["architecture"] for child in json.loads(output.blobs[outer[0]["digest"]])["manifests"]
    ] == ["arm64"]


@pytest.mark.parametrize(("docker", "media_type"), [(True, DOCKER_LIST), (False, OCI_INDEX)])
def test_flat_roots_become_one_index_of_their_family(docker: bool, media_type: str) -> None:
    layout = Layout()
    for platform in ("linux/amd64", "linux/arm64"):
        child = layout.manifest(platform, docker=docker)
        del child["platform"]
        layout.add(child)
    output = output_of(layout, "all")
    root = root_of(output)
    assert root["mediaType"] == media_type
    made = json.loads(output.blobs[root["digest"]])
    assert [child["platform"]["architecture"] for child in made["manifests"]] == ["amd64", "arm64"]
    assert all("annotations" not in child for child in made["manifests"])


def test_an_explicit_follow_keeps_attestations_in_a_nested_index() -> None:
    layout = multi_platform(attested=True)
    output = output_of(layout, "linux/amd64", attestations=Followers.FOLLOW)
    children = json.loads(output.blobs[root_of(output)["digest"]])["manifests"]
    assert [child["platform"]["architecture"] for child in children] == ["amd64", "unknown"]


def test_several_tags_stay_several_roots_of_one_digest() -> None:
    layout = multi_platform()
    layout.add({key: layout.roots[0][key] for key in ("mediaType", "digest", "size")}, "docker.io/library/lab:latest")
    output = output_of(layout, "linux/amd64,linux/arm64")
    roots = output.index["manifests"]
    assert len(roots) == 2
    assert roots[0]["digest"] == roots[1]["digest"]


def test_index_json_gets_a_media_type_and_keeps_the_rest() -> None:
    layout = multi_platform()
    layout.index_fields = {"annotations": {"org.example": "kept"}, "x-last": [1]}
    layout.files["index.json"] = json.dumps(
        {"schemaVersion": 2, "x-first": 0, "manifests": layout.roots, **layout.index_fields}
    ).encode()
    index = output_of(layout, "linux/amd64").index
    assert list(index) == ["schemaVersion", "mediaType", "x-first", "manifests", "annotations", "x-last"]


def test_annotations_of_a_flat_root_are_merged_without_losing_the_name() -> None:
    layout = Layout()
    child = layout.manifest() | {"annotations": {"org.example.child": "1", "org.opencontainers.image.ref.name": "x"}}
    layout.add(layout.index([child, layout.manifest("linux/386")]), **{"org.example.root": "2"})
    annotations = root_of(output_of(layout, "linux/amd64"))["annotations"]
    assert annotations["org.example.child"] == "1"
    assert annotations["org.example.root"] == "2"
    assert annotations["org.opencontainers.image.ref.name"] == "1.0"


def test_unknown_fields_of_a_root_survive_the_flat_form() -> None:
    layout = multi_platform()
    layout.roots[0]["x-root"] = {"b": 1, "a": 2}
    assert root_of(output_of(layout, "linux/amd64", index=IndexForm.NESTED))["x-root"] == {"b": 1, "a": 2}
    assert root_of(output_of(layout, "linux/amd64"))["x-root"] == {"b": 1, "a": 2}


def test_a_kept_root_of_which_nothing_is_left_is_not_written() -> None:
    """An importer lets the last root of a name win, which would be one without content."""
    layout = Layout()
    for platform in ("linux/amd64", "linux/arm64"):
        layout.add(layout.index([layout.manifest(platform)]))
    output = output_of(layout, "linux/amd64", index=IndexForm.KEEP)
    assert [root["digest"] for root in output.index["manifests"]] == [layout.roots[0]["digest"]]


def test_what_cosign_called_an_index_is_an_image_once_it_is_flat() -> None:
    layout = multi_platform(name=None)
    layout.roots[0]["annotations"] = {"kind": "dev.cosignproject.cosign/imageIndex"}
    assert root_of(output_of(layout, "linux/amd64"))["annotations"]["kind"] == "dev.cosignproject.cosign/image"
    assert (
        root_of(output_of(layout, "linux/amd64", index=IndexForm.NESTED))["annotations"]["kind"]
        == "dev.cosignproject.cosign/imageIndex"
    )


def test_an_index_made_of_roots_is_not_annotated_as_an_attestation() -> None:
    layout = Layout()
    images = [layout.manifest(platform) for platform in ("linux/amd64", "linux/arm64")]
    layout.add(layout.attestation(images[0]))
    for image in images:
        layout.add(image)
    root = root_of(output_of(layout, "all"))
    assert root["mediaType"] == OCI_INDEX
    assert not [key for key in root["annotations"] if key.startswith("vnd.docker")]
