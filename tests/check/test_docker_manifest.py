from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import NAME, Json, Layout
from tests.check.mutations_importing import (
    AMD64,
    ARM64,
    OTHER,
    REF_NAME,
    docker_item,
    nested,
    sound,
    stale_config,
    two,
    with_docker,
)
from tests.check.verified import findings, fired
from tests.docker_archives import CLASSIC, STYLES, DockerArchive

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocitool.check.report import Finding


def of_docker(data: bytes) -> list[Finding]:
    return [found for found in findings(data) if found.rule == "V25"]


def changed(change: Callable[[Json], object]) -> bytes:
    """Change the only item of a manifest.json that is right."""
    layout = sound()
    item = docker_item(layout, layout.roots[0], NAME)
    change(item)
    return with_docker(layout, item).pack()


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (lambda item: item.update(Config="gone.json"), "$[0].Config", "lists 'gone.json'"),
        (lambda item: item["Layers"].__setitem__(1, "gone.tar"), "$[0].Layers[1]", "lists 'gone.tar'"),
        (lambda item: item["Layers"].reverse(), "$[0].Layers", "layer 1 of 2 is sha256:"),
        (lambda item: item["Layers"].pop(), "$[0].Layers", "lists 1 layers, the manifest 2"),
        (lambda item: item.update(RepoTags=[NAME, OTHER]), "$[0].RepoTags[1]", "does not call so"),
        (lambda item: item.update(RepoTags=["docker.io/LAB:1"]), "$[0].RepoTags[0]", "is no image name"),
        (lambda item: item.update(RepoTags=[NAME, "lab"]), "$[0].RepoTags[1]", "'lab' has no tag"),
        (lambda item: item.update(RepoTags=[f"lab@sha256:{'0' * 64}"]), "$[0].RepoTags[0]", "has no tag"),
        (lambda item: item.update(RepoTags=None), "$[0].RepoTags", "stores it as <none>:<none>"),
        (lambda item: item.update(RepoTags=[]), "$[0].RepoTags", "stores it as <none>:<none>"),
        (lambda item: item.pop("RepoTags"), "$[0].RepoTags", "stores it as <none>:<none>"),
    ],
    ids=[
        *("no config", "no layer", "order", "count", "stale tag", "bad tag"),
        *("name alone", "digest alone", "null", "no tags", "no field"),
    ],
)
def test_an_item_that_is_wrong(change: Callable[[Json], object], path: str, message: str) -> None:
    (found,) = of_docker(changed(change))
    assert (found.place.entry, found.place.path) == ("manifest.json", path)
    assert message in found.message


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item.update(RepoTags=["lab:1.0"]),
        lambda item: item.update(Config="./" + item["Config"]),
        lambda item: item.update(Parent="sha256:0"),
    ],
    ids=["familiar", "dot", "further field"],
)
def test_an_item_that_is_right(change: Callable[[Json], object]) -> None:
    assert of_docker(changed(change)) == []


@pytest.mark.parametrize("text", [b"null", b"{}", b"[1]", b"[{}]"])
def test_what_is_no_list_of_images(text: bytes) -> None:
    layout = sound()
    layout.files["manifest.json"] = text
    assert fired(layout.pack()) == {"V25"}


def test_what_is_no_json_is_found_too() -> None:
    layout = sound()
    layout.files["manifest.json"] = b"[{"
    assert fired(layout.pack()) & {"V25", "J6"}


def test_an_empty_list_where_docker_could_load_something() -> None:
    (found,) = of_docker(with_docker(sound()).pack())
    assert "lists no image" in found.message
    layout = Layout()
    layout.add(layout.artifact("sbom"))
    assert of_docker(with_docker(layout).pack()) == []


def test_an_image_that_docker_would_not_load() -> None:
    layout = two()
    with_docker(layout, docker_item(layout, layout.roots[0], NAME))
    (found,) = (found for found in findings(layout.pack()) if found.rule == "I9")
    assert (found.place.image, found.place.entry) == (OTHER, "manifest.json")


def test_any_platform_of_an_image_will_do() -> None:
    layout = nested(AMD64, ARM64)
    foreign = layout.read(layout.roots[0])["manifests"][1]
    assert fired(with_docker(layout, docker_item(layout, foreign, NAME)).pack()) == set()


def test_a_config_that_the_index_does_not_list() -> None:
    (found,) = of_docker(stale_config())
    assert found.place.path == "$[0].Config"
    assert "docker loads something else" in found.message


