"""What `diff` says of two archives: content is compared, and names, not the way in which they are listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.model.platform_selection import PlatformSelection
from ocitool.model.reference import ImageFilter
from ocitool.plan.changes import Change, Comparison, ImageChange, ManifestChange
from ocitool.plan.comparison import Restriction, compare_graphs
from ocitool.plan.options import IndexForm
from tests.builders import Layout, as_json, multi_platform
from tests.deltas import EMPTY, NEW, OLD, OTHER, delta
from tests.docker_archives import DockerArchive
from tests.laws.filtering import filtered, graph_of
from tests.strategies import Archive, archives, packings, selected_archives

if TYPE_CHECKING:
    from collections.abc import Callable


def compared(old: bytes, new: bytes, platforms: tuple[str, ...] = (), images: tuple[str, ...] = ()) -> Comparison:
    selection = PlatformSelection.parse(platforms) if platforms else None
    return compare_graphs(graph_of(old), graph_of(new), Restriction(selection, ImageFilter(images)))


def only(comparison: Comparison) -> ImageChange:
    (image,) = comparison.images
    return image


def changes(image: ImageChange) -> dict[str, str]:
    return {manifest.name: manifest.change.value for manifest in image.manifests}


def layers(manifest: ManifestChange) -> dict[str, int]:
    return {change.value: len(manifest.layers(change)) for change in Change if manifest.layers(change)}


def test_a_rebuilt_image() -> None:
    found = compared(OLD.pack(), NEW.pack())
    image = only(found)
    assert (image.name, image.change) == ("docker.io/library/lab:1.0", Change.CHANGED)
    assert changes(image) == dict.fromkeys(("linux/amd64", "linux/arm64", "linux/arm/v7"), "changed")
    for manifest in image.manifests:
        assert layers(manifest) == {"added": 1, "removed": 1, "same": 1}
        assert manifest.is_config_changed
    added = {digest: len(data) for digest, data in NEW.blobs.items() if digest not in OLD.blobs}
    del added[NEW.roots[0]["digest"]]  # an index says how content is listed
    assert (found.added.blobs, found.added.size) == (len(added), sum(added.values()))
    assert found.shared.blobs == 1
    assert found.removed.blobs == len(added)
    assert found.differs


def test_images_are_added_and_removed_by_name() -> None:
    found = compared(OLD.pack(), OTHER.pack())
    assert [(image.name, image.change.value) for image in found.images] == [
        ("docker.io/library/other:1", "added"),
        ("docker.io/library/lab:1.0", "removed"),
    ]
    renamed = Layout(OLD.blobs).add(_root(OLD), "docker.io/library/lab:2.0")
    found = compared(OLD.pack(), renamed.pack())
    assert [image.change.value for image in found.images] == ["added", "removed"]
    assert (found.added.blobs, found.removed.blobs) == (0, 0)
    assert found.differs


def _root(layout: Layout) -> dict[str, Any]:
    return {key: value for key, value in layout.roots[0].items() if key != "annotations"}


def test_platforms_are_added_and_removed() -> None:
    old, new = multi_platform(("linux/amd64", "linux/386")), multi_platform(("linux/amd64", "linux/arm64"))
    assert changes(only(compared(old.pack(), new.pack()))) == {
        "linux/amd64": "same",
        "linux/arm64": "added",
        "linux/386": "removed",
    }


def test_a_variant_that_is_implied_is_no_change() -> None:
    old, new = multi_platform(("linux/arm64",)), multi_platform(("linux/arm64/v8",), own=lambda _: "own linux/arm64")
    (manifest,) = only(compared(old.pack(), new.pack())).manifests
    assert manifest.change is Change.CHANGED  # the config says another variant
    assert layers(manifest) == {"same": 2}


def test_attestations_are_matched_by_what_they_speak_of() -> None:
    old = multi_platform(attested=True)
    new = multi_platform(attested=True, own="rebuilt {}".format)
    names = ("linux/amd64", "linux/arm64", "linux/arm/v7")
    expected = dict.fromkeys((*names, *(f"attestation of {name}" for name in names)), "changed")
    assert changes(only(compared(old.pack(), new.pack()))) == expected


def test_unnamed_images_are_matched() -> None:
    old, new = multi_platform(name=None), multi_platform(name=None, own="rebuilt {}".format)
    assert only(compared(old.pack(), new.pack())).change is Change.CHANGED
    assert only(compared(old.pack(), old.pack())).change is Change.SAME
    two = multi_platform(name=None)
    two.add(two.index([two.manifest("linux/386")]), None)
    found = compared(new.pack(), two.pack())
    assert sorted(image.change.value for image in found.images) == ["added", "added", "removed"]


def test_what_is_not_there_is_no_content() -> None:
    sparse = multi_platform()
    absent = sparse.read(sparse.roots[0])["manifests"][1]
    sparse.drop(absent)
    found = only(compared(sparse.pack(), OLD.pack()))
    assert changes(found) == {"linux/amd64": "same", "linux/arm64": "added", "linux/arm/v7": "same"}
    (manifest,) = (each for each in found.manifests if each.change is Change.ADDED)
    assert manifest.old is not None
    assert manifest.old.state == "absent"
    assert not compared(sparse.pack(), sparse.pack()).differs
    assert len(only(compared(sparse.pack(), sparse.pack())).manifests) == 2


def test_what_is_partly_there_changed() -> None:
    partial = multi_platform()
    partial.drop(partial.read(partial.read(partial.roots[0])["manifests"][1])["layers"][1])
    found = only(compared(partial.pack(), OLD.pack()))
    assert changes(found) == {"linux/amd64": "same", "linux/arm64": "changed", "linux/arm/v7": "same"}
    assert layers(found.manifests[1]) == {"added": 1, "same": 1}


def test_a_delta_is_compared_as_what_it_holds() -> None:
    found = compared(delta(), NEW.pack())
    assert found.old.faults
    assert "this is a delta" in found.old.faults[0]
    assert (found.added.blobs, found.removed.blobs) == (1, 0)


def test_docker_archives() -> None:
    old = DockerArchive().image("lab:1.0", layers=("base", "one")).pack()
    new = DockerArchive().image("lab:1.0", layers=("base", "two")).pack()
    (manifest,) = only(compared(old, new)).manifests
    assert layers(manifest) == {"added": 1, "removed": 1, "same": 1}
    assert not compared(old, filtered(old, ["all"])).differs


def test_restrictions() -> None:
    both = Layout(OLD.blobs | NEW.blobs, [*OLD.roots, *NEW.roots])
    both.roots[1] = _root(NEW)
    both.add(both.roots.pop(), "docker.io/library/second:1")
    found = compared(OLD.pack(), both.pack(), images=("lab",))
    assert [image.change.value for image in found.images] == ["same"]
    assert found.unmatched == ()
    found = compared(OLD.pack(), both.pack(), images=("second", "third"))
    assert [image.change.value for image in found.images] == ["added"]
    assert found.unmatched == ("third",)
    found = compared(OLD.pack(), NEW.pack(), platforms=("linux/arm64", "linux/s390x"))
    assert changes(only(found)) == {"linux/arm64": "changed"}
    assert (found.added.blobs, found.unmatched) == (3, ("linux/s390x",))
    found = compared(OLD.pack(), NEW.pack(), platforms=("linux/s390x",))
    assert found.images == ()
    assert not found.differs


@given(archives())
def test_nothing_changes_from_an_archive_to_itself(archive: Archive) -> None:
    found = compared(archive.data, archive.data)
    assert not found.differs
    assert (found.added.blobs, found.removed.blobs) == (0, 0)


@given(archives(), packings)
def test_packing_changes_nothing(archive: Archive, packing: Any) -> None:
    assert not compared(archive.data, packing.pack(archive.layout)).differs


@given(archives(damaged=False, artifacts=False), st.sampled_from([IndexForm.AUTO, IndexForm.NESTED, IndexForm.KEEP]))
def test_the_form_of_an_index_changes_nothing(archive: Archive, form: IndexForm) -> None:
    found = compared(archive.data, filtered(archive.data, ["all"], index=form))
    assert [image.change for image in found.images if image.name] == [Change.SAME] * len(
        [image for image in found.images if image.name]
    )
    assert (found.added.blobs, found.removed.blobs) == (0, 0)


@given(archives(), archives())
def test_the_other_way_round_it_is_the_other_way_round(one: Archive, other: Archive) -> None:
    there, back = compared(one.data, other.data), compared(other.data, one.data)
    assert (there.added, there.shared, there.removed) == (back.removed, back.shared, back.added)
    mirrored = {"added": "removed", "removed": "added"}
    assert sorted((str(image.name), image.change.value) for image in there.images) == sorted(
        (str(image.name), mirrored.get(image.change.value, image.change.value)) for image in back.images
    )


@given(archives())
def test_to_an_empty_archive_all_is_new(archive: Archive) -> None:
    found = compared(EMPTY.pack(), archive.data)
    assert {image.change for image in found.images} == {Change.ADDED}
    assert found.shared.blobs == found.removed.blobs == 0


@given(selected_archives(damaged=False, artifacts=False))
def test_what_a_filter_drops_is_removed(drawn: tuple[Archive, list[str]]) -> None:
    archive, platforms = drawn
    found = compared(archive.data, filtered(archive.data, platforms))
    assert found.added.blobs == 0
    assert found.differs == (found.removed.blobs > 0)


def _relisted(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the archive of an index that says the same manifests otherwise."""
    layout = multi_platform()
    index = layout.read(layout.roots[0])
    change(index)
    other = Layout(layout.blobs)
    return other.add(other.blob(as_json(index), index["mediaType"])).pack()


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index.update(annotations={"org.example.build": "2"}),
        lambda index: index.update(artifactType="application/vnd.example"),
        lambda index: index["manifests"].reverse(),
        lambda index: index["manifests"][1].update(annotations={"org.example.build": "2"}),
        lambda index: index["manifests"][1]["platform"].update(features=["sse4"]),
    ],
    ids=["annotation", "type", "order", "annotation of one", "platform of one"],
)
def test_what_an_index_says_is_compared(change: Callable[[dict[str, Any]], object]) -> None:
    found = compared(OLD.pack(), _relisted(change))
    image = only(found)
    assert (found.differs, image.change, image.is_index_changed) == (True, Change.CHANGED, True)
    assert {manifest.change for manifest in image.manifests} == {Change.SAME}
    assert not only(compared(OLD.pack(), _relisted(lambda _: None))).is_index_changed
    # One platform alone is the same in either.
    assert not compared(OLD.pack(), _relisted(change), ("linux/amd64",)).differs
