"""manifest.json: which platform it chooses, and when it is written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ocitool.plan.options import DockerManifest
from tests.builders import Json, Layout, multi_platform
from tests.laws.filtering import filtered
from tests.laws.walker import Walked


def items_of(layout: Layout, *platforms: str, **fields: object) -> list[dict[str, Any]] | None:
    raw = Walked(filtered(layout.pack(), platforms, **fields)).files.get("manifest.json")
    return None if raw is None else list(json.loads(raw))


def config_of(layout: Layout, number: int) -> str:
    child = layout.read(layout.roots[0])["manifests"][number]
    return "blobs/" + str(layout.read(child)["config"]["digest"]).replace(":", "/")


def _choose(layout: Layout, number: int) -> None:
    item: Json = {"Config": config_of(layout, number), "RepoTags": ["lab:1.0"], "Layers": []}
    layout.files["manifest.json"] = json.dumps([item]).encode()


PLATFORMS = ("linux/arm64", "linux/386", "linux/amd64")


@pytest.mark.parametrize(
    ("own", "wanted", "chosen"),
    [
        (None, ["all"], 2),
        (None, ["linux/arm64", "linux/386"], 0),
        (1, ["all"], 1),
        (1, ["linux/arm64", "linux/amd64"], 2),
    ],
)
def test_choice(own: int | None, wanted: list[str], chosen: int) -> None:
    layout = multi_platform(PLATFORMS)
    if own is not None:
        _choose(layout, own)
    items = items_of(layout, *wanted)
    assert items is not None
    assert [item["Config"] for item in items] == [config_of(layout, chosen)]
    assert items[0]["RepoTags"] == ["docker.io/library/lab:1.0"]
    child = layout.read(layout.roots[0])["manifests"][chosen]
    assert items[0]["Layers"] == [f"blobs/{one['digest'].replace(':', '/')}" for one in layout.read(child)["layers"]]


def test_modes() -> None:
    layout = multi_platform()
    assert items_of(layout, "all", docker_manifest=DockerManifest.NEVER) is None
    artifact = Layout()
    artifact.add(artifact.artifact("alone"), name=None)
    assert items_of(artifact, "all") is None
    assert items_of(artifact, "all", docker_manifest=DockerManifest.ALWAYS) == []


def test_several_tags_share_an_item() -> None:
    layout = multi_platform()
    layout.add({key: layout.roots[0][key] for key in ("mediaType", "digest", "size")}, "docker.io/library/lab:2")
    items = items_of(layout, "linux/amd64")
    assert items is not None
    assert [item["RepoTags"] for item in items] == [["docker.io/library/lab:1.0", "docker.io/library/lab:2"]]


def test_an_image_without_name_has_no_tags() -> None:
    items = items_of(multi_platform(name=None), "linux/amd64")
    assert items is not None
    assert items[0]["RepoTags"] == []


def test_diff_ids_that_do_not_fit_the_layers_are_not_offered_to_docker() -> None:
    layout = Layout()
    layout.add(layout.manifest(config={"rootfs": {"type": "layers", "diff_ids": []}}))
    assert items_of(layout, "linux/amd64") is None
