"""What our own archives cost far away, counted at the server: their tables spare the hops, and are not believed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from ocitool.adapters.remote.cutting import part_size
from ocitool.api import Reflink, WriteOptions, filter_archive, merge_archives
from ocitool.archive.contents import find_contents
from ocitool.archive.reader import scan_archive
from ocitool.engine.workers import processor_count
from ocitool.errors import UnsafeEntry
from ocitool.graph.build import build_graph
from ocitool.plan.steps import Copy
from tests.adapters.remote.reading import archive_with_layers, noise, s3_server
from tests.builders import OCI_LAYERS_PLAIN, OCI_MANIFEST, Layout, as_json, platform
from tests.laws.filtering import filtered, options_of, plan_of
from tests.remote_servers import RangeServer
from tests.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ocitool.archive.entry import Entry
    from tests.remote_servers import S3Server

WANTED = ["linux/arm64"]
MEBIBYTE = 1024 * 1024
IMAGES = 40


@pytest.fixture(scope="module")
def store() -> Iterator[S3Server]:
    with s3_server() as server:
        server.make_bucket("tables")
        yield server


@pytest.fixture
def web() -> Iterator[RangeServer]:
    with RangeServer({}) as server:
        yield server


def bounds(data: bytes) -> tuple[int, int]:
    """Return the bytes of the blobs that a filter keeps, and the parts in which they may come."""
    source = BytesSource(data)
    names = {digest for digest, _ in kept_blobs(data)}
    sizes = [entry.size for entry in scan_archive(source).entries if entry.name.rpartition("/")[2] in names]
    largest = part_size(processor_count())
    return sum(sizes), sum(-(-size // largest) for size in sizes if size > 64 * 1024)


def kept_blobs(data: bytes) -> list[tuple[str, int]]:
    """Return digest and size of all blobs that a filter's output has of its source, as its own scan tells."""
    made = filtered(data, WANTED)
    there = {entry.name for entry in scan_archive(BytesSource(data)).entries}
    entries = scan_archive(BytesSource(made)).entries
    return [
        (entry.name.rpartition("/")[2], entry.size)
        for entry in entries
        if entry.name.startswith("blobs/sha256/") and entry.size and entry.name in there
    ]


