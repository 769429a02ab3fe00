"""Archives that list what they do not hold: what is repaired, what is said of it, and what has to be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ocitool.api import verify_archive
from ocitool.errors import IntegrityError, OcitoolError, SelectionError
from ocitool.plan.options import IndexForm, Missing
from tests.builders import Json, Layout, multi_platform
from tests.docker_archives import STYLES, DockerArchive
from tests.laws.filtering import filtered, plan_of
from tests.laws.walker import Walked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AVAILABLE: dict[str, Any] = {"platforms": ["available"], "missing": Missing.ERROR}
SKIP: dict[str, Any] = {"platforms": ["all"], "missing": Missing.SKIP}
ALL: dict[str, Any] = {"platforms": ["all"], "missing": Missing.ERROR}
ABSENT = "listed, but absent"


def image(**fields: Any) -> tuple[Layout, list[Json]]:
    layout = multi_platform(("linux/amd64", "linux/arm64"), **fields)
    return layout, layout.read(layout.roots[0])["manifests"]


def child_absent() -> Layout:
    layout, children = image()
    return layout.drop(children[1])


def layer_absent() -> Layout:
    layout, children = image()
    return layout.drop(layout.read(children[1])["layers"][1])


def config_absent() -> Layout:
    layout, children = image()
    return layout.drop(layout.read(children[1])["config"])


def config_absent_and_no_platform() -> Layout:
    layout = Layout()
    one, other = layout.manifest(), layout.manifest("linux/arm64")
    del other["platform"]
    return layout.add(layout.index([one, other])).drop(layout.read(other)["config"])


def attestation_absent() -> Layout:
    layout, children = image(attested=True)
    return layout.drop(children[2])


def attestation_partial() -> Layout:
    layout, children = image(attested=True)
    return layout.drop(layout.read(children[3])["layers"][0])


def referrer_absent() -> Layout:
    layout, _ = image()
    sbom = layout.artifact("sbom", layout.roots[0], artifactType="application/vnd.example.sbom")
    return layout.add(sbom, None).drop(sbom)


def referrer_partial() -> Layout:
    layout, _ = image()
    sbom = layout.artifact("sbom", layout.roots[0])
    return layout.add(sbom, None).drop(layout.read(sbom)["layers"][0])


def signature_absent() -> Layout:
    layout, _ = image()
    signature = layout.artifact("signature")
    layout.add(signature, f"docker.io/library/lab:sha256-{layout.roots[0]['digest'][7:]}.sig")
    return layout.drop(signature)


def inner_index_absent() -> Layout:
    layout = Layout()
    inner = layout.index([layout.manifest("linux/arm64", ("inner",))])
    return layout.add(layout.index([layout.manifest(), inner])).drop(inner)


def _second(layout: Layout) -> tuple[Json, Json]:
    child = layout.manifest("linux/amd64", ("other",))
    index = layout.index([child])
    layout.add(index, "docker.io/library/other:1")
    return index, child


def image_absent() -> Layout:
    layout, _ = image()
    return layout.drop(_second(layout)[1])


def image_partial() -> Layout:
    layout, _ = image()
    return layout.drop(layout.read(_second(layout)[1])["layers"][0])


def root_index_absent() -> Layout:
    layout, _ = image()
    return layout.drop(_second(layout)[0])


def root_manifest_absent() -> Layout:
    layout, _ = image()
    child = layout.manifest("linux/amd64", ("other",))
    return layout.add(child, "docker.io/library/other:1").drop(child)


def one_of_several_roots_absent() -> Layout:
    layout = Layout()
    index = layout.index([layout.manifest("linux/arm64", ("other",))])
    return layout.add(layout.manifest()).add(index).drop(index)


@pytest.mark.parametrize("how", [AVAILABLE, SKIP, {**SKIP, "index": IndexForm.NESTED}])
@pytest.mark.parametrize(
    ("make", "dropped"),
    [
        (child_absent, [("linux/arm64", ABSENT)]),
        (layer_absent, [("linux/arm64", "partial: 1 of 3 blobs missing")]),
        (config_absent, [("linux/arm64", "partial: 1 of 3 blobs missing")]),
        (config_absent_and_no_platform, [("image", "partial: 1 of 3 blobs missing")]),
        (attestation_absent, [("attestation", ABSENT)]),
        (attestation_partial, [("attestation", "partial: 1 of 2 blobs missing")]),
        (referrer_absent, [("artifact", ABSENT)]),
        (referrer_partial, [("artifact", "partial: 1 of 2 blobs missing")]),
        (signature_absent, [("artifact", ABSENT)]),
        (inner_index_absent, [("index", ABSENT)]),
    ],
)
def test_what_is_lacking_is_dropped_and_told(
    tmp_path: Path, make: Callable[[], Layout], dropped: list[tuple[str, str]], how: dict[str, Any]
) -> None:
    _assert_repaired(tmp_path, make(), dropped, how)


@pytest.mark.parametrize("index", [IndexForm.AUTO, IndexForm.KEEP])
@pytest.mark.parametrize(
    ("make", "dropped", "words"),
    [
        (image_absent, [("linux/amd64", ABSENT)], "has no complete platform; there is linux/amd64 (absent)"),
        (image_partial, [("linux/amd64", "partial: 1 of 2 blobs missing")], "there is linux/amd64 (partial)"),
        (root_index_absent, [("index", ABSENT)], "is not in the archive, so its platforms are unknown"),
        (root_manifest_absent, [("linux/amd64", ABSENT)], "has no complete platform"),
        (one_of_several_roots_absent, [("index", ABSENT)], "so its platforms are unknown"),
    ],
)
def test_a_whole_image_is_left_out_on_request(
    tmp_path: Path, make: Callable[[], Layout], dropped: list[tuple[str, str]], words: str, index: IndexForm
) -> None:
    with pytest.raises(SelectionError) as caught:
        plan_of(make().pack(), **AVAILABLE)
    assert words in str(caught.value)
    assert "--missing skip" in caught.value.remedy
    _assert_repaired(tmp_path, make(), dropped, {**SKIP, "index": index})
    if make is not one_of_several_roots_absent:
        warnings = [note.message for note in plan_of(make().pack(), **SKIP).notes if note.level.value == "warning"]
        assert any(text.startswith("docker.io/library/other:1 is left out: ") for text in warnings)


def _assert_repaired(tmp_path: Path, layout: Layout, dropped: list[tuple[str, str]], how: dict[str, Any]) -> None:
    data = layout.pack()
    result = plan_of(data, **how)
    assert [(each.platform or each.kind, each.reason) for each in result.dropped] == dropped
    repaired = filtered(data, **how)
    Walked(repaired).assert_right()
    (tmp_path / "repaired.tar").write_bytes(repaired)
    found = {finding.rule for finding in verify_archive(tmp_path / "repaired.tar").findings}
    assert found <= {"I6"}  # an index.json that is kept may list a manifest with its platform
    assert filtered(repaired, **how) == repaired
    (tmp_path / "image.tar").write_bytes(data)
    assert not verify_archive(tmp_path / "image.tar").ok


@pytest.mark.parametrize(
    ("make", "error", "remedy"),
    [
        (child_absent, SelectionError, "-p available"),
        (layer_absent, IntegrityError, "-p available"),
        (config_absent_and_no_platform, IntegrityError, "-p available"),
        (inner_index_absent, SelectionError, "-p available"),
        (image_absent, SelectionError, "--missing skip"),
        (image_partial, IntegrityError, "--missing skip"),
        (root_index_absent, SelectionError, "--missing skip"),
        (root_manifest_absent, SelectionError, "--missing skip"),
    ],
)
def test_what_is_lacking_is_refused_with_the_remedy_that_works(
    make: Callable[[], Layout], error: type[OcitoolError], remedy: str
) -> None:
    data = make().pack()
    with pytest.raises(error) as caught:
        plan_of(data, **ALL)
    assert remedy in caught.value.remedy
    assert plan_of(data, **(AVAILABLE if remedy == "-p available" else SKIP)).images


@pytest.mark.parametrize("make", [attestation_absent, referrer_absent, referrer_partial, signature_absent])
def test_followers_that_are_lacking_never_stop_a_filter(make: Callable[[], Layout]) -> None:
    """What was not asked for by name is dropped with a warning, whatever the selection."""
    result = plan_of(make().pack(), **ALL)
    assert [note.message for note in result.notes if "is dropped; export it again" in note.message]
    assert plan_of(make().pack(), ["linux/amd64"], missing=Missing.ERROR).images


@pytest.mark.parametrize("how", [AVAILABLE, SKIP])
def test_nothing_at_all_is_left(how: dict[str, Any]) -> None:
    layout, children = image()
    with pytest.raises(SelectionError, match=r"linux/amd64 \(absent\), linux/arm64 \(absent\)"):
        plan_of(layout.drop(*children).pack(), **how)


@pytest.mark.parametrize("make", [attestation_partial, referrer_partial])
def test_damage_is_never_repaired(make: Callable[[], Layout]) -> None:
    layout, children = image(attested=True)
    sbom = layout.artifact("sbom", layout.roots[0])
    layout.add(sbom, None)
    layout.blobs[(sbom if make is referrer_partial else children[2])["digest"]] += b" "
    for how in (AVAILABLE, SKIP):
        with pytest.raises(IntegrityError, match="corrupt"):
            plan_of(layout.pack(), **how)


def test_an_index_of_artifacts_that_is_damaged_or_absent() -> None:
    layout, _ = image()
    bundle = layout.index([layout.artifact("a")])
    layout.add(bundle, f"docker.io/library/lab:sha256-{layout.roots[0]['digest'][7:]}.sig")
    raw = layout.blobs.pop(bundle["digest"])
    assert [(each.kind, each.reason) for each in plan_of(layout.pack(), **ALL).dropped] == [("index", ABSENT)]
    layout.blobs[bundle["digest"]] = raw + b" "
    with pytest.raises(IntegrityError, match="corrupt"):
        plan_of(layout.pack(), **SKIP)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("part", "dropped"),
    [
        ("layer", ("linux/arm64", "partial: 1 of 3 blobs missing")),
        ("config", ("image", "partial: 1 of 1 blobs missing")),
    ],
)
def test_a_docker_archive_that_lacks_something(style: str, part: str, dropped: tuple[str, str]) -> None:
    archive = DockerArchive(style).image("lab:1.0").image("other:1", layers=("base", "x"), os_arch="linux/arm64")
    item = archive.items[1]
    del archive.files[item["Layers"][1] if part == "layer" else item["Config"]]
    with pytest.raises(SelectionError, match=r"other:1 has no complete platform; .* --missing skip"):
        plan_of(archive.pack(), **AVAILABLE)
    result = plan_of(archive.pack(), **SKIP)
    assert [image.name for image in result.images] == ["docker.io/library/lab:1.0"]
    assert [(each.platform or each.kind, each.reason) for each in result.dropped] == [dropped]
    Walked(filtered(archive.pack(), **SKIP)).assert_right()
