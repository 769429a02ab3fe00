from __future__ import annotations

import gzip

import pytest
import zstandard

from ocitool.archive.codec.compress import CompressingSink, Compression
from ocitool.errors import UsageError


class Collector:
    name = "collector"

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes | memoryview) -> None:
        self.data += data


def compress(form: str, parts: list[bytes], threads: int = 1) -> bytes:
    target = Collector()
    sink = CompressingSink(target, Compression.parse(form), sum(map(len, parts)), threads)
    for part in parts:
        sink.write(memoryview(part))
    sink.finish()
    return bytes(target.data)


PARTS = [b"head" * 100, bytes(3_000_000), bytes(range(256)) * 9000]


@pytest.mark.parametrize("form", ["gzip", "gzip:1", "gzip:9"])
def test_gzip(form: str) -> None:
    data = compress(form, PARTS)
    assert gzip.decompress(data) == b"".join(PARTS)
    assert data[3] == 0  # no name
    assert data[4:8] == bytes(4)  # no time


@pytest.mark.parametrize("form", ["zstd", "zstd:1", "zstd:19"])
def test_zstd(form: str) -> None:
    data = compress(form, PARTS)
    parameters = zstandard.get_frame_parameters(data)
    assert zstandard.decompress(data) == b"".join(PARTS)
    assert parameters.content_size == sum(map(len, PARTS))
    assert parameters.has_checksum
    assert parameters.window_size <= 8 * 1024 * 1024


@pytest.mark.parametrize("form", ["gzip", "zstd", "zstd:7"])
def test_threads_and_parts_do_not_change_the_bytes(form: str) -> None:
    whole = b"".join(PARTS)
    assert len({compress(form, PARTS, 1), compress(form, PARTS, 3), compress(form, [whole[:7], whole[7:]], 2)}) == 1


@pytest.mark.parametrize("text", ["", "lz4", "gzip:0", "gzip:10", "zstd:20", "zstd:-1", "none:1x", "GZIP"])
def test_refuses_other_forms(text: str) -> None:
    with pytest.raises(UsageError):
        Compression.parse(text)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.tar", "none"), ("a", "none"), ("-", "none"), ("a.tar.gz", "gzip"), ("A.TGZ", "gzip"), ("a.tar.zst", "zstd")],
)
def test_the_suffix_decides(name: str, kind: str) -> None:
    assert Compression.for_name(name).kind == kind
