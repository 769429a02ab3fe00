"""Selection by example: forms, followers, what may be left out and what never."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.errors import IntegrityError, SelectionError, UsageError
from ocitool.model.reference import ImageFilter
from ocitool.plan.options import Followers, IndexForm, Missing
from tests.builders import Layout, multi_platform
from tests.laws.filtering import filtered, plan_of
from tests.laws.walker import Walked

if TYPE_CHECKING:
    from ocitool.plan.steps import Plan

ERROR = Missing.ERROR


def plan(layout: Layout, *platforms: str, **fields: object) -> Plan:
    return plan_of(layout.pack(), platforms, **{"missing": ERROR, **fields})


def kept(result: Plan) -> list[str]:
    return [manifest.platform or manifest.kind for manifest in result.kept]


def forms(result: Plan) -> list[str]:
    return [image.form for image in result.images]


def reasons(result: Plan) -> dict[str, str]:
    return {manifest.platform or manifest.kind: manifest.reason for manifest in result.dropped}


@pytest.mark.parametrize(
    ("platforms", "index", "form"),
    [
        (["linux/amd64"], IndexForm.AUTO, "flat"),
        (["linux/amd64", "linux/arm64"], IndexForm.AUTO, "nested"),
        (["linux/amd64"], IndexForm.NESTED, "nested"),
        (["linux/amd64"], IndexForm.FLAT, "flat"),
        (["linux/amd64"], IndexForm.KEEP, "keep"),
    ],
)
def test_forms(platforms: list[str], index: IndexForm, form: str) -> None:
    result = plan(multi_platform(), *platforms, index=index)
    assert forms(result) == [form]
    assert sorted(kept(result)) == sorted(platforms)


def test_flat_holds_one_platform() -> None:
    with pytest.raises(UsageError, match="flat"):
        plan(multi_platform(), "all", index=IndexForm.FLAT)


def test_keep_warns_of_what_it_lists() -> None:
    result = plan(multi_platform(), "linux/amd64", index=IndexForm.KEEP)
    assert any(note.level.value == "warning" and "still lists 2" in note.message for note in result.notes)
    assert not plan(multi_platform(), "all", index=IndexForm.KEEP).outputs[0].digest_map


@pytest.mark.parametrize(
    ("attestations", "form", "expected"),
    [
        (None, "flat", ["linux/amd64"]),
        (Followers.DROP, "flat", ["linux/amd64"]),
        (Followers.FOLLOW, "nested", ["linux/amd64", "attestation"]),
    ],
)
def test_attestations(attestations: Followers | None, form: str, expected: list[str]) -> None:
    result = plan(multi_platform(attested=True), "linux/amd64", attestations=attestations)
    assert (forms(result), kept(result)) == ([form], expected)


def test_attestations_follow_their_own_image_only() -> None:
    result = plan(multi_platform(attested=True), "linux/amd64", "linux/arm64")
    assert kept(result) == ["linux/amd64", "linux/arm64", "attestation", "attestation"]
    assert reasons(result)["attestation"] == "its subject is not kept"


def test_a_note_tells_of_attestations_that_flat_cannot_hold() -> None:
    result = plan(multi_platform(attested=True), "linux/amd64")
    assert any("--index nested keeps them" in note.message for note in result.notes)


def _damaged() -> Layout:
    layout = multi_platform(("linux/amd64", "linux/arm64", "linux/386"))
    _, second, third = layout.read(layout.roots[0])["manifests"]
    layout.drop(layout.read(second)["layers"][1], third)
    return layout


def test_partial_is_integrity_and_absent_is_selection() -> None:
    with pytest.raises(IntegrityError, match="partial"):
        plan(_damaged(), "linux/arm64")
    with pytest.raises(SelectionError, match="available"):
        plan(_damaged(), "linux/386")
    with pytest.raises(IntegrityError):
        plan(_damaged(), "all")


@pytest.mark.parametrize("how", [{"missing": Missing.SKIP}, {}])
def test_available_and_skip_leave_out_absent_and_partial(how: dict[str, object]) -> None:
    result = plan(_damaged(), "all" if how else "available", **how)
    assert kept(result) == ["linux/amd64"]
    assert reasons(result)["linux/386"] == "listed, but absent"
    assert reasons(result)["linux/arm64"].startswith("partial: 1 of 3")


@pytest.mark.parametrize("how", [{"missing": Missing.SKIP}, {}])
def test_corrupt_is_never_left_out(how: dict[str, object]) -> None:
    layout = multi_platform(("linux/amd64", "linux/arm64"))
    layout.blobs[layout.read(layout.roots[0])["manifests"][1]["digest"]] += b" "
    with pytest.raises(IntegrityError, match="corrupt"):
        plan(layout, "all" if how else "available", **how)
    result = plan(layout, "linux/amd64")
    assert any("corrupt, but was not selected" in note.message for note in result.notes)


def test_corrupt_index_is_integrity() -> None:
    layout = multi_platform()
    layout.blobs[layout.roots[0]["digest"]] += b" "
    with pytest.raises(IntegrityError, match="index"):
        plan(layout, "linux/amd64", missing=Missing.SKIP)


def _two_images() -> Layout:
    layout = multi_platform(("linux/amd64", "linux/arm64"))
    other = layout.index([layout.manifest("linux/amd64", ("other",))])
    return layout.add(other, "registry.example/other:2")


def test_an_image_without_the_platform() -> None:
    with pytest.raises(SelectionError, match=r"registry\.example/other:2"):
        plan(_two_images(), "linux/arm64")
    result = plan(_two_images(), "linux/arm64", missing=Missing.SKIP)
    assert [image.name for image in result.images] == ["docker.io/library/lab:1.0"]
    assert forms(plan(_two_images(), "linux/amd64,linux/arm64", missing=Missing.SKIP)) == ["nested", "flat"]


def test_images_are_chosen_by_name() -> None:
    result = plan(_two_images(), "linux/arm64", images=ImageFilter(("lab",)))
    assert [image.name for image in result.images] == ["docker.io/library/lab:1.0"]
    with pytest.raises(SelectionError, match="nothing"):
        plan(_two_images(), "linux/arm64", images=ImageFilter(("nothing",)))


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(SelectionError):
        plan(multi_platform(), "linux/s390x", missing=Missing.SKIP)
    with pytest.raises(SelectionError, match="linux/arm64"):
        plan(multi_platform(), "linux/s390x")


def test_one_name_for_two_images_of_one_platform_is_refused() -> None:
    layout = Layout()
    layout.add(layout.manifest(layers=("a",))).add(layout.manifest(layers=("b",)))
    with pytest.raises(IntegrityError, match="two different"):
        plan(layout, "linux/amd64")


def test_referrers_beside_the_image() -> None:
    layout = Layout()
    image = layout.manifest()
    sbom = layout.artifact("sbom", image)
    layout.add(layout.index([image, layout.manifest("linux/arm64")]))
    layout.add(sbom, None).add(layout.artifact("signature", sbom), None)
    assert kept(plan(layout, "all")) == ["linux/amd64", "linux/arm64", "artifact", "artifact"]
    assert kept(plan(layout, "linux/arm64")) == ["linux/arm64"]
    assert kept(plan(layout, "linux/amd64")) == ["linux/amd64"]
    assert kept(plan(layout, "linux/amd64", index=IndexForm.NESTED)) == ["linux/amd64", "artifact", "artifact"]


def test_referrers_of_referrers_within_an_index_follow_too() -> None:
    layout = Layout()
    image = layout.manifest()
    sbom = layout.artifact("sbom", image)
    layout.add(layout.index([image, sbom, layout.artifact("signature of the sbom", sbom)]))
    assert kept(plan(layout, "all", index=IndexForm.NESTED)) == ["linux/amd64", "artifact", "artifact"]


def test_a_dangling_attestation_is_never_kept() -> None:
    layout = Layout()
    image, gone = layout.manifest(), layout.manifest("linux/arm64")
    layout.add(layout.index([image, layout.attestation(gone)]))
    assert kept(plan(layout, "all", index=IndexForm.NESTED)) == ["linux/amd64"]


def test_one_manifest_listed_twice_is_one_platform() -> None:
    layout = Layout()
    child = layout.manifest("linux/amd64")
    layout.add(layout.index([child, child]))
    walked = Walked(filtered(layout.pack(), ["linux/amd64"]))
    assert list(walked.manifests()) == [child["digest"]]
    assert plan_of(layout.pack(), ["linux/amd64"]).images[0].form == "flat"
