from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.archive.reader import scan_archive
from ocitool.graph.build import build_graph
from ocitool.model.digest import Digest
from ocitool.model.media_type import TAR_LAYERS, layer_compression
from ocitool.plan.unpacking import UnpackedLayer, layer_uses, plan_unpacking
from tests.builders import OCI_LAYER, Layout, multi_platform, sha256
from tests.check.layers.images import ImageOf, Packed, gzipped, plain
from tests.sources import BytesSource

if TYPE_CHECKING:
    from ocitool.graph.image import ImageGraph


def graph_of(layout: Layout) -> ImageGraph:
    source = BytesSource(layout.pack())
    return build_graph(scan_archive(source), source)


def with_image(*layers: Packed) -> Layout:
    layout = Layout()
    return layout.add(layout.index([ImageOf(layers).add_to(layout)]))


def test_a_layer_of_many_images_is_one_job() -> None:
    graph = graph_of(multi_platform(("linux/amd64", "linux/arm64"), attested=True))
    assert len(list(layer_uses(graph))) == 4
    jobs = plan_unpacking(graph)
    assert len(jobs) == len({job.copy.digest for job in jobs}) == 3
    for job in jobs:
        entry = graph.blobs[job.copy.digest]
        assert (job.copy.offset, job.copy.size) == (entry.data_offset, entry.size)
        assert job.algorithms == {"sha256"}


def test_all_algorithms_that_are_claimed() -> None:
    layout = Layout()
    images = [ImageOf((gzipped(b"", diff_id),)) for diff_id in (sha256(b""), "sha512:" + 128 * "0", "md5:0")]
    layout.add(layout.index([image.add_to(layout) for image in images]))
    (job,) = plan_unpacking(graph_of(layout))
    assert job.algorithms == {"sha256", "sha512"}


@pytest.mark.parametrize(
    "media_type",
    ["application/vnd.oci.image.layer.v1.tar+encrypted", "application/vnd.example.tar+gzip", "text/plain"],
)
def test_types_that_nobody_knows_are_left_alone(media_type: str) -> None:
    assert plan_unpacking(graph_of(with_image(Packed(b"x", media_type, sha256(b""))))) == ()


def test_what_is_absent_or_of_another_size_is_left_alone() -> None:
    layout = with_image(gzipped(b"1"), gzipped(b"2"), gzipped(b"3"))
    one, two, three = (sha256(gzipped(text).data) for text in (b"1", b"2", b"3"))
    del layout.blobs[one]
    layout.blobs[two] += b"x"
    assert [str(job.copy.digest) for job in plan_unpacking(graph_of(layout))] == [three]


def test_diff_ids_of_another_number_say_nothing_of_any_layer() -> None:
    layout = Layout()
    image = layout.manifest(layers=("a", "b"), config={"rootfs": {"type": "layers", "diff_ids": [sha256(b"")]}})
    graph = graph_of(layout.add(layout.index([image])))
    assert [use.diff_id for use in layer_uses(graph)] == [None, None]
    assert [job.algorithms for job in plan_unpacking(graph)] == [{"sha256"}, {"sha256"}]


def test_a_use_says_whose_it_is() -> None:
    (use,) = layer_uses(graph_of(with_image(plain(b""))))
    assert use.role == "layer 1 of 1 of linux/amd64 of docker.io/library/lab:1.0"
    assert use.diff_id == Digest.of(b"")


def test_all_types_of_layers_have_a_known_compression() -> None:
    assert {layer_compression(media_type) for media_type in TAR_LAYERS} == {"none", "gzip", "zstd"}
    assert OCI_LAYER in TAR_LAYERS
    assert len(TAR_LAYERS) == 3 + 3 + 3 + 2


@pytest.mark.parametrize(
    ("layer", "whole"),
    [
        (UnpackedLayer("gzip", 1, (Digest.of(b""),)), True),
        (UnpackedLayer("gzip", 1, (Digest.of(b""),), damage="cut"), False),
        (UnpackedLayer("gzip", 1, (Digest.of(b""),), excess="grows"), False),
        (UnpackedLayer("lz4", 0), False),
    ],
    ids=["whole", "damaged", "grown", "unknown"],
)
def test_whole(layer: UnpackedLayer, *, whole: bool) -> None:
    assert layer.is_whole == whole
