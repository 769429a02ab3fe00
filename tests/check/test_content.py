from __future__ import annotations

import pytest

from ocitool.check.rule import Profile, Severity
from ocitool.graph.closure import Part, first_uses
from tests.builders import NAME, Layout, as_json, multi_platform, sha256
from tests.check.mutations_importing import (
    AMD64,
    ARM64,
    OTHER,
    blob_name,
    external_layer,
    first_layer,
    flipped,
    nested,
    sound,
    with_files,
    without_index,
)
from tests.check.verified import findings, fired
from tests.command import ocitool
from tests.docker_archives import CLASSIC, DockerArchive
from tests.laws.filtering import graph_of


def test_every_platform_that_is_absent_is_said() -> None:
    layout = nested("linux/amd64", ARM64, "linux/arm/v7")
    layout.drop(*layout.read(layout.roots[0])["manifests"][1:])
    found = [each for each in findings(layout.pack()) if each.rule == "L12"]
    assert [(each.place.image, each.place.platform) for each in found] == [(NAME, ARM64), (NAME, "linux/arm/v7")]


def test_a_layer_of_many_platforms_is_missing_once() -> None:
    layout = multi_platform()
    child = layout.read(layout.roots[0])["manifests"][0]
    shared = layout.read(child)["layers"][0]
    assert [found.rule for found in findings(layout.drop(shared).pack()) if found.rule == "L12"] == ["L12"]


@pytest.mark.parametrize(("rule", "change"), [("L12", None), ("D14", b"x"), ("D15", b"")])
def test_damage_is_said_of_every_image_that_has_it(rule: str, change: bytes | None) -> None:
    layout = Layout()
    one, other = layout.manifest(AMD64), layout.manifest(ARM64)
    layout.add(layout.index([one, other])).add(layout.index([one]), OTHER)
    digest = layout.read(one)["layers"][0]["digest"]
    data = layout.blobs.pop(digest)
    if change is not None:
        layout.blobs[digest] = flipped(data) + change
    found = [each for each in findings(layout.pack()) if each.rule == rule]
    assert [(each.place.image, each.place.platform) for each in found] == [(NAME, AMD64), (OTHER, AMD64)]


def test_damage_is_said_under_each_name_of_an_index() -> None:
    layout = nested(AMD64, ARM64)
    shared = layout.read(layout.read(layout.roots[0])["manifests"][0])["layers"][0]
    index = {key: layout.roots[0][key] for key in ("mediaType", "digest", "size")}
    layout.add(index, OTHER).drop(shared)
    found = [each.place for each in findings(layout.pack()) if each.rule == "L12"]
    assert [(place.image, place.platform) for place in found] == [(NAME, AMD64), (OTHER, AMD64)]


def test_sizes_that_differ_by_name_are_all_held_to_the_blob() -> None:
    layout = nested(AMD64, ARM64)
    root = layout.roots[0]
    layout.add({"mediaType": root["mediaType"], "digest": root["digest"], "size": root["size"] + 1}, OTHER)
    assert [(each.rule, each.place.image) for each in findings(layout.pack(), Profile.IMPORT)][:1] == [("D14", OTHER)]


def test_an_index_of_many_names_is_walked_once() -> None:
    """A hundred names of an index of 4,900 images took 24 seconds."""
    layout = nested(AMD64, ARM64)
    index = {key: layout.roots[0][key] for key in ("mediaType", "digest", "size")}
    for number in range(5):
        layout.add(index, f"docker.io/library/lab:{number}")
    uses = list(first_uses(graph_of(layout.pack())))
    assert sum(use.part is Part.INDEX for use in uses) == 6
    assert sum(use.part is Part.LAYER for use in uses) == 4


