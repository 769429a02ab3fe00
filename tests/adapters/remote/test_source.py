"""An object as a source: reads of every kind give its bytes, and headers that were promised are held to them."""

from __future__ import annotations

from itertools import chain, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocitool.adapters.remote.read_ahead import TOGETHER
from ocitool.adapters.remote.source import RemoteSource
from ocitool.archive.reader import scan_archive
from ocitool.archive.remote import FarSource
from ocitool.errors import ArchiveError, UnsafeEntry
from tests.adapters.remote.reading import archive_with_layers, noise, patient
from tests.laws.filtering import filtered
from tests.sources import BytesSource

DATA = noise(3_000_000, "source")


class BytesObject:
    """A `RemoteObject` over bytes that counts what it is asked for."""

    concurrency = 3

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.asked: list[tuple[int, int]] = []

    def read_range(self, offset: int, buffer: memoryview) -> int:
        self.asked.append((offset, len(buffer)))
        buffer[:] = self.data[offset : offset + len(buffer)]
        return len(buffer)

    version = "1"

    def check_unchanged(self) -> None:
        """Bytes never change."""

    def interrupt(self) -> None:
        """Nothing waits."""


def source_of(data: bytes, first: int = 65_536) -> tuple[RemoteSource, BytesObject]:
    remote = BytesObject(data)
    return RemoteSource(remote, "far.tar", data[:first], patient()), remote


READS = st.lists(st.tuples(st.integers(0, 3_100_000), st.integers(0, 1_500_000)), min_size=1, max_size=8)


@settings(max_examples=40)
@given(READS, READS, st.booleans())
def test_reads_give_the_bytes_announced_or_not(
    announced: list[tuple[int, int]], reads: list[tuple[int, int]], again: bool
) -> None:
    source, _ = source_of(DATA)
    ranges = [(offset, min(length, len(DATA) - offset)) for offset, length in announced if offset < len(DATA)]
    for offset, length in reads:
        assert source.read_at(offset, length) == DATA[offset : offset + length]
    source.will_read(ranges)
    for offset, length in [*reads, *ranges]:
        assert source.read_at(offset, length) == DATA[offset : offset + length]
    if again:
        source.will_read(ranges[::-1])
        for offset, length in ranges:
            assert source.read_at(offset, length) == DATA[offset : offset + length]
    source.close()


def test_it_is_a_far_source() -> None:
    source, _ = source_of(DATA)
    assert isinstance(source, FarSource)
    assert source.open_range(0, 10) is None


def test_what_was_read_already_is_not_fetched_again() -> None:
    source, remote = source_of(DATA)
    source.read_at(2_000_000, 1000)
    remote.asked.clear()
    source.will_read([(10, 1000), (2_000_000, 700), (60_000, 10_000)])
    for offset, length in [(10, 1000), (2_000_000, 700), (60_000, 10_000)]:
        assert source.read_at(offset, length) == DATA[offset : offset + length]
    source.close()
    assert remote.asked == [(65_536, 4464)]


def test_what_is_read_ahead_ends_where_bytes_are_already() -> None:
    source, remote = source_of(ARCHIVE, first=0)
    # As documents refer to each other: first one that stands behind others, then those before it.
    places = [offset for offset in HEADERS if offset > 600_000]
    small = [offset for offset, following in pairwise(places) if following - offset < 300_000]
    assert len(small) > 2
    for offset in (small[1], small[0]):
        assert source.read_at(offset, 100) == ARCHIVE[offset : offset + 100]
    source.close()
    fetched = [range(start, start + length) for start, length in remote.asked]
    assert sum(map(len, fetched)) == len({*chain.from_iterable(fetched)})


def test_interrupted_it_reads_no_more() -> None:
    source, _ = source_of(DATA)
    source.will_read([(100_000, 1_000_000)])
    source.interrupt()
    with pytest.raises(ArchiveError, match="was not read to its end"):
        source.read_at(100_000, 10)
    with pytest.raises(ArchiveError, match="was not read to its end"):
        source.read_at(2_000_000, 10)


def headers_of(data: bytes) -> dict[int, bytes]:
    """Return the header before each entry by where its bytes begin."""
    entries = scan_archive(BytesSource(data)).entries
    return {entry.data_offset: data[entry.header_offset : entry.data_offset] for entry in entries}


