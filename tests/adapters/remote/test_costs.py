"""What is transferred, counted at the server: headers, documents and the kept ranges, in few requests."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.adapters.remote.cutting import Wanted, cut, part_size
from ocitool.adapters.remote.read_ahead import BASE
from ocitool.api import SourceOptions, filter_archive, inspect_archive, verify_archive
from ocitool.api.jobs.freshness import read_contents
from ocitool.api.jobs.verb import JobSetting
from ocitool.archive.contents import find_contents
from ocitool.archive.headers import BLOCK, padding
from ocitool.archive.reader import scan_archive
from ocitool.engine.execute import execute
from ocitool.engine.workers import processor_count
from ocitool.plan.filter import plan_filter
from ocitool.plan.steps import Copy, OutputPlan
from tests.adapters.remote.reading import archive_with_layers, s3_server
from tests.laws.filtering import BytesSink, filtered, graph_of, options_of, plan_of
from tests.remote_servers import RangeServer
from tests.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.remote_servers import Faulty

WANTED = ["linux/arm64"]
MEBIBYTE = 1024 * 1024


@pytest.fixture(params=["http", "s3"])
def serve(request: pytest.FixtureRequest) -> Iterator[Callable[[bytes], tuple[str, Faulty]]]:
    """Return what puts an archive on a server and returns its URL."""
    if request.param == "http":
        with RangeServer({}) as web:

            def publish(data: bytes) -> tuple[str, Faulty]:
                web.objects["big.tar"] = data
                return web.url("big.tar"), web

            yield publish
        return
    with s3_server() as store:
        store.make_bucket("costs")

        def put(data: bytes) -> tuple[str, Faulty]:
            store.put("costs", "dir/big.tar", data)
            return "s3://costs/dir/big.tar", store

        yield put


def allowed_requests(data: bytes) -> int:
    """Return what the number of requests must not exceed: one for each jump, few for small entries, the parts."""
    entries = scan_archive(BytesSource(data)).entries
    copies = [step.content for step in plan_of(data, WANTED).outputs[0].steps() if isinstance(step.content, Copy)]
    large = [Wanted(copy.offset, copy.size) for copy in copies if copy.size > BASE]
    parts = sum(len(run) for run in cut(large, part_size(processor_count())))
    return sum(entry.size > BASE for entry in entries) + len(entries) // 8 + parts + 4


def in_order_of_making(name: str) -> Any:
    return 0


@pytest.mark.parametrize(
    ("layers", "order"), [(1, None), (1, in_order_of_making), (3, None), (3, in_order_of_making)]
)
def test_only_headers_documents_and_what_is_kept_are_transferred(
    serve: Callable[[bytes], tuple[str, Faulty]],
    tmp_path: Path,
    layers: int,
    order: Callable[[str], Any] | None,
) -> None:
    data, sizes = archive_with_layers(12 * MEBIBYTE // layers, layers, order=order)
    url, server = serve(data)
    target = tmp_path / "out.tar"
    filter_archive(url, target, options_of(WANTED))
    assert target.read_bytes() == filtered(data, WANTED)
    kept = sizes["linux/arm64"]
    assert kept < server.traffic.sent <= kept * 1.01
    assert server.traffic.requests <= allowed_requests(data)


def test_many_layers_take_a_request_each_and_little_more(tmp_path: Path) -> None:
    data, sizes = archive_with_layers(MEBIBYTE // 2, 20)
    target = tmp_path / "out.tar"
    with RangeServer({"big.tar": data}) as server:
        filter_archive(server.url("big.tar"), target, options_of(WANTED))
    assert target.read_bytes() == filtered(data, WANTED)
    # The first window alone is 0.6 percent of what is kept here.
    assert server.traffic.sent <= sizes["linux/arm64"] * 1.01 + BASE
    assert server.traffic.requests <= allowed_requests(data)


def test_thousands_of_small_entries_take_few_requests(
    serve: Callable[[bytes], tuple[str, Faulty]], tmp_path: Path
) -> None:
    data, _ = archive_with_layers(3000, 150)
    url, server = serve(data)
    target = tmp_path / "out.tar"
    filter_archive(url, target, options_of(WANTED))
    assert target.read_bytes() == filtered(data, WANTED)
    assert server.traffic.sent <= len(data)
    assert server.traffic.requests <= 8


def test_a_report_transfers_no_layer(serve: Callable[[bytes], tuple[str, Faulty]]) -> None:
    data, _ = archive_with_layers(2 * MEBIBYTE)
    url, server = serve(data)
    inspect_archive(url)
    assert server.traffic.sent <= 4 * BASE


SHAPES = [(500, 100), (3000, 100), (10_000, 60), (33_000, 60), (70_000, 40), (150_000, 40), (MEBIBYTE, 8)]


def documents_of(data: bytes) -> int:
    """Return the bytes of an archive up to where its documents end, the table of contents included."""
    found = find_contents(BytesSource(data))
    assert found is not None
    return found.contents.documents


@pytest.mark.parametrize(("layer_size", "layers"), SHAPES)
def test_with_a_table_nothing_is_transferred_but_documents_and_what_is_kept(
    serve: Callable[[bytes], tuple[str, Faulty]], tmp_path: Path, layer_size: int, layers: int
) -> None:
    made, _ = archive_with_layers(layer_size, layers)
    data = filtered(made, ["all"])
    copies = [step.content for step in plan_of(data, WANTED).outputs[0].steps() if isinstance(step.content, Copy)]
    kept = sum(BLOCK + copy.size + padding(copy.size) for copy in copies)
    documents = documents_of(data)
    assert documents < len(data) - 4 * layer_size * layers
    url, server = serve(data)
    target = tmp_path / "out.tar"
    filter_archive(url, target, options_of(WANTED))
    assert target.read_bytes() == filtered(made, WANTED)
    assert server.traffic.sent <= (documents + kept) * 1.01 + BASE
    parts = sum(len(cut([Wanted(copy.offset, copy.size)], part_size(processor_count()))) for copy in copies)
    assert server.traffic.requests <= 4 + parts


@pytest.mark.parametrize(("layer_size", "layers"), SHAPES)
def test_with_a_table_a_report_transfers_only_documents(
    serve: Callable[[bytes], tuple[str, Faulty]], layer_size: int, layers: int
) -> None:
    made, _ = archive_with_layers(layer_size, layers)
    data = filtered(made, ["all"])
    url, server = serve(data)
    assert inspect_archive(url).blobs == inspect_archive(io.BytesIO(data)).blobs
    assert server.traffic.sent <= max(documents_of(data), BASE)
    assert server.traffic.requests <= 4


def test_kept_layers_with_others_between_them_are_fetched_without_those(tmp_path: Path) -> None:
    made, _ = archive_with_layers(3000, 30, ["linux/amd64", "linux/arm64"])
    graph = graph_of(made)
    members = list(plan_filter(graph, options_of(["all"])).outputs[0].members)
    first, layers = members[:-60], members[-60:]
    mixed = [layer for pair in zip(layers[:30], layers[30:], strict=True) for layer in pair]
    output = OutputPlan((*first, *mixed), has_contents=True, documents=len(first))
    sink = BytesSink()
    execute([(output, sink)], [BytesSource(made)])
    data = bytes(sink.data)
    target = tmp_path / "out.tar"
    with RangeServer({"big.tar": data}) as server:
        filter_archive(server.url("big.tar"), target, options_of(WANTED))
    assert target.read_bytes() == filtered(made, WANTED)
    assert server.traffic.sent <= max(documents_of(data), BASE) + 30 * 3584
    assert server.traffic.requests <= 4 + 30


def test_an_output_is_hashed_in_few_requests(serve: Callable[[bytes], tuple[str, Faulty]]) -> None:
    made, _ = archive_with_layers(10_000, 40)
    data = filtered(made, ["all"])
    url, server = serve(data)
    assert read_contents(url, SourceOptions(), JobSetting()) == plan_of(made, ["all"]).outputs[0].content_digest
    assert server.traffic.sent <= len(data) + BLOCK
    assert server.traffic.requests <= 6


def test_verification_reads_everything_once_in_large_parts(serve: Callable[[bytes], tuple[str, Faulty]]) -> None:
    data, _ = archive_with_layers(3 * MEBIBYTE, 2)
    url, server = serve(data)
    report = verify_archive(url)
    assert {finding.rule for finding in report.findings} == {"I9"}
    assert server.traffic.sent <= len(data) * 1.02
    assert server.traffic.requests <= 4 * 2 * 2 + 10
