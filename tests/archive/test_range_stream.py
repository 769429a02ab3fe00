"""A range of a source in order: whole, hashed, decompressed, bounded."""

from __future__ import annotations

import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ocitool.archive.codec import ratio
from ocitool.archive.codec.ratio import Growth
from ocitool.archive.range_stream import RangeStream, decompressed
from ocitool.errors import ArchiveError, ChangedSource, UnsafeEntry
from ocitool.model.digest import Digest
from tests.builders import sha256
from tests.sources import BytesSource


@given(st.binary(max_size=200), st.integers(0, 50), st.integers(0, 50), st.integers(1, 60))
def test_reads_its_range_and_nothing_else(data: bytes, offset: int, size: int, step: int) -> None:
    expected = data[offset : offset + size]
    stream = RangeStream(BytesSource(data), offset, len(expected))
    parts = iter(lambda: stream.read(step), b"")
    assert b"".join(parts) == expected
    assert stream.count == len(expected)
    assert str(stream.digest) == sha256(expected)
    assert stream.read(step) == b""


def test_a_source_that_ends_before_its_range() -> None:
    stream = RangeStream(BytesSource(b"short"), 0, 10)
    with pytest.raises(ChangedSource, match="became shorter"):
        stream.read(10)


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=4), st.sampled_from(["gzip", "zstd"]))
def test_all_of_it_is_hashed_when_it_has_been_decompressed(parts: list[bytes], kind: str) -> None:
    pack = gzip.compress if kind == "gzip" else zstandard.compress
    data = b"".join(pack(part) for part in parts)
    stream = RangeStream(BytesSource(b"before" + data + b"after"), 6, len(data))
    assert b"".join(bytes(part) for part in decompressed(stream, kind, Growth(1000))) == b"".join(parts)
    assert stream.digest == Digest.of(data)


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_damage_and_bombs(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (gzip.compress if kind == "gzip" else zstandard.compress)(bytes(5 * 1024 * 1024))
    cut = RangeStream(BytesSource(data), 0, len(data) - 4)
    with pytest.raises(ArchiveError, match=r"cut short|damaged"):
        list(decompressed(cut, kind, Growth(10**6)))
    monkeypatch.setattr(ratio, "RATIO_FREE", 1024 * 1024)
    with pytest.raises(UnsafeEntry, match="grows to more than 10 times"):
        list(decompressed(RangeStream(BytesSource(data), 0, len(data)), kind, Growth(10)))
