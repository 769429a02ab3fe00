from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ocitool.archive.reader import scan_archive
from ocitool.cli.chart import SWATCHES, Chart, plan_chart, shorten
from ocitool.graph.build import build_graph
from ocitool.graph.inventory import take_inventory
from tests.builders import Layout, multi_platform
from tests.sources import BytesSource
from tests.strategies import Archive, archives

if TYPE_CHECKING:
    from ocitool.graph.inventory import Inventory


def inventory_of(data: bytes) -> Inventory:
    source = BytesSource(data, "image.tar")
    return take_inventory(build_graph(scan_archive(source), source))


def chart_of(layout: Layout, **limits: int) -> Chart:
    return plan_chart(inventory_of(layout.pack()), **limits)


def test_rows_are_platforms_and_segments_layers() -> None:
    layout = multi_platform(attested=True)
    chart = chart_of(layout)
    (group,) = chart.groups
    assert group.name == "docker.io/library/lab:1.0"
    assert [bar.label for bar in group.bars] == ["linux/amd64", "linux/arm64", "linux/arm/v7"]
    base, own = layout.read(layout.read(layout.roots[0])["manifests"][0])["layers"]
    first, second = group.bars[0].segments
    assert (first.start, first.size, first.swatch) == (0, base["size"], 0)
    assert (second.start, second.size, second.swatch) == (base["size"], own["size"], None)
    assert chart.swatches == (f"{base['digest'][7:19]}  {base['size']} B, shared by 3",)
    assert chart.footnote == "Not shown: 3 attestations."
    assert chart.title == "image.tar"


def test_states_and_absence() -> None:
    layout = multi_platform(("linux/amd64", "linux/arm64"))
    one, two = layout.read(layout.roots[0])["manifests"]
    layout.drop(layout.read(one)["layers"][1])
    layout.drop(two)
    partial, absent = chart_of(layout).groups[0].bars
    assert partial.mark == "partial 3/4"
    assert [segment.present for segment in partial.segments] == [True, False]
    assert (absent.mark, absent.segments, absent.size, absent.unique) == ("absent", (), "", "")


def test_rows_beyond_the_limit_are_counted() -> None:
    layout = Layout()
    for number in range(4):
        children = [layout.manifest(text, (f"{number}",)) for text in ("linux/amd64", "linux/arm64")]
        layout.add(layout.index(children), f"docker.io/library/app{number}:1")
    chart = chart_of(layout, row_limit=3)
    assert [len(group.bars) for group in chart.groups] == [2, 1]
    assert chart.footnote == "Not shown: 5 more rows."
    assert chart_of(layout, row_limit=8).footnote == ""


def test_the_largest_shared_layers_have_colours_of_their_own() -> None:
    layout = Layout()
    shared = tuple(
        "".join(f"{seed}{number * 7919}" for number in range(50 * seed)) for seed in range(1, SWATCHES + 3)
    )
    layout.add(layout.index([layout.manifest(text, shared) for text in ("linux/amd64", "linux/arm64")]))
    chart = chart_of(layout)
    assert len(chart.swatches) == SWATCHES
    for bar in chart.groups[0].bars:
        assert [segment.swatch for segment in bar.segments] == [-1, -1, *range(SWATCHES)]


def test_names_are_made_printable_and_cut_in_the_middle() -> None:
    chart = chart_of(multi_platform(name=f"a\nb\x1b{'x' * 500}:end"))
    (group,) = chart.groups
    assert group.name.isprintable()
    assert group.name.startswith("a\\nb\\x1b")
    assert group.name.endswith("x:end")
    assert len(group.name) == 200


def test_an_archive_without_images_is_a_chart_without_rows() -> None:
    chart = chart_of(Layout())
    assert (chart.groups, chart.width, chart.swatches, chart.footnote) == ((), 0, (), "")


@given(st.text(max_size=30), st.integers(3, 40))
def test_shortened_text_keeps_both_ends(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    if len(text) <= limit:
        assert short == text
    else:
        head, _, tail = short.partition("\N{HORIZONTAL ELLIPSIS}")
        assert text.startswith(head)
        assert text.endswith(tail) or "\N{HORIZONTAL ELLIPSIS}" in text


@given(archives())
def test_every_layer_of_every_platform_is_drawn_in_its_width(archive: Archive) -> None:
    inventory = inventory_of(archive.data)
    chart = plan_chart(inventory)
    bars = [bar for group in chart.groups for bar in group.bars]
    ends = []
    for bar in bars:
        position = 0
        for segment in bar.segments:
            assert segment.start == position
            position += segment.size
        ends.append(position)
    assert chart.width == max(ends, default=0)
    colours: dict[object, set[int | None]] = {}
    rows = [
        row
        for image in inventory.images
        for row in {row.digest: row for row in image.manifests}.values()
        if row.kind.value != "attestation"
    ]
    assert len(rows) == len(bars)
    for row, bar in zip(rows, bars, strict=True):
        for layer, segment in zip(row.layers, bar.segments, strict=True):
            assert (layer.size, layer.present) == (segment.size, segment.present)
            assert (segment.swatch is None) == (layer.users == 1)
            colours.setdefault(layer.digest, set()).add(segment.swatch)
    assert all(len(found) == 1 for found in colours.values())
