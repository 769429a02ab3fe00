"""Attestations, referrers and signatures by example: what follows, what is dropped and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ocitool.errors import IntegrityError, UsageError
from ocitool.model.reference import ImageFilter
from ocitool.plan.options import Followers, IndexForm, Layers, SplitBy, SplitOptions
from tests.attached import COSIGN_SAVE, COSIGN_TAGS, NOTATION, REFERRERS_TAG, SIGSTORE, sigstore_bundle, small, spdx
from tests.builders import NAME, Json, Layout, multi_platform, sha256
from tests.laws.filtering import filtered, plan_of, split_plan
from tests.laws.walker import Walked

if TYPE_CHECKING:
    from ocitool.plan.steps import Plan

FOLLOW, DROP = Followers.FOLLOW, Followers.DROP
FLAT, NESTED, KEEP = IndexForm.FLAT, IndexForm.NESTED, IndexForm.KEEP
TWO = ("linux/amd64", "linux/arm64")


def plan(layout: Layout, platforms: str = "linux/amd64", **fields: Any) -> Plan:
    return plan_of(layout.pack(), [platforms], **fields)


def kept(layout: Layout, platforms: str = "linux/amd64", **fields: Any) -> set[str]:
    output = Walked(filtered(layout.pack(), [platforms], **fields))
    output.assert_right(closed=fields.get("index") is not KEEP)
    return set(output.blobs)


def messages(result: Plan, level: str) -> list[str]:
    return [note.message for note in result.notes if note.level.value == level]


def cosign(layout: Layout, subject: Json, text: str = "signature", repository: str = "docker.io/library/lab") -> Json:
    made = layout.artifact(text)
    layout.add(made, f"{repository}:sha256-{subject['digest'][7:]}.sig")
    return made


def signed() -> tuple[Layout, Json, dict[str, Json]]:
    """Make an image of two platforms, with signatures of its index and of one manifest, and one of a signature."""
    layout = multi_platform(TWO)
    (index,) = layout.roots
    child = layout.read(index)["manifests"][0]
    of_index = layout.artifact("of the index", index)
    made = {
        "index": of_index,
        "again": layout.artifact("of the signature", of_index),
        "manifest": layout.artifact("of the manifest", child),
    }
    for artifact in made.values():
        layout.add(artifact, None)
    return layout, index, made


@pytest.mark.parametrize(
    ("platforms", "options", "expected"),
    [
        ("linux/amd64", {}, set()),
        ("linux/amd64", {"referrers": FOLLOW}, {"manifest"}),
        ("linux/amd64", {"referrers": FOLLOW, "index": FLAT}, {"manifest"}),
        ("linux/amd64", {"index": NESTED}, {"manifest"}),
        ("linux/amd64", {"index": NESTED, "referrers": DROP}, set()),
        ("linux/amd64", {"index": KEEP}, {"manifest", "index", "again"}),
        ("linux/arm64", {"index": NESTED}, set()),
        ("linux/arm64", {"index": KEEP}, {"index", "again"}),
        ("all", {}, {"manifest", "index", "again"}),
        ("all", {"referrers": DROP}, set()),
        ("all", {"attestations": DROP}, {"manifest", "index", "again"}),
    ],
)
def test_referrers_beside_the_image(platforms: str, options: dict[str, Any], expected: set[str]) -> None:
    layout, _, made = signed()
    digests = kept(layout, platforms, **options)
    assert {name for name, artifact in made.items() if artifact["digest"] in digests} == expected


def test_a_note_tells_of_referrers_that_do_not_stand_beside_a_flat_image() -> None:
    layout, _, _ = signed()
    (message,) = [text for text in messages(plan(layout), "note") if "referrer" in text]
    assert message.startswith("1 referrer(s) of images that stand alone are dropped")
    assert "--referrers follow" in message


@pytest.mark.parametrize("index", [IndexForm.AUTO, FLAT, NESTED])
def test_one_warning_for_each_image_whose_index_was_signed(index: IndexForm) -> None:
    layout, root, _ = signed()
    cosign(layout, root)
    (message,) = messages(plan(layout, index=index), "warning")
    assert message.startswith(f"{NAME}: 3 signature(s) or other referrer(s) of its index {root['digest']} no longer")
    for words in ("manifests in it still apply", "--index keep", "--require-signatures"):
        assert words in message
    assert not [text for text in messages(plan(layout, "all"), "warning") if "no longer apply" in text]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"index": NESTED}, ["and 1 more", "the output does not have the index it refers to", "--index keep keeps"]),
        ({}, ["and 2 more"]),
        ({"index": FLAT, "referrers": FOLLOW}, ["and 1 more", "--index keep"]),
        ({"index": KEEP}, []),
    ],
)
def test_required_signatures(options: dict[str, Any], words: list[str]) -> None:
    layout, _, _ = signed()
    if not words:
        assert plan(layout, require_signatures=True, **options).images
        return
    with pytest.raises(IntegrityError) as caught:
        plan(layout, require_signatures=True, **options)
    for word in words:
        assert word in str(caught.value)


def test_required_attestations_and_what_layers_change() -> None:
    layout = multi_platform(TWO, attested=True)
    with pytest.raises(IntegrityError, match=r"attestation .* the flat form .*; --index nested keeps it"):
        plan(layout, require_signatures=True)
    assert plan(layout, require_signatures=True, index=NESTED).images
    assert plan(layout, require_signatures=True, attestations=DROP).images
    layout = multi_platform(TWO)
    layout.add(layout.artifact("signature", layout.read(layout.roots[0])["manifests"][0]), None)
    with pytest.raises(IntegrityError, match="gets a new digest; leave out --layers"):
        plan(layout, "all", require_signatures=True, layers=Layers.ZSTD)
    with pytest.raises(UsageError, match="leave out --layers or --referrers follow"):
        plan(layout, "all", referrers=FOLLOW, layers=Layers.ZSTD)


def test_options_that_contradict_each_other() -> None:
    layout, _, _ = signed()
    with pytest.raises(UsageError, match="--require-signatures and --referrers drop"):
        plan(layout, require_signatures=True, referrers=DROP)
    attested = multi_platform(TWO, attested=True)
    with pytest.raises(UsageError, match="--attestations follow asks for attestation"):
        plan(attested, attestations=FOLLOW, index=FLAT)
    # There is nothing to follow, so nothing is dropped without a word.
    assert plan(multi_platform(TWO), attestations=FOLLOW, index=FLAT).images[0].form == "flat"
    attested.drop(*attested.read(attested.roots[0])["manifests"][2:])
    assert plan(attested, attestations=FOLLOW).images[0].form == "flat"


def test_referrers_inside_an_index_ask_for_a_form_that_holds_them() -> None:
    layout = Layout()
    child = layout.manifest()
    sbom = layout.artifact("sbom", child)
    layout.add(layout.index([child, layout.manifest("linux/arm64"), sbom]))
    assert plan(layout).images[0].form == "flat"
    assert plan(layout, referrers=FOLLOW).images[0].form == "nested"
    assert sbom["digest"] in kept(layout, referrers=FOLLOW)
    assert sbom["digest"] not in kept(layout, index=NESTED, referrers=DROP)
    with pytest.raises(UsageError, match="--referrers follow asks for artifact"):
        plan(layout, referrers=FOLLOW, index=FLAT)


def test_what_refers_to_an_index_within_an_index() -> None:
    layout = Layout()
    inner = layout.index([layout.manifest(), layout.manifest("linux/arm64")])
    sbom = layout.artifact("sbom of the inner index", inner)
    layout.add(layout.index([inner, layout.manifest("linux/386"), sbom]))
    assert sbom["digest"] in kept(layout, "linux/amd64,linux/arm64")
    assert sbom["digest"] not in kept(layout, "linux/amd64,linux/386")
    assert any("1 signature(s)" in text for text in messages(plan(layout, "linux/amd64,linux/386"), "warning"))
    with pytest.raises(IntegrityError, match="--index keep"):
        plan(layout, "linux/amd64,linux/386", require_signatures=True)


def test_roots_that_become_one_index_lose_their_own() -> None:
    layout = Layout()
    one, two = layout.index([layout.manifest()]), layout.index([layout.manifest("linux/arm64")])
    layout.add(one).add(two)
    signature = cosign(layout, one)
    assert signature["digest"] not in kept(layout, "all")
    assert any("its index" in text for text in messages(plan(layout, "all"), "warning"))


def test_an_index_may_have_a_subject() -> None:
    layout = multi_platform(TWO)
    (root,) = layout.roots
    subject = {key: root[key] for key in ("mediaType", "digest", "size")}
    bundle = layout.index([layout.artifact("a"), layout.artifact("b")], subject=subject)
    layout.add(bundle, None)
    assert bundle["digest"] in kept(layout, "!linux/386")
    assert bundle["digest"] not in kept(layout, "linux/amd64", index=NESTED)


def test_a_signature_in_two_repositories() -> None:
    """What is there under one tag counts, though the other tag signs something that is gone."""
    layout = multi_platform(TWO)
    (root,) = layout.roots
    again = layout.artifact("of the signature", layout.artifact("signature"))
    layout.add(again, None)
    cosign(layout, root)
    cosign(layout, {"digest": sha256(b"gone")}, repository="docker.io/library/other")
    assert again["digest"] in kept(layout, "all")


def test_image_option_takes_along_what_refers_to_its_images() -> None:
    layout, _, made = signed()
    cosign(layout, layout.roots[0])
    layout.add(layout.manifest(layers=("other",)), "docker.io/library/other:1")
    layout.add(layout.artifact("of the other", layout.roots[-1]), None).add(layout.artifact("alone"), None)
    result = plan(layout, "all", images=ImageFilter(("lab:1.0",)))
    assert len(result.images) == 5
    assert {artifact["digest"] for artifact in made.values()} <= {str(each.digest) for each in result.kept}
    assert [each.reason for each in result.dropped] == ["image not chosen by --image"] * 3


def test_a_long_chain_of_referrers_takes_linear_time() -> None:
    layout = multi_platform(TWO)
    last = layout.read(layout.roots[0])["manifests"][0]
    chain = []
    for number in range(3_000):
        last = layout.artifact(str(number), last)
        chain.append(last)
    for artifact in reversed(chain):
        layout.add(artifact, None)
    assert len(plan(layout, "all").images) == 3_001
    inside = Layout()
    inside.blobs = layout.blobs
    inside.add(inside.index([*layout.read(layout.roots[0])["manifests"], *reversed(chain)]))
    assert len(plan(inside, "all").kept) == 3_002


def test_what_cosign_saves_beside_its_image_speaks_of_it() -> None:
    """It has neither a subject nor a tag."""
    layout = small(COSIGN_SAVE)
    kept = plan(layout, "linux/amd64", index=IndexForm.KEEP)
    assert [manifest.kind for manifest in kept.kept] == ["image", "artifact", "artifact"]
    rewritten = plan(layout, "linux/amd64", index=IndexForm.NESTED)
    assert [manifest.kind for manifest in rewritten.kept] == ["image"]
    assert any("2 signature(s)" in text for text in messages(rewritten, "warning"))
    with pytest.raises(IntegrityError, match="would be dropped"):
        plan(layout, "linux/amd64", index=IndexForm.NESTED, require_signatures=True)


def test_named_artifacts_are_a_warning_and_unnamed_ones_a_note() -> None:
    named = plan(small(COSIGN_TAGS), "linux/amd64", index=IndexForm.NESTED)
    assert any("3 artifact(s) with a name" in text and "--no-unpack" in text for text in messages(named, "warning"))
    unnamed = plan(small(NOTATION), "linux/amd64", index=IndexForm.NESTED)
    assert any("without a name: containerd" in text for text in messages(unnamed, "note"))
    assert not any("with a name" in text for text in messages(unnamed, "warning"))


def _tag_of(name: str) -> str:
    return name.rpartition(".")[2]


@pytest.mark.parametrize("kind", ["sig", "att", "sbom"])
@pytest.mark.parametrize("lacks", ["manifest", "layer"])
def test_a_signature_that_the_archive_lacks_is_lost(kind: str, lacks: str) -> None:
    layout = small(COSIGN_TAGS, TWO)
    root = next(each for each in layout.roots if _tag_of(each["annotations"]["io.containerd.image.name"]) == kind)
    layout.drop(root if lacks == "manifest" else layout.read(root)["layers"][0])
    assert plan(layout, "all").images
    with pytest.raises(IntegrityError, match="does not hold all of it; export the archive again"):
        plan(layout, "all", require_signatures=True)
    with pytest.raises(IntegrityError, match="does not hold all of it"):
        split_plan(layout.pack(), index=KEEP, require_signatures=True)


def test_an_attestation_that_the_archive_lacks_is_lost_with_its_subject_only() -> None:
    layout = multi_platform(TWO, attested=True)
    children = layout.read(layout.roots[0])["manifests"]
    layout.drop(children[2])
    with pytest.raises(IntegrityError, match=r"attestation .* does not hold all of it"):
        plan(layout, index=NESTED, require_signatures=True)
    assert plan(layout, "linux/arm64", index=NESTED, require_signatures=True).images


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("platforms", ["all", "linux/amd64"])
def test_what_is_absent_and_may_be_a_signature_is_lost(platforms: str, *, typed: bool) -> None:
    layout = small(SIGSTORE, TWO)
    layout.drop(layout.roots[1])
    if not typed:
        del layout.roots[1]["artifactType"]
    dropped = plan(layout, platforms, index=KEEP).dropped
    assert "listed, but absent" in {each.reason for each in dropped}
    with pytest.raises(IntegrityError, match="may refer to what is kept"):
        plan(layout, platforms, index=KEEP, require_signatures=True)


def test_an_absent_list_of_referrers_may_hold_signatures() -> None:
    layout = small(REFERRERS_TAG, TWO)
    layout.drop(layout.roots[1])
    assert plan(layout, "all").images
    with pytest.raises(IntegrityError, match=r"the index .* may refer to what is kept"):
        plan(layout, "all", require_signatures=True)


@pytest.mark.parametrize("by", [SplitBy.PLATFORM, SplitBy.IMAGE])
def test_a_split_says_what_the_archive_lacks(by: SplitBy) -> None:
    layout = small(SIGSTORE, TWO)
    layout.drop(layout.roots[1])
    split = SplitOptions(stem="x", by=by)
    result = split_plan(layout.pack(), split=split, index=KEEP)
    assert [each.reason for each in result.dropped] == ["listed, but absent"]
    assert any("is listed, but absent, and is dropped" in text for text in messages(result, "warning"))
    with pytest.raises(IntegrityError, match="may refer to what is kept"):
        split_plan(layout.pack(), split=split, index=KEEP, require_signatures=True)


def _sboms(how: str) -> tuple[Layout, dict[str, Json]]:
    """Make an image and SBOMs of two of its platforms under one name."""
    layout = multi_platform(TWO)
    amd64, arm64 = layout.read(layout.roots[0])["manifests"]
    made = {"amd64": spdx(layout, amd64), "arm64": spdx(layout, arm64)}
    for each in [layout.index(made.values())] if how == "index" else made.values():
        layout.add(each, "docker.io/library/lab:sboms")
    return layout, made


@pytest.mark.parametrize("how", ["index", "roots"])
@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_artifacts_of_one_name_each_go_with_their_own_subject(how: str, architecture: str) -> None:
    layout, made = _sboms(how)
    platform = f"linux/{architecture}"
    digests = kept(layout, platform, index=NESTED, require_signatures=True)
    assert {name for name, each in made.items() if each["digest"] in digests} == {architecture}
    (dropped,) = [each for each in plan(layout, platform, index=NESTED).dropped if each.kind == "artifact"]
    assert dropped.reason == "its subject is not kept"
    once = filtered(layout.pack(), [platform], index=NESTED)
    assert filtered(once, [platform], index=NESTED) == once


@pytest.mark.parametrize("how", ["index", "roots"])
def test_of_artifacts_of_one_name_some_may_be_absent(how: str) -> None:
    layout, made = _sboms(how)
    layout.drop(made["arm64"])
    for root in layout.roots:
        root.pop("artifactType", None)
    assert made["amd64"]["digest"] in kept(layout, "all")
    with pytest.raises(IntegrityError, match="may refer to what is kept"):
        plan(layout, "all", require_signatures=True)


@pytest.mark.parametrize("how", ["index", "roots"])
def test_artifacts_of_one_name_stay_as_they_are_with_all_their_subjects(how: str) -> None:
    layout, _ = _sboms(how)
    output = Walked(filtered(layout.pack(), ["all"]))
    assert [root["digest"] for root in output.index["manifests"]] == [root["digest"] for root in layout.roots]


def test_a_signature_of_an_index_of_artifacts_that_is_not_kept_whole() -> None:
    layout, _ = _sboms("index")
    signature = layout.artifact("of the SBOMs", layout.roots[1])
    layout.add(signature, None)
    assert signature["digest"] in kept(layout, "all", require_signatures=True)
    result = plan(layout, index=NESTED)
    assert any("index of artifacts it refers to is not kept whole" in text for text in messages(result, "warning"))
    with pytest.raises(IntegrityError, match="select all that the artifacts in that index refer to"):
        plan(layout, index=NESTED, require_signatures=True)


def test_an_index_of_artifacts_goes_with_its_own_subject_too() -> None:
    """It would dangle, whatever the artifacts in it refer to."""
    layout, made = _sboms("roots")
    del layout.roots[1:]
    root = layout.roots[0]
    subject = {key: root[key] for key in ("mediaType", "digest", "size")}
    layout.add(layout.index(made.values(), subject=subject), None)
    assert made["amd64"]["digest"] not in kept(layout, index=NESTED)
    assert made["amd64"]["digest"] in kept(layout, index=KEEP)
    with pytest.raises(IntegrityError, match="does not have the index it refers to"):
        plan(layout, index=NESTED, require_signatures=True)


@pytest.mark.parametrize("lost", [False, True])
def test_an_index_beside_other_artifacts_of_its_name_stays_whole_or_goes(*, lost: bool) -> None:
    layout, made = _sboms("index")
    amd64 = layout.read(layout.roots[0])["manifests"][0]
    more = layout.artifact("more", amd64)
    layout.add(more, "docker.io/library/lab:sboms")
    if lost:
        layout.drop(made["arm64"])
    digests = kept(layout, "all" if lost else "linux/amd64", index=NESTED)
    assert more["digest"] in digests
    assert made["amd64"]["digest"] not in digests
    with pytest.raises(IntegrityError, match="would be dropped"):
        plan(layout, "all" if lost else "linux/amd64", index=NESTED, require_signatures=True)


def test_an_index_that_is_kept_as_it_is_may_list_one_that_is_absent() -> None:
    layout = Layout()
    inner = layout.index([layout.manifest("linux/arm64")])
    layout.add(layout.index([layout.manifest(), inner]))
    signature = sigstore_bundle(layout, inner)
    layout.roots.append(signature)
    layout.drop(inner)
    assert signature["digest"] not in kept(layout, "available", index=KEEP)
    with pytest.raises(IntegrityError, match="does not have the index"):
        plan(layout, "available", index=KEEP, require_signatures=True)


def test_many_artifacts_of_one_name_take_linear_time() -> None:
    layout = multi_platform(TWO)
    child = layout.read(layout.roots[0])["manifests"][0]
    made = [layout.artifact(str(number), child) for number in range(3_000)]
    for each in made:
        layout.add(each, "docker.io/library/lab:sboms")
    layout.add(layout.index(made), "docker.io/library/lab:bundle")
    assert len(plan(layout, index=NESTED).kept) == 6_001


def test_an_attestation_of_two_subjects_goes_with_both_or_not_at_all() -> None:
    layout = Layout()
    one, other = layout.manifest("linux/amd64", ("a",)), layout.manifest("linux/arm64", ("b",))
    both = layout.artifact("of both", other) | {
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": one["digest"],
        },
    }
    layout.add(layout.index([one, other, both]))
    for platform in ("linux/amd64", "linux/arm64"):
        assert both["digest"] not in kept(layout, platform, index=NESTED)
    assert both["digest"] in kept(layout, "all", index=NESTED)
