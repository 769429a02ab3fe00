from __future__ import annotations

import pytest

from tests.builders import NAME, OCI_MANIFEST, Json, Layout, as_json, multi_platform, platform
from tests.check.mutations_importing import (
    AMD64,
    ARM64,
    in_one_index,
    listed_as,
    listed_twice,
    with_artifact,
)
from tests.check.verified import findings, fired

PLATFORM_RULES = {"I4", "I6", "I7", "I8", "I19", "X15", "X18"}


def platform_rules(data: bytes) -> list[tuple[str, str]]:
    """Return the rules of platforms that fire, and the JSON path where."""
    return [(found.rule, found.place.path) for found in findings(data) if found.rule in PLATFORM_RULES]


@pytest.mark.parametrize(
    "platforms",
    [
        (AMD64, f"{AMD64}/v2"),
        ("linux/arm/v6", "linux/arm/v7"),
        ("linux/arm64", "linux/arm64/v9"),
        ("windows/amd64", AMD64),
    ],
)
def test_other_platforms_are_not_twice_the_same(platforms: tuple[str, str]) -> None:
    assert platform_rules(in_one_index(*platforms)) == []


@pytest.mark.parametrize(
    "platforms", [(AMD64, AMD64), ("linux/arm64", "linux/arm64/v8"), ("linux/arm", "linux/arm/v7")]
)
def test_one_platform_in_two_spellings_is_twice_the_same(platforms: tuple[str, str]) -> None:
    assert platform_rules(in_one_index(*platforms)) == [("X15", "$.manifests[1]")]
    assert platform_rules(listed_twice(same_name=True, platforms=platforms)) == [("I4", "$.manifests[1]")]


def test_a_platform_three_times_is_said_once() -> None:
    assert platform_rules(in_one_index(AMD64, AMD64, AMD64)) == [("X15", "$.manifests[1]")]


def test_one_manifest_listed_twice_is_one() -> None:
    layout = Layout()
    manifest = layout.manifest(AMD64)
    layout.add(layout.index([manifest, manifest]))
    assert platform_rules(layout.pack()) == []


def test_one_image_with_layers_compressed_in_two_ways_is_one() -> None:
    layout = Layout()
    manifest = layout.manifest(AMD64)
    other = layout.read(manifest) | {"annotations": {"com.example.compression": "zstd"}}
    variant = layout.blob(as_json(other), OCI_MANIFEST, platform=platform(AMD64))
    layout.add(layout.index([manifest, variant]))
    assert platform_rules(layout.pack()) == []


def test_versions_of_windows_are_apart() -> None:
    layout = Layout()
    children = []
    for version in ("10.0.17763.1", "10.0.20348.1"):
        value = platform("windows/amd64") | {"os.version": version}
        child = layout.manifest("windows/amd64", (version,), config={"os.version": version})
        children.append(child | {"platform": value})
    layout.add(layout.index(children))
    assert platform_rules(layout.pack()) == []


def test_two_indexes_of_one_name_are_two_images() -> None:
    layout = Layout()
    for text in ("one", "two"):
        layout.add(layout.index([layout.manifest(AMD64, (text,))]))
    assert platform_rules(layout.pack()) == [("I4", "$.manifests[0]")]
    (found,) = (found for found in findings(layout.pack()) if found.rule == "I4")
    assert found.place.entry.startswith("blobs/sha256/")


def test_an_inner_index_counts_with_its_outer_one() -> None:
    layout = Layout()
    inner = layout.index([layout.manifest(AMD64, ("one",))])
    layout.add(layout.index([inner, layout.manifest(AMD64, ("two",))]))
    assert platform_rules(layout.pack()) == [("X15", "$.manifests[1]"), ("I19", "$.manifests[0]")]


def test_flat_platforms_without_platform_are_told_by_their_configs() -> None:
    layout = Layout()
    for text in (AMD64, ARM64):
        manifest = layout.manifest(text)
        del manifest["platform"]
        layout.add(manifest)
    assert platform_rules(layout.pack()) == [("I7", "$.manifests[1]")]


def test_images_of_names_of_their_own_are_judged_apart() -> None:
    layout = Layout()
    for number, text in enumerate((AMD64, ARM64)):
        layout.add(layout.manifest(text), f"docker.io/library/lab{number}:1.0")
    assert platform_rules(layout.pack()) == [("I6", "$.manifests[0]"), ("I6", "$.manifests[1]")]


def test_an_attestation_in_index_json_is_no_flat_image() -> None:
    layout = Layout()
    manifest = layout.manifest(AMD64)
    layout.add(layout.index([manifest])).add(layout.attestation(manifest), None)
    assert platform_rules(layout.pack()) == []


@pytest.mark.parametrize(("listed", "configured"), [(ARM64, AMD64), (AMD64, ARM64), ("linux/arm/v6", "linux/arm/v7")])
def test_an_entry_and_its_config_that_disagree(listed: str, configured: str) -> None:
    (found,) = (found for found in findings(listed_as(listed, configured)) if found.rule in PLATFORM_RULES)
    assert (found.rule, found.place.path) == ("X18", "$.manifests[0]")
    assert (found.place.image, found.place.platform) == (NAME, configured)


