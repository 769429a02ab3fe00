"""Compressed streams: whole or an error, in bounded memory, whatever they claim."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import random
from typing import TYPE_CHECKING, Any, Final

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ocitool.archive.codec.decompress import open_decompressor
from ocitool.archive.codec.zstd_frames import FrameFollower
from ocitool.errors import ArchiveError, TruncatedArchive, UnsafeEntry
from ocitool.model.limits import WINDOW_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(data)


COMPRESSORS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress,
    "zstd": zstd,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "lz4": lambda data: bytes(lz4.frame.compress(data, content_checksum=True)),
}
TEXT: Final = b"some text " * 300 + random.Random(1).randbytes(700)
KINDS: Final = pytest.mark.parametrize("kind", sorted(COMPRESSORS))


def plain(kind: str, data: bytes, size: int = 4096) -> bytes:
    """Decompress in parts of at most `size` bytes."""
    stream = io.BytesIO(data)
    decompressor = open_decompressor(kind, stream.read)
    parts = bytearray()
    buffer = memoryview(bytearray(size))
    while count := decompressor.readinto(buffer):
        assert count <= size
        parts += buffer[:count]
    return bytes(parts)


@KINDS
@pytest.mark.parametrize("data", [b"", b"x", TEXT, bytes(3_000_000)], ids=["empty", "byte", "text", "zeros"])
@pytest.mark.parametrize("size", [1 << 20, 4096])
def test_round_trip(kind: str, data: bytes, size: int) -> None:
    assert plain(kind, COMPRESSORS[kind](data), size) == data


@KINDS
def test_several_streams_are_one(kind: str) -> None:
    compress = COMPRESSORS[kind]
    assert plain(kind, compress(b"one") + compress(b"") + compress(TEXT)) == b"one" + TEXT


@KINDS
def test_every_truncation_is_an_error(kind: str) -> None:
    data = COMPRESSORS[kind](TEXT)
    for length in range(len(data)):
        with pytest.raises(TruncatedArchive):
            plain(kind, data[:length])


@KINDS
def test_every_truncation_of_a_second_stream_is_an_error(kind: str) -> None:
    first = COMPRESSORS[kind](b"first")
    data = first + COMPRESSORS[kind](b"second")
    for length in range(len(first) + 1, len(data)):
        with pytest.raises(ArchiveError):
            plain(kind, data[:length])


@KINDS
def test_a_flipped_bit_is_an_error_or_changes_nothing(kind: str) -> None:
    data = bytearray(COMPRESSORS[kind](TEXT))
    for position in range(len(data)):
        data[position] ^= 0x10
        with contextlib.suppress(ArchiveError):
            assert plain(kind, bytes(data)) == TEXT
        data[position] ^= 0x10


@KINDS
@pytest.mark.parametrize("tail", [b"junk", b"\x01" * 100])
def test_anything_after_the_end_is_an_error(kind: str, tail: bytes) -> None:
    with pytest.raises(ArchiveError):
        plain(kind, COMPRESSORS[kind](TEXT) + tail)


def test_zstd_skippable_frames_are_skipped() -> None:
    skippable = b"\x53\x2a\x4d\x18\x05\0\0\0hello"
    assert plain("zstd", skippable + zstd(b"one") + skippable + zstd(b"two") + skippable) == b"onetwo"
    with pytest.raises(TruncatedArchive):
        plain("zstd", zstd(b"one") + skippable[:-1])


def test_a_window_that_is_too_large_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=29)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = compressor.compress(TEXT) + compressor.flush()
    with pytest.raises(UnsafeEntry, match=f"window of more than {WINDOW_LIMIT} bytes"):
        plain("zstd", data)


def test_zeros_come_in_bounded_parts() -> None:
    for kind, compress in COMPRESSORS.items():
        stream = io.BytesIO(compress(bytes(50_000_000)))
        buffer = memoryview(bytearray(65536))
        assert open_decompressor(kind, stream.read).readinto(buffer) <= 65536


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=4), st.integers(1, 19), st.booleans(), st.data())
def test_the_follower_knows_the_ends_of_frames(
    contents: list[bytes], level: int, checksum: bool, draw: st.DataObject
) -> None:
    compressor = zstandard.ZstdCompressor(level=level, write_checksum=checksum, write_content_size=checksum)
    frames = [compressor.compress(content) for content in contents]
    ends = {sum(map(len, frames[: count + 1])) for count in range(len(frames))}
    data = b"".join(frames)
    follower = FrameFollower()
    position = 0
    while position < len(data):
        step = draw.draw(st.integers(1, len(data) - position))
        follower.feed(data[position : position + step])
        position += step
        assert follower.at_boundary == (position in ends)


def test_the_follower_takes_a_few_steps_for_each_block() -> None:
    data = zstd(random.Random(1).randbytes(8 << 20))
    steps = 0

    class Counted(FrameFollower):
        def _await(self, state: Callable[[], None], needed: int) -> None:
            nonlocal steps
            steps += 1
            super()._await(state, needed)

    class Slices(bytes):
        def __getitem__(self, key: Any) -> Any:
            nonlocal steps
            steps += 1
            return super().__getitem__(key)

    follower = Counted()
    for position in range(0, len(data), 1 << 20):
        follower.feed(Slices(data[position : position + (1 << 20)]))
    assert follower.at_boundary
    blocks = len(data) // (128 * 1024)
    assert steps < 4 * blocks


def test_an_xz_stream_that_asks_for_too_much_is_not_called_damaged() -> None:
    import lzma

    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 512 * 1024 * 1024}]
    packed = lzma.compress(b"hello", filters=filters)
    stream = io.BytesIO(packed)
    with pytest.raises(UnsafeEntry, match=r"asks for more than .* bytes of memory; compress it again"):
        open_decompressor("xz", stream.read).readinto(memoryview(bytearray(100)))


def test_what_a_frame_says_of_its_size() -> None:
    from ocitool.archive.codec.zstd_frames import declared_size

    assert declared_size(zstandard.compress(bytes(1000))) == 1000
    packer = zstandard.ZstdCompressor().compressobj()
    assert declared_size(packer.compress(b"x") + packer.flush()) == 0
    assert declared_size(b"not zstd") == 0


@given(st.lists(st.integers(0, 9000).map(random.Random(1).randbytes), min_size=1, max_size=30), st.booleans())
def test_gzip_members_of_any_size_are_one_stream(parts: list[bytes], padded: bool) -> None:
    stream = io.BytesIO(b"".join(gzip.compress(part, 1, mtime=0) for part in parts))
    decompressor = open_decompressor("gzip", stream.read, padded=padded)
    buffer, plain = memoryview(bytearray(5000)), b""
    while count := decompressor.readinto(buffer):
        plain += buffer[:count]
    assert plain == b"".join(parts)


@pytest.mark.parametrize("rest", [b"\0", bytes(600), bytes(2 << 20)])
def test_zeros_after_the_end_are_padding_of_files_only(rest: bytes) -> None:
    data = gzip.compress(b"text") + rest
    buffer = memoryview(bytearray(100))
    padded = open_decompressor("gzip", io.BytesIO(data).read)
    assert (padded.readinto(buffer), padded.readinto(buffer)) == (4, 0)
    layer = open_decompressor("gzip", io.BytesIO(data).read, padded=False)
    assert layer.readinto(buffer) == 4
    with pytest.raises(ArchiveError, match="followed by something that is no gzip data"):
        layer.readinto(buffer)
