from __future__ import annotations

import pytest

from tests.builders import NAME, Layout, multi_platform
from tests.check.mutations_importing import (
    AMD64,
    ARM64,
    FULL_NAME,
    OTHER,
    REF_NAME,
    docker_item,
    flat,
    full_name,
    ref_name,
    sound,
    two,
    with_docker,
)
from tests.check.verified import findings, fired
from tests.docker_archives import CLASSIC, DockerArchive

NAMING = {"I1", "I2", "I3", "I5", "I14", "I15", "I20", "I21"}
"""Of which I17 and I18, of what is no image, are apart."""


def naming(data: bytes) -> list[tuple[str, str]]:
    """Return the rules of names that fire, and where."""
    return [(found.rule, found.where) for found in findings(data) if found.rule in NAMING]


def test_of_many_images_none_named_is_one_problem() -> None:
    data = two(None, None).pack()
    (found,) = (found for found in findings(data) if found.rule in NAMING)
    assert (found.rule, found.where) == ("I1", "index.json $.manifests[0]")
    assert "none of 2 images has a name" in found.message


def test_every_unnamed_image_is_said_among_named_ones() -> None:
    layout = two(None, None)
    flat(layout, layout.manifest(AMD64, ("third",)), NAME)
    assert naming(layout.pack()) == [("I2", "index.json $.manifests[0]"), ("I2", "index.json $.manifests[1]")]


def test_what_a_named_index_lists_has_its_name() -> None:
    """The layouts of oras list every manifest in index.json."""
    layout = multi_platform()
    for child in layout.read(layout.roots[0])["manifests"]:
        layout.add(child, None)
    assert fired(layout.pack()) == {"I9"}


def test_an_artifact_with_a_name_names_no_image() -> None:
    layout = sound(tags=(), name=None)
    layout.add(layout.artifact("sbom", layout.roots[0]), OTHER)
    assert naming(layout.pack()) == [("I1", "index.json $.manifests[0]")]


def test_artifacts_alone_need_a_name() -> None:
    layout = Layout()
    layout.add(layout.artifact("sbom"), None)
    assert naming(layout.pack()) == [("I1", "index.json $.manifests[0]")]


def test_an_empty_name_is_none() -> None:
    assert naming(full_name("")) == [("I5", "index.json $.manifests[0]")]
    assert naming(sound(tags=(), name=None, **{FULL_NAME: "", REF_NAME: ""}).pack()) == [
        ("I1", "index.json $.manifests[0]")
    ]


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("docker.io/library/lab:1.0", []),
        ("registry.example:5000/a/b:2", []),
        (f"docker.io/library/lab@sha256:{'0' * 64}", ["I20"]),
        (f"docker.io/library/lab:1.0@sha256:{'0' * 64}", ["I20"]),
        (f"lab@sha256:{'0' * 64}", ["I20", "I14"]),
        ("lab", ["I3"]),
        ("lab:1.0", ["I14"]),
        ("docker.io/lab:1.0", ["I14"]),
        ("docker.io/library/lab", ["I14"]),
        ("docker.io/library/Lab:1.0", ["I21"]),
        ("docker.io/library/lab:", ["I21"]),
        ("docker.io/library/lab:1 0", ["I21"]),
        ("docker.io/library/lab@sha256:12", ["I21"]),
        (f"docker.io/{'a' * 300}:1", ["I21"]),
        ("/:@", ["I21"]),
    ],
)
def test_full_names(name: str, rules: list[str]) -> None:
    assert [rule for rule, _ in naming(full_name(name))] == rules


@pytest.mark.parametrize(
    ("name", "rules"),
    [("1.0", ["I5"]), ("lab", ["I5"]), (NAME, []), ("lab:1.0", ["I14"]), ("docker.io/library/LAB:1", ["I21"])],
)
def test_references_alone(name: str, rules: list[str]) -> None:
    assert [rule for rule, _ in naming(ref_name(name))] == rules


def test_a_short_name_says_how_to_write_it_out() -> None:
    (found,) = (found for found in findings(full_name("lab:1.0")) if found.rule == "I14")
    assert "--name docker.io/library/lab:1.0" in found.remedy


def test_several_platforms_have_their_name_once() -> None:
    layout = Layout()
    for text in (AMD64, ARM64):
        layout.add(layout.manifest(text), "docker.io/library/LAB:1.0")
    assert [rule for rule, _ in naming(layout.pack())] == ["I21"]


def test_names_of_docker_archives_are_written_out_by_importers() -> None:
    assert not fired(DockerArchive(CLASSIC).image("lab:1.0").pack()) & NAMING
    assert "I1" in fired(DockerArchive(CLASSIC).image().pack())


def test_a_bad_name_of_a_docker_archive_is_said_once() -> None:
    assert fired(DockerArchive(CLASSIC).image("docker.io/LAB:1").pack()) & {"I14", "V25"} == {"V25"}


def test_a_docker_archive_may_list_nothing() -> None:
    assert fired(DockerArchive(CLASSIC).pack()) >= {"I15"}


def test_an_index_that_cannot_be_read_is_not_empty() -> None:
    layout = multi_platform()
    layout.roots[0]["size"] = "many"
    assert not fired(layout.pack()) & NAMING


def test_a_bare_name_fits_a_manifest_json_that_writes_it_out() -> None:
    layout = Layout()
    manifest = layout.manifest(AMD64)
    flat(layout, manifest, None, **{FULL_NAME: "lab", REF_NAME: "1.0"})
    with_docker(layout, docker_item(layout, manifest, "docker.io/library/lab:latest"))
    assert fired(layout.pack()) == {"I3"}


def test_a_digest_in_a_name_is_that_of_the_root_itself() -> None:
    layout = multi_platform(name=None)
    index, child = layout.roots.pop(), layout.manifest(AMD64)
    layout.add(index, f"docker.io/library/lab@{index['digest']}")
    layout.add(index, f"docker.io/library/lab@{child['digest']}")
    (found,) = (found for found in findings(layout.pack()) if found.rule in NAMING)
    assert (found.rule, found.where) == ("I20", "index.json $.manifests[1]")
    assert index["digest"] in found.message


@pytest.mark.parametrize("children", [(), ("attestation",)])
def test_a_named_index_without_an_image_is_no_artifact(children: tuple[str, ...]) -> None:
    layout = Layout()
    listed = [layout.attestation({"digest": f"sha256:{'0' * 64}"}) for _ in children]
    found = fired(layout.add(layout.index(listed)).pack())
    assert "I18" in found
    assert "I17" not in found


def test_an_index_without_an_image_beside_one_of_that_name() -> None:
    layout = sound()
    layout.add(layout.index([]))
    assert [found.where for found in findings(layout.pack()) if found.rule == "I18"] == ["index.json $.manifests[1]"]


def test_an_index_without_an_image_and_without_a_name_is_not_stored() -> None:
    layout = sound()
    layout.add(layout.index([]), None)
    assert "I18" not in fired(layout.pack())


def test_an_index_whose_image_is_absent_lists_one() -> None:
    layout = multi_platform()
    layout.drop(*layout.read(layout.roots[0])["manifests"])
    assert "I18" not in fired(layout.pack())
