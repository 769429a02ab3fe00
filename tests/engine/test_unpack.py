"""Each blob is read and hashed once, each layer unpacked once; what is wrong with one is in the result."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import threading
import zlib
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest
import zstandard

from ocitool.engine import unpack
from ocitool.engine.unpack import read_blobs
from ocitool.errors import ChangedSource
from ocitool.model.digest import Digest
from ocitool.model.limits import RATIO_LIMIT
from ocitool.plan.steps import Copy
from ocitool.plan.unpacking import UnpackedLayer, UnpackingJob
from tests.engine.test_execute import CountingSource
from tests.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

CHUNK: Final = 4096
TEXT: Final = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(2000))
PACKERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "none": bytes,
    "gzip": gzip.compress,
    "gzip of many members": lambda data: b"".join(
        gzip.compress(data[place : place + 5000]) for place in range(0, len(data), 5000)
    ),
    "zstd": zstandard.compress,
    "zstd of many frames": lambda data: b"".join(
        zstandard.compress(data[place : place + 5000]) for place in range(0, len(data), 5000)
    ),
    "bzip2": bz2.compress,
}


class Collector:
    """Keeps what it is fed, and by which thread."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.threads: set[int] = set()
        self.finished = 0

    def feed(self, part: memoryview) -> None:
        assert not self.finished
        self.data += part
        self.threads.add(threading.get_ident())

    def finish(self) -> None:
        self.finished += 1


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "CHUNK", CHUNK)


def lay_out(contents: Sequence[bytes], algorithm: str = "sha256") -> tuple[bytes, list[Copy]]:
    data, copies = bytearray(b"before"), []
    for content in contents:
        copies.append(Copy(0, len(data), len(content), Digest.of(content, algorithm), "layer"))
        data += content + b"between"
    return bytes(data), copies


def jobs_of(copies: Sequence[Copy], *algorithms: str) -> list[UnpackingJob]:
    return [UnpackingJob(copy, frozenset(algorithms or ("sha256",))) for copy in copies]


def unpack_one(content: bytes, *, ratio_limit: int = RATIO_LIMIT) -> tuple[UnpackedLayer, Collector]:
    data, (copy,) = lay_out([content])
    collector = Collector()
    contents = read_blobs([copy], BytesSource(data), jobs_of([copy]), lambda _: collector, ratio_limit=ratio_limit)
    assert contents.actual == {copy.digest: copy.digest}
    assert collector.finished == 1
    return contents.layers[copy.digest], collector


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, len(TEXT)])
def test_a_layer_comes_out_as_it_went_in(packer: str, size: int) -> None:
    packed = PACKERS[packer](TEXT[:size])
    layer, collector = unpack_one(packed)
    compression = "none" if not packed else packer.partition(" ")[0]
    assert layer == UnpackedLayer(compression, len(collector.data), (Digest.of(collector.data),))
    assert collector.data == TEXT[:size]


@pytest.mark.parametrize("processors", [1, 2, 7])
@pytest.mark.parametrize("count", [1, 2, 9])
def test_every_byte_is_read_once_whatever_is_wanted_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int, count: int
) -> None:
    monkeypatch.setattr(unpack, "processor_count", lambda: processors)
    contents = [gzip.compress(TEXT[number:] + bytes(number)) for number in range(count)] + [TEXT, b"", b"{}"]
    data, copies = lay_out(contents)
    (tmp_path / "in").write_bytes(data)
    collectors: dict[Digest, Collector] = {}
    progress: list[int] = []
    with CountingSource.open(tmp_path / "in") as source:
        found = read_blobs(
            copies,
            source,
            jobs_of(copies[:count]),
            lambda digest: collectors.setdefault(digest, Collector()),
            on_bytes=progress.append,
        )
    assert found.actual == {copy.digest: copy.digest for copy in copies}
    assert found.layers.keys() == collectors.keys() == {copy.digest for copy in copies[:count]}
    for number, copy in enumerate(copies[:count]):
        assert collectors[copy.digest].data == TEXT[number:] + bytes(number)
        assert len(collectors[copy.digest].threads) == 1
    # The first block of a layer is looked at before it is unpacked.
    for copy, times in ((copy, 2 if copy in copies[:count] else 1) for copy in copies):
        counts = Counter(source.counts[copy.offset : copy.offset + copy.size])
        assert counts.keys() <= {1, 2}
        assert counts[2] == (min(512, copy.size) if times == 2 else 0)
    assert sum(progress) == sum(copy.size for copy in copies)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_each_side_is_hashed_as_it_is_named(algorithm: str) -> None:
    data, copies = lay_out([gzip.compress(TEXT), b"{}"], algorithm)
    found = read_blobs(copies, BytesSource(data), jobs_of(copies[:1], "sha512", "sha256"))
    assert found.actual == {copy.digest: copy.digest for copy in copies}
    assert found.layers[copies[0].digest].digests == (Digest.of(TEXT), Digest.of(TEXT, "sha512"))


