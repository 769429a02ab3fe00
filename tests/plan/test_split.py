"""What goes into which part of a split, by example."""

from __future__ import annotations

from typing import Any

import pytest

from ocitool.errors import SelectionError, UsageError
from ocitool.plan.options import Followers, IndexForm, Missing, SplitBy, SplitOptions
from tests.attached import BUILDX, COSIGN_TAGS, NOTATION, small
from tests.builders import Json, Layout, multi_platform
from tests.laws.filtering import filtered, merged, split_plan, written
from tests.laws.walker import Walked

BY_IMAGE = SplitOptions(SplitBy.IMAGE, stem="bundle")
BY_BOTH = SplitOptions(SplitBy.IMAGE_PLATFORM, stem="bundle")


def names(layout: Layout, split: SplitOptions | None = None, *platforms: str, **fields: Any) -> list[str]:
    plan = split_plan(layout.pack(), platforms or ("all",), split=split, **fields)
    return [output.name for output in plan.outputs]


def bundle() -> Layout:
    """Two images: one of two platforms, one of one; each with a referrer, and a chart beside them."""
    layout = Layout()
    amd64, arm64 = layout.manifest("linux/amd64", ("a",)), layout.manifest("linux/arm64", ("b",))
    other = layout.manifest("linux/amd64", ("c",))
    layout.add(layout.index([amd64, arm64]), "docker.io/library/app:1")
    layout.add(layout.index([other]), "ghcr.io/org/database:2")
    sbom = layout.artifact("sbom of app", amd64)
    layout.add(sbom, name=None)
    layout.add(layout.artifact("signature of the sbom", sbom), name=None)
    layout.add(layout.artifact("sbom of database", other), name=None)
    layout.add(layout.artifact("chart"), "ghcr.io/org/chart:3")
    return layout


def test_by_platform() -> None:
    assert names(bundle()) == ["image-linux-amd64.tar", "image-linux-arm64.tar"]
    plan = split_plan(bundle().pack())
    assert [[image.name for image in output.images] for output in plan.outputs] == [
        ["docker.io/library/app:1", "ghcr.io/org/database:2"],
        ["docker.io/library/app:1"],
    ]


def test_by_image() -> None:
    assert names(bundle(), BY_IMAGE) == [
        "bundle-app-1.tar",
        "bundle-ghcr.io-org-database-2.tar",
        "bundle-ghcr.io-org-chart-3.tar",
    ]


def test_by_image_and_platform() -> None:
    assert names(bundle(), BY_BOTH) == [
        "bundle-app-1-linux-amd64.tar",
        "bundle-app-1-linux-arm64.tar",
        "bundle-ghcr.io-org-database-2-linux-amd64.tar",
    ]


def test_referrers_and_what_refers_to_them_go_with_their_image() -> None:
    plan = split_plan(bundle().pack(), split=BY_IMAGE, index=IndexForm.NESTED)
    assert [[manifest.kind for manifest in output.kept] for output in plan.outputs] == [
        ["image", "image", "artifact", "artifact"],
        ["image", "artifact"],
        ["artifact"],
    ]
    assert not plan.dropped


def test_what_belongs_to_no_platform_is_told() -> None:
    plan = split_plan(bundle().pack(), index=IndexForm.NESTED)
    assert [(dropped.image, dropped.reason) for dropped in plan.dropped] == [
        ("ghcr.io/org/chart:3", "belongs to no platform")
    ]


def test_attestations_that_no_form_holds_are_dropped_once_each() -> None:
    plan = split_plan(small(BUILDX).pack())
    assert len(plan.dropped) == 3
    assert {manifest.reason for manifest in plan.dropped} == {"the flat form holds nothing but the image"}
    followed = split_plan(small(BUILDX).pack(), attestations=Followers.FOLLOW)
    assert not followed.dropped
    assert {image.form for image in followed.images} == {"nested"}


@pytest.mark.parametrize("shape", [COSIGN_TAGS, NOTATION])
def test_signatures_of_a_platform_go_with_it_and_those_of_the_index_with_none(shape: str) -> None:
    data = small(shape).pack()
    plan = split_plan(data, index=IndexForm.NESTED)
    for output, part in zip(plan.outputs, written(plan, data).values(), strict=True):
        walked = Walked(part)
        walked.assert_right()
        assert any(manifest.kind == "artifact" for manifest in output.kept)
    assert {manifest.kind for manifest in plan.dropped} == {"artifact"}


