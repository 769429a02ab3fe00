"""Laws of `merge`: what was taken apart is whole again, blobs are there once, order does not matter."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ocitool.errors import IntegrityError
from ocitool.plan.options import IndexForm, SplitBy, SplitOptions
from ocitool.plan.steps import Copy
from tests.builders import multi_platform
from tests.laws.filtering import filtered, merge_plan, merged, parts_of, split_plan, written
from tests.laws.test_split_laws import BY_BOTH, BY_IMAGE
from tests.laws.walker import Walked
from tests.strategies import Archive, archives

SPLITS = st.sampled_from([SplitOptions(SplitBy.PLATFORM, stem="image"), BY_BOTH, BY_IMAGE])


def contents(data: bytes) -> dict[str, set[str]]:
    """Return the manifests of each name, or of each root without one."""
    walked = Walked(data)
    found: dict[str, set[str]] = {}
    for root in walked.index["manifests"]:
        name = root.get("annotations", {}).get("io.containerd.image.name") or root["digest"]
        found.setdefault(name, set()).update(_manifests(walked, root))
    return found


def _manifests(walked: Walked, descriptor: dict[str, Any]) -> set[str]:
    if "index" in descriptor["mediaType"] or "list" in descriptor["mediaType"]:
        children = json.loads(walked.blobs[descriptor["digest"]])["manifests"]
        return set().union(*(_manifests(walked, child) for child in children))
    return {descriptor["digest"]}


@given(archives(artifacts=False), SPLITS)
def test_merged_parts_have_every_manifest(archive: Archive, split: SplitOptions) -> None:
    parts = list(parts_of(archive.data, split=split).values())
    again = Walked(merged(parts))
    again.assert_right()
    assert again.manifests() == Walked(filtered(archive.data, ["all"])).manifests()


@given(archives(damaged=False))
def test_merged_parts_have_every_attestation_and_referrer_of_a_manifest(archive: Archive) -> None:
    plan = split_plan(archive.data, index=IndexForm.NESTED)
    kept = {str(manifest.digest) for output in plan.outputs for manifest in output.kept}
    parts = list(written(plan, archive.data).values())
    again = Walked(merged(parts, index=IndexForm.NESTED))
    again.assert_right()
    assert again.manifests() == kept


@given(archives())
def test_an_archive_merged_with_itself_is_the_filter_to_all(archive: Archive) -> None:
    assert merged([archive.data, archive.data]) == filtered(archive.data, ["all"])


@given(archives(damaged=False, artifacts=False), SPLITS, st.randoms(use_true_random=False))
def test_the_order_of_the_archives_is_that_of_the_images_and_no_more(
    archive: Archive, split: SplitOptions, random: Any
) -> None:
    parts = list(parts_of(archive.data, split=split).values())
    shuffled = random.sample(parts, len(parts))
    assert contents(merged(shuffled)) == contents(merged(parts))
    assert sorted(Walked(merged(shuffled)).manifests()) == sorted(Walked(merged(parts)).manifests())


@given(archives(damaged=False, artifacts=False), st.randoms(use_true_random=False))
def test_parts_that_kept_their_index_give_it_back(archive: Archive, random: Any) -> None:
    """Each lists what only another holds; together nothing is absent, and no digest changes."""
    parts = list(parts_of(archive.data, index=IndexForm.KEEP).values())
    again = Walked(merged(random.sample(parts, len(parts)), index=IndexForm.NESTED))
    indexes = {
        root["digest"] for root in archive.layout.roots if "index" in root["mediaType"] or "list" in root["mediaType"]
    }
    assert indexes <= {root["digest"] for root in again.index["manifests"]}
    again.assert_right()


@given(archives(), archives())
def test_two_archives_give_each_blob_once_and_read_it_once(one: Archive, other: Archive) -> None:
    try:
        plan = merge_plan([one.data, other.data])
    except IntegrityError as error:
        assume("two different" not in error.message)
        raise
    data = written(plan, one.data, other.data)[""]
    output = Walked(data)
    output.assert_right()
    names = [member.name for member in plan.outputs[0].members]
    assert len(names) == len(set(names))
    copies = [member.content for member in plan.outputs[0].members if isinstance(member.content, Copy)]
    assert len({copy.digest for copy in copies}) == len(copies)
    assert plan.read == sum(copy.size for copy in copies)


def test_platforms_of_one_name_become_one_index() -> None:
    data = multi_platform().pack()
    parts = parts_of(data)
    output = Walked(merged(list(parts.values())))
    (root,) = output.index["manifests"]
    index = json.loads(output.blobs[root["digest"]])
    assert [child["platform"] for child in index["manifests"]] == [
        {"architecture": "amd64", "os": "linux"},
        {"architecture": "arm64", "os": "linux"},
        {"architecture": "arm", "os": "linux", "variant": "v7"},
    ]
    assert root["annotations"]["io.containerd.image.name"] == "docker.io/library/lab:1.0"
