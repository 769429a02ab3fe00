"""Compressed parts of a split: what they share is read and hashed once."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import pytest

from ocitool.api import PlatformSelection, WriteOptions, split_archive, split_options
from ocitool.archive.codec.compress import Compression
from ocitool.errors import IntegrityError
from ocitool.plan.options import FilterOptions
from tests.builders import Layout
from tests.laws.filtering import filtered

if TYPE_CHECKING:
    from pathlib import Path

PLATFORMS = ("linux/amd64", "linux/arm64", "linux/s390x")
OPTIONS = FilterOptions(PlatformSelection.parse(["all"]))
GZIP = WriteOptions(compression=Compression.parse("gzip:1"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Provide three platforms that share one large layer."""
    layout = Layout()
    large = os.urandom(3_000_000).hex()
    layout.add(layout.index([layout.manifest(text, (large, text)) for text in PLATFORMS]))
    path = tmp_path / "image.tar"
    path.write_bytes(layout.pack())
    return path


def test_shared_layers_are_read_once(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = {"bytes": 0}
    device = source.stat().st_ino
    preadv = os.preadv

    def counting(descriptor: int, buffers: list[memoryview], offset: int) -> int:
        count = preadv(descriptor, buffers, offset)
        read["bytes"] += count if os.fstat(descriptor).st_ino == device else 0
        return count

    monkeypatch.setattr(os, "preadv", counting)
    split = split_options(source, compression=GZIP.compression)
    result = split_archive(source, tmp_path / "parts", OPTIONS, split, write_options=GZIP)
    large = max(step.content.size for output in result.plan.outputs for step in output.steps())
    assert large > 1_000_000
    # Small blobs are read in another way; the large one is what counts.
    assert large <= read["bytes"] < large + 100_000
    data = source.read_bytes()
    for platform, output in zip(PLATFORMS, result.outputs, strict=True):
        with gzip.open(output.path) as file:
            assert file.read() == filtered(data, [platform])
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == sorted(
        os.path.basename(output.path)  # noqa: PTH119 - a name, not a file
        for output in result.outputs
    )


def test_damage_in_what_is_shared_leaves_nothing(source: Path, tmp_path: Path) -> None:
    data = bytearray(source.read_bytes())
    data[data.index(b"\x1f\x8b") + 500_000] ^= 1
    source.write_bytes(data)
    split = split_options(source, compression=GZIP.compression)
    with pytest.raises(IntegrityError, match="is corrupt"):
        split_archive(source, tmp_path / "parts", OPTIONS, split, write_options=GZIP)
    assert not (tmp_path / "parts").exists()
