"""The image graph: states, platforms, kinds and bounds, by example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.archive.reader import scan_archive
from ocitool.errors import DocumentError, NotAnArchive, TruncatedArchive, UnsafeEntry
from ocitool.graph import tree
from ocitool.graph.build import build_graph
from ocitool.graph.image import ImageGraph, Kind, ManifestNode, State
from ocitool.model.limits import INDEX_DEPTH_LIMIT
from tests.builders import DOCKER_LIST, OCI_INDEX, OCI_MANIFEST, Json, Layout, as_json, multi_platform
from tests.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Callable


def graph_of(layout: Layout) -> ImageGraph:
    source = BytesSource(layout.pack())
    return build_graph(scan_archive(source), source)


def nodes_of(layout: Layout) -> list[ManifestNode]:
    return [node for image in graph_of(layout).images for node in image.manifests()]


def children_of(layout: Layout) -> list[Json]:
    manifests: list[Json] = layout.read(layout.roots[0])["manifests"]
    return manifests


def test_states() -> None:
    layout = multi_platform(("linux/amd64", "linux/arm64", "linux/386", "linux/s390x"))
    _, second, third, fourth = children_of(layout)
    layout.drop(layout.read(second)["layers"][1])
    layout.drop(layout.read(third)["config"])
    layout.drop(fourth)
    assert [node.state for node in nodes_of(layout)] == [
        State.COMPLETE,
        State.PARTIAL,
        State.PARTIAL,
        State.ABSENT,
    ]
    assert [len(node.missing) for node in nodes_of(layout)] == [0, 1, 1, 0]


@pytest.mark.parametrize("part", ["manifest", "config", "layer size"])
def test_damage_is_corrupt_and_never_absent(part: str) -> None:
    layout = multi_platform(("linux/amd64", "linux/arm64"))
    child = children_of(layout)[1]
    victim = {
        "manifest": child,
        "config": layout.read(child)["config"],
        "layer size": layout.read(child)["layers"][1],
    }[part]
    layout.blobs[victim["digest"]] += b" "
    assert [node.state for node in nodes_of(layout)] == [State.COMPLETE, State.CORRUPT]


FOREIGN = {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar"}
URLS = {"urls": ["https://example.com/l"]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (FOREIGN | URLS, (State.COMPLETE, 1, 0)),
        (FOREIGN, (State.PARTIAL, 0, 1)),
        (URLS, (State.PARTIAL, 0, 1)),
    ],
)
def test_only_foreign_layers_with_urls_may_be_absent(fields: Json, expected: tuple[State, int, int]) -> None:
    layout = Layout()
    foreign = layout.layer("foreign")[0]
    layout.drop(foreign)
    layout.add(layout.manifest(layers=("own",)))
    document = layout.read(layout.roots[0])
    document["layers"].insert(0, foreign | fields)
    layout.roots.clear()
    layout.add(layout.blob(as_json(document), OCI_MANIFEST))
    (node,) = nodes_of(layout)
    assert (node.state, len(node.external), len(node.missing)) == expected


@pytest.mark.parametrize(
    ("listed", "configured", "effective"),
    [
        ("linux/amd64", "linux/amd64", "linux/amd64"),
        ("linux/amd64", "linux/arm64", "linux/arm64"),
        ("linux/arm/v6", "linux/arm", "linux/arm/v6"),
        ("linux/arm/v6", "linux/arm/v7", "linux/arm/v7"),
        ("linux/arm64/v8", "linux/arm64", "linux/arm64"),
        (None, "linux/s390x", "linux/s390x"),
    ],
)
def test_platform_is_what_runs(listed: str | None, configured: str, effective: str) -> None:
    layout = Layout()
    child = layout.manifest(configured)
    if listed is None:
        del child["platform"]
    else:
        child["platform"] = dict(zip(("os", "architecture", "variant"), listed.split("/"), strict=False))
    layout.add(child)
    (node,) = nodes_of(layout)
    assert node.platform is not None
    assert node.platform.display == effective
    assert node.platforms_disagree == (listed is not None and node.platform != node.listed)


def test_kinds_and_subjects() -> None:
    layout = Layout()
    image = layout.manifest()
    layout.add(layout.index([image, layout.attestation(image), layout.artifact("sbom", image)]))
    layout.add(layout.blob(b"anything", "application/vnd.example.thing"), name=None)
    nodes = nodes_of(layout)
    assert [node.kind for node in nodes] == [Kind.IMAGE, Kind.ATTESTATION, Kind.ARTIFACT, Kind.OPAQUE]
    assert [str(node.subject) for node in nodes[1:3]] == [image["digest"]] * 2


def test_roots_are_grouped_by_name() -> None:
    layout = Layout()
    one, other = layout.manifest("linux/amd64"), layout.manifest("linux/arm64")
    layout.add(one).add(other).add(one).add(one, None).add(other, None)
    images = graph_of(layout).images
    assert [(image.name, len(image.roots)) for image in images] == [
        ("docker.io/library/lab:1.0", 2),
        (None, 1),
        (None, 1),
    ]


def _both(layout: Layout) -> Json:
    child = layout.manifest()
    both = layout.read(child) | {"manifests": [child]}
    return layout.blob(as_json(both), OCI_MANIFEST)


def _lying(layout: Layout) -> Json:
    return layout.manifest() | {"mediaType": "application/vnd.docker.distribution.manifest.v2+json"}


def _index_as_manifest(layout: Layout) -> Json:
    return layout.index([layout.manifest()]) | {"mediaType": OCI_MANIFEST}


def _hidden(layout: Layout) -> Json:
    return layout.manifest() | {"mediaType": "application/vnd.example.leaf"}


def _twice(layout: Layout) -> Json:
    raw = b'{"schemaVersion":2,"manifests":[],"manifests":[]}'
    return layout.blob(raw, OCI_INDEX)


def _no_version(layout: Layout) -> Json:
    return layout.blob(as_json({"manifests": []}), OCI_INDEX)


def _not_json(layout: Layout) -> Json:
    return layout.blob(b"no json", OCI_MANIFEST)


@pytest.mark.parametrize("make", [_both, _lying, _index_as_manifest, _hidden, _twice, _no_version, _not_json])
def test_documents_that_can_be_read_two_ways_are_faults(make: Callable[[Layout], Json]) -> None:
    layout = Layout()
    layout.add(make(layout))
    faults = graph_of(layout).faults
    assert faults
    assert all(isinstance(fault.to_error(), DocumentError) for fault in faults)


@pytest.mark.parametrize(
    "files",
    [
        {"index.json": b"{}"},
        {"index.json": b'{"schemaVersion":2}'},
        {"index.json": b'{"schemaVersion":2,"manifests":{}}'},
        {"index.json": b'{"schemaVersion":1,"manifests":[]}'},
        {"index.json": b'{"schemaVersion":2,"manifests":[],"mediaType":"' + DOCKER_LIST.encode() + b'"}'},
        {"index.json": b'{"schemaVersion":2,"manifests":[{}]}'},
        {"index.json": b'\xef\xbb\xbf{"schemaVersion":2,"manifests":[]}'},
    ],
)
def test_index_that_cannot_be_read(files: dict[str, bytes]) -> None:
    layout = multi_platform()
    layout.files.update(files)
    with pytest.raises(DocumentError, match=r"index\.json"):
        raise graph_of(layout).faults[0].to_error()


@pytest.mark.parametrize("text", [b"{}", b"[]", b'{"imageLayoutVersion":"2.0.0"}', b""])
def test_layout_file_is_held_to_its_version(text: bytes) -> None:
    layout = multi_platform()
    layout.files["oci-layout"] = text
    assert [fault.rule in {"L3", "L4"} for fault in graph_of(layout).faults] == [True]


def _deep(levels: int) -> Layout:
    layout = Layout()
    node = layout.manifest()
    for _ in range(levels):
        node = layout.index([node])
    return layout.add(node)


def test_depth_is_bounded() -> None:
    assert len(nodes_of(_deep(INDEX_DEPTH_LIMIT))) == 1
    with pytest.raises(DocumentError, match="deeper"):
        graph_of(_deep(INDEX_DEPTH_LIMIT + 1))


def test_width_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "NODE_LIMIT", 50)
    layout = Layout()
    layout.add(layout.index([layout.manifest()] * 60))
    with pytest.raises(DocumentError, match="more than 50"):
        graph_of(layout)


def test_an_index_that_is_listed_often_counts_each_time() -> None:
    """Five levels of twenty references to one index are three million manifests in two kilobytes each."""
    layout = Layout()
    node = layout.manifest()
    for _ in range(5):
        node = layout.index([node] * 20)
    layout.add(node)
    with pytest.raises(DocumentError, match="more than"):
        graph_of(layout)


def test_no_layout() -> None:
    layout = multi_platform()
    inner = layout.pack(prefix="image/")
    source = BytesSource(inner)
    with pytest.raises(NotAnArchive, match="image"):
        build_graph(scan_archive(source), source)


def test_end_blocks_are_needed_only_where_something_is_missing() -> None:
    layout = multi_platform()
    whole = layout.pack().rstrip(b"\0")
    source = BytesSource(whole + bytes(-len(whole) % 512))
    assert build_graph(scan_archive(source), source).images
    layout.drop(children_of(layout)[0])
    cut = layout.pack().rstrip(b"\0")
    source = BytesSource(cut + bytes(-len(cut) % 512))
    with pytest.raises(TruncatedArchive):
        build_graph(scan_archive(source), source)


def test_two_entries_of_one_name_are_a_fault_only_if_they_differ() -> None:
    layout = multi_platform()
    body = layout.pack()
    body = body[: len(body.rstrip(b"\0")) + -len(body.rstrip(b"\0")) % 512]
    for change, count in ((b"1.0", 0), (b"1.1", 1)):
        again = multi_platform()
        again.roots[0]["annotations"]["org.opencontainers.image.ref.name"] = change.decode()
        source = BytesSource(body + again.pack())
        faults = build_graph(scan_archive(source), source).faults
        assert [isinstance(fault.to_error(), UnsafeEntry) for fault in faults] == [True] * count


def test_roots_of_one_name_are_one_image_however_it_is_spelled() -> None:
    """An importer records one name for both, and lets the last one win."""
    layout, tag, full = Layout(), "org.opencontainers.image.ref.name", "docker.io/library/lab:1.0"
    for text, name, reference in (
        ("linux/amd64", full, "amd64"),
        ("linux/arm64", full, full),
        ("linux/s390x", None, full),
        ("linux/386", "lab:1.0", "1.0"),
    ):
        layout.add(layout.manifest(text), name)
        layout.roots[-1].setdefault("annotations", {})[tag] = reference
    (image,) = graph_of(layout).images
    assert len(image.roots) == 4


def test_entries_that_can_be_read_are_kept_beside_one_that_cannot() -> None:
    layout = multi_platform()
    layout.roots.insert(0, {"mediaType": OCI_MANIFEST, "digest": "sha256:short", "size": 1})
    graph = graph_of(layout)
    assert [fault.rule for fault in graph.faults] == ["X6"]
    assert [image.name for image in graph.images] == ["docker.io/library/lab:1.0"]
    assert all(node.state is State.COMPLETE for image in graph.images for node in image.manifests())
