"""New names by example: who gets them, what goes along, what becomes one image, what is refused."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import IntegrityError, SelectionError, UsageError
from ocitool.model.reference import ImageFilter
from ocitool.model.renaming import Renaming
from ocitool.plan.options import IndexForm, SplitBy, SplitOptions
from tests.attached import REFERRERS_TAG, small
from tests.builders import NAME, Json, Layout, multi_platform
from tests.laws.filtering import filtered, merge_plan, merged, parts_of, plan_of
from tests.laws.walker import Walked
from tests.strategies import Archive, selected_archives

if TYPE_CHECKING:
    from ocitool.plan.steps import Plan

CONTAINERD = "io.containerd.image.name"
REF = "org.opencontainers.image.ref.name"
HUB = "docker.io/library/"


def renamed(
    layout: Layout, *platforms: str, name: tuple[str, ...] = (), rename: tuple[str, ...] = (), **fields: Any
) -> Walked:
    renaming = Renaming.parse(name, rename, join=fields.pop("join", False))
    return Walked(filtered(layout.pack(), platforms or ("linux/amd64",), renaming=renaming, **fields))


def plan(layout: Layout, *platforms: str, name: tuple[str, ...] = (), rename: tuple[str, ...] = ()) -> Plan:
    return plan_of(layout.pack(), platforms or ("linux/amd64",), renaming=Renaming.parse(name, rename))


def names(output: Walked) -> list[str | None]:
    for root in output.index["manifests"]:
        annotations = root.get("annotations", {})
        if CONTAINERD in annotations:
            assert annotations[REF] == annotations[CONTAINERD].rpartition(":")[2]
    return [root.get("annotations", {}).get(CONTAINERD) for root in output.index["manifests"]]


def tags(output: Walked) -> list[list[str]]:
    return [item["RepoTags"] for item in json.loads(output.files["manifest.json"])]


def platforms_of(output: Walked, root: Json) -> list[str]:
    return [child["platform"]["architecture"] for child in json.loads(output.blobs[root["digest"]])["manifests"]]


def image(layout: Layout, text: str, platform: str = "linux/amd64") -> Json:
    return layout.manifest(platform, (text,))


def bundle(*named: str | None) -> Layout:
    """Make an archive of images of one platform with these names."""
    layout = Layout()
    for number, name in enumerate(named):
        layout.add(image(layout, str(number)), name)
    return layout


@pytest.mark.parametrize("form", [IndexForm.FLAT, IndexForm.NESTED, IndexForm.KEEP])
@pytest.mark.parametrize("how", [{"name": ("lab:2",)}, {"rename": ("lab:1.0=lab:2",)}])
def test_both_annotations_and_manifest_json_have_the_new_name(form: IndexForm, how: dict[str, Any]) -> None:
    output = renamed(multi_platform(), index=form, **how)
    assert names(output) == [HUB + "lab:2"]
    assert tags(output) == [[HUB + "lab:2"]]


def test_annotations_stay_in_their_places() -> None:
    layout = multi_platform()
    layout.roots[0]["annotations"] = {"z": "1", REF: "1.0", "a": "2", CONTAINERD: NAME}
    (root,) = renamed(layout, name=("lab:2",)).index["manifests"]
    assert root["annotations"] == {"z": "1", REF: "2", "a": "2", CONTAINERD: HUB + "lab:2"}
    assert list(root["annotations"]) == ["z", REF, "a", CONTAINERD]


@pytest.mark.parametrize(
    ("before", "how", "after"),
    [
        (
            ["lab:1", "lab:2"],
            {"rename": ("lab=registry.local/lab",)},
            ["registry.local/lab:1", "registry.local/lab:2"],
        ),
        (["lab:1", "lab:2"], {"rename": ("lab:2=x:9",)}, ["lab:1", HUB + "x:9"]),
        (["lab:1", "lab:2"], {"rename": ("lab:2=x:9", "lab=y")}, [HUB + "y:1", HUB + "x:9"]),
        (["lab:1", "lab:2"], {"rename": ("lab=y", "lab:2=x:9")}, [HUB + "y:1", HUB + "y:2"]),
        (["lab:1", None], {"rename": ("lab:1=x:1",)}, [HUB + "x:1", None]),
        (["lab:1", None], {"name": ("x:1",)}, ["lab:1", HUB + "x:1"]),
        (["lab:1", None], {"name": ("x:1",), "rename": ("lab=y",)}, [HUB + "y:1", HUB + "x:1"]),
        ([None], {"name": ("x:1",)}, [HUB + "x:1"]),
        (["lab:1"], {"name": ("x",)}, [HUB + "x:latest"]),
        (["lab:1"], {"name": ("x:1", "x:2", "x:1")}, [HUB + "x:1", HUB + "x:2"]),
        (["lab:1"], {"rename": ("lab=x:1", "lab=x:2", "lab=lab")}, [HUB + "x:1", HUB + "x:2", HUB + "lab:1"]),
        (["lab:1"], {"rename": ("lab:1=lab:1",)}, [HUB + "lab:1"]),
    ],
)
def test_who_gets_which_name(before: list[str | None], how: dict[str, Any], after: list[str | None]) -> None:
    output = renamed(bundle(*(name and HUB + name for name in before)), **how)
    assert names(output) == [HUB + name if name in before and name else name for name in after]
    output.assert_right()


def test_one_image_under_several_tags_is_one_image() -> None:
    layout = multi_platform()
    layout.add({key: layout.roots[0][key] for key in ("mediaType", "digest", "size")}, HUB + "lab:2")
    assert names(renamed(layout, name=("x:1",))) == [HUB + "x:1"]


def test_tags_of_one_image_share_its_blobs() -> None:
    output = renamed(multi_platform(), "all", name=("lab:1", "lab:2"))
    first, second = output.index["manifests"]
    assert first["digest"] == second["digest"]
    assert tags(output) == [[HUB + "lab:1", HUB + "lab:2"]]


def test_a_bare_tag_gets_a_full_name() -> None:
    layout = multi_platform(name=None)
    layout.roots[0]["annotations"] = {REF: "1.0"}
    assert any(
        note.level.value == "warning" and "--name REPOSITORY:1.0" in note.message
        for note in plan_of(layout.pack(), ["linux/amd64"]).notes
    )
    for how in ({"name": ("lab:1.0",)}, {"rename": ("1.0=lab",)}, {"rename": ("*=lab:*",)}):
        assert names(renamed(layout, **how)) == [NAME]


def test_two_images_without_name_are_meant_by_their_digests() -> None:
    layout = bundle(None, None)
    first, second = (str(root["digest"]) for root in layout.roots)
    output = renamed(layout, rename=(f"{second}=lab:2", f"{first}=lab:1"))
    assert names(output) == [HUB + "lab:1", HUB + "lab:2"]
    assert any(f"--rename {first}=REF" in note.message for note in plan(layout).notes)


@pytest.mark.parametrize("forms", [("linux/amd64", "linux/arm64"), ("linux/amd64,linux/arm64",)])
def test_images_that_get_one_name_are_one_image(forms: tuple[str, ...]) -> None:
    layout = Layout()
    layout.add(layout.index([image(layout, "a")]), "registry.local/lab:1-amd64")
    layout.add(image(layout, "b", "linux/arm64"), "registry.local/lab:1-arm64")
    rules = ("registry.local/lab:*=registry.local/lab:1",)
    output = renamed(layout, *forms, rename=rules)
    (root,) = output.index["manifests"]
    assert names(output) == ["registry.local/lab:1"]
    assert platforms_of(output, root) == ["amd64", "arm64"]
    message = "registry.local/lab:1 is made of registry.local/lab:1-amd64, registry.local/lab:1-arm64"
    assert any(note.message == message for note in plan(layout, *forms, rename=rules).notes)
    assert names(renamed(layout, "linux/arm64", rename=rules)) == ["registry.local/lab:1"]


def test_an_image_that_has_the_name_already_is_joined() -> None:
    layout = Layout()
    layout.add(image(layout, "a"), None, **{REF: "lab:1"})
    layout.add(image(layout, "b", "linux/arm64"), HUB + "other:1")
    output = renamed(layout, "all", rename=("other=lab",))
    (root,) = output.index["manifests"]
    assert names(output) == [HUB + "lab:1"]
    assert platforms_of(output, root) == ["amd64", "arm64"]


def test_one_name_for_one_platform_twice() -> None:
    with pytest.raises(IntegrityError, match="two different linux/amd64 images"):
        plan(bundle(HUB + "a:1", HUB + "b:1"), rename=("a=lab", "b=lab"))
    layout = Layout()
    child = image(layout, "same")
    layout.add(child, HUB + "a:1").add(child, HUB + "b:1")
    assert names(renamed(layout, rename=("a=lab", "b=lab"))) == [HUB + "lab:1"]


def test_join_gives_every_image_the_names() -> None:
    layout = Layout()
    layout.add(image(layout, "a"), HUB + "a:1").add(image(layout, "b", "linux/arm64"), None)
    layout.add(layout.artifact("sbom", layout.roots[0]), None)
    output = renamed(layout, "all", name=("lab:1", "lab:2"), join=True)
    assert names(output) == [HUB + "lab:1", HUB + "lab:2", None]
    assert all(platforms_of(output, root) == ["amd64", "arm64"] for root in output.index["manifests"][:2])


def test_merged_archives_become_one_image_under_a_name() -> None:
    """What builders of one platform each write has no name, or a name of its own."""
    first, second = Layout(), Layout()
    first.add(image(first, "a"), None)
    second.add(image(second, "b", "linux/arm64"), HUB + "lab:1-arm64")
    archives = [first.pack(), second.pack()]
    output = Walked(merged(archives, renaming=Renaming.parse(["lab:1"], join=True)))
    output.assert_right()
    (root,) = output.index["manifests"]
    assert names(output) == [HUB + "lab:1"]
    assert platforms_of(output, root) == ["amd64", "arm64"]
    with pytest.raises(IntegrityError, match="two different linux/amd64 images"):
        merge_plan([first.pack(), bundle(None, HUB + "x:1").pack()], renaming=Renaming.parse(["lab:1"], join=True))
    assert names(Walked(merged(archives, renaming=Renaming.parse((), ["lab:*=lab:*-v8"])))) == [
        None,
        HUB + "lab:1-arm64-v8",
    ]


def test_the_parts_of_a_split_have_the_new_name() -> None:
    parts = parts_of(multi_platform().pack(), renaming=Renaming.parse(["x:1"]))
    assert [names(Walked(part)) for part in parts.values()] == [[HUB + "x:1"]] * 3
    signed = _signed(HUB + "lab")[0].pack()
    renaming = Renaming.parse((), ["docker.io/*=registry.local/*"])
    (whole,) = parts_of(signed, split=SplitOptions(stem="x", by=SplitBy.IMAGE), renaming=renaming).values()
    assert whole == filtered(signed, ["all"], renaming=renaming)


def test_artifacts_are_no_images() -> None:
    layout = bundle(None)
    layout.add(layout.artifact("sbom", layout.roots[0]), None).add(layout.artifact("a chart"), HUB + "chart:1")
    output = renamed(layout, "all", name=("lab:1",), index=IndexForm.NESTED)
    assert names(output) == [HUB + "lab:1", None, HUB + "chart:1"]
    assert names(renamed(layout, "all", rename=("chart=registry.local/chart",), index=IndexForm.NESTED)) == [
        None,
        None,
        "registry.local/chart:1",
    ]
    only = Layout()
    only.add(only.artifact("a chart"), None)
    with pytest.raises(UsageError, match="there is none"):
        plan(only, "all", name=("chart:1",))


def _signed(*repositories: str) -> tuple[Layout, str, str]:
    """Make an image with a signature, and a signature of that, as cosign stores them in a repository."""
    layout = Layout()
    children = [image(layout, "a"), image(layout, "b", "linux/arm64")]
    index = layout.index(children)
    signature = layout.artifact("signature")
    signed = f"sha256-{index['digest'][7:]}.sig"
    again = f"sha256-{signature['digest'][7:]}.att"
    for repository in repositories:
        layout.add(layout.artifact("attestation of the signature"), f"{repository}:{again}")
        layout.add(signature, f"{repository}:{signed}")
        layout.add(index, f"{repository}:1")
    return layout, signed, again


@pytest.mark.parametrize(
    "rule",
    ["docker.io/*=registry.local/*", "lab:1=registry.local/library/lab", "lab=registry.local/library/lab:latest"],
)
def test_signatures_go_along_with_their_repository(rule: str) -> None:
    layout, signed, again = _signed(HUB + "lab")
    output = renamed(layout, "all", rename=(rule,))
    tag = "1" if "*" in rule else "latest"
    assert names(output) == [f"registry.local/library/lab:{last}" for last in (again, signed, tag)]


def test_signatures_follow_to_every_new_name_and_in_their_own_repository_only() -> None:
    layout, signed, again = _signed(HUB + "lab", "ghcr.io/org/lab")
    output = renamed(layout, "all", rename=("docker.io/lab:1=a.local/a", "docker.io/lab:1=b.local/b"))
    ours = [f"{new}:{last}" for last in (again, signed, "latest") for new in ("a.local/a", "b.local/b")]
    assert names(output) == [*ours, *(f"ghcr.io/org/lab:{last}" for last in (again, signed, "1"))]


def test_signatures_without_their_image_are_renamed_by_rules() -> None:
    layout, signed, again = _signed(HUB + "lab")
    del layout.roots[-1]
    renaming = Renaming.parse((), ("lab=registry.local/lab:9",))
    dropped = plan_of(layout.add(image(layout, "x"), HUB + "x:1").pack(), ["all"], renaming=renaming).dropped
    assert [each.image for each in dropped] == [f"registry.local/lab:{last}" for last in (again, signed)]


def test_signatures_go_along_with_a_name() -> None:
    layout, signed, again = _signed(HUB + "lab")
    output = renamed(layout, "all", name=("x:1", "y.local/x:2"))
    assert names(output) == [
        f"{repository}:{last}" for last in (again, signed) for repository in (HUB + "x", "y.local/x")
    ] + [HUB + "x:1", "y.local/x:2"]


@pytest.mark.parametrize("how", [{"name": ("reg.local/lab:2",)}, {"rename": ("lab:1.0=reg.local/lab:2",)}])
def test_lists_of_referrers_go_along_with_their_subject(how: dict[str, Any]) -> None:
    layout = small(REFERRERS_TAG, ("linux/amd64", "linux/arm64"))
    before = names(Walked(layout.pack()))
    assert names(renamed(layout, "all", **how)) == [
        "reg.local/lab:2",
        *(f"reg.local/lab:{name.rpartition(':')[2]}" for name in before[1:] if name),
    ]


def test_a_tag_that_names_another_digest_stays() -> None:
    layout = multi_platform()
    other = f"{HUB}lab:sha256-{'0' * 64}"
    layout.add(layout.index([layout.artifact("sbom", layout.roots[0])]), other)
    assert names(renamed(layout, "all", name=("x:1",))) == [HUB + "x:1", other]


@pytest.mark.parametrize(
    ("before", "how", "message"),
    [
        (["lab:1", "lab:2"], {"name": ("x:1",)}, "one image, but there are 2, 0 of them without a name"),
        ([None, None], {"name": ("x:1",)}, "2 of them without a name"),
        (["lab:1"], {"name": ("x:1",), "rename": ("lab=y",)}, "both name docker.io/library/lab:1"),
        (["lab:1", "Evil Name"], {"rename": ("*=registry.local/*",)}, "makes no valid name of Evil Name"),
    ],
)
def test_refused(before: list[str | None], how: dict[str, Any], message: str) -> None:
    layout = bundle(*(HUB + name if name and name[0] == "l" else name for name in before))
    with pytest.raises(UsageError, match=message):
        plan(layout, **how)


def test_an_old_name_that_is_not_there() -> None:
    layout = bundle(HUB + "lab:1", None)
    with pytest.raises(SelectionError, match=r"OLD 'other'; there is \(unnamed\), docker.io/library/lab:1"):
        plan(layout, rename=("lab=x", "other=y"))
    # `--image` chooses first, and by the old names.
    with pytest.raises(SelectionError, match="no image matches --rename OLD 'lab'"):
        plan_of(
            bundle(HUB + "lab:1", HUB + "b:1").pack(),
            ["all"],
            images=ImageFilter(("b",)),
            renaming=Renaming.parse((), ("lab=x",)),
        )
    assert names(renamed(bundle(HUB + "lab:1", HUB + "b:1"), images=ImageFilter(("b",)), rename=("b=lab",))) == [
        HUB + "lab:1"
    ]


def test_a_name_that_containerd_stores_nothing_for_is_refused() -> None:
    layout = bundle("Lab")
    with pytest.raises(IntegrityError, match=r"'Lab' is no image name: ctr 2 stores nothing .* --name"):
        plan(layout)
    assert names(renamed(layout, name=("lab:1",))) == [HUB + "lab:1"]
    assert names(renamed(layout, rename=("Lab=lab",))) == [HUB + "lab:latest"]


def test_a_name_with_the_digest_of_what_is_rewritten() -> None:
    layout = Layout()
    index = layout.index([image(layout, "a"), image(layout, "b", "linux/arm64"), image(layout, "c", "linux/386")])
    layout.add(index, f"{HUB}lab@{index['digest']}")
    for wanted in ("linux/amd64", "linux/amd64,linux/arm64"):
        output = Walked(filtered(layout.pack(), [wanted]))
        (root,) = output.index["manifests"]
        assert root["annotations"][CONTAINERD] == f"{HUB}lab@{root['digest']}"
        assert root["digest"] != index["digest"]
        assert names(renamed(layout, wanted, rename=("lab=x",))) == [HUB + "x:latest"]


@given(selected_archives(), st.sampled_from([IndexForm.AUTO, IndexForm.NESTED]))
def test_renaming_to_the_same_names_changes_nothing(drawn: tuple[Archive, list[str]], form: IndexForm) -> None:
    archive, platforms = drawn
    plain = filtered(archive.data, platforms, index=form)
    if not any(names(Walked(plain))):
        return
    renaming = Renaming.parse((), ("*:*=*:*",))
    assert filtered(archive.data, platforms, index=form, renaming=renaming) == plain


@given(selected_archives(), st.sampled_from([IndexForm.AUTO, IndexForm.NESTED]))
def test_renaming_changes_names_alone(drawn: tuple[Archive, list[str]], form: IndexForm) -> None:
    archive, platforms = drawn
    plain = Walked(filtered(archive.data, platforms, index=form))
    if not any(names(plain)):
        return
    rules = ("docker.io/*=a.local/*", "registry.example:5000/*=b.local/*")
    for count in (2, 1):
        try:
            output = Walked(filtered(archive.data, platforms, index=form, renaming=Renaming.parse((), rules[:count])))
        except SelectionError:
            continue
        output.assert_right()
        assert output.blobs == plain.blobs
        for before, after in zip(names(plain), names(output), strict=True):
            if before and after != before:
                assert after in {
                    before.replace("docker.io", "a.local"),
                    before.replace("registry.example:5000", "b.local"),
                }


def test_many_images_and_long_names_take_linear_time() -> None:
    layout = Layout()
    child = image(layout, "a")
    for number in range(4_000):
        layout.add(child, f"{HUB}lab{number}:1")
    layout.add(child, "docker.io/" + "a" * 1_000_000)
    rules = (*(f"*{'*a' * number}*b=x" for number in range(20)), "docker.io/library/*=registry.local/*")
    start = time.perf_counter()
    with pytest.raises(SelectionError, match="no image matches --rename OLD"):
        plan(layout, rename=rules)
    with pytest.raises(IntegrityError, match="longer than 4096 characters"):
        plan(layout, rename=rules[-1:])
    del layout.roots[-1]
    assert len(plan(layout, rename=rules[-1:]).images) == 4_000
    assert time.perf_counter() - start < 20
