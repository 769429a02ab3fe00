"""Compression around an archive changes nothing in it."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
import zstandard

from ocitool.api.filtering import filter_archive
from tests.archive.codec.test_decompress import COMPRESSORS
from tests.builders import multi_platform
from tests.command import ocitool
from tests.laws.filtering import options_of

if TYPE_CHECKING:
    from pathlib import Path

DATA = multi_platform(attested=True).pack()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("plain")
    (folder / "in.tar").write_bytes(DATA)
    filter_archive(folder / "in.tar", folder / "out.tar", options_of(["linux/arm64"]))
    return (folder / "out.tar").read_bytes()


@pytest.mark.parametrize("kind", sorted(COMPRESSORS))
def test_compressed_files_and_pipes_give_the_same_bytes(kind: str, expected: bytes, tmp_path: Path) -> None:
    source = tmp_path / "in.anything"
    source.write_bytes(COMPRESSORS[kind](DATA))
    for arguments, stdin in (([source], None), (["-"], source.read_bytes())):
        done = ocitool("filter", *arguments, "-p", "linux/arm64", "-o", tmp_path / "out.tar", stdin=stdin)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "out.tar").read_bytes() == expected


def test_compressed_output_is_the_same_archive(expected: bytes, tmp_path: Path) -> None:
    (tmp_path / "in.tar").write_bytes(DATA)
    for name, read in (("out.tar.gz", gzip.decompress), ("out.tar.zst", zstandard.decompress)):
        filter_archive(tmp_path / "in.tar", tmp_path / name, options_of(["linux/arm64"]))
        assert read((tmp_path / name).read_bytes()) == expected
        again = filter_archive(tmp_path / name, tmp_path / "again.tar", options_of(["linux/arm64"]))
        assert (tmp_path / "again.tar").read_bytes() == expected
        assert again.size == len(expected)
    done = ocitool("filter", tmp_path / "in.tar", "-p", "linux/arm64", "-o", "-", "--compress", "zstd:9")
    assert zstandard.decompress(done.stdout) == expected


def test_a_failed_compressed_output_leaves_nothing(tmp_path: Path) -> None:
    layout = multi_platform()
    child = layout.read(layout.roots[0])["manifests"][0]
    layer = layout.read(child)["layers"][1]["digest"]
    layout.blobs[layer] = layout.blobs[layer][:-1] + b"\xff"
    (tmp_path / "in.tar").write_bytes(layout.pack())
    for name in ("out.tar.gz", "out.tar.zst"):
        assert ocitool("filter", tmp_path / "in.tar", "-p", "linux/amd64", "-o", tmp_path / name).returncode == 5
    assert [path.name for path in tmp_path.iterdir()] == ["in.tar"]


def test_a_tar_may_begin_with_a_file_named_like_a_magic(tmp_path: Path) -> None:
    layout = multi_platform()
    layout.files["BZh9"] = b"x"
    (tmp_path / "in.tar").write_bytes(layout.pack(order=lambda name: name != "BZh9"))
    assert ocitool("verify", tmp_path / "in.tar").returncode == 0
    assert ocitool("verify", "-", stdin=(tmp_path / "in.tar").read_bytes()).returncode == 0


def test_data_that_grows_out_of_proportion_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ocitool.api.opening import SourceOptions
    from ocitool.archive.codec import ratio
    from ocitool.errors import UnsafeEntry

    monkeypatch.setattr(ratio, "RATIO_FREE", 1000)
    source = tmp_path / "in.tar.gz"
    source.write_bytes(gzip.compress(DATA + bytes(5_000_000)))
    target = tmp_path / "out.tar"
    with pytest.raises(UnsafeEntry, match="grows to more than 20 times its size"):
        filter_archive(source, target, options_of(["linux/arm64"]), source_options=SourceOptions(ratio_limit=20))
    filter_archive(source, target, options_of(["linux/arm64"]), source_options=SourceOptions(ratio_limit=9000))
