"""Several archives as one graph, by example."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ocitool.errors import IntegrityError, SelectionError
from ocitool.plan.options import IndexForm, Missing
from tests.builders import Json, Layout, as_json, multi_platform
from tests.docker_archives import DockerArchive
from tests.laws.filtering import filtered, merge_plan, merged
from tests.laws.walker import Walked

NAME = "docker.io/library/lab:1.0"


def of_platform(platform: str, name: str | None = NAME, **annotations: str) -> bytes:
    layout = Layout()
    child = layout.manifest(platform, (f"own {platform}",))
    del child["platform"]
    return layout.add(child, name, **annotations).pack()


def children(data: bytes) -> list[str]:
    walked = Walked(data)
    (root,) = walked.index["manifests"]
    listed = json.loads(walked.blobs[root["digest"]])["manifests"]
    return ["/".join(child["platform"][key] for key in ("os", "architecture")) for child in listed]


def test_the_platform_is_that_of_the_config() -> None:
    assert children(merged([of_platform("linux/amd64"), of_platform("linux/arm64")])) == [
        "linux/amd64",
        "linux/arm64",
    ]


@pytest.mark.parametrize("other", ["lab:1.0", "docker.io/lab:1.0", "index.docker.io/library/lab:1.0"])
def test_names_that_mean_the_same_are_one_image(other: str) -> None:
    data = merged([of_platform("linux/amd64"), of_platform("linux/arm64", other)])
    assert children(data) == ["linux/amd64", "linux/arm64"]
    assert Walked(data).index["manifests"][0]["annotations"]["io.containerd.image.name"] == NAME


def test_other_names_stand_side_by_side() -> None:
    data = merged([of_platform("linux/amd64"), of_platform("linux/arm64", "docker.io/library/other:1.0")])
    assert len(Walked(data).index["manifests"]) == 2


def test_images_without_a_name_stand_alone_and_once() -> None:
    archives = [of_platform("linux/amd64", None), of_platform("linux/arm64", None), of_platform("linux/amd64", None)]
    assert len(Walked(merged(archives)).index["manifests"]) == 2


def two_builds() -> list[bytes]:
    layouts = [Layout(), Layout()]
    for number, layout in enumerate(layouts):
        layout.add(layout.index([layout.manifest("linux/amd64", (f"build {number}",))]))
    return [layout.pack() for layout in layouts]


def test_one_platform_with_two_digests_names_both() -> None:
    archives = two_builds()
    with pytest.raises(IntegrityError, match="two different linux/amd64 images") as caught:
        merge_plan(archives)
    for data in archives:
        (digest,) = Walked(data).manifests()
        assert f"{digest} in test.tar" in caught.value.message


def test_a_conflict_of_what_was_not_chosen_is_none() -> None:
    one, other = Layout(), Layout()
    one.add(one.index([one.manifest("linux/amd64", ("1",)), one.manifest("linux/386")]))
    other.add(other.index([other.manifest("linux/amd64", ("2",)), other.manifest("linux/arm64")]))
    data = merged([one.pack(), other.pack()], ["linux/386", "linux/arm64"])
    assert children(data) == ["linux/386", "linux/arm64"]


def test_what_one_lists_and_another_holds_is_there() -> None:
    whole = multi_platform().pack()
    sparse = [filtered(whole, [platform], index=IndexForm.KEEP) for platform in ("linux/arm64", "linux/amd64")]
    with pytest.raises(SelectionError, match="is listed, but its manifest"):
        merge_plan(sparse, missing=Missing.ERROR)
    assert merged(sparse, ["available"]) == filtered(whole, ["linux/arm64", "linux/amd64"])
    sparse.append(filtered(whole, ["linux/arm/v7"], index=IndexForm.KEEP))
    assert merged(sparse) == filtered(whole, ["all"])


def test_a_config_here_and_its_layer_there_are_one_image() -> None:
    whole = multi_platform(("linux/amd64",))
    manifest = whole.read(whole.read(whole.roots[0])["manifests"][0])
    halves: list[bytes] = []
    for lost in ([manifest["config"]], manifest["layers"]):
        half = Layout(dict(whole.blobs), whole.roots)
        halves.append(half.drop(*lost).pack())
    assert merged(halves, missing=Missing.ERROR) == filtered(whole.pack(), ["all"])


def indexed(platform: str, **fields: Any) -> bytes:
    layout = Layout()
    return layout.add(layout.index([layout.manifest(platform, (platform,))], **fields)).pack()


def test_what_the_indexes_say_of_the_whole_stays_where_they_agree() -> None:
    one = indexed("linux/amd64", annotations={"a": "1", "b": "2"}, subject=None, extra={"x": [1]})
    other = indexed("linux/arm64", annotations={"a": "1", "b": "3", "c": "4"}, extra={"x": [1]})
    walked = Walked(merged([one, other]))
    index = json.loads(walked.blobs[walked.index["manifests"][0]["digest"]])
    assert index["annotations"] == {"a": "1", "c": "4"}
    assert index["extra"] == {"x": [1]}
    assert len(index["manifests"]) == 2


def test_fields_of_index_json_stay_where_they_agree() -> None:
    layouts = [Layout(index_fields={"x-same": 1, "x-other": number, f"x-{number}": True}) for number in (1, 2)]
    for layout, platform in zip(layouts, ("linux/amd64", "linux/arm64"), strict=True):
        layout.add(layout.manifest(platform))
    index = Walked(merged([layout.pack() for layout in layouts])).index
    assert {key: value for key, value in index.items() if key.startswith("x-")} == {
        "x-same": 1,
        "x-1": True,
        "x-2": True,
    }


def test_an_index_that_lists_all_of_it_keeps_its_bytes() -> None:
    whole = multi_platform().pack()
    part = filtered(whole, ["linux/arm64"])
    for archives in ([whole, part], [part, whole]):
        (root,) = Walked(merged(archives)).index["manifests"]
        assert root["digest"] == Walked(whole).index["manifests"][0]["digest"]


def test_docker_archives_of_two_platforms_are_one_image() -> None:
    archives: list[bytes] = []
    for architecture in ("amd64", "arm64"):
        archive = DockerArchive()
        archive.image("lab:1.0", layers=(f"own {architecture}",), os_arch=f"linux/{architecture}")
        archives.append(archive.pack())
    assert children(merged(archives)) == ["linux/amd64", "linux/arm64"]


def test_the_choice_of_manifest_json_is_that_of_the_archives_only_if_they_agree() -> None:
    def chosen(data: bytes) -> str:
        walked = Walked(data)
        (item,) = json.loads(walked.files["manifest.json"])
        config: Json = json.loads(walked.files[item["Config"]])
        return str(config["architecture"])

    layout = multi_platform()
    config = layout.read(layout.read(layout.roots[0])["manifests"][1])["config"]["digest"]
    layout.files["manifest.json"] = as_json(
        [{"Config": f"blobs/{config.replace(':', '/')}", "RepoTags": [], "Layers": []}]
    )
    assert chosen(merged([layout.pack(), layout.pack()])) == "arm64"
    parts = [filtered(layout.pack(), [platform]) for platform in ("linux/arm64", "linux/amd64")]
    assert chosen(merged(parts)) == "amd64"