@cache
def bundle(images: int) -> list[bytes]:
    """Return archives of an image each, of two platforms, as others write them.

    What is kept is large, since all documents of all images may be no more than one percent of it.
    """
    archives = []
    for number in range(images):
        layout = Layout()
        children = []
        for name, size in (("linux/amd64", 100_000), ("linux/arm64", 1_150_000)):
            layer = layout.blob(noise(size, f"{name} of {number}"), OCI_LAYERS_PLAIN)
            config = as_json(platform(name) | {"rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}})
            document = {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": layout.blob(config, "application/vnd.oci.image.config.v1+json"),
                "layers": [layer],
            }
            children.append(layout.blob(as_json(document), OCI_MANIFEST, platform=platform(name)))
        name = f"docker.io/library/image-{number}:1.0"
        archives.append(layout.add(layout.index(children), name).pack())
    return archives


def assert_cheap(server: RangeServer | S3Server, url: str, data: bytes, target: Path) -> None:
    """Filter an object; hold what was asked and sent to the bounds, and the result to that of the bytes."""
    server.traffic.clear()
    filter_archive(url, target, options_of(WANTED))
    requests, sent = server.traffic.requests, server.traffic.sent
    assert target.read_bytes() == filtered(data, WANTED)
    kept, parts = bounds(data)
    assert kept < sent <= kept * 1.01
    assert requests <= 4 + parts


@pytest.mark.parametrize("reflink", [Reflink.NEVER, Reflink.AUTO])
@pytest.mark.parametrize("layers", [1, 3])
def test_our_own_output_on_s3(store: S3Server, tmp_path: Path, layers: int, reflink: Reflink) -> None:
    source = tmp_path / "in.tar"
    source.write_bytes(archive_with_layers(21 * MEBIBYTE // layers, layers, ("linux/amd64", "linux/arm64"))[0])
    if reflink is Reflink.NEVER:
        filter_archive(source, "s3://tables/own.tar", options_of(["all"]))
    else:  # blocks are shared by files alone
        filter_archive(source, tmp_path / "own.tar", options_of(["all"], reflink=reflink))
        store.put("tables", "own.tar", (tmp_path / "own.tar").read_bytes())
    data = store.get("tables", "own.tar")
    assert data is not None
    assert data == filtered(source.read_bytes(), ["all"], reflink=reflink)
    assert_cheap(store, "s3://tables/own.tar", data, tmp_path / "out.tar")


@pytest.mark.parametrize("reflink", [Reflink.NEVER, Reflink.AUTO])
def test_our_own_output_over_http(web: RangeServer, tmp_path: Path, reflink: Reflink) -> None:
    data = filtered(archive_with_layers(4 * MEBIBYTE, 3)[0], ["all"], reflink=reflink)
    web.objects["own.tar"] = data
    assert_cheap(web, web.url("own.tar"), data, tmp_path / "out.tar")


def test_a_merged_bundle(store: S3Server, web: RangeServer, tmp_path: Path) -> None:
    sources = []
    for number, archive in enumerate(bundle(IMAGES)):
        sources.append(tmp_path / f"{number}.tar")
        sources[-1].write_bytes(archive)
    merge_archives(sources, "s3://tables/bundle.tar", options_of(["all"]))
    data = store.get("tables", "bundle.tar")
    assert data is not None
    assert len(build_graph(scan_archive(BytesSource(data)), BytesSource(data)).images) == IMAGES
    assert_cheap(store, "s3://tables/bundle.tar", data, tmp_path / "out.tar")
    web.objects["bundle.tar"] = data
    assert_cheap(web, web.url("bundle.tar"), data, tmp_path / "again.tar")


def test_from_s3_to_s3(store: S3Server) -> None:
    data = filtered(archive_with_layers(4 * MEBIBYTE, 2)[0], ["all"])
    store.put("tables", "from.tar", data)
    store.traffic.clear()
    filter_archive("s3://tables/from.tar", "s3://tables/to.tar", options_of(WANTED))
    kept, parts = bounds(data)
    answers = [request for request in store.traffic.log if request.method == "GET"]
    assert len(answers) <= 4 + parts
    assert sum(request.sent for request in answers) <= kept * 1.01
    assert store.get("tables", "to.tar") == filtered(data, WANTED)


def layer_of(data: bytes, wanted: str) -> Entry:
    """Return the entry of the first large blob that a filter keeps."""
    (digest, *_) = [
        step.content.digest.hex
        for step in plan_of(data, [wanted]).outputs[0].steps()
        if isinstance(step.content, Copy) and step.content.size > MEBIBYTE
    ]
    (entry,) = [each for each in scan_archive(BytesSource(data)).entries if each.name.endswith(digest)]
    return entry


def with_another_header(data: bytes) -> bytes:
    """Change the time in the header of a kept layer, and its checksum with it: nothing is wrong with the tar."""
    start = layer_of(data, *WANTED).header_offset
    header = bytearray(data[start : start + 512])
    header[136:148] = b"00000000001\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return data[:start] + bytes(header) + data[start + 512 :]


def with_names_exchanged(data: bytes) -> bytes:
    """Have the table say that the layers of two platforms, of one size, stand in each other's places."""
    found = find_contents(BytesSource(data))
    assert found is not None
    one, other = layer_of(data, *WANTED).name, layer_of(data, "linux/s390x").name
    names = {one: other, other: one}
    rows = tuple((names.get(name, name), offset, size) for name, offset, size in found.contents.rows)
    before, after = found.contents.text().encode(), replace(found.contents, rows=rows).text().encode()
    assert len(before) == len(after)
    assert data.count(before) == 1
    return data.replace(before, after)


@pytest.mark.parametrize("lie", [with_another_header, with_names_exchanged])
@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("reflink", [Reflink.NEVER, Reflink.AUTO])
def test_a_table_that_lies_is_noticed(
    store: S3Server, web: RangeServer, tmp_path: Path, lie: Callable[[bytes], bytes], verify: bool, reflink: Reflink
) -> None:
    honest = filtered(archive_with_layers(2 * MEBIBYTE)[0], ["all"], reflink=reflink)
    data = lie(honest)
    assert data != honest
    web.objects["a.tar"] = data
    store.put("tables", "lying.tar", data)
    for url in (web.url("a.tar"), "s3://tables/lying.tar"):
        for output in (tmp_path / "out.tar", "s3://tables/never.tar"):
            with pytest.raises(UnsafeEntry, match="another header than its table of contents says"):
                filter_archive(url, output, options_of(WANTED), write_options=WriteOptions(verify=verify))
    assert list(tmp_path.iterdir()) == []
    assert store.get("tables", "never.tar") is None
    assert store.uploads("tables") == []
    # Here nobody looks at it.
    (tmp_path / "near.tar").write_bytes(data)
    filter_archive(tmp_path / "near.tar", tmp_path / "out.tar", options_of(WANTED))
    assert (tmp_path / "out.tar").read_bytes() == filtered(honest, WANTED)
