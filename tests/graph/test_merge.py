"""Several archives as one graph, by example."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from ocitool.errors import IntegrityError, SelectionError, UsageError
from ocitool.graph.image import Origin
from ocitool.graph.merge import merge_graphs
from ocitool.plan.filter import plan_filter
from ocitool.plan.options import IndexForm, Missing
from tests.builders import Json, Layout, as_json, multi_platform
from tests.docker_archives import CLASSIC, CRANE, DockerArchive
from tests.laws.filtering import filtered, graph_of, merge_plan, merged, options_of, parts_of
from tests.laws.walker import Walked
from tests.sources import BytesSource

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


def twice_listed() -> Layout:
    layout = Layout()
    children = [layout.manifest("linux/amd64", (text,)) for text in ("one", "two")]
    return layout.add(layout.index([*children, layout.manifest("linux/arm64")]))


def test_what_one_index_lists_twice_was_meant() -> None:
    data = twice_listed().pack()
    again = merged(list(parts_of(data).values()))
    assert Walked(again).manifests() == Walked(data).manifests()


def test_a_digest_map_names_what_is_gone_and_nothing_else() -> None:
    """The manifests of the parts are still there, each itself; one that was made anew maps to what was made of it."""
    parts = [of_platform("linux/amd64"), of_platform("linux/arm64")]
    assert merge_plan(parts).outputs[0].digest_map == {}
    whole = Layout()
    whole.add(whole.index([whole.manifest("linux/amd64")]))
    (output,) = merge_plan([whole.pack(), of_platform("linux/arm64")]).outputs
    assert {str(old) for old in output.digest_map} == {whole.roots[0]["digest"]}
    assert set(output.digest_map.values()) == {output.images[0].digest}


def test_an_index_that_does_not_say_a_platform_gives_way_to_one_that_does() -> None:
    whole = multi_platform(("linux/amd64", "linux/arm64"))
    first, second = whole.read(whole.roots[0])["manifests"]
    unsaid = Layout(dict(whole.blobs))
    unsaid.add(unsaid.index([first, {key: value for key, value in second.items() if key != "platform"}]))
    for archives in ([unsaid.pack(), whole.pack()], [whole.pack(), unsaid.pack()]):
        (root,) = Walked(merged(archives)).index["manifests"]
        assert root["digest"] == whole.roots[0]["digest"]
    flat = Layout(dict(whole.blobs)).add({key: second[key] for key in ("mediaType", "digest", "size")}).pack()
    assert children(merged([unsaid.pack(), flat])) == ["linux/amd64", "linux/arm64"]


def test_a_damaged_document_is_taken_from_where_it_is_whole() -> None:
    whole = multi_platform()
    good, bad = whole.pack(), Layout(dict(whole.blobs), whole.roots)
    child = whole.read(whole.roots[0])["manifests"][1]
    for digest in (child["digest"], whole.read(child)["config"]["digest"]):
        bad.blobs[digest] = bytes(len(bad.blobs[digest]))
    for archives in ([good, bad.pack()], [bad.pack(), good]):
        assert merged(archives) == filtered(good, ["all"])


def test_a_conflict_of_docker_archives_names_each() -> None:
    archives = [DockerArchive(style).image("lab:1.0").pack() for style in (CLASSIC, CRANE)]
    graphs = [replace(graph_of(data), origins=(Origin(name, 1),)) for name, data in zip("ab", archives, strict=True)]
    graph = merge_graphs(graphs, [BytesSource(data) for data in archives])
    with pytest.raises(IntegrityError) as caught:
        plan_filter(graph, options_of(["all"]))
    assert re.search(r" in a and sha256:\w+ in b$", caught.value.message)
    assert "ocitool filter FILE" in caught.value.remedy


def test_keeping_the_index_of_several_parts_is_refused() -> None:
    with pytest.raises(UsageError, match="--index keep cannot hold"):
        merge_plan([of_platform("linux/amd64"), of_platform("linux/arm64")], index=IndexForm.KEEP)


def test_annotations_of_one_platform_are_not_those_of_the_index() -> None:
    key = "com.docker.official-images.bashbrew.arch"
    archives = [of_platform(f"linux/{name}", **{key: name, "same": "1"}) for name in ("amd64", "arm64")]
    for order in (archives, archives[::-1]):
        (root,) = Walked(merged(order)).index["manifests"]
        assert key not in root["annotations"]
        assert root["annotations"]["same"] == "1"
