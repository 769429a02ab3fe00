"""Names in index.json by example, and what two filters make of them."""

from __future__ import annotations

import pytest

from ocitool.errors import IntegrityError, OcitoolError
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME
from ocitool.model.digest import Digest
from ocitool.model.renaming import Renaming
from ocitool.plan.names import name_image
from tests.builders import Layout
from tests.laws.filtering import filtered, plan_of

OLD = Digest.of(b"old")
NEW = Digest.of(b"new")
OTHER = Digest.of(b"other")
FULL = "docker.io/library/lab:1.0"


@pytest.mark.parametrize(
    ("before", "after", "tag", "levels"),
    [
        ({CONTAINERD_NAME: FULL, REF_NAME: "1.0"}, {CONTAINERD_NAME: FULL, REF_NAME: "1.0"}, FULL, []),
        ({CONTAINERD_NAME: FULL}, {CONTAINERD_NAME: FULL, REF_NAME: "1.0"}, FULL, []),
        ({REF_NAME: FULL}, {REF_NAME: FULL, CONTAINERD_NAME: FULL}, FULL, []),
        ({REF_NAME: "lab:1.0"}, {REF_NAME: "lab:1.0", CONTAINERD_NAME: FULL}, FULL, []),
        (
            {CONTAINERD_NAME: "lab"},
            {CONTAINERD_NAME: "docker.io/library/lab:latest", REF_NAME: "latest"},
            "docker.io/library/lab:latest",
            ["note"],
        ),
        ({REF_NAME: "1.0"}, {REF_NAME: "1.0"}, "", ["warning"]),
        ({}, {}, "", ["warning"]),
        (
            {CONTAINERD_NAME: f"docker.io/library/lab@{OLD}"},
            {CONTAINERD_NAME: f"docker.io/library/lab@{NEW}"},
            "",
            ["note"],
        ),
        (
            {CONTAINERD_NAME: f"{FULL}@{OTHER}", REF_NAME: "1.0"},
            {CONTAINERD_NAME: f"{FULL}@{OTHER}", REF_NAME: "1.0"},
            FULL,
            ["warning"],
        ),
        ({CONTAINERD_NAME: f"{FULL}@{NEW}"}, {CONTAINERD_NAME: f"{FULL}@{NEW}", REF_NAME: "1.0"}, FULL, []),
        ({REF_NAME: str(OLD)}, {REF_NAME: str(NEW)}, "", ["note", "warning"]),
        ({CONTAINERD_NAME: "lab/x@y"}, {CONTAINERD_NAME: "lab/x@y"}, "", ["warning"]),
        (
            {CONTAINERD_NAME: "docker.io/library/LAB:1.0"},
            {CONTAINERD_NAME: "docker.io/library/LAB:1.0"},
            "",
            ["warning"],
        ),
        ({CONTAINERD_NAME: "/"}, {CONTAINERD_NAME: "/"}, "", ["warning"]),
    ],
)
def test_names(before: dict[str, str], after: dict[str, str], tag: str, levels: list[str]) -> None:
    naming = name_image(before, [OLD], NEW)
    assert naming.annotations == after
    assert naming.tag == tag
    assert [note.level.value for note in naming.notes] == levels
    assert name_image(naming.annotations, [NEW], NEW).annotations == after


def test_other_annotations_stay_in_their_order() -> None:
    before = {"z": "1", CONTAINERD_NAME: FULL, "a": "2"}
    assert list(name_image(before, [OLD], NEW).annotations) == ["z", CONTAINERD_NAME, "a", REF_NAME]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({CONTAINERD_NAME: "lab"}, {CONTAINERD_NAME: "docker.io/library/lab:latest"}),
        ({REF_NAME: "lab:1.0"}, {CONTAINERD_NAME: FULL}),
    ],
)
def test_two_spellings_of_one_name_are_told_before_they_become_one(
    one: dict[str, str], other: dict[str, str]
) -> None:
    """Written alike, one image would take the name of the other: an error now, not at the second filter."""
    layout = Layout()
    layout.add(layout.manifest(layers=("a",)), None, **one)
    layout.add(layout.manifest(layers=("b",)), None, **other)
    try:
        once = filtered(layout.pack(), ["linux/amd64"])
    except OcitoolError:
        return
    assert filtered(once, ["linux/amd64"]) == once


@pytest.mark.parametrize("key", [CONTAINERD_NAME, REF_NAME])
@pytest.mark.parametrize(
    "name", ["a b\nc:1\x1b[31m", "x/" + "y" * 5_000, "lab\u202e:1"], ids=["control", "long", "direction"]
)
def test_names_that_break_lines_or_limits_are_refused(key: str, name: str) -> None:
    with pytest.raises(IntegrityError, match="is no image name, but text") as caught:
        name_image({key: name}, [OLD], NEW)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


def test_a_name_that_no_registry_allows_is_shown_in_part() -> None:
    (message,) = [note.message for note in name_image({CONTAINERD_NAME: "x/" + "Y" * 4_000}, [OLD], NEW).notes]
    assert len(message) < 400
    assert "--name or --rename" in message


def test_the_remedy_for_a_digest_in_the_place_of_a_name_works() -> None:
    layout = Layout()
    root = layout.manifest()
    layout.add(root, None, **{REF_NAME: str(OTHER)})
    text = "\n".join(note.message for note in plan_of(layout.pack(), ["all"]).notes)
    assert f"--rename {OTHER}=REF" in text
    renamed = plan_of(layout.pack(), ["all"], renaming=Renaming.parse((), [f"{OTHER}=lab:1"]))
    assert renamed.images[0].name == "docker.io/library/lab:1"
