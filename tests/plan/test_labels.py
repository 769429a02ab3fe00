"""Wrong and missing platforms by example: what is said, what is refused, what `--fix-platforms` writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import IntegrityError, UsageError
from ocitool.plan.options import IndexForm
from tests.builders import Json, Layout, platform, sha256
from tests.laws.filtering import filtered, plan_of
from tests.laws.walker import Walked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.plan.steps import Plan

NESTED, KEEP = IndexForm.NESTED, IndexForm.KEEP


def labelled(*labels: tuple[str, Json | None]) -> Layout:
    """Make an image whose configs say one thing and whose index lists another."""
    layout = Layout()
    children = []
    for number, (text, listed) in enumerate(labels):
        child = layout.manifest(text, (f"{number} {text}",)) | {"x-first": 1}
        del child["platform"]
        children.append(child | ({} if listed is None else {"platform": listed}) | {"x-last": [2]})
    return layout.add(layout.index(children))


def messages(layout: Layout, level: str, platforms: Sequence[str] = ("all",), **fields: Any) -> list[str]:
    plan: Plan = plan_of(layout.pack(), platforms, **fields)
    return [note.message for note in plan.notes if note.level.value == level and "config says" in note.message]


def children_of(data: bytes) -> list[Json]:
    output = Walked(data)
    output.assert_right()
    (root,) = output.index["manifests"]
    return list(json.loads(output.blobs[root["digest"]])["manifests"])


@pytest.mark.parametrize(
    ("config", "listed", "fixed"),
    [
        ("linux/amd64", None, platform("linux/amd64")),
        ("linux/arm64", platform("linux/amd64"), platform("linux/arm64")),
        ("linux/arm/v6", platform("linux/arm"), platform("linux/arm/v6")),
        ("linux/arm/v6", platform("linux/arm/v7"), platform("linux/arm/v6")),
        ("linux/amd64/v2", platform("linux/amd64"), platform("linux/amd64/v2")),
        ("linux/amd64", platform("linux/arm/v7"), platform("linux/amd64")),
        ("linux/arm64", {"x-a": 1, "architecture": "amd64", "os.version": "1"}, {"x-a": 1, "architecture": "arm64"}),
    ],
)
def test_what_is_wrong_is_written_right(config: str, listed: Json | None, fixed: Json) -> None:
    layout = labelled((config, listed), ("linux/s390x", platform("linux/s390x")))
    data = filtered(layout.pack(), ["all"], fix_platforms=True)
    first, second = children_of(data)
    before = layout.read(layout.roots[0])["manifests"]
    assert first["platform"] == fixed | {"os": "linux"}
    assert second == before[1]
    assert [key for key in first if key in before[0]] == list(before[0])
    assert {key: value for key, value in first.items() if key != "platform"} == {
        key: value for key, value in before[0].items() if key != "platform"
    }
    (message,) = [
        note.message
        for note in plan_of(layout.pack(), ["all"], fix_platforms=True).notes
        if "was listed as" in note.message
    ]
    assert before[0]["digest"] in message
    (image,) = plan_of(layout.pack(), ["all"], fix_platforms=True).images
    assert str(image.original) == layout.roots[0]["digest"] != str(image.digest)
    assert filtered(data, ["all"], fix_platforms=True) == data == filtered(data, ["all"])


@pytest.mark.parametrize(
    ("config", "listed"),
    [
        ("linux/amd64", platform("linux/amd64")),
        ("linux/arm/v7", platform("linux/arm")),
        ("linux/arm", platform("linux/arm/v6")),
        ("linux/arm64/v8", platform("linux/arm64")),
        ("linux/amd64", platform("linux/amd64/v3")),
    ],
)
def test_what_is_right_stays(config: str, listed: Json) -> None:
    layout = labelled((config, listed), ("linux/s390x", platform("linux/s390x")))
    assert not messages(layout, "warning")
    assert filtered(layout.pack(), ["all"], fix_platforms=True) == filtered(layout.pack(), ["all"])


def test_a_missing_or_doubtful_platform_is_warned_of() -> None:
    layout = labelled(("linux/amd64", None), ("linux/arm/v6", platform("linux/arm")))
    (missing, doubtful) = messages(layout, "warning")
    assert "lists no platform, but its config says linux/amd64" in missing
    assert "lists linux/arm/v7, but its config says linux/arm/v6" in doubtful
    assert all(text.endswith("--fix-platforms lists what it says") for text in (missing, doubtful))
    assert len(messages(layout, "warning", index=KEEP)) == 2
    # Flat, nothing is listed.
    assert not messages(layout, "warning", ["linux/amd64"])


def test_a_wrong_platform_is_refused_with_the_remedy() -> None:
    layout = labelled(("linux/arm64", platform("linux/amd64")), ("linux/s390x", platform("linux/s390x")))
    with pytest.raises(IntegrityError, match=r"linux/amd64, but its config says linux/arm64 .* --fix-platforms"):
        plan_of(layout.pack(), ["all"])
    (message,) = messages(layout, "warning", ["linux/arm64"])
    assert message.endswith("it is taken for what its config says")
    assert [manifest.platform for manifest in plan_of(layout.pack(), ["linux/arm64"], fix_platforms=True).kept] == [
        "linux/arm64"
    ]


def test_the_platform_of_the_config_is_selected_then() -> None:
    layout = labelled(("linux/arm/v6", platform("linux/arm")), ("linux/s390x", platform("linux/s390x")))
    for wanted, fix in (("linux/arm/v6", True), ("linux/arm/v7", False)):
        (kept,) = plan_of(layout.pack(), [wanted], fix_platforms=fix).kept
        assert kept.platform == wanted


def test_an_index_within_an_index_and_roots_that_become_one() -> None:
    layout = Layout()
    wrong = layout.manifest("linux/arm64") | {"platform": platform("linux/amd64")}
    layout.add(layout.index([layout.index([wrong]), layout.manifest("linux/386")]))
    output = Walked(filtered(layout.pack(), ["all"], fix_platforms=True))
    output.assert_right()
    (outer,) = output.index["manifests"]
    inner = json.loads(output.blobs[outer["digest"]])["manifests"][0]
    assert json.loads(output.blobs[inner["digest"]])["manifests"][0]["platform"] == platform("linux/arm64")
    flat = Layout()
    flat.add(wrong).add(flat.manifest("linux/386"))
    flat.blobs |= layout.blobs
    made = children_of(filtered(flat.pack(), ["all"], fix_platforms=True))
    assert [child["platform"]["architecture"] for child in made] == ["arm64", "386"]


def test_a_signature_of_an_index_that_is_corrected_is_told() -> None:
    layout = labelled(("linux/amd64", None), ("linux/s390x", platform("linux/s390x")))
    layout.add(layout.artifact("signature", layout.roots[0]), None)
    assert len(plan_of(layout.pack(), ["all"]).images) == 2
    result = plan_of(layout.pack(), ["all"], fix_platforms=True)
    assert len(result.images) == 1
    assert any("1 signature(s) or other referrer(s) of its index" in note.message for note in result.notes)


def test_what_cannot_be_fixed() -> None:
    layout = labelled(("linux/amd64", None))
    with pytest.raises(UsageError, match="--fix-platforms changes the index that --index keep"):
        plan_of(layout.pack(), ["all"], fix_platforms=True, index=KEEP)
    unknown = labelled(("unknown/unknown", platform("linux/amd64")), ("linux/386", platform("linux/386")))
    with pytest.raises(IntegrityError, match="build it again"):
        plan_of(unknown.pack(), ["unknown/unknown", "linux/386"], fix_platforms=True)


LISTED = st.sampled_from([None, *map(platform, ("linux/amd64", "linux/arm", "linux/arm/v6", "linux/arm64/v8"))])
CONFIGS = st.lists(
    st.sampled_from(["linux/amd64", "linux/arm/v6", "linux/arm", "linux/arm64"]),
    min_size=1,
    unique_by=lambda text: text.split("/")[1],
)


@given(CONFIGS, st.data())
def test_every_platform_is_that_of_the_config(configs: list[str], data: st.DataObject) -> None:
    layout = labelled(*((config, data.draw(LISTED)) for config in configs))
    output = Walked(filtered(layout.pack(), ["all"], fix_platforms=True, index=NESTED))
    output.assert_right()
    (root,) = output.index["manifests"]
    index = output.blobs[root["digest"]]
    assert root["digest"] == sha256(index)
    for child, config in zip(json.loads(index)["manifests"], configs, strict=True):
        value = platform(config)
        assert all(child["platform"][key] == value[key] for key in value)


@pytest.mark.parametrize("listed", ["linux/arm64", "unknown/unknown"])
def test_two_images_of_one_platform_are_refused_once_it_shows(listed: str) -> None:
    layout = labelled(("linux/amd64", platform(listed)), ("linux/amd64", platform("linux/amd64")))
    with pytest.raises(IntegrityError, match="two different linux/amd64 images"):
        plan_of(layout.pack(), ["linux/amd64"], fix_platforms=True)
    with pytest.raises(IntegrityError) as caught:
        plan_of(layout.pack(), ["linux/amd64"])
    assert "alone" not in caught.value.remedy


def test_an_image_listed_as_unknown_is_no_attestation() -> None:
    """Only an attestation has a config that names no platform either."""
    layout = labelled(("linux/amd64", platform("unknown/unknown")), ("linux/arm64", platform("linux/arm64")))
    with pytest.raises(IntegrityError, match="lists unknown/unknown, but its config says linux/amd64"):
        plan_of(layout.pack(), ["all"])
    fixed = plan_of(layout.pack(), ["all"], fix_platforms=True)
    assert [manifest.platform for manifest in fixed.kept] == ["linux/amd64", "linux/arm64"]
    assert [manifest.platform for manifest in plan_of(layout.pack(), ["linux/amd64"]).kept] == ["linux/amd64"]
