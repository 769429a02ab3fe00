"""What is laid out to share blocks is a function of input and options, and holds what it holds otherwise."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocitool.api import WriteOptions, filter_archive, merge_archives, split_archive, split_options
from ocitool.archive.clone import CLONE_UNIT
from ocitool.archive.codec.compress import Compression
from ocitool.archive.reader import scan_archive
from ocitool.model.reference import ImageFilter
from ocitool.plan.options import Layers, Reflink, SplitBy, SplitOptions
from ocitool.plan.steps import ALIGNED_FROM
from tests.builders import OCI_LAYERS_PLAIN, Layout, as_json, layer_tar, sha256
from tests.folders import unpack
from tests.laws.filtering import filtered, graph_of, merged, options_of, parts_of, split_plan
from tests.sources import BytesSource
from tests.strategies import Packing, packings

PLATFORMS = ("linux/amd64", "linux/arm64", "linux/s390x")
SIZES = st.lists(
    st.sampled_from([1, 4096, ALIGNED_FROM - 512, ALIGNED_FROM, ALIGNED_FROM + 513, 100_000]), min_size=1, max_size=3
)


def large_layers(sizes: dict[str, list[int]], name: str = "docker.io/library/lab:1.0") -> Layout:
    """Make an image whose platforms have layers of those sizes, and a large one that all of them share."""
    layout, children = Layout(), []
    for platform, own in sizes.items():
        contents = [b"all".ljust(ALIGNED_FROM + 77), *(random.Random(f"{platform} {n}").randbytes(n) for n in own)]
        tars = [layer_tar("file", content) for content in contents]
        child = layout.manifest(
            platform, (), config={"rootfs": {"type": "layers", "diff_ids": list(map(sha256, tars))}}
        )
        document = layout.read(child)
        document["layers"] = [layout.blob(tar, OCI_LAYERS_PLAIN) for tar in tars]
        children.append(layout.blob(as_json(document), child["mediaType"], platform=child["platform"]))
    return layout.add(layout.index(children), name)


def members(data: bytes) -> list[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        streams = [(info.name, tar.extractfile(info)) for info in tar]
        return [(name, stream.read() if stream else b"") for name, stream in streams]


sizes = st.fixed_dictionaries(dict.fromkeys(PLATFORMS, SIZES))
selections = st.lists(st.sampled_from(PLATFORMS), min_size=1, unique=True)


@settings(max_examples=50)
@given(sizes, packings, selections)
def test_the_same_entries_and_stable(own: dict[str, list[int]], packing: Packing, platforms: list[str]) -> None:
    data = packing.pack(large_layers(own))
    canonical = filtered(data, platforms)
    aligned = filtered(data, platforms, reflink=Reflink.AUTO)
    assert members(aligned) == members(canonical)
    assert filtered(data, platforms, reflink=Reflink.ALWAYS) == aligned
    assert filtered(aligned, platforms, reflink=Reflink.AUTO) == aligned
    assert filtered(aligned, platforms) == canonical
    places = {each.name: each.data_offset for each in scan_archive(BytesSource(data)).entries}
    for entry in scan_archive(BytesSource(aligned)).entries:
        if entry.size >= ALIGNED_FROM and entry.name in places:
            assert entry.data_offset % CLONE_UNIT == places[entry.name] % CLONE_UNIT


@settings(max_examples=15)
@given(sizes, packings, selections)
def test_the_way_of_an_archive_changes_no_byte(
    own: dict[str, list[int]], packing: Packing, platforms: list[str]
) -> None:
    data = packing.pack(large_layers(own))
    options = options_of(platforms, reflink=Reflink.AUTO)
    expected = filtered(data, platforms, reflink=Reflink.AUTO)
    with tempfile.TemporaryDirectory() as name:
        source, packed, target = Path(name, "in.tar"), Path(name, "in.tar.gz"), Path(name, "out.tar")
        source.write_bytes(data)
        packed.write_bytes(gzip.compress(data, 1))
        for path in (source, packed):
            for verify in (True, False):
                result = filter_archive(path, target, options, write_options=WriteOptions(verify=verify))
                assert target.read_bytes() == expected
                assert result.size == len(expected)
        small = Path(name, "out.tar.gz")
        filter_archive(source, small, options)
        assert gzip.decompress(small.read_bytes()) == expected


@settings(max_examples=15)
@given(sizes, selections)
def test_a_folder_has_one_layout_too(own: dict[str, list[int]], platforms: list[str]) -> None:
    layout = large_layers(own)
    options = options_of(platforms, reflink=Reflink.AUTO)
    with tempfile.TemporaryDirectory() as name:
        target = Path(name, "out.tar")
        folder = unpack(layout, Path(name, "layout"))
        filter_archive(folder, target, options)
        aligned = target.read_bytes()
        assert members(aligned) == members(filtered(layout.pack(), platforms))
        (folder / "aside").write_bytes(b"in nobody's way")
        filter_archive(folder, target, options)
        assert target.read_bytes() == aligned


@settings(max_examples=25)
@given(sizes, packings)
def test_a_part_is_what_a_filter_gives(own: dict[str, list[int]], packing: Packing) -> None:
    data = packing.pack(large_layers(own))
    for platform, part in zip(own, parts_of(data, reflink=Reflink.AUTO).values(), strict=True):
        assert part == filtered(data, [platform], reflink=Reflink.AUTO)


@settings(max_examples=50)
@given(st.lists(SIZES, min_size=2, max_size=5), packings, st.integers(1, 5))
def test_parts_of_a_size_fit_with_their_filler(images: list[list[int]], packing: Packing, count: int) -> None:
    bundle = Layout()
    for number, own in enumerate(images):
        image = large_layers({"linux/amd64": own}, f"docker.io/library/app{number}:1")
        bundle.blobs |= image.blobs
        bundle.roots += image.roots
    data, alone = packing.pack(bundle), SplitOptions(SplitBy.IMAGE, stem="x")
    sizes = [output.size for output in split_plan(data, split=alone, reflink=Reflink.AUTO).outputs]
    # So many of the first images without any filler, which leaves no room for it.
    together = filtered(
        data, ["all"], images=ImageFilter(tuple(f"app{number}" for number in range(min(count, len(images)))))
    )
    limit = max(*sizes, len(together))
    parts = split_plan(data, split=replace(alone, max_size=limit), reflink=Reflink.AUTO).outputs
    assert all(part.size <= limit for part in parts)


def test_a_merge_is_laid_out_by_the_source_of_each_blob() -> None:
    one = large_layers({"linux/amd64": [100_000]}).pack()
    other = large_layers({"linux/arm64": [ALIGNED_FROM + 5, 70_000]}).pack(prefix="./", folders=True)
    aligned = merged([one, other], reflink=Reflink.AUTO)
    assert members(aligned) == members(merged([one, other]))
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name, "one.tar"), Path(name, "other.tar")]
        for path, data in zip(paths, (one, other), strict=True):
            path.write_bytes(data)
        merge_archives(paths, Path(name, "out.tar"), options_of(["all"], reflink=Reflink.AUTO))
        assert Path(name, "out.tar").read_bytes() == aligned


@pytest.mark.parametrize("form", [Layers.GZIP, Layers.ZSTD])
def test_layers_compressed_anew_have_one_layout(tmp_path: Path, form: Layers) -> None:
    source = tmp_path / "in.tar"
    source.write_bytes(large_layers({name: [100_000, 90_000, 80_000] for name in PLATFORMS}).pack())
    options = options_of(["all"], reflink=Reflink.AUTO, layers=form)
    written = set()
    for _ in range(3):
        filter_archive(source, tmp_path / "out.tar", options)
        written.add((tmp_path / "out.tar").read_bytes())
    (aligned,) = written
    for entry in scan_archive(BytesSource(aligned)).entries:
        if entry.size >= ALIGNED_FROM:
            assert entry.data_offset % CLONE_UNIT == 0
    assert graph_of(aligned).images


def test_compressed_parts_that_share_a_layer_are_laid_out_as_plain_ones(tmp_path: Path) -> None:
    source = tmp_path / "in.tar"
    data = large_layers({name: [100_000] for name in PLATFORMS}).pack()
    source.write_bytes(data)
    gz = Compression.parse("gzip:1")
    split = split_options(source, compression=gz)
    options = options_of(["all"], reflink=Reflink.AUTO)
    result = split_archive(source, tmp_path / "parts", options, split, write_options=WriteOptions(compression=gz))
    for platform, output, plan in zip(PLATFORMS, result.outputs, result.plan.outputs, strict=True):
        part = gzip.decompress(Path(output.path).read_bytes())
        assert part == filtered(data, [platform], reflink=Reflink.AUTO)
        assert len(part) == plan.size
