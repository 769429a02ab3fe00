"""Laws of `filter` over generated archives: what holds whatever the archive and the selection."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import UsageError
from ocitool.plan.options import Followers, IndexForm
from ocitool.plan.steps import Copy
from tests.laws.filtering import filtered, plan_of
from tests.laws.walker import Walked
from tests.strategies import Archive, archives, packings, selected_archives

if TYPE_CHECKING:
    from tests.strategies import Packing

FORMS = st.sampled_from([IndexForm.AUTO, IndexForm.NESTED, IndexForm.KEEP])
ATTESTATIONS = st.sampled_from([None, Followers.FOLLOW, Followers.DROP])


@given(selected_archives(), FORMS, ATTESTATIONS)
def test_output_is_closed_minimal_and_right(
    drawn: tuple[Archive, list[str]], form: IndexForm, attestations: Followers | None
) -> None:
    archive, platforms = drawn
    output = Walked(filtered(archive.data, platforms, index=form, attestations=attestations))
    output.assert_right(closed=form is not IndexForm.KEEP)


@given(selected_archives(), FORMS)
def test_manifests_and_what_they_hold_are_the_input_bytes(drawn: tuple[Archive, list[str]], form: IndexForm) -> None:
    archive, platforms = drawn
    output = Walked(filtered(archive.data, platforms, index=form))
    assert output.manifests()
    for descriptor in output.descriptors():
        digest = descriptor["digest"]
        if (
            "index" not in descriptor["mediaType"]
            and "list" not in descriptor["mediaType"]
            and digest in output.blobs
        ):
            assert output.blobs[digest] == archive.layout.blobs[digest]


@given(selected_archives(), FORMS, ATTESTATIONS)
def test_filter_of_the_filtered_changes_nothing(
    drawn: tuple[Archive, list[str]], form: IndexForm, attestations: Followers | None
) -> None:
    archive, platforms = drawn
    once = filtered(archive.data, platforms, index=form, attestations=attestations)
    assert filtered(once, platforms, index=form, attestations=attestations) == once


@given(selected_archives(), packings, FORMS)
def test_packing_of_the_input_does_not_matter(
    drawn: tuple[Archive, list[str]], packing: Packing, form: IndexForm
) -> None:
    archive, platforms = drawn
    one = filtered(archive.data, platforms, index=form)
    assert filtered(packing.pack(archive.layout), platforms, index=form) == one
    assert filtered(archive.data, platforms, index=form) == one


@given(selected_archives())
def test_order_of_the_selection_does_not_matter(drawn: tuple[Archive, list[str]]) -> None:
    archive, platforms = drawn
    one = filtered(archive.data, platforms)
    assert filtered(archive.data, platforms[::-1]) == one
    assert filtered(archive.data, [",".join(platforms)]) == one
    assert filtered(archive.data, [*platforms, platforms[0]]) == one


@given(selected_archives(artifacts=False))
def test_filters_of_single_platforms_add_up(drawn: tuple[Archive, list[str]]) -> None:
    archive, platforms = drawn
    whole = Walked(filtered(archive.data, platforms)).manifests()
    parts = [Walked(filtered(archive.data, [platform])).manifests() for platform in platforms]
    assert set().union(*parts) == whole


@given(archives(damaged=False), st.sampled_from([IndexForm.NESTED, IndexForm.KEEP]))
def test_an_index_that_loses_nothing_keeps_its_digest(archive: Archive, form: IndexForm) -> None:
    output = Walked(filtered(archive.data, ["all"], index=form))
    before = [root for root in archive.layout.roots if "index" in root["mediaType"] or "list" in root["mediaType"]]
    for root in before:
        names = root.get("annotations")
        after = [found for found in output.index["manifests"] if found["digest"] == root["digest"]]
        assert after
        assert any(found.get("annotations") == names for found in after)
        assert output.blobs[root["digest"]] == archive.layout.blobs[root["digest"]]


@given(selected_archives(), FORMS)
def test_whatever_is_no_layer_of_an_image_comes_before_all_that_is(
    drawn: tuple[Archive, list[str]], form: IndexForm
) -> None:
    archive, platforms = drawn
    output = Walked(filtered(archive.data, platforms, index=form))
    layers: set[str] = set()
    others: set[str] = set()
    for descriptor in output.descriptors():
        document = json.loads(output.blobs.get(descriptor["digest"], b"{}")) if _lists_layers(descriptor) else {}
        attached = "artifactType" in document or descriptor.get("platform", {}).get("os") == "unknown"
        (others if attached else layers).update(layer["digest"] for layer in document.get("layers") or [])
    names = [name.removeprefix("blobs/").replace("/", ":") for name in output.names]
    first = min((names.index(digest) for digest in layers - others if digest in names), default=len(names))
    assert set(names[first:]) <= layers - others


def _lists_layers(descriptor: dict[str, Any]) -> bool:
    return "manifest." in descriptor["mediaType"] and "list" not in descriptor["mediaType"]


def _unknown(value: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, item) for key, item in value.items() if key.startswith("x-")]


@given(selected_archives())
def test_unknown_fields_survive_in_their_order(drawn: tuple[Archive, list[str]]) -> None:
    archive, platforms = drawn
    data = filtered(archive.data, platforms, index=IndexForm.NESTED)
    output = Walked(data)
    assert _unknown(output.index) == _unknown(archive.layout.index_fields)
    before: dict[str, set[str]] = {}
    for descriptor in Walked(archive.data).descriptors():
        before.setdefault(descriptor["digest"], set()).add(json.dumps(_unknown(descriptor)))
    images = plan_of(archive.data, platforms, index=IndexForm.NESTED).images
    originals = {str(image.digest): str(image.original) for image in images}
    indexes = {root["digest"]: root for root in archive.layout.roots}
    roots = {root["digest"] for root in output.index["manifests"]}
    for descriptor in output.descriptors():
        if descriptor["digest"] in before and descriptor["digest"] not in roots:
            assert json.dumps(_unknown(descriptor)) in before[descriptor["digest"]]
    for digest, original in originals.items():
        is_index = "index" in indexes[original]["mediaType"] or "list" in indexes[original]["mediaType"]
        if is_index:
            now, then = json.loads(output.blobs[digest]), archive.layout.read(indexes[original])
            assert _unknown(now) == _unknown(then)
            assert [key for key in now if key in then] == list(then)


@given(selected_archives(), FORMS)
def test_plan_is_exact_and_without_gaps(drawn: tuple[Archive, list[str]], form: IndexForm) -> None:
    archive, platforms = drawn
    plan = plan_of(archive.data, platforms, index=form)
    (output,) = plan.outputs
    position = 0
    for step in output.steps():
        assert step.offset == position
        position += step.content.size
        if isinstance(step.content, Copy):
            assert 0 <= step.content.offset <= len(archive.data) - step.content.size
    assert position == output.size == plan.size
    assert len(filtered(archive.data, platforms, index=form)) == plan.size
    assert output.size % 512 == 0


@given(selected_archives())
def test_plan_is_a_value(drawn: tuple[Archive, list[str]]) -> None:
    archive, platforms = drawn
    plan = plan_of(archive.data, platforms)
    assert json.loads(json.dumps(plan.to_json())) == plan.to_json()
    copy = pickle.loads(pickle.dumps(plan))  # noqa: S301 - our own bytes
    assert copy == plan
    assert copy.to_json() == plan.to_json()


@given(selected_archives())
def test_tarfile_reads_the_output(drawn: tuple[Archive, list[str]]) -> None:
    archive, platforms = drawn
    data = filtered(archive.data, platforms)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = tar.getmembers()
    names = [member.name for member in members]
    assert names[:2] == ["oci-layout", "index.json"]
    assert {(member.mode, member.uid, member.gid, member.mtime) for member in members} <= {
        (0o644, 0, 0, 0),
        (0o755, 0, 0, 0),
    }
    assert data.endswith(bytes(1024))


@given(selected_archives(artifacts=False))
def test_flat_holds_one_platform_or_refuses(drawn: tuple[Archive, list[str]]) -> None:
    archive, platforms = drawn
    try:
        data = filtered(archive.data, platforms, index=IndexForm.FLAT)
    except UsageError:
        assert len(platforms) > 1
        return
    output = Walked(data)
    output.assert_right()
    assert all("platform" not in root for root in output.index["manifests"])
    assert filtered(data, platforms, index=IndexForm.FLAT) == data


@pytest.mark.parametrize("form", [IndexForm.AUTO, IndexForm.NESTED])
def test_a_config_without_variant_keeps_its_platform_through_two_filters(form: IndexForm) -> None:
    """Many builders leave the variant out of the config; the index entry alone has it."""
    from tests.builders import Layout

    layout = Layout()
    child = layout.manifest("linux/arm/v6", config={"variant": ""})
    layout.add(layout.index([child, layout.manifest("linux/amd64")]))
    once = filtered(layout.pack(), ["linux/arm/v6"], index=form)
    assert filtered(once, ["linux/arm/v6"], index=form) == once
