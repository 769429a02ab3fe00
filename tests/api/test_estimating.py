"""What inspect says that filter would write is what filter writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from ocitool.api import FilterOptions, PlatformSelection, filter_archive, inspect_archive
from ocitool.api.estimating import estimate_platforms
from ocitool.archive.reader import scan_archive
from ocitool.errors import OcitoolError, SelectionError
from ocitool.graph.build import build_graph
from ocitool.plan.options import Missing
from tests.builders import Layout, multi_platform
from tests.docker_archives import DockerArchive
from tests.laws.filtering import filtered
from tests.sources import BytesSource
from tests.strategies import Archive, archives

if TYPE_CHECKING:
    from pathlib import Path

    from ocitool.graph.inventory import PlatformRow


def estimate(data: bytes, **limits: int) -> tuple[PlatformRow, ...]:
    source = BytesSource(data)
    return estimate_platforms(build_graph(scan_archive(source), source), **limits)


def bundle() -> Layout:
    """Make two images with attestations; only the first has linux/386."""
    layout = multi_platform(("linux/amd64", "linux/arm64", "linux/386"), attested=True)
    children = [layout.manifest(text, ("base", f"two {text}")) for text in ("linux/amd64", "linux/arm64")]
    return layout.add(layout.index(children), "docker.io/library/two:1.0")


def test_sizes_are_those_of_the_files_that_filter_writes(tmp_path: Path) -> None:
    source, output = tmp_path / "in.tar", tmp_path / "out.tar"
    source.write_bytes(bundle().pack())
    inventory = inspect_archive(source)
    assert [(row.platform, row.images, row.needs_skip) for row in inventory.platforms] == [
        ("linux/amd64", 2, False),
        ("linux/arm64", 2, False),
        ("linux/386", 1, True),
    ]
    for row in inventory.platforms:
        missing = Missing.SKIP if row.needs_skip else Missing.ERROR
        options = FilterOptions(PlatformSelection.parse([row.platform]), missing=missing)
        assert filter_archive(source, output, options, dry_run=True).size == row.output_size
        filter_archive(source, output, options)
        assert output.stat().st_size == row.output_size
        assert row.to_json(inventory.size)["savedSize"] == source.stat().st_size - output.stat().st_size
    with pytest.raises(SelectionError, match="no platform"):
        filter_archive(source, output, FilterOptions(PlatformSelection.parse(["linux/386"])), dry_run=True)


def test_the_blobs_of_one_platform_are_the_closures_of_its_manifests(tmp_path: Path) -> None:
    """Flat outputs hold manifests, configs and layers once each, without indexes and attestations."""
    source, output = tmp_path / "in.tar", tmp_path / "out.tar"
    source.write_bytes(bundle().pack())
    inventory = inspect_archive(source)
    for platform in ("linux/amd64", "linux/arm64"):
        blobs: dict[str, int] = {}
        for image in inventory.images:
            for row in image.manifests:
                if row.name == platform:
                    contents = {str(blob.digest): blob.size for blob in row.contents}
                    blobs |= contents | {str(row.digest): row.size - sum(contents.values())}
        options = FilterOptions(PlatformSelection.parse([platform]))
        members = filter_archive(source, output, options, dry_run=True).plan.outputs[0].members
        assert sum(m.content.size for m in members if m.name.startswith("blobs/")) == sum(blobs.values())


def test_docker_archives_are_planned_with_the_manifests_that_are_made() -> None:
    data = DockerArchive().image("lab:1.0").pack()
    (row,) = estimate(data)
    assert row.output_size == len(filtered(data, [row.platform]))


def test_what_no_image_holds_complete_has_no_size() -> None:
    layout = multi_platform()
    children = layout.read(layout.roots[0])["manifests"]
    layout.drop(children[1])
    layout.drop(layout.read(children[2])["layers"][1])
    rows = estimate(layout.pack())
    assert [(row.images, row.output_size is None) for row in rows] == [(1, False), (0, True), (0, True)]
    assert rows[1].reason == "no image holds it complete"


def test_what_filter_refuses_has_its_reason() -> None:
    layout = multi_platform()
    layout.files["manifest.json"] = b"not json"
    rows = estimate(layout.pack())
    assert {(row.output_size, row.reason) for row in rows} == {(None, "not JSON: Expecting value at line 1 column 1")}


def test_work_is_bounded_and_the_first_is_planned_anyway() -> None:
    rows = estimate(multi_platform().pack(), work_limit=1)
    assert [row.output_size is None for row in rows] == [False, True, True]
    assert "too many" in rows[1].reason
    assert all(row.output_size for row in estimate(multi_platform().pack(), work_limit=9))
    assert estimate(multi_platform().pack(), work_limit=8)[2].output_size is None


def test_a_platform_that_cannot_be_asked_for_is_no_error() -> None:
    layout = Layout()
    child = layout.manifest("linux/amd64", config={"architecture": "od d"})
    child["platform"]["architecture"] = "od d"
    rows = estimate(layout.add(layout.index([child])).pack())
    assert [row.output_size for row in rows] == [None]
    assert "platform" in rows[0].reason


@given(archives())
def test_estimates_hold_for_generated_archives(archive: Archive) -> None:
    data = archive.data
    for row in estimate(data):
        missing = Missing.SKIP if row.needs_skip else Missing.ERROR
        if row.output_size is not None:
            assert len(filtered(data, [row.platform], missing=missing)) == row.output_size
            continue
        with pytest.raises(OcitoolError):
            filtered(data, [row.platform], missing=Missing.SKIP)
