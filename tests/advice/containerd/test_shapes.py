"""Shapes besides those of the matrix, as containerd 1.6.20, 1.7.24 and 2.1.9 were seen to take them."""

from __future__ import annotations

import lzma
import tarfile
from typing import TYPE_CHECKING, Any, Final

import pytest

from ocitool.advice.facts import ArchiveFacts
from ocitool.advice.importers import find_importer
from ocitool.advice.outcome import Ending
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.archive.reader import scan_archive
from ocitool.errors import MissingIndex
from ocitool.graph.build import build_graph, unlisted_graph
from ocitool.model.digest import Digest
from ocitool.model.platform import Platform
from tests.advice.shapes import docker_archive, facts_of
from tests.builders import OCI_MANIFEST, Json, Layout, as_json, platform
from tests.sources import BytesSource

if TYPE_CHECKING:
    from ocitool.advice.outcome import Outcome

HOST: Final = Platform("linux", "amd64")
LIVE: Final = ("1.6.20", "1.7.24", "2.1.9")


def run(data: bytes | ArchiveFacts, version: str, arguments: str = "", daemon: str = "") -> Outcome:
    facts = data if isinstance(data, ArchiveFacts) else facts_of(data)
    target = Target("ctr", Version.parse(version), HOST, Version.parse(daemon) if daemon else None)
    return find_importer("ctr").predict(facts, target, arguments.split())


def ends(outcome: Outcome) -> str:
    """Tell an outcome in a word: the failure, or how much is ready."""
    return outcome.failure or outcome.ending.value


def image(layout: Layout, text: str = "linux/amd64") -> Json:
    """Add an image of which nothing is shared with another platform's."""
    return layout.manifest(text, (f"base of {text}", f"own of {text}"))


def indexed(*texts: str) -> tuple[Layout, list[Json]]:
    layout = Layout()
    children = [image(layout, text) for text in texts]
    layout.add(layout.index(children))
    return layout, children


def corrupt(layout: Layout, descriptor: Json) -> ArchiveFacts:
    """Change the last byte but two of a blob, and tell so, as who hashes an archive does."""
    data = bytearray(layout.blobs[descriptor["digest"]])
    data[-3] ^= 1
    layout.blobs[descriptor["digest"]] = bytes(data)
    return ArchiveFacts(facts_of(layout.pack()).graph, corrupt=frozenset({Digest.parse(descriptor["digest"])}))


def check(data: bytes | ArchiveFacts, *wanted: str, arguments: str = "") -> None:
    """Hold predictions for 1.6.20, 1.7.24 and 2.1.9 to what was seen."""
    assert [ends(run(data, version, arguments)) for version in LIVE] == list(wanted)


def test_a_config_that_is_not_there_stops_the_unpacking() -> None:
    layout, (child,) = indexed("linux/amd64")
    config = layout.read(child)["config"]
    data = layout.drop(config).pack()
    check(data, *["content-not-found"] * 3)
    check(data, *["stored"] * 3, arguments="--no-unpack")
    message = f"content digest {config['digest']}: not found"
    assert run(data, "1.7.24").message == f"ctr: failed to resolve rootfs: {message}"
    assert run(data, "2.1.9").message == f"ctr: {message}"
    assert run(data, "1.7.24").names == ("docker.io/library/lab:1.0",)
    assert run(data, "2.1.9").names == ()
    assert run(data, "2.1.9", "--no-unpack").images[0].lost == ("linux/amd64",)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_layer_that_is_corrupt_is_one_that_is_not_there(*, is_there: bool) -> None:
    layout, children = indexed("linux/amd64", "linux/arm64")
    layer = layout.read(children[0])["layers"][1]
    facts = corrupt(layout, layer) if is_there else facts_of(layout.drop(layer).pack())
    check(facts, *["extract-failed"] * 3)
    check(facts, *["stored"] * 3, arguments="--no-unpack")
    assert layer["digest"] in run(facts, "2.1.9", "--local").message
    assert run(facts, "2.1.9", "--local").message.startswith("ctr: apply layer error for ")
    assert run(facts, "1.1.0").failure == ("blob-corrupt" if is_there else "extract-failed")


def test_what_another_platform_lacks_does_not_matter_until_it_is_unpacked() -> None:
    layout, children = indexed("linux/amd64", "linux/arm64")
    data = layout.drop(layout.read(children[1])["layers"][0]).pack()
    check(data, "ok", "ok", "ok")
    # From 2.1 on the daemon unpacks every platform that it walks.
    check(data, "ok", "ok", "extract-failed", arguments="--all-platforms")
    check(data, *["extract-failed"] * 3, arguments="--platform linux/arm64")
    assert run(data, "2.0.2", "--all-platforms").images[0].lost == ("linux/arm64",)