def test_a_variant_that_only_one_of_both_names_is_no_disagreement() -> None:
    assert platform_rules(listed_as("linux/arm64/v8", ARM64)) == []
    assert platform_rules(listed_as("linux/arm", "linux/arm/v7")) == []


@pytest.mark.parametrize(("listed", "configured"), [(f"{AMD64}/v1", AMD64), (AMD64, f"{AMD64}/v1")])
def test_v1_in_either_place(listed: str, configured: str) -> None:
    assert "I8" in fired(listed_as(listed, configured))


def test_positions_are_those_of_the_document_behind_what_cannot_be_read() -> None:
    layout = multi_platform()
    layout.add(layout.manifest(AMD64), "docker.io/library/other:2.0")
    layout.roots.insert(0, {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "none", "size": 1})
    assert ("I6", "$.manifests[2]") in platform_rules(layout.pack())


def test_each_of_many_entries_behind_many_that_cannot_be_read_has_its_place() -> None:
    """Ten thousand of either kind took a second for each thousand, when each place was looked for from the front."""
    layout = Layout()
    manifest = layout.manifest(AMD64)
    for number in range(3000):
        layout.add(manifest, f"docker.io/library/lab:{number}")
    layout.roots = [{"mediaType": OCI_MANIFEST, "digest": "none", "size": 1} for _ in range(3000)] + layout.roots
    paths = [path for rule, path in platform_rules(layout.pack()) if rule == "I6"]
    assert paths == [f"$.manifests[{place}]" for place in range(3000, 6000)]


def test_an_artifact_is_taken_for_the_image_of_its_platform() -> None:
    assert platform_rules(with_artifact(AMD64)) == [("X15", "$.manifests[1]")]
    assert platform_rules(with_artifact(ARM64)) == []


def test_artifacts_of_one_config_are_not_one_image() -> None:
    layout = Layout()
    layout.add(layout.index([layout.artifact(text) | {"platform": platform(AMD64)} for text in ("one", "two")]))
    assert ("X15", "$.manifests[1]") in platform_rules(layout.pack())


def test_an_artifact_without_a_platform_is_nobodys_image() -> None:
    layout = Layout()
    manifest = layout.manifest(AMD64)
    layout.add(layout.index([layout.artifact("sbom", manifest), manifest, layout.attestation(manifest)]))
    assert platform_rules(layout.pack()) == []


def disagreeing(listed: Json, configured: Json) -> list[tuple[str, str]]:
    """List an image with fields of a platform that its config has not, or has in another way."""
    layout = Layout()
    system = {"os": configured.get("os", "linux"), "architecture": "amd64"}
    manifest = layout.manifest(AMD64, config=system | configured) | {"platform": system | listed}
    layout.add(layout.index([manifest]))
    return platform_rules(layout.pack())


@pytest.mark.parametrize(
    ("listed", "configured", "fires"),
    [
        ({"os.version": "10.0.17763.1"}, {"os": "windows", "os.version": "10.0.20348.1"}, True),
        ({"os.version": "10.0.17763.1"}, {"os": "windows", "os.version": "10.0.17763.2"}, False),
        ({"os.version": "10.0.17763.1"}, {"os": "windows"}, False),
        ({}, {"os": "windows", "os.version": "10.0.17763.1"}, False),
        ({"os.version": "10"}, {"os.version": "11"}, False),
        ({"os.features": ["sse4"]}, {}, True),
        ({"os.features": ["sse4", "aes"]}, {"os.features": ["aes"]}, True),
        ({"os.features": ["sse4", "aes"]}, {"os.features": ["aes", "sse4"]}, False),
        ({}, {"os.features": ["sse4"]}, False),
        ({"os.features": ["win32k"]}, {"os": "windows"}, False),
    ],
)
def test_versions_and_features_of_the_system(listed: Json, configured: Json, *, fires: bool) -> None:
    assert disagreeing(listed, configured) == ([("X18", "$.manifests[0]")] if fires else [])


@pytest.mark.parametrize("field", ["os", "architecture"])
def test_a_platform_that_lacks_a_field_disagrees_with_nothing(field: str) -> None:
    layout = Layout()
    manifest = layout.manifest(AMD64)
    del manifest["platform"][field]
    assert "X18" not in fired(layout.add(layout.index([manifest])).pack())


def test_an_index_in_an_index_is_said_once_of_an_image() -> None:
    layout = Layout()
    inner = [layout.index([layout.manifest(text)]) for text in (AMD64, ARM64)]
    index = layout.index([layout.manifest("linux/s390x"), *inner])
    layout.add(index).add(index, "docker.io/library/other:2.0")
    found = [found for found in findings(layout.pack()) if found.rule == "I19"]
    assert [(each.place.image, each.place.path) for each in found] == [
        (NAME, "$.manifests[1]"),
        ("docker.io/library/other:2.0", "$.manifests[1]"),
    ]


def test_what_is_wrong_with_an_index_is_said_under_each_of_its_names() -> None:
    layout = Layout()
    index = layout.index([layout.manifest(AMD64) | {"platform": platform(ARM64)}])
    layout.add(index).add(index, "docker.io/library/other:2.0")
    found = [found.place.image for found in findings(layout.pack()) if found.rule == "X18"]
    assert found == [NAME, "docker.io/library/other:2.0"]