def test_what_bytes_are_is_told_whatever_they_are_called() -> None:
    data, copies = lay_out([gzip.compress(TEXT), b"{}"])
    lies = [Copy(0, copy.offset, copy.size, Digest.of(b"%d" % copy.offset), "") for copy in copies]
    found = read_blobs(lies, BytesSource(data), jobs_of(lies[:1]))
    assert found.actual == {lie.digest: copy.digest for lie, copy in zip(lies, copies, strict=True)}


@pytest.mark.parametrize("overlapped", [True, False])
@pytest.mark.parametrize("packer", [packer for packer in PACKERS if packer != "none"])
def test_a_cut_layer_is_hashed_to_its_end_all_the_same(
    monkeypatch: pytest.MonkeyPatch, packer: str, *, overlapped: bool
) -> None:
    monkeypatch.setattr(unpack, "processor_count", lambda: 2 if overlapped else 1)
    packed = PACKERS[packer](TEXT)
    for length in {len(packed) - 1, len(packed) // 2, 20}:
        layer, collector = unpack_one(packed[:length])
        assert "cut short" in layer.damage
        assert not layer.is_whole
        assert TEXT.startswith(collector.data)


@pytest.mark.parametrize("overlapped", [True, False])
def test_a_damaged_layer_is_hashed_to_its_end_all_the_same(
    monkeypatch: pytest.MonkeyPatch, *, overlapped: bool
) -> None:
    monkeypatch.setattr(unpack, "processor_count", lambda: 2 if overlapped else 1)
    packed = bytearray(gzip.compress(TEXT))
    packed[-6] ^= 1  # the sum
    layer, _ = unpack_one(bytes(packed) + TEXT)
    assert layer.damage == "gzip data is damaged"
    for rest in (b"rubbish" * 9, bytes(512), b"\0"):
        assert "followed by something" in unpack_one(gzip.compress(TEXT) + rest)[0].damage


@pytest.mark.parametrize("overlapped", [True, False])
def test_a_layer_that_grows_too_far_is_hashed_to_its_end_all_the_same(
    monkeypatch: pytest.MonkeyPatch, *, overlapped: bool
) -> None:
    monkeypatch.setattr(unpack, "processor_count", lambda: 2 if overlapped else 1)
    monkeypatch.setattr("ocitool.archive.codec.ratio.RATIO_FREE", 10 * CHUNK)
    bomb = gzip.compress(bytes(1000 * CHUNK), mtime=0)
    layer, collector = unpack_one(bomb, ratio_limit=3)
    assert "grows to more than 3 times" in layer.excess
    assert not layer.is_whole
    assert len(collector.data) <= 11 * CHUNK
    assert unpack_one(bomb, ratio_limit=2000)[0].is_whole


def test_the_bound_of_all_together_is_no_fault_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocitool.archive.codec.ratio.RATIO_FREE", 10 * CHUNK)
    data, copies = lay_out([gzip.compress(bytes(CHUNK * 8 + number)) for number in range(4)])
    found = read_blobs(copies, BytesSource(data), jobs_of(copies), ratio_limit=3)
    assert any(layer.spent for layer in found.layers.values())
    assert all(layer.spent == bool(layer.excess) for layer in found.layers.values())
    assert found.actual == {copy.digest: copy.digest for copy in copies}
    for copy in copies:
        assert read_blobs([copy], BytesSource(data), jobs_of([copy]), ratio_limit=3).layers[copy.digest].is_whole


def test_a_source_that_becomes_shorter_is_an_error(tmp_path: Path) -> None:
    data, copies = lay_out([gzip.compress(TEXT)])
    (tmp_path / "in").write_bytes(data)
    with CountingSource.open(tmp_path / "in") as source:
        (tmp_path / "in").write_bytes(data[:CHUNK])
        with pytest.raises(ChangedSource):
            read_blobs(copies, source, jobs_of(copies))


def test_an_error_of_a_consumer_ends_all_threads() -> None:
    class Refusing(Collector):
        def feed(self, part: memoryview) -> None:
            raise ValueError(f"full after {len(part)} bytes")

    data, copies = lay_out([gzip.compress(TEXT), gzip.compress(TEXT + b"x")])
    before = set(threading.enumerate())
    with pytest.raises(ValueError, match="full after"):
        read_blobs(copies, BytesSource(data), jobs_of(copies), lambda _: Refusing())
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("ocitool")]


def test_a_kind_that_no_media_type_promises_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "lz4", None)
    layer, collector = unpack_one(b"\x04\x22\x4d\x18" + TEXT)
    assert (layer.compression, layer.is_whole, layer.damage, layer.excess) == ("lz4", False, "", "")
    assert not collector.data


def test_without_isal_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "isal", None)
    packed = gzip.compress(TEXT)
    assert unpack_one(packed)[0].digests == (Digest.of(TEXT),)
    assert "damaged" in unpack_one(packed[:-1] + bytes([packed[-1] ^ 1]))[0].damage
    assert zlib.decompress(packed, wbits=31) == TEXT
