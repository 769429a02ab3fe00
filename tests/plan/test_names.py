"""Names in index.json by example, and what two filters make of them."""

from __future__ import annotations

import pytest

from ocitool.errors import OcitoolError
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME
from ocitool.model.digest import Digest
from ocitool.plan.names import name_image
from tests.builders import Layout
from tests.laws.filtering import filtered

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
        ({CONTAINERD_NAME: "lab/x@y"}, {CONTAINERD_NAME: "lab/x@y"}, "", []),
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
