"""What is watched of many layers, and how much of it is kept."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from ocitool.archive.reader import scan_archive
from ocitool.check.layers import watch as module
from ocitool.check.layers.watch import LayerWatch
from ocitool.graph.build import build_graph
from ocitool.model.digest import Digest
from tests.builders import Layout, sha256
from tests.check.layers.images import (
    EM_AARCH64,
    ImageOf,
    deep_report,
    elf,
    gzipped,
    layer_rules,
    member,
    symbolic,
    tar_of,
)
from tests.sources import BytesSource

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PROGRAM: Final = tar_of(member("a", elf(EM_AARCH64), mode=0o755))
IMAGE: Final = ImageOf((gzipped(PROGRAM), gzipped(tar_of(symbolic("b", "a")))), {"Cmd": ["b", "-x"]})


def watch_of(data: bytes) -> LayerWatch:
    source = BytesSource(data)
    return LayerWatch(build_graph(scan_archive(source), source), source)


def test_layers_are_seen_when_they_are_finished() -> None:
    watch = watch_of(IMAGE.pack())
    digests = [Digest.of(b"%d" % number) for number in range(8)]

    def run(digest: Digest) -> None:
        layer = watch.watch(digest)
        layer.feed(memoryview(PROGRAM))
        assert digest not in watch.seen
        layer.finish()

    threads = [threading.Thread(target=run, args=(digest,)) for digest in digests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert watch.seen.keys() == set(digests)
    assert all(tar.entries == 1 and tar.record.whole for tar in watch.seen.values())


def test_what_images_start_is_known_before() -> None:
    (start,) = watch_of(IMAGE.pack()).starts.values()
    assert start.word == "b"
    assert watch_of(ImageOf((gzipped(PROGRAM),)).pack()).starts == {}


def test_records_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_of(IMAGE.pack())
    monkeypatch.setattr(module, "RECORDS_LIMIT", 150)
    bounded = watch_of(IMAGE.pack())
    for each in (watch, bounded):
        for number in range(3):
            layer = each.watch(Digest.of(b"%d" % number))
            layer.feed(memoryview(PROGRAM))
            layer.finish()
    assert [tar.record.whole for tar in watch.seen.values()] == [True] * 3
    assert [tar.record.whole for tar in bounded.seen.values()] == [True, False, False]
    assert not bounded.seen[Digest.of(b"1")].record.things


def test_without_records_nothing_is_said_of_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = ImageOf((gzipped(PROGRAM),), {"Cmd": ["/a"]}).pack()
    assert layer_rules(deep_report(image, tmp_path)) == {"Y10"}
    monkeypatch.setattr(module, "RECORDS_LIMIT", 10)
    assert layer_rules(deep_report(image, tmp_path)) == set()


def test_a_config_that_is_not_its_own_says_nothing_of_programs(tmp_path: Path) -> None:
    layout = Layout()
    descriptor = ImageOf((gzipped(PROGRAM),), {"Cmd": ["/b"]}).add_to(layout)
    config = layout.read(descriptor)["config"]["digest"]
    layout.blobs[config] = layout.blobs[config].replace(b"/b", b"/a")
    assert sha256(layout.blobs[config]) != config
    assert layer_rules(deep_report(layout.add(descriptor).pack(), tmp_path)) == {"D15"}
