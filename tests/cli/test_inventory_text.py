from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.api.estimating import estimate_platforms
from ocitool.archive.reader import scan_archive
from ocitool.cli.inventory_text import IMAGE_LIMIT, LAYER_LIMIT, inventory_lines
from ocitool.graph.build import build_graph
from ocitool.graph.inventory import take_inventory
from tests.builders import Layout, multi_platform
from tests.laws.filtering import filtered
from tests.sources import BytesSource

if TYPE_CHECKING:
    from ocitool.graph.inventory import Inventory


def inventory_of(layout: Layout) -> Inventory:
    source = BytesSource(layout.pack(), "image.tar")
    graph = build_graph(scan_archive(source), source)
    return take_inventory(graph, estimate_platforms(graph))


def text_of(layout: Layout, *, verbose: bool = False) -> str:
    return "\n".join(inventory_lines(inventory_of(layout), verbose=verbose))


def heavy(platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64")) -> Layout:
    """Make an image whose own layers dwarf what a tar puts around them."""
    layout = Layout()
    children = [
        layout.manifest(text, ("base", "".join(f"{text} {number * 7919}" for number in range(9000))))
        for text in platforms
    ]
    return layout.add(layout.index(children))


def bundle(images: int) -> Layout:
    layout = Layout()
    for number in range(images):
        layout.add(
            layout.index([layout.manifest(text, ("base", f"{number}")) for text in ("linux/amd64", "linux/arm64")]),
            f"docker.io/library/app{number}:1.0",
        )
    return layout


def test_platforms_have_unique_and_shared_bytes() -> None:
    text = text_of(multi_platform())
    row = inventory_of(multi_platform()).images[0].manifests[0]
    assert "PLATFORM      STATE" in text
    (line,) = [line for line in text.splitlines() if line.startswith("  linux/amd64   complete")]
    assert f"{row.unique} B" in line
    assert f"{row.shared} B" in line


def test_savings_are_those_that_filter_would_print() -> None:
    inventory = inventory_of(heavy())
    for row in inventory.platforms:
        assert row.output_size is not None
        percent = 100 * (inventory.size - row.output_size) // inventory.size
        (line,) = [
            line
            for line in inventory_lines(inventory, verbose=False)
            if line.startswith(f"  {row.platform} ") and line.endswith(f"({percent} %)")
        ]
        assert 30 < percent < 70, line


def test_no_savings_are_shown_where_there_are_none() -> None:
    assert "filter -p PLATFORM" in text_of(heavy())
    source = BytesSource(filtered(heavy().pack(), ["linux/arm64"]))
    graph = build_graph(scan_archive(source), source)
    inventory = take_inventory(graph, estimate_platforms(graph))
    assert [row.output_size for row in inventory.platforms] == [source.size]
    assert "filter -p" not in "\n".join(inventory_lines(inventory, verbose=True))


def test_a_platform_that_some_image_lacks_asks_for_skip() -> None:
    layout = heavy().add(Layout().manifest("linux/amd64"), None)
    other = layout.manifest("linux/386")
    layout.roots[1] = other | {"annotations": {"io.containerd.image.name": "docker.io/library/other:1"}}
    text = text_of(layout)
    assert "1 (with --missing skip)" in text


def test_largest_layers_name_their_users_and_are_limited() -> None:
    layout = multi_platform(tuple(f"linux/amd64/v{number}" for number in range(2, 9)))
    text = text_of(layout)
    assert f"and {8 - LAYER_LIMIT} more layers (-v lists all)" in text
    whole = text_of(layout, verbose=True)
    assert "more layers" not in whole
    assert "linux/amd64/v2, linux/amd64/v3, linux/amd64/v4, linux/amd64/v5 and 3 more" in whole


def test_largest_layers_tell_one_image_from_several() -> None:
    text = text_of(bundle(3), verbose=True)
    assert "linux/amd64, linux/arm64 of 3 images" in text
    assert "linux/amd64, linux/arm64 of docker.io/library/app2:1.0" in text


def test_an_absent_layer_is_marked_among_the_largest() -> None:
    layout = multi_platform()
    child = layout.read(layout.roots[0])["manifests"][0]
    layout.drop(layout.read(child)["layers"][1])
    assert text_of(layout).count("(not in the archive)") == 1


def test_totals_stand_at_the_end_of_every_report() -> None:
    layout = multi_platform()
    totals = inventory_of(layout).totals
    assert f"({totals.unique / 1024:.1f} KiB unique, {totals.shared} B shared" in text_of(layout)
    assert "orphans" not in text_of(layout)
    layout.blob(b"nobody's", "text/plain")
    assert "8 B orphans" in text_of(layout)


def test_many_images_are_one_line_each() -> None:
    layout = bundle(IMAGE_LIMIT + 1)
    children = layout.read(layout.roots[3])["manifests"]
    layout.drop(children[0])
    layout.drop(layout.roots[4])
    layout.add(layout.artifact("an artifact"), "docker.io/library/chart:1")
    lines = text_of(layout).splitlines()
    assert sum(line.startswith("docker.io/library/app") for line in lines) == IMAGE_LIMIT + 1
    (partial,) = [line for line in lines if line.startswith("docker.io/library/app3:1.0")]
    assert "1 of 2 complete" in partial
    (lost,) = [line for line in lines if line.startswith("docker.io/library/app4:1.0")]
    assert "index absent" in lost
    (chart,) = [line for line in lines if line.startswith("docker.io/library/chart:1")]
    assert "artifact" in chart
    assert "(-v prints the platforms of each)" in lines
    assert "PLATFORM" not in {line.split()[0] for line in lines if line}
    assert text_of(layout, verbose=True).count("PLATFORM  ") > IMAGE_LIMIT


def test_the_line_of_an_image_has_the_sums_of_its_platforms() -> None:
    layout = bundle(IMAGE_LIMIT + 1)
    image = inventory_of(layout).images[0]
    rows = image.manifests
    assert image.unique == sum(row.unique for row in rows)
    shared = {layer.digest: layer.size for row in rows for layer in row.layers if layer.users > 1}
    assert len(shared) == 2
    assert image.shared == sum(shared.values())