ARCHIVE, _ = archive_with_layers(300_000, 2)
HEADERS = headers_of(ARCHIVE)


@pytest.mark.parametrize("announced", [False, True])
def test_a_header_is_proven_with_what_it_is_the_header_of(announced: bool) -> None:
    for number, (offset, header) in enumerate(HEADERS.items()):
        broken = bytearray(ARCHIVE)
        broken[offset - len(header) + 100] ^= 1
        source, _ = source_of(bytes(broken), first=0)
        source.require_before(HEADERS, 0)
        if announced:
            source.will_read([(offset, 5)])
        with pytest.raises(UnsafeEntry, match="another header than its table of contents says"):
            source.read_at(offset, 5)
        source.close()
        others = [one for one in HEADERS if abs(one - offset) > 290_000]
        source, _ = source_of(bytes(broken), first=0)
        source.require_before(HEADERS, 0)
        assert source.read_at(others[number % len(others)], 5)
        source.close()


def test_a_header_that_is_here_already_is_proven_at_once() -> None:
    broken = bytearray(ARCHIVE)
    first = min(HEADERS)
    broken[first - 512] ^= 1
    source, _ = source_of(bytes(broken))
    with pytest.raises(UnsafeEntry):
        source.require_before(HEADERS, 0)


def test_proven_headers_cost_no_request_of_their_own() -> None:
    source, remote = source_of(ARCHIVE)
    source.require_before(HEADERS, 0)
    large = [
        (entry.data_offset, entry.size) for entry in scan_archive(BytesSource(ARCHIVE)).entries if entry.size > 9000
    ]
    source.will_read(large)
    for offset, length in large:
        assert source.read_at(offset, length) == ARCHIVE[offset : offset + length]
    source.close()
    assert len(remote.asked) <= 2


def test_documents_cost_one_request_where_it_is_known_where_they_end() -> None:
    made, _ = archive_with_layers(300_000, 1, [f"linux/made{number}" for number in range(60)])
    archive = filtered(made, ["all"])  # which puts documents before layers
    headers = headers_of(archive)
    entries = scan_archive(BytesSource(archive)).entries
    documents = next(entry.header_offset for entry in entries if entry.size == 300_000)
    source, remote = source_of(archive, first=32_768)
    known = {offset: header for offset, header in headers.items() if offset > 32_768}
    source.require_before(known, documents)
    small = [entry for entry in entries if entry.size < 9000]
    for entry in reversed(small):
        assert source.read_at(entry.data_offset, entry.size) == archive[entry.data_offset :][: entry.size]
    assert len(small) > 120
    (asked,) = remote.asked
    assert sum(asked) == documents
    assert documents - 32_768 <= asked[1] < documents - 8192 + 1024
    layers = [entry for entry in entries if entry.size == 300_000]
    source.read_at(layers[0].data_offset, 100)
    source.read_at(layers[3].data_offset + 512, 100)
    assert remote.asked[1:] == [(layers[0].header_offset, 612), (layers[3].data_offset + 512, 100)]
    source.will_read([(entry.data_offset, entry.size) for entry in layers[5:9:2]])
    for entry in layers[5:9:2]:
        source.read_at(entry.data_offset, entry.size)
    source.close()
    assert sorted(remote.asked[3:]) == [(entry.header_offset, 300_512) for entry in layers[5:9:2]]


def test_documents_larger_than_what_is_kept_are_read_all_the_same() -> None:
    data = noise(40_000_000, "documents")
    source, remote = source_of(data, first=1024)
    source.require_before({}, 30_000_000)
    for offset in (29_000_000, 2000, 20_000_000, 29_999_000, 2000, 35_000_000):
        assert source.read_at(offset, 2000) == data[offset : offset + 2000]
    source.close()
    assert max(length for _, length in remote.asked) <= TOGETHER
    assert len(remote.asked) <= 6


def test_what_was_told_of_a_table_can_be_taken_back() -> None:
    source, remote = source_of(ARCHIVE, first=1024)
    source.require_before({400_000: b"never"}, 1024)
    source.require_before({}, 0)
    assert source.read_at(400_000, 10) == ARCHIVE[400_000:400_010]
    source.read_at(2000, 10)
    source.close()
    assert [length > 10 for _, length in remote.asked] == [True, True]