def test_a_tag_that_two_images_have() -> None:
    layout = two()
    one, other = layout.roots
    with_docker(layout, docker_item(layout, one, NAME), docker_item(layout, other, "lab:1.0", OTHER))
    assert [found.place.path for found in of_docker(layout.pack())] == ["$[1].RepoTags[0]"] * 2


def test_one_image_may_have_many_items_and_names() -> None:
    layout = sound()
    root = layout.roots[0]
    layout.add({key: root[key] for key in ("mediaType", "digest", "size")}, OTHER)
    with_docker(layout, docker_item(layout, root, NAME), docker_item(layout, root, OTHER))
    assert fired(layout.pack()) == set()


def test_a_tag_alone_in_index_json_may_be_a_name_here() -> None:
    assert of_docker(sound(name=None, **{REF_NAME: "1.0"}).pack()) == []
    assert len(of_docker(sound(name=None, **{REF_NAME: "2.0"}).pack())) == 1
    assert of_docker(sound(name=None).pack()) == []


def test_what_is_missing_from_the_index_is_not_said_twice() -> None:
    layout = sound()
    layer = layout.read(layout.roots[0])["layers"][0]
    assert fired(layout.drop(layer).pack()) == {"L12"}


def test_files_of_their_own_are_those_of_docker_before_25() -> None:
    layout = sound()
    item = docker_item(layout, layout.roots[0], NAME)
    names = {
        item["Config"]: "config.json",
        **{path: f"{number}/layer.tar" for number, path in enumerate(item["Layers"])},
    }
    blobs = layout.entries()
    layout.files |= {new: blobs[old] for old, new in names.items()}
    layout.files["0/VERSION"] = b"1.0"
    layout.files["0/json"] = b"{}"
    item |= {"Config": names[item["Config"]], "Layers": [names[path] for path in item["Layers"]]}
    assert fired(with_docker(layout, item).pack()) == set()


@pytest.mark.parametrize("style", STYLES)
def test_docker_archives_are_sound(style: str) -> None:
    data = DockerArchive(style).image(NAME).image(OTHER, layers=("base", "other")).pack()
    assert fired(data) - {"I10", "L16"} == set()


@pytest.mark.parametrize("style", STYLES)
def test_a_docker_archive_with_one_name_for_two_images(style: str) -> None:
    data = DockerArchive(style).image(NAME).image(NAME, layers=("base", "other")).pack()
    assert fired(data) - {"I10", "L16"} == {"V25"}


def test_a_docker_archive_whose_list_cannot_be_read() -> None:
    archive = DockerArchive(CLASSIC).image(NAME)
    archive.items[0]["Layers"] = 1
    (found,) = of_docker(archive.pack())
    assert found.place.entry == "manifest.json"


def test_short_names_matter_where_podman_goes_by_them() -> None:
    layout = two()
    items = [docker_item(layout, root, tag) for root, tag in zip(layout.roots, ("lab:1.0", OTHER), strict=True)]
    (found,) = findings(with_docker(layout, *items).pack())
    assert (found.rule, found.severity.value) == ("I16", "note")
    assert "I16" in fired(DockerArchive(CLASSIC).image("lab:1.0").pack())


def test_a_name_without_a_tag_in_a_docker_archive() -> None:
    archive = DockerArchive(CLASSIC).image(NAME)
    archive.items[0]["RepoTags"] = ["lab"]
    (found,) = of_docker(archive.pack())
    assert (found.place.entry, found.place.path) == ("manifest.json", "$[0].RepoTags[0]")


@pytest.mark.parametrize("name", [None, f"docker.io/library/lab@sha256:{'0' * 64}", "docker.io/library/LAB:1"])
def test_an_image_without_a_name_that_docker_takes_needs_no_tags(name: str | None) -> None:
    assert of_docker(sound(tags=(), name=name).pack()) == []


def test_a_tag_alone_is_no_name_that_docker_could_have() -> None:
    assert of_docker(sound(tags=(), name=None, **{REF_NAME: "1.0"}).pack()) == []


def test_one_item_with_tags_names_an_image() -> None:
    layout = nested(AMD64, ARM64)
    items = [docker_item(layout, child) for child in layout.read(layout.roots[0])["manifests"]]
    items[1]["RepoTags"] = [NAME]
    assert of_docker(with_docker(layout, *items).pack()) == []
