"""Descriptors that say something odd, as containerd 1.6.20, 1.7.24 and 2.1.9 were seen to take them."""

from __future__ import annotations

import tarfile

import pytest

from ocitool.advice.facts import ArchiveFacts
from ocitool.api.advising import read_facts
from ocitool.archive.reader import scan_archive
from ocitool.errors import DocumentError
from ocitool.graph.build import build_graph, unlisted_graph
from tests.advice.containerd.test_shapes import LIVE, check, indexed, run
from tests.builders import OCI_CONFIG, OCI_MANIFEST, Layout, as_json, linked, platform
from tests.sources import BytesSource


@pytest.mark.parametrize("of_root", [True, False])
def test_a_size_is_not_compared(*, of_root: bool) -> None:
    layout, (child,) = indexed("linux/amd64")
    if of_root:
        layout.roots[0]["size"] += 7
    else:
        layout.roots.clear()
        layout.add(layout.index([child | {"size": child["size"] - 7}]))
    check(layout.pack(), "ok", "ok", "ok")
    check(layout.pack(), "no-match", "no-match", "stored", arguments="--platform linux/arm64")
    assert run(layout.pack(), "2.1.9", "--local").images[0].ready == ("linux/amd64",)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_layer_that_is_a_link_is_stored_by_the_bytes_of_the_file_it_leads_to(kind: bytes) -> None:
    source = BytesSource(linked(indexed("linux/amd64")[0], kind))
    facts = read_facts(scan_archive(source), source)
    check(facts, "ok", "ok", "ok")
    assert run(facts, "2.1.9", "--local").images[0].kept == ("linux/amd64",)
    assert run(facts, "1.1.0").failure == "extract-failed"


def test_a_root_of_size_0_is_refused_and_those_before_it_are_recorded() -> None:
    layout, _ = indexed("linux/amd64")
    layout.add(layout.index([layout.manifest("linux/amd64", ("other",))]) | {"size": 0}, "docker.io/library/other:1")
    check(layout.pack(), *["target-refused"] * 3)
    for arguments in ("", "--local", "--no-unpack"):
        outcome = run(layout.pack(), "2.1.9", arguments)
        assert outcome.message == "ctr: Target.Size must be greater than zero: invalid argument"
        assert outcome.names == ("docker.io/library/lab:1.0",)


def test_features_are_compared_by_the_platforms_of_some_versions() -> None:
    layout = Layout()
    child = layout.manifest()
    child["platform"] |= {"os.features": ["x"]}
    data = layout.add(layout.index([child])).pack()
    check(data, "ok", "ok", "stored")
    assert run(data, "2.1.9", "--local").failure == "no-match"
    assert run(data, "2.1.9", "--all-platforms").images[0].ready == ()
    assert run(data, "2.2.5").images[0].ready == ("linux/amd64",)
    assert run(data, "2.3.4").images[0].ready == ()


@pytest.mark.parametrize("index", [b'{"schemaVersion":2,"manifests":null}', b'{"schemaVersion":2}', b"null"])
def test_an_index_without_manifests_lists_nothing(index: bytes) -> None:
    layout, _ = indexed("linux/amd64")
    layout.files["index.json"] = index
    source = BytesSource(layout.pack())
    with pytest.raises(DocumentError) as caught:
        build_graph(scan_archive(source), source)
    facts = ArchiveFacts(unlisted_graph(scan_archive(source), source, caught.value))
    check(facts, *["filtered-out"] * len(LIVE))


def reconfigured(media_type: str, *, is_flat: bool, without: str = "") -> bytes:
    """Write an image that has another config, its platform listed only in an index."""
    layout = Layout()
    child = layout.manifest()
    document = layout.read(child)
    config = {key: value for key, value in layout.read(document["config"]).items() if key != without}
    document["config"] = layout.blob(as_json(config), media_type)
    made = layout.blob(as_json(document), OCI_MANIFEST)
    return layout.add(made if is_flat else layout.index([made | {"platform": child["platform"]}])).pack()


@pytest.mark.parametrize("is_flat", [True, False])
def test_a_client_reads_a_config_of_any_type(*, is_flat: bool) -> None:
    data = reconfigured("application/vnd.example.config.v1+json", is_flat=is_flat)
    check(data, "ok", "ok", "stored")
    assert run(data, "2.1.9", "--local").images[0].ready == ("linux/amd64",)


def test_an_operating_system_that_a_config_leaves_out_is_the_host_s() -> None:
    data = reconfigured(OCI_CONFIG, is_flat=True, without="os")
    check(data, "ok", "ok", "ok")
    check(data, "ok", "ok", "ok", arguments="--platform linux/arm64")
    assert run(data, "2.0.2").images[0].ready == ("linux/amd64",)


def test_a_child_without_a_media_type_leads_nowhere() -> None:
    layout = Layout()
    child = layout.manifest()
    del child["mediaType"]
    data = layout.add(layout.index([child, layout.manifest("linux/arm64", ("foreign",))])).pack()
    check(data, "unexpected-type", "unexpected-type", "stored")
    check(data, "ok", "ok", "ok", arguments="--platform linux/arm64")
    outcome = run(data, "2.1.9", "--local")
    assert outcome.message == f"ctr: unexpected media type  for {child['digest']}: not found"
    assert outcome.names == ("docker.io/library/lab:1.0",)


def test_a_root_without_a_media_type_is_refused() -> None:
    layout, _ = indexed("linux/amd64")
    del layout.roots[0]["mediaType"]
    check(layout.pack(), *["target-refused"] * 3)
    assert run(layout.pack(), "2.1.9").message == "ctr: Target.MediaType must be set: invalid argument"
    others: tuple[object, ...] = (5, [])
    for other in others:
        layout.roots[0]["mediaType"] = other
        check(layout.pack(), *["bad-document"] * 3)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (b"[]", "json: cannot unmarshal array into Go value of type v1.Index"),
        (b'{"schema', "unexpected end of JSON input"),
        (b"\xef\xbb\xbf{}", "invalid character … looking for beginning of value"),
        (b"{nope", "…"),
    ],
)
def test_what_is_wrong_with_index_json_is_said_in_the_words_of_go(index: bytes, message: str) -> None:
    layout, _ = indexed("linux/amd64")
    layout.files["index.json"] = index
    source = BytesSource(layout.pack())
    facts = read_facts(scan_archive(source), source)
    assert run(facts, "2.1.9").message == f"ctr: {message}"


def test_what_is_wrong_with_other_documents_is_said_in_the_words_of_go() -> None:
    layout = Layout()
    broken = layout.blob(b"{nope", OCI_MANIFEST, platform=platform("linux/amd64"))
    data = layout.add(layout.index([broken])).pack()
    assert run(data, "2.1.9").message == f"ctr: children: invalid desc {broken['digest']}: …"
    assert run(data, "1.3.0").message == "ctr: …"
    layout, (child,) = indexed("linux/amd64")
    document = layout.read(child) | {"config": layout.blob(b"{nope", OCI_CONFIG)}
    layout.roots.clear()
    data = layout.add(layout.blob(as_json(document), OCI_MANIFEST)).pack()
    check(data, *["config-unreadable"] * 3)
    assert run(data, "2.1.9").message == "ctr: unmarshal image config: …"
    assert run(data, "2.1.9", "--local").message == "ctr: failed to resolve rootfs: …"
    layout, _ = indexed("linux/amd64")
    layout.files["oci-layout"] = b"{nope"
    assert run(layout.pack(), "2.1.9").message == 'ctr: untar oci layout "oci-layout": …'