def test_an_image_without_a_wanted_platform() -> None:
    with pytest.raises(SelectionError, match=r"database:2 has no platform linux/arm64"):
        names(bundle(), None, "linux/amd64", "linux/arm64", missing=Missing.ERROR)
    assert names(bundle(), None, "linux/arm64") == ["image-linux-arm64.tar"]


def test_a_collision_names_both_parts_and_the_way_out() -> None:
    layout = Layout()
    children: list[Json] = []
    for version in ("10.0.17763.1", "10.0.20348.1"):
        child = layout.manifest("windows/amd64", (version,), config={"os.version": version})
        child["platform"]["os.version"] = version
        children.append(child)
    layout.add(layout.index(children))
    with pytest.raises(UsageError, match=r"two parts would both be image-windows-amd64\.tar") as caught:
        names(layout)
    assert "windows(10.0.17763.1)/amd64" in caught.value.message
    assert caught.value.remedy == "put {-os_version} into --name-template"
    template = SplitOptions(stem="image", template="{stem}-{os}{-os_version}-{arch}{ext}")
    assert names(layout, template) == [
        "image-windows-10.0.17763.1-amd64.tar",
        "image-windows-10.0.20348.1-amd64.tar",
    ]


def test_a_platform_that_cannot_be_told() -> None:
    layout = Layout()
    child = layout.manifest("linux/amd64", config={"os": "", "architecture": ""})
    del child["platform"]
    layout.add(layout.index([child, layout.manifest("linux/arm64")]))
    plan = split_plan(layout.pack(), ("linux/arm64",))
    assert [output.name for output in plan.outputs] == ["image-linux-arm64.tar"]


def test_packing_is_for_images_not_for_single_platforms() -> None:
    with pytest.raises(UsageError, match="--max-size"):
        SplitOptions(SplitBy.IMAGE_PLATFORM, max_size=1000)


def test_numbers_are_as_wide_as_there_are_parts() -> None:
    layout = Layout()
    for number in range(11):
        layout.add(layout.manifest("linux/amd64", (f"{number}",)), f"docker.io/library/lab{number}:1")
    least = max(output.size for output in split_plan(layout.pack(), split=BY_IMAGE).outputs)
    packed = SplitOptions(SplitBy.IMAGE, stem="bundle", max_size=least)
    assert names(layout, packed) == [f"bundle-{number:02}.tar" for number in range(1, 12)]
    by_platform = SplitOptions(SplitBy.PLATFORM, stem="bundle", max_size=least)
    assert names(layout, by_platform)[0] == "bundle-linux-amd64-01.tar"


def test_one_platform_of_an_image_keeps_the_index_that_it_asks_for() -> None:
    data = multi_platform().pack()
    plan = split_plan(data, index=IndexForm.KEEP)
    assert {image.digest for image in plan.images} == {image.original for image in plan.images}
    assert all("keeps its digest" in note.message for note in plan.notes if note.level.value == "warning")


def test_artifacts_alone_are_split_by_image() -> None:
    layout = Layout()
    layout.add(layout.artifact("chart"), "x.io/chart:1")
    with pytest.raises(SelectionError) as caught:
        names(layout)
    assert "--by image" in caught.value.remedy
    assert names(layout, BY_IMAGE) == ["bundle-x.io-chart-1.tar"]


def test_a_manifest_listed_twice_is_reported_once() -> None:
    layout = Layout()
    child = layout.manifest()
    layout.add(layout.index([child, child]))
    (output,) = split_plan(layout.pack()).outputs
    assert len(output.kept) == 1


def test_a_platform_that_only_the_index_names_stays_nested_and_comes_back() -> None:
    layout = Layout()
    silent = layout.manifest("linux/amd64", ("silent",), config={"os": "", "architecture": ""})
    layout.add(layout.index([silent, layout.manifest("linux/arm64")]))
    data = layout.pack()
    plan = split_plan(data)
    assert [image.form for image in plan.images] == ["nested", "flat"]
    parts = list(written(plan, data).values())
    assert Walked(merged(parts)).manifests() == Walked(data).manifests()
    assert filtered(parts[0], ["linux/amd64"]) == parts[0]


def test_more_parts_than_anybody_means_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocitool.plan.parts.PART_LIMIT", 2)
    assert len(names(multi_platform(("linux/amd64", "linux/arm64")))) == 2
    with pytest.raises(UsageError, match="3 parts are more than the 2"):
        names(multi_platform())
    with pytest.raises(UsageError, match="3 parts are more than the 2"):
        names(bundle(), BY_IMAGE)