def test_a_corrupt_manifest_is_one_that_is_not_there() -> None:
    layout, children = indexed("linux/amd64", "linux/arm64")
    facts = corrupt(layout, children[1])
    check(facts, "ok", "ok", "ok")
    check(facts, *["content-not-found"] * 3, arguments="--all-platforms")
    assert "corrupt" in run(facts, "2.1.9", "--all-platforms").reasons[0]


def test_the_first_image_that_cannot_be_unpacked_stops_the_client_but_not_the_daemon() -> None:
    for order in (("linux/amd64", "linux/arm64"), ("linux/arm64", "linux/amd64")):
        layout = Layout()
        for text in order:
            layout.add(layout.index([image(layout, text)]), f"docker.io/library/{text.rpartition('/')[2]}:1")
        check(layout.pack(), "no-match", "no-match", "stored")
        images = {image.name: image.ready for image in run(layout.pack(), "1.7.24").images}
        assert len(images) == 2
        assert images["docker.io/library/amd64:1"] == (("linux/amd64",) if order[0] == "linux/amd64" else ())


def test_an_index_in_an_index_is_followed() -> None:
    layout = Layout()
    inner = layout.index([image(layout)])
    layout.add(layout.index([inner, image(layout, "linux/s390x")]))
    check(layout.pack(), "ok", "ok", "ok")
    layout = Layout()
    layout.add(layout.index([layout.index([image(layout)]), image(layout, "linux/s390x")])).drop(inner)
    assert run(layout.pack(), "2.1.9").failure == "content-not-found"


def test_an_attestation_has_to_be_there_where_all_platforms_are_asked_for() -> None:
    layout = Layout()
    child = image(layout)
    attestation = layout.attestation(child)
    data = layout.add(layout.index([child, attestation])).drop(attestation).pack()
    check(data, "ok", "ok", "ok")
    check(data, *["content-not-found"] * 3, arguments="--all-platforms")
    assert "attestation" in run(data, "1.7.24", "--all-platforms").reasons[0]


def test_an_image_of_which_no_entry_has_a_platform_means_its_first() -> None:
    layout = Layout()
    children = [image(layout, text) for text in ("linux/arm64", "linux/amd64")]
    for child in children:
        del child["platform"]
    data = layout.add(layout.index(children)).pack()
    check(data, "no-match", "no-match", "ok")
    assert run(data, "2.1.9").images[0].ready == ("linux/arm64",)
    check(data, "ok", "ok", "ok", arguments="--platform linux/arm64")


def test_an_artifact_with_a_name_is_unpacked_to_nothing() -> None:
    layout, _ = indexed("linux/amd64")
    layout.add(layout.artifact("a bill of materials"), "docker.io/library/sbom:1")
    check(layout.pack(), "layers-mismatch", "stored", "stored")
    layout, _ = indexed("linux/amd64")
    layout.add(layout.artifact("a bill of materials"), None)
    check(layout.pack(), "ok", "ok", "ok")


def test_a_docker_archive_is_filtered_by_its_configs() -> None:
    check(docker_archive("linux/amd64"), "ok", "ok", "ok")
    check(docker_archive("linux/arm64"), "filtered-out", "filtered-out", "filtered-out")
    check(docker_archive("linux/arm64"), "ok", "ok", "ok", arguments="--all-platforms")


def test_manifest_json_counts_where_there_is_no_oci_layout() -> None:
    layout, (child,) = indexed("linux/amd64")
    check(layout.pack(without=("oci-layout",)), *["unrecognized-format"] * 3)
    assert run(layout.pack(without=("oci-layout",)), "1.1.0").ending is Ending.OK
    document = layout.read(child)
    names = [f"blobs/{one['digest'].replace(':', '/')}" for one in (document["config"], *document["layers"])]
    item = {"Config": names[0], "RepoTags": ["other:2"], "Layers": names[1:]}
    layout.files["manifest.json"] = as_json([item])
    check(layout.pack(without=("oci-layout",)), "ok", "ok", "ok")
    assert run(layout.pack(without=("oci-layout",)), "2.1.9").names == ("docker.io/library/other:2",)


def test_a_layout_is_read_as_it_says() -> None:
    layout, _ = indexed("linux/amd64")
    layout.files["oci-layout"] = b'{"imageLayoutVersion":"1.1.0"}'
    check(layout.pack(), *["layout-version"] * 3)
    assert run(layout.pack(), "2.1.9").message == "ctr: unsupported OCI version 1.1.0"
    layout.files["oci-layout"] = b"{"
    check(layout.pack(), *["bad-layout"] * 3)
    source = BytesSource(indexed("linux/amd64")[0].pack(without=("index.json",)))
    with pytest.raises(MissingIndex) as caught:
        build_graph(scan_archive(source), source)
    check(ArchiveFacts(unlisted_graph(scan_archive(source), source, caught.value)), *["no-index"] * 3)
    check(Layout().pack(), *["filtered-out"] * 3)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("linux/386", ("ok", "ok", "stored")),
        ("linux/amd64/v2", ("no-match", "no-match", "stored")),
        ("linux/amd64/v1", ("ok", "ok", "ok")),
        ("windows/amd64", ("no-match", "no-match", "stored")),
    ],
)
def test_what_is_near_the_host_is_taken_or_not(text: str, wanted: tuple[str, ...]) -> None:
    check(indexed(text)[0].pack(), *wanted)


