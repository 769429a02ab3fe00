"""Gates: what was asked for and is not there, told apart by how it is not there; and what must not be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ocitool.api import Gates, PlatformSelection, Reference, VerifyOptions, verify_archive
from ocitool.errors import UsageError
from ocitool.model.platform import host_platform
from tests.builders import Layout, multi_platform
from tests.check.mutations_gates import MUTATIONS
from tests.docker_archives import DockerArchive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocitool.check.report import Finding

TWO = ("linux/amd64", "linux/arm64")


def children(layout: Layout) -> list[dict[str, Any]]:
    return list(layout.read(layout.roots[0])["manifests"])


def whole() -> Layout:
    return multi_platform(TWO, attested=True)


def without_config() -> Layout:
    layout = whole()
    return layout.drop(layout.read(children(layout)[1])["config"])


def without_layer() -> Layout:
    layout = whole()
    return layout.drop(layout.read(children(layout)[1])["layers"][1])


def without_manifest() -> Layout:
    layout = whole()
    return layout.drop(children(layout)[1])


def with_other_bytes(part: str) -> Layout:
    layout = whole()
    manifest = children(layout)[1]
    wanted = {"manifest": manifest, "config": layout.read(manifest)["config"]}
    wanted["layer"] = layout.read(manifest)["layers"][1]
    digest = wanted[part]["digest"]
    data = layout.blobs[digest]
    layout.blobs[digest] = data[:-1] + bytes([data[-1] ^ 1])
    return layout


def without_index() -> Layout:
    layout = whole()
    return layout.drop(layout.roots[0])


def with_broken_index() -> Layout:
    layout = whole()
    layout.blobs[layout.roots[0]["digest"]] = b"x" * layout.roots[0]["size"]
    return layout


def with_unreadable_list() -> Layout:
    layout = whole()
    layout.files["index.json"] = b"{"
    return layout


def bundle(*names: str) -> Layout:
    layout = Layout()
    for name in names:
        layout.add(layout.index([layout.manifest(text, (name,)) for text in TWO]), name)
    return layout


def mixed() -> Layout:
    """One image of two platforms, one of one, and an artifact and a referrer that have none."""
    layout = bundle("docker.io/library/lab:1.0")
    layout.add(layout.index([layout.manifest("linux/amd64", ("other",))]), "docker.io/library/other:2")
    layout.add(layout.artifact("a chart"), "ghcr.io/charts/app:3")
    return layout.add(layout.artifact("signature", layout.roots[0]), None)


def gate(
    folder: Path, data: bytes, *platforms: str, only: bool = False, require: tuple[str, ...] = ()
) -> list[Finding]:
    path = folder / "image.tar"
    path.write_bytes(data)
    selection = PlatformSelection.parse(platforms) if platforms else None
    images = tuple(Reference.parse(text).with_default_tag() for text in require)
    report = verify_archive(path, VerifyOptions(gates=Gates(selection, only, images)))
    return [finding for finding in report.findings if finding.rule.startswith("G")]


@pytest.mark.parametrize(
    ("make", "platforms", "messages"),
    [
        (whole, ["linux/amd64"], []),
        (whole, ["linux/amd64,linux/arm64/v8"], []),
        (whole, ["linux/*"], []),
        (whole, ["all"], []),
        (whole, ["available"], []),
        (whole, ["!linux/386"], []),
        (whole, ["!linux/amd64"], []),
        (whole, ["linux/s390x"], ["does not list linux/s390x; there is linux/amd64, linux/arm64"]),
        (whole, ["windows"], ["lists nothing that matches windows; there is linux/amd64, linux/arm64"]),
        (whole, ["linux/amd64,windows"], ["no image lists anything that matches windows"]),
        (mixed, ["linux/amd64,linux/arm*"], []),
        (mixed, ["linux/arm*"], ["docker.io/library/other:2 lists nothing that matches linux/arm*"]),
        (mixed, ["linux/amd64,linux/arm64"], ["docker.io/library/other:2 does not list linux/arm64"]),
        (whole, ["linux/amd64", "linux/386,linux/arm/v6"], ["does not list linux/386", "does not list linux/arm/v6"]),
        (whole, ["linux/amd64,!linux/amd64"], ["nothing but what linux/amd64,!linux/amd64 excludes"]),
        (whole, ["!linux/*"], ["nothing but what !linux/* excludes"]),
        (without_manifest, ["linux/arm64"], ["linux/arm64 of docker.io/library/lab:1.0 is absent"]),
        (without_manifest, ["linux/amd64"], []),
        (without_manifest, ["available"], []),
        (without_manifest, ["all"], ["is absent"]),
        (without_manifest, ["!linux/amd64"], ["is absent"]),
        (without_layer, ["linux/arm64"], ["is partial: 1 of 3 blobs missing, first sha256:"]),
        (without_config, ["linux/arm64"], ["is partial: 1 of 3 blobs missing, first sha256:"]),
        (without_layer, ["linux/amd64"], []),
        (without_layer, ["available"], []),
        (without_layer, ["linux/*"], ["is partial"]),
        (lambda: with_other_bytes("layer"), ["linux/arm64"], ["is corrupt: its layer 2 of 2 does not match"]),
        (lambda: with_other_bytes("config"), ["linux/arm64"], ["is corrupt: its config does not match"]),
        (lambda: with_other_bytes("manifest"), ["linux/arm64"], ["is corrupt: its manifest does not match"]),
        (lambda: with_other_bytes("layer"), ["linux/amd64"], []),
        (lambda: with_other_bytes("layer"), ["available"], ["is corrupt"]),
        (without_index, ["linux/amd64"], ["an index of docker.io/library/lab:1.0 is not in the archive"]),
        (with_broken_index, ["available"], ["an index of docker.io/library/lab:1.0 is corrupt"]),
        (with_unreadable_list, ["linux/amd64"], ["index.json cannot be read, so no image is known"]),
        (Layout, ["all"], ["the archive lists no image, so not all either"]),
        (mixed, ["linux/amd64"], []),
        (mixed, ["linux/arm64"], ["docker.io/library/other:2 does not list linux/arm64"]),
    ],
    ids=lambda value: getattr(value, "__name__", None) if callable(value) else None,
)
def test_platforms(tmp_path: Path, make: Callable[[], Layout], platforms: list[str], messages: list[str]) -> None:
    found = gate(tmp_path, make().pack(), *platforms)
    assert [finding.rule for finding in found] == ["G1"] * len(messages)
    for finding, message in zip(found, messages, strict=True):
        assert message in finding.message


def test_available_is_something(tmp_path: Path) -> None:
    layout = whole()
    for child in children(layout)[:2]:
        layout.drop(child)
    (finding,) = gate(tmp_path, layout.pack(), "available")
    assert "has no complete platform: there is linux/amd64 (absent), linux/arm64 (absent)" in finding.message


def test_local_is_this_host(tmp_path: Path) -> None:
    host = host_platform()
    mine = multi_platform((f"{host.os}/{host.architecture}",)).pack()
    assert gate(tmp_path, mine, "local", only=True) == []
    (finding,) = gate(tmp_path, multi_platform(("plan9/mips",)).pack(), "local")
    assert "does not list local; there is plan9/mips" in finding.message


def test_what_may_be_the_platform_is_told(tmp_path: Path) -> None:
    layout = Layout()
    absent = layout.manifest("linux/arm64")
    layout.drop(absent)
    del absent["platform"]
    layout.add(layout.index([layout.manifest("linux/amd64"), absent]))
    found = gate(tmp_path, layout.pack(), "linux/arm64", only=True)
    assert [finding.rule for finding in found] == ["G1", "G1", "G2", "G2"]
    assert "(unknown platform) of docker.io/library/lab:1.0 is absent" in found[1].message
    assert "whose platform cannot be told" in found[3].message
    assert gate(tmp_path, layout.pack(), "linux/amd64") == []


def test_a_docker_archive_has_platforms_too(tmp_path: Path) -> None:
    data = DockerArchive().image("lab:1.0").pack()
    assert gate(tmp_path, data, "linux/amd64", only=True, require=("lab:1.0",)) == []
    (finding,) = gate(tmp_path, data, "linux/arm64")
    assert "does not list linux/arm64" in finding.message
    assert finding.place.entry == "manifest.json"


@pytest.mark.parametrize(
    ("platforms", "required", "rules"),
    [
        (["all"], (), ["G1"]),
        (["available"], (), []),
        ([], ("lab:1.0",), []),
        (["linux/amd64"], ("lab:1.0",), ["G3"]),
    ],
)
def test_an_index_in_the_index_may_be_absent_as_platforms_may(
    tmp_path: Path, platforms: list[str], required: tuple[str, ...], rules: list[str]
) -> None:
    layout = Layout()
    inner = layout.index([layout.manifest("linux/arm64")])
    layout.add(layout.index([layout.manifest("linux/amd64"), inner])).drop(inner)
    found = gate(tmp_path, layout.pack(), *platforms, require=required)
    assert [finding.rule for finding in found] == rules
    assert all(finding.place.entry == f"blobs/{inner['digest'].replace(':', '/')}" for finding in found)


@pytest.mark.parametrize(
    ("make", "platforms", "others"),
    [
        (whole, "linux/amd64,linux/arm64", []),
        (whole, "linux/amd64", ["linux/arm64"]),
        (whole, "linux/*", []),
        (whole, "all", []),
        (whole, "!linux/amd64", ["linux/amd64"]),
        (without_manifest, "linux/amd64", ["linux/arm64"]),
        (without_manifest, "available", []),
        (mixed, "linux/amd64", ["linux/arm64"]),
    ],
)
def test_only(tmp_path: Path, make: Callable[[], Layout], platforms: str, others: list[str]) -> None:
    found = gate(tmp_path, make().pack(), platforms, only=True)
    assert [(finding.rule, finding.place.platform) for finding in found] == [("G2", other) for other in others]
    assert all(f"ocitool filter SRC -p {platforms}" in finding.remedy.replace("'", "") for finding in found)


def test_only_without_platforms_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--only needs -p"):
        Gates(only=True)


@pytest.mark.parametrize(
    ("required", "messages"),
    [
        (["lab:1.0"], []),
        (["docker.io/library/lab:1.0", "docker.io/lab:1.0", "index.docker.io/lab:1.0"], []),
        (["other:2", "ghcr.io/charts/app:3"], []),
        (["alpine:3"], ["docker.io/library/alpine:3 is not in the archive"]),
        (["lab"], ["docker.io/library/lab:latest is not in the archive; of that repository there is docker.io/"]),
        (["lab:1"], ["of that repository there is docker.io/library/lab:1.0"]),
        (["ghcr.io/lab:1.0"], ["ghcr.io/lab:1.0 is not in the archive"]),
    ],
)
def test_require(tmp_path: Path, required: list[str], messages: list[str]) -> None:
    found = gate(tmp_path, mixed().pack(), require=tuple(required))
    assert [finding.rule for finding in found] == ["G3"] * len(messages)
    for finding, message in zip(found, messages, strict=True):
        assert message in finding.message
        assert "ctr images export" in finding.remedy


def test_require_by_digest(tmp_path: Path) -> None:
    layout = mixed()
    digest = layout.roots[0]["digest"]
    assert gate(tmp_path, layout.pack(), require=(f"lab@{digest}", f"lab:9@{digest}")) == []
    (other,) = gate(tmp_path, layout.pack(), require=(f"alpine@{digest}",))
    assert "what it names by its digest is there as docker.io/library/lab:1.0" in other.message
    (wrong,) = gate(tmp_path, layout.pack(), require=(f"lab@sha256:{'0' * 64}",))
    assert "is not in the archive" in wrong.message


@pytest.mark.parametrize(
    ("make", "messages"),
    [
        (whole, []),
        (without_manifest, []),
        (without_layer, ["is partial"]),
        (lambda: with_other_bytes("layer"), ["is corrupt"]),
        (without_index, ["so its platforms cannot be told"]),
        (with_unreadable_list, ["index.json cannot be read, so no image is known, so not docker.io/library/lab:1.0"]),
        (Layout, ["the archive lists no image"]),
    ],
)
def test_required_images_are_whole(tmp_path: Path, make: Callable[[], Layout], messages: list[str]) -> None:
    found = gate(tmp_path, make().pack(), require=("lab:1.0",))
    assert [finding.rule for finding in found] == ["G3"] * len(messages)
    for finding, message in zip(found, messages, strict=True):
        assert message in finding.message


def test_a_required_artifact_is_whole(tmp_path: Path) -> None:
    layout = mixed()
    layout.drop(layout.read(layout.roots[2])["layers"][0])
    (finding,) = gate(tmp_path, layout.pack(), "linux/amd64", require=("ghcr.io/charts/app:3",))
    assert finding.rule == "G3"
    assert "artifact of ghcr.io/charts/app:3 is partial" in finding.message


def test_required_images_have_the_platforms_and_are_told_once(tmp_path: Path) -> None:
    found = gate(tmp_path, mixed().pack(), "linux/arm64", require=("other:2", "lab:1.0"))
    assert [(finding.rule, finding.place.image) for finding in found] == [("G3", "docker.io/library/other:2")]


@pytest.mark.parametrize("rule", MUTATIONS)
def test_mutation_fires_its_rule_alone(tmp_path: Path, rule: str) -> None:
    mutation = MUTATIONS[rule]
    for data, expected in ((mutation.breaks(), {rule}), (mutation.keeps(), set())):
        path = tmp_path / "image.tar"
        path.write_bytes(data)
        report = verify_archive(path, VerifyOptions(gates=mutation.gates))
        assert {finding.rule for finding in report.findings if finding.rule.startswith("G")} == expected
        assert [finding for finding in report.findings if finding.rule != rule] == []


def test_what_was_asked_is_known() -> None:
    selection = PlatformSelection.parse(["linux/amd64"])
    assert Gates().asked == frozenset()
    assert Gates(selection).asked == {"G1"}
    assert Gates(selection, only=True, images=(Reference.parse("lab"),)).asked == {"G1", "G2", "G3"}
