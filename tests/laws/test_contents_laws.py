"""A table of contents says what the scan finds; what is changed about either is noticed, or makes no difference."""

from __future__ import annotations

import io
import tarfile
from array import array
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from ocitool.archive.clone import CLONE_UNIT
from ocitool.archive.contents import WINDOW, ListedArchive, find_contents
from ocitool.archive.reader import scan_archive, scan_source
from ocitool.engine.execute import execute
from ocitool.errors import OcitoolError
from ocitool.graph.build import build_graph
from ocitool.graph.listed import scan_listed
from ocitool.plan.filter import plan_filter
from ocitool.plan.options import Contents, Reflink
from ocitool.plan.steps import Emit, Member, OutputPlan
from tests.laws.filtering import BytesSink, filtered, merged, options_of, parts_of
from tests.laws.test_reflink_laws import large_layers
from tests.plan.test_aligned_output import plans, written
from tests.sources import BytesSource, FarBytes
from tests.strategies import Archive, archives

REFLINKS = st.sampled_from([Reflink.NEVER, Reflink.AUTO])
LARGE = large_layers({"linux/amd64": [100_000], "linux/arm64": [70_001, 1]}).pack()


def listed(data: bytes) -> ListedArchive:
    found = find_contents(BytesSource(data))
    assert found is not None
    assert found.contents.size == len(data)
    return ListedArchive(found.contents, found.first)


def filtered_from(source: BytesSource, platforms: list[str], reflink: Reflink = Reflink.NEVER) -> bytes:
    graph = build_graph(scan_source(source), source)
    sink = BytesSink()
    execute([(plan_filter(graph, options_of(platforms, reflink=reflink)).outputs[0], sink)], [source])
    return bytes(sink.data)


@cache
def whole(reflink: Reflink) -> bytes:
    return filtered(LARGE, ["all"], reflink=reflink)


@cache
def around_data(reflink: Reflink) -> tuple[int, ...]:
    """Return the places of all bytes that are no entry's data."""
    end, places = 0, array("Q")
    with tarfile.open(fileobj=io.BytesIO(whole(reflink))) as tar:
        for each in tar:
            places.extend(range(end, each.offset_data))
            end = each.offset_data + each.size
    places.extend(range(end, len(whole(reflink))))
    return tuple(places)


@given(archives(damaged=False), REFLINKS)
def test_the_table_of_every_output_is_its_scan(archive: Archive, reflink: Reflink) -> None:
    data = filtered(archive.data, ["all"], reflink=reflink)
    plain = filtered(archive.data, ["all"], reflink=reflink, contents=Contents.NEVER)
    assert listed(data).entries == scan_archive(BytesSource(data)).entries
    assert find_contents(BytesSource(plain)) is None
    if reflink is Reflink.NEVER:
        assert data.endswith(plain)
    assert filtered(data, ["all"], reflink=reflink) == filtered(plain, ["all"], reflink=reflink) == data
    far = FarBytes(data)
    assert scan_source(far) == scan_archive(BytesSource(data))
    assert far.reads == [(0, WINDOW)]
    assert filtered_from(FarBytes(data), list(archive.platforms), reflink) == filtered(
        data, list(archive.platforms), reflink=reflink
    )


@given(archives(damaged=False))
def test_parts_and_merges_have_tables_too_and_they_are_trusted(archive: Archive) -> None:
    parts = list(parts_of(archive.data).values())
    for data in (*parts, merged(parts), filtered(archive.data, ["all"])):
        assert listed(data).entries == scan_archive(BytesSource(data)).entries
        scan, graph = scan_listed(FarBytes(data))
        assert scan.is_listed
        assert graph == build_graph(scan_archive(BytesSource(data)), BytesSource(data, "far.tar"))


@given(archives(damaged=False))
def test_everything_that_a_graph_reads_is_before_the_end_of_the_documents(archive: Archive) -> None:
    data = filtered(archive.data, ["all"])
    far = FarBytes(data)
    scan_listed(far)
    assert all(offset + length <= max(listed(data).documents, WINDOW) for offset, length in far.reads)


@given(plans(), st.sampled_from([0, CLONE_UNIT]))
def test_the_table_of_any_plan_is_its_scan(members: tuple[Member, ...], alignment: int) -> None:
    plan = OutputPlan((Member("first", Emit(b"1")), *members), alignment=alignment, has_contents=True)
    data = written(plan)
    assert len(data) == plan.size
    archive = listed(data)
    assert archive.entries == scan_archive(BytesSource(data)).entries
    for entry in archive.entries:
        assert data[entry.header_offset : entry.data_offset] == archive.header(entry)


def test_there_is_filler_to_be_read() -> None:
    archive = listed(whole(Reflink.AUTO))
    assert sum(len(archive.header(entry)) > 512 for entry in archive.entries) > 1


@settings(max_examples=300)
@given(st.data(), st.integers(1, 255), REFLINKS)
def test_a_changed_byte_is_noticed_or_changes_nothing(data: st.DataObject, mask: int, reflink: Reflink) -> None:
    platforms = data.draw(st.sampled_from([["all"], ["linux/amd64"], ["available"]]))
    changed = bytearray(whole(reflink))
    changed[data.draw(st.sampled_from(around_data(reflink)))] ^= mask
    try:
        result = filtered_from(FarBytes(bytes(changed)), platforms)
    except OcitoolError:
        return
    assert result == filtered(whole(reflink), platforms)


@settings(max_examples=100)
@given(st.data(), REFLINKS)
def test_a_cut_is_noticed(data: st.DataObject, reflink: Reflink) -> None:
    size = len(whole(reflink))
    end = data.draw(st.integers(0, 9000) | st.integers(size - 3000, size - 1) | st.integers(0, size - 1))
    try:
        result = filtered_from(FarBytes(whole(reflink)[:end]), ["all"])
    except OcitoolError:
        return
    # Without the end blocks, or their end, an archive is taken if all it lists is there.
    assert end >= size - 1024 - 511
    assert result == filtered(LARGE, ["all"])