def test_documents_are_held_to_their_kind() -> None:
    layout = Layout()
    index = layout.index([image(layout)])
    data = layout.add(index | {"mediaType": OCI_MANIFEST}).pack()
    check(data, *["media-type"] * 3)
    for version in ("1.4.11", "1.5.7"):
        assert run(data, version).failure != "media-type"
    for version in ("1.4.12", "1.5.8"):
        assert run(data, version).failure == "media-type"


def test_layers_are_counted() -> None:
    layout = Layout()
    fields: Json = {"rootfs": {"type": "layers", "diff_ids": ["sha256:" + "a" * 64]}}
    data = layout.add(layout.index([layout.manifest("linux/amd64", config=fields)])).pack()
    check(data, "layers-mismatch", "layers-mismatch", "layer-count")
    assert run(data, "2.1.9").message == "ctr: number of layers and diffIDs don't match: 2 != 1"


def test_the_config_says_what_the_daemon_unpacks() -> None:
    layout = Layout()
    child = image(layout, "linux/arm64") | {"platform": platform("linux/amd64")}
    data = layout.add(layout.index([child])).pack()
    check(data, "ok", "ok", "ok")
    assert ends(run(data, "2.0.2")) == "stored"


def test_content_is_found_by_sha256_alone() -> None:
    layout, (child,) = indexed("linux/amd64")
    raw = layout.blobs[child["digest"]]
    named: dict[str, Any] = child | {"digest": str(Digest.of(raw, "sha512"))}
    layout.drop(child).roots.clear()
    layout.blobs[named["digest"]] = raw
    data = layout.add(layout.index([named])).pack(tar_format=tarfile.PAX_FORMAT)
    check(data, *["content-not-found"] * 3)
    assert "sha256 alone" in run(data, "2.1.9").reasons[0]
    assert run(data, "1.1.0").ending is Ending.OK


def test_no_version_undoes_xz() -> None:
    plain = facts_of(lzma.decompress(lzma.compress(indexed("linux/amd64")[0].pack())))
    check(ArchiveFacts(plain.graph, "xz"), *["invalid-tar-header"] * 3)


def test_the_daemon_unpacks_into_its_own_snapshotter_alone() -> None:
    data = indexed("linux/amd64")[0].pack()
    check(data, "ok", "ok", "no-unpack-platforms", arguments="--snapshotter native")
    check(data, "ok", "ok", "ok", arguments="--snapshotter overlayfs")


def test_what_one_archive_filters_out_races_with_the_collector_in_1_6() -> None:
    layout = Layout()
    for text in ("linux/amd64", "linux/arm64"):
        layout.add(image(layout, text), f"docker.io/library/{text.rpartition('/')[2]}:1")
    assert [run(layout.pack(), version).is_stable for version in LIVE] == [False, True, True]
    for version in LIVE:
        kept, lost = run(layout.pack(), version).images
        assert (kept.ready, lost.ready, lost.lost) == (("linux/amd64",), (), ("linux/arm64",))


def test_a_daemon_of_another_version_unpacks_as_it_does() -> None:
    data = indexed("linux/arm64")[0].pack()
    assert run(data, "2.1.9", "--platform linux/arm64", daemon="2.0.2").failure == "no-unpack-platforms"
    assert ends(run(data, "2.0.2", "--platform linux/arm64", daemon="2.1.9")) == "ok"
    assert ends(run(data, "2.0.0", "--all-platforms", daemon="2.1.9")) == "ok"


def test_windows_is_unpacked_by_a_daemon_that_takes_everything() -> None:
    data = indexed("windows/amd64")[0].pack()
    assert ends(run(data, "2.1.9", "--platform windows/amd64")) == "ok"
    assert run(data, "2.3.4", "--platform windows/amd64").failure == "no-unpack-platforms"
    assert ends(run(data, "2.3.4", "--platform windows/amd64 --no-unpack")) == "stored"


def test_1_7_has_the_transfer_service_of_2_0_for_who_asks_for_it() -> None:
    data = indexed("linux/amd64", "linux/arm64")[0].pack()
    assert ends(run(data, "1.7.24", "--local=false")) == "ok"
    assert ends(run(data, "1.7.24", "--local=false --no-unpack")) == "stored"
    for arguments in ("--local=false --all-platforms", "--local=false --platform linux/arm64"):
        outcome = run(data, "1.7.24", arguments)
        assert outcome.failure == "no-unpack-platforms"
        assert outcome.message.startswith("ctr: rpc error: code = InvalidArgument desc = ")
    assert run(docker_archive("linux/arm64"), "1.7.24", "--local=false --no-unpack").failure == "filtered-out"
