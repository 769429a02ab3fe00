"""What lies under another name is found by its bytes, and only where something of its size is missing."""

from __future__ import annotations

import tarfile

import pytest

from ocitool.archive.reader import scan_archive
from ocitool.graph.build import build_graph
from ocitool.graph.by_content import graph_by_content
from ocitool.graph.image import ImageGraph, State
from tests.builders import linked, multi_platform
from tests.sources import BytesSource


def read(data: bytes) -> tuple[ImageGraph, ImageGraph | None]:
    source = BytesSource(data)
    scan = scan_archive(source)
    graph = build_graph(scan, source)
    return graph, graph_by_content(scan, source, graph)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_layer_that_is_a_link_lies_elsewhere(kind: bytes) -> None:
    graph, found = read(linked(multi_platform(), kind))
    assert {node.state for node in graph.images[0].manifests()} == {State.PARTIAL}
    assert found is not None
    assert {node.state for node in found.images[0].manifests()} == {State.COMPLETE}
    assert not found.faults


def test_an_index_and_what_it_lists_lie_elsewhere() -> None:
    layout = multi_platform(("linux/amd64",))
    child = layout.read(layout.roots[0])["manifests"][0]
    for name, one in (("a", layout.roots[0]), ("b", child)):
        layout.files[name] = layout.blobs[one["digest"]]
    _, found = read(layout.drop(layout.roots[0], child).pack())
    assert found is not None
    assert [node.state for node in found.images[0].manifests()] == [State.COMPLETE]


def test_what_is_whole_or_has_other_bytes_is_as_it_was() -> None:
    layout = multi_platform(("linux/amd64",))
    assert read(layout.pack())[1] is None
    layer = layout.read(layout.read(layout.roots[0])["manifests"][0])["layers"][0]
    layout.files["real"] = bytes(layer["size"])
    assert read(layout.drop(layer).pack())[1] is None
