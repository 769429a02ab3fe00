"""Laws of `split`: each part is what a filter to it gives, and together the parts are the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import UsageError
from ocitool.model.reference import ImageFilter
from ocitool.plan.options import Followers, IndexForm, SplitBy, SplitOptions
from ocitool.plan.steps import Copy
from tests.builders import Layout, multi_platform
from tests.laws.filtering import filtered, parts_of, plan_of, split_plan, written
from tests.laws.walker import Walked
from tests.strategies import Archive, archives, selected_archives

if TYPE_CHECKING:
    from ocitool.plan.steps import OutputPlan

FORMS = st.sampled_from([IndexForm.AUTO, IndexForm.NESTED, IndexForm.FLAT, IndexForm.KEEP])
ATTESTATIONS = st.sampled_from([None, Followers.DROP])
BY_BOTH = SplitOptions(SplitBy.IMAGE_PLATFORM, template="{image}-{digest}-{os}-{arch}{-variant}{-os_version}{ext}")
BY_IMAGE = SplitOptions(SplitBy.IMAGE, template="{image}-{digest}{ext}")


def platform_of(output: OutputPlan) -> str:
    (platform,) = {manifest.platform for manifest in output.kept if manifest.platform}
    return platform


@given(archives(), FORMS, ATTESTATIONS)
def test_each_part_is_the_filter_to_its_platform(
    archive: Archive, form: IndexForm, attestations: Followers | None
) -> None:
    plan = split_plan(archive.data, index=form, attestations=attestations)
    for output, data in zip(plan.outputs, written(plan, archive.data).values(), strict=True):
        assert data == filtered(archive.data, [platform_of(output)], index=form, attestations=attestations)
        Walked(data).assert_right(closed=form is not IndexForm.KEEP)


@given(selected_archives(artifacts=False))
def test_parts_are_the_whole(drawn: tuple[Archive, list[str]]) -> None:
    archive, platforms = drawn
    whole = Walked(filtered(archive.data, platforms)).manifests()
    for split in (SplitOptions(stem="image"), BY_BOTH, BY_IMAGE):
        parts = [Walked(data).manifests() for data in parts_of(archive.data, platforms, split=split).values()]
        assert set().union(*parts) == whole


@given(archives(), st.sampled_from([IndexForm.AUTO, IndexForm.NESTED]))
def test_what_goes_into_no_part_is_dropped_and_nothing_else(archive: Archive, form: IndexForm) -> None:
    plan = split_plan(archive.data, index=form)
    kept = {(manifest.image, manifest.digest) for output in plan.outputs for manifest in output.kept}
    dropped = {(manifest.image, manifest.digest) for manifest in plan.dropped}
    assert not kept & dropped
    whole = plan_of(archive.data, ["all"], index=IndexForm.NESTED)
    listed = {(manifest.image, manifest.digest) for manifest in (*whole.kept, *whole.dropped)}
    assert kept | dropped == listed
    assert all(manifest.reason for manifest in plan.dropped)


@given(archives(artifacts=False))
def test_a_part_of_one_image_is_the_filter_to_it(archive: Archive) -> None:
    plan = split_plan(archive.data, split=BY_IMAGE)
    for output, data in zip(plan.outputs, written(plan, archive.data).values(), strict=True):
        (image,) = output.images
        if image.name is not None:
            assert data == filtered(archive.data, ["all"], images=ImageFilter((image.name,)))


@given(archives(), FORMS)
def test_every_byte_is_read_once(archive: Archive, form: IndexForm) -> None:
    plan = split_plan(archive.data, index=form)
    copies = [member.content for output in plan.outputs for member in output.members]
    distinct = {copy.digest: copy.size for copy in copies if isinstance(copy, Copy)}
    assert plan.read == sum(distinct.values())


@given(archives(artifacts=False), FORMS)
def test_the_digest_map_is_exact(archive: Archive, form: IndexForm) -> None:
    """What a name stood for, and is not there any more, is in the map of its part; nothing else is."""
    before = {root["digest"] for root in archive.layout.roots}
    plan = split_plan(archive.data, index=form)
    for output, data in zip(plan.outputs, written(plan, archive.data).values(), strict=True):
        walked = Walked(data)
        after = {root["digest"] for root in walked.index["manifests"]}
        assert {str(old) for old in output.digest_map} <= before - set(walked.blobs)
        assert {str(new) for new in output.digest_map.values()} <= after
        for image in output.images:
            gone = str(image.original) not in walked.blobs and form is not IndexForm.KEEP
            assert (output.digest_map.get(image.original) == image.digest) == gone


def bundle(count: int, shared: bool) -> Layout:
    layout = Layout()
    for number in range(count):
        layers = ("shared" * 400 if shared else f"base {number}", f"own of {number}" * (number % 4 + 1) * 50)
        layout.add(layout.index([layout.manifest("linux/amd64", layers)]), f"docker.io/library/lab{number}:1")
    return layout


@given(st.integers(1, 9), st.booleans(), st.integers(0, 40_000), st.sampled_from([SplitBy.IMAGE, SplitBy.PLATFORM]))
def test_packed_parts_are_never_larger_and_are_the_whole(count: int, shared: bool, room: int, by: SplitBy) -> None:
    data = bundle(count, shared).pack()
    least = max(output.size for output in split_plan(data, split=BY_IMAGE).outputs)
    limit = least + room
    packed = parts_of(data, split=SplitOptions(by, stem="bundle", max_size=limit))
    assert all(len(part) <= limit for part in packed.values())
    assert set().union(*(Walked(part).manifests() for part in packed.values())) == Walked(data).manifests()
    for part in packed.values():
        Walked(part).assert_right()
    with pytest.raises(UsageError, match="alone needs"):
        parts_of(data, split=SplitOptions(by, stem="bundle", max_size=least - 1))


@given(archives(), FORMS)
def test_the_same_archive_gives_the_same_parts(archive: Archive, form: IndexForm) -> None:
    assert parts_of(archive.data, index=form) == parts_of(archive.layout.pack(order=hash), index=form)


def test_shared_blobs_count_once_in_a_packed_part() -> None:
    data = bundle(4, shared=True).pack()
    whole = filtered(data, ["all"])
    packed = parts_of(data, split=SplitOptions(SplitBy.IMAGE, stem="bundle", max_size=len(whole) + 1024))
    assert list(packed.values()) == [whole]


def test_an_attestation_goes_with_the_platform_it_speaks_of() -> None:
    data = multi_platform(attested=True).pack()
    parts = parts_of(data, index=IndexForm.NESTED)
    assert [len(Walked(part).manifests()) for part in parts.values()] == [2, 2, 2]
    assert set().union(*(Walked(part).manifests() for part in parts.values())) == Walked(data).manifests()
