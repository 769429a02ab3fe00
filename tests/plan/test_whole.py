"""What a delta makes is what `filter` writes, or nothing: whoever made the delta signed its list himself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.errors import DocumentError, IntegrityError, OcitoolError
from ocitool.plan.options import DockerManifest, IndexForm
from tests.builders import as_json, multi_platform, sha256
from tests.deltas import NEW, OLD, resigned
from tests.laws.filtering import applied, delta_of, filtered

if TYPE_CHECKING:
    from collections.abc import Callable


def refused(data: bytes, error: type[OcitoolError], *words: str) -> None:
    with pytest.raises(error) as caught:
        applied(OLD.pack(), data)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def put(name: str, raw: bytes) -> Callable[[dict[str, bytes], dict[str, Any]], object]:
    return lambda files, _value: files.update({name: raw})


def docker_manifest(**changes: Any) -> bytes:
    def change(files: dict[str, bytes], _value: dict[str, Any]) -> None:
        items = json.loads(files["manifest.json"])
        items[0] |= changes
        files["manifest.json"] = as_json(items)

    return resigned(change)


def test_what_is_signed_again_without_a_change_is_taken() -> None:
    assert applied(OLD.pack(), resigned(lambda _files, _value: None)) == filtered(NEW.pack(), ["all"])


@pytest.mark.parametrize(
    ("raw", "word"),
    [(b"junk", "JSON"), (b'{"imageLayoutVersion":"2.0.0"}', "2.0.0"), (b"{}", "imageLayoutVersion")],
    ids=["junk", "version", "nothing"],
)
def test_an_oci_layout_that_no_importer_takes(raw: bytes, word: str) -> None:
    refused(resigned(put("oci-layout", raw)), DocumentError, "oci-layout", word, "make the delta again")


def test_an_index_that_can_be_read_in_two_ways() -> None:
    def change(files: dict[str, bytes], _value: dict[str, Any]) -> None:
        index = json.loads(files["index.json"])
        files["index.json"] = as_json({**index, "Manifests": index["manifests"]})

    refused(resigned(change), DocumentError, "index.json", "Manifests")


@pytest.mark.parametrize("has_docker_manifest", [True, False])
def test_an_index_without_images(has_docker_manifest: bool) -> None:
    def change(files: dict[str, bytes], value: dict[str, Any]) -> None:
        files["index.json"] = b'{"schemaVersion":2,"manifests":[]}'
        if not has_docker_manifest:
            value["files"] = value["files"][:2]

    refused(resigned(change), DocumentError)


@pytest.mark.parametrize(
    "changes",
    [
        {"Config": "../../etc/passwd", "Layers": ["/etc/shadow"]},
        {"Layers": []},
        {"Config": "blobs/sha256/" + "0" * 64},
        {"Layers": ["../x"]},
        {"Config": 7},
        {"RepoTags": ["docker.io/library/other:1"]},
    ],
    ids=["outside", "no layers", "config", "layer", "type", "tag"],
)
def test_a_manifest_json_of_other_files(changes: dict[str, Any]) -> None:
    refused(docker_manifest(**changes), DocumentError, "manifest.json")


def test_a_layer_that_is_left_out() -> None:
    def change(_files: dict[str, bytes], value: dict[str, Any]) -> None:
        value["blobs"].remove(next(blob for blob in value["blobs"] if blob.get("base")))

    refused(resigned(change), IntegrityError, "partial: 1 of 3 blobs missing")


def test_all_manifests_that_are_left_out() -> None:
    index = NEW.read(NEW.roots[0])

    def change(_files: dict[str, bytes], value: dict[str, Any]) -> None:
        gone = {manifest["digest"] for manifest in index["manifests"]}
        value["blobs"] = [blob for blob in value["blobs"] if blob["digest"] not in gone]

    refused(resigned(change), IntegrityError, "would be there")


@pytest.mark.parametrize("in_base", [True, False])
def test_a_blob_that_is_of_no_image(in_base: bool) -> None:
    raw = OLD.blobs[OLD.roots[0]["digest"]] if in_base else b"a stowaway"
    digest = sha256(raw)

    def change(files: dict[str, bytes], value: dict[str, Any]) -> None:
        if not in_base:
            files[f"blobs/sha256/{digest.removeprefix('sha256:')}"] = raw
        value["blobs"].append({"digest": digest, "size": len(raw), "base": in_base})

    refused(resigned(change), IntegrityError, "delta.json", digest, "is of no image")


def test_a_size_that_a_descriptor_denies() -> None:
    def change(files: dict[str, bytes], _value: dict[str, Any]) -> None:
        index = json.loads(files["index.json"])
        index["manifests"][0]["size"] += 1
        files["index.json"] = as_json(index)

    refused(resigned(change), IntegrityError, "a blob of the delta is corrupt", "its descriptor says")


@pytest.mark.parametrize("form", [IndexForm.AUTO, IndexForm.KEEP, IndexForm.FLAT])
@pytest.mark.parametrize("docker", list(DockerManifest))
@pytest.mark.parametrize("platform", ["linux/arm64", "linux/arm64,linux/arm/v7"])
def test_what_filter_writes_is_whole(form: IndexForm, docker: DockerManifest, platform: str) -> None:
    if form is IndexForm.FLAT:
        platform = "linux/arm64"
    new = multi_platform(own="rebuilt {}".format, attested=True).pack()
    options: dict[str, Any] = {"index": form, "docker_manifest": docker}
    assert applied(OLD.pack(), delta_of(OLD.pack(), new, [platform], **options)) == filtered(
        new, [platform], **options
    )
