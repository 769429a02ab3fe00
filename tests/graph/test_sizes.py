"""Who uses which bytes: by example, and laws over generated archives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given

from ocitool.archive.reader import scan_archive
from ocitool.graph.build import build_graph
from ocitool.graph.image import Kind
from ocitool.graph.inventory import Inventory, take_inventory
from tests.builders import Layout, as_json, multi_platform
from tests.docker_archives import DockerArchive
from tests.sources import BytesSource
from tests.strategies import Archive, archives

if TYPE_CHECKING:
    from ocitool.graph.rows import ManifestRow
    from ocitool.model.digest import Digest
    from tests.builders import Json


def inventory_of(data: bytes) -> Inventory:
    source = BytesSource(data)
    return take_inventory(build_graph(scan_archive(source), source))


def manifests_of(inventory: Inventory) -> dict[Digest, ManifestRow]:
    return {row.digest: row for image in inventory.images for row in image.manifests}


def closure(layout: Layout, descriptor: Json) -> dict[str, int]:
    """Return the sizes of what a manifest needs and the layout holds, by digest."""
    blobs = [descriptor]
    if descriptor["digest"] in layout.blobs:
        document = layout.read(descriptor)
        blobs += [document["config"], *document["layers"]]
    return {blob["digest"]: len(layout.blobs[blob["digest"]]) for blob in blobs if blob["digest"] in layout.blobs}


def test_one_shared_layer_and_one_of_each_platform() -> None:
    layout = multi_platform()
    children = layout.read(layout.roots[0])["manifests"]
    base = layout.read(children[0])["layers"][0]
    inventory = inventory_of(layout.pack())
    rows = inventory.images[0].manifests
    for child, row in zip(children, rows, strict=True):
        assert row.shared == base["size"]
        assert row.unique == sum(closure(layout, child).values()) - base["size"]
    assert inventory.totals.shared == base["size"]
    assert inventory.totals.indexes == layout.roots[0]["size"]
    assert inventory.totals.orphans == 0
    assert inventory.totals.blobs + inventory.totals.overhead == len(layout.pack())
    assert [layer.users for layer in rows[0].layers] == [3, 1]
    (shared,) = [layer for layer in inventory.layers if len(layer.manifests) == 3]
    assert str(shared.digest) == base["digest"]


def test_a_manifest_under_two_names_is_one_user() -> None:
    layout = multi_platform()
    layout.add(layout.roots[0], "docker.io/library/again:1.0")
    once, twice = inventory_of(multi_platform().pack()), inventory_of(layout.pack())
    assert [image.unique for image in twice.images] == [once.images[0].unique] * 2
    assert twice.totals.unique == once.totals.unique


def test_what_is_left_of_a_dropped_manifest_is_orphaned() -> None:
    layout = multi_platform()
    child = layout.read(layout.roots[0])["manifests"][0]
    own = [layout.read(child)["config"], layout.read(child)["layers"][1]]
    layout.drop(child)
    inventory = inventory_of(layout.pack())
    assert inventory.totals.orphans == sum(blob["size"] for blob in own)
    assert {str(digest) for digest, _ in inventory.orphans} == {blob["digest"] for blob in own}
    assert (inventory.images[0].manifests[0].unique, inventory.images[0].manifests[0].shared) == (0, 0)


def test_a_layer_that_is_an_index_too_is_shared() -> None:
    layout = Layout()
    index = layout.index([layout.manifest("linux/amd64")])
    odd = layout.manifest("linux/386", layers=[])
    document = as_json(layout.read(odd) | {"layers": [index]})
    layout.drop(odd).add(index).add(layout.blob(document, odd["mediaType"]), "docker.io/library/odd:1")
    totals = inventory_of(layout.pack()).totals
    assert (totals.indexes, totals.shared) == (0, index["size"])


def test_layers_are_listed_once_and_the_largest_first() -> None:
    layout = Layout()
    layout.add(layout.manifest("linux/amd64", ("x", "y" * 4000, "x")))
    layers = inventory_of(layout.pack()).layers
    assert len(layers) == 2
    assert layers[0].size > layers[1].size
    assert [len(layer.manifests) for layer in layers] == [1, 1]


def test_docker_archive_has_no_bytes_for_the_manifests_that_were_made() -> None:
    inventory = inventory_of(DockerArchive().image("lab:1.0").pack())
    assert inventory.totals.orphans == 0
    assert inventory.totals.unique == sum(row.unique for row in manifests_of(inventory).values())
    assert inventory.totals.overhead > 0


@given(archives())
def test_every_byte_of_the_archive_counts_once(archive: Archive) -> None:
    inventory = inventory_of(archive.data)
    totals, rows = inventory.totals, manifests_of(inventory)
    assert totals.blobs == sum(map(len, archive.layout.blobs.values()))
    assert totals.blobs + totals.overhead == len(archive.data)
    assert totals.unique == sum(row.unique for row in rows.values())
    assert totals.orphans == sum(size for _, size in inventory.orphans)


@given(archives())
def test_unique_and_shared_are_what_the_archive_holds_of_a_manifest(archive: Archive) -> None:
    layout = archive.layout
    listed = {str(digest): row for digest, row in manifests_of(inventory_of(archive.data)).items()}
    closures = {digest: closure(layout, {"digest": digest}) for digest in listed}
    for digest, row in listed.items():
        others = set().union(*(blobs for other, blobs in closures.items() if other != digest))
        # What is absent keeps its users: an absent manifest says nothing of its layers.
        assert row.unique + row.shared == sum(closures[digest].values())
        assert row.unique == sum(size for blob, size in closures[digest].items() if blob not in others)


@given(archives())
def test_dropping_a_manifest_makes_orphans_of_its_unique_bytes(archive: Archive) -> None:
    layout = archive.layout
    before = inventory_of(layout.pack())
    row = next(row for row in before.images[0].manifests if row.kind is Kind.IMAGE)
    if str(row.digest) not in layout.blobs:
        return
    size = len(layout.blobs.pop(str(row.digest)))
    after = inventory_of(layout.pack())
    assert after.totals.orphans - before.totals.orphans == row.unique - size


@given(archives())
def test_indexes_and_manifests_of_an_image_are_those_below_its_roots(archive: Archive) -> None:
    for image in inventory_of(archive.data).images:
        listed = {child.digest for index in image.indexes for child in index.children}
        assert {row.digest for row in image.rows} == listed | {root.digest for root in image.roots}