@pytest.mark.parametrize(
    ("field", "path"), [("Config", "$[1].Config"), ("Layers", "$[1].Layers[1]")], ids=["config", "layer"]
)
def test_what_a_docker_archive_lacks_is_named_by_its_path(field: str, path: str) -> None:
    archive = DockerArchive(CLASSIC).image(NAME).image(OTHER, layers=("base", "other"))
    listed = archive.items[1][field]
    name = listed if isinstance(listed, str) else listed[1]
    del archive.files[name]
    (found,) = (each for each in findings(archive.pack()) if each.severity is Severity.ERROR and each.rule != "L16")
    assert (found.rule, found.place.entry, found.place.path) == ("L12", "manifest.json", path)
    assert (found.place.image, repr(name) in found.message) == (OTHER, True)


def test_content_of_the_right_size_and_the_wrong_bytes() -> None:
    layout = sound()
    digest = first_layer(layout)
    layout.blobs[digest] = bytes(len(layout.blobs[digest]))
    (found,) = findings(layout.pack())
    assert (found.rule, found.place.entry) == ("D15", blob_name(digest))
    assert "its bytes hash to sha256:" in found.message


def test_content_of_the_wrong_size_is_not_said_to_be_corrupt_as_well() -> None:
    layout = sound()
    digest = first_layer(layout)
    layout.blobs[digest] += b"more"
    assert fired(layout.pack()) == {"D14"}


def test_nothing_is_said_to_be_unlisted_below_what_cannot_be_read() -> None:
    layout = sound()
    root = layout.roots[0]["digest"]
    layout.blobs[root] = layout.blobs[root][:-1] + b" "
    assert "D15" in fired(layout.pack())
    assert "L11" not in fired(layout.pack())
    layout.files["index.json"] = b"["
    assert "L11" not in fired(layout.pack())


def test_what_only_an_absent_manifest_lists_is_listed_by_nothing_here() -> None:
    layout = nested("linux/amd64", ARM64)
    layout.drop(layout.read(layout.roots[0])["manifests"][1])
    assert fired(layout.pack()) == {"L11", "L12"}


def test_a_blob_under_another_algorithm_has_a_digest_for_a_name() -> None:
    assert "L10" not in fired(with_files(sound(), {f"blobs/blake3/{'0' * 64}": b"x"}))
    assert "L10" in fired(with_files(sound(), {"blobs/notes": b"x"}))
    assert "L10" in fired(with_files(sound(), {f"blobs/sha256/{'0' * 64}/more": b"x"}))


@pytest.mark.parametrize(
    "name",
    ["sha256/" + "A" * 64, "sha256/" + "a" * 63, "sha512/" + "a" * 64, "blake3/" + "a" * 63, "blake3/" + "A" * 64],
)
def test_a_blob_is_named_in_the_form_of_its_algorithm(name: str) -> None:
    assert fired(with_files(sound(), {f"blobs/{name}": b"x"})) == {"L10"}


@pytest.mark.parametrize("name", ["blake3/" + "a" * 64, "sha384/" + "a" * 96, "multihash+base58/Qm"])
def test_a_blob_that_cannot_be_hashed_is_said_to_be_unlisted(name: str) -> None:
    (found,) = findings(with_files(sound(), {f"blobs/{name}": b"x"}))
    assert (found.rule, found.place.entry) == ("L11", f"blobs/{name}")
    assert f"{name.partition('/')[0]} cannot be verified" in found.message


def test_many_blobs_without_a_list_are_all_said() -> None:
    layout = sound()
    layout.blobs |= {sha256(as_json(number)): as_json(number) for number in range(500)}
    assert sum(found.rule == "L11" for found in findings(layout.pack())) == 500


def test_an_external_layer_is_no_missing_one() -> None:
    found = findings(external_layer(there=False), Profile.IMPORT)
    assert [each.severity for each in found if each.rule in {"I12", "L12"}] == [Severity.WARNING]


def test_a_layout_without_its_index_is_a_finding_and_no_source_to_write_from(tmp_path: object) -> None:
    (found,) = findings(without_index())
    assert (found.rule, found.where) == ("L6", "index.json")
    written = ocitool("filter", "-", "-p", "all", "-o", f"{tmp_path}/out.tar", stdin=without_index())
    assert written.returncode == 3
    verified = ocitool("verify", "-", stdin=without_index())
    assert (verified.returncode, verified.stderr) == (1, b"")
