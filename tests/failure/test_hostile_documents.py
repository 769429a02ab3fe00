"""Documents that importers would read otherwise than we do, or that cost more than they weigh, are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ocitool.errors import ArchiveError, DocumentError, IntegrityError, OcitoolError
from ocitool.plan.options import IndexForm
from tests.builders import NAME, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Layout, as_json, platform
from tests.laws.filtering import filtered, plan_of
from tests.laws.walker import Walked

if TYPE_CHECKING:
    from collections.abc import Callable

LONG_S = chr(0x17F)
GHOST = {"mediaType": OCI_MANIFEST, "digest": "sha256:" + "0" * 64, "size": 7}


def manifest_with(**fields: Any) -> Layout:
    layout = Layout()
    return layout.add(layout.manifest(**fields))


def index_json_with(**fields: Any) -> Layout:
    layout = Layout(index_fields=fields)
    return layout.add(layout.manifest())


def root_with(**fields: Any) -> Layout:
    layout = Layout()
    return layout.add(layout.manifest() | fields)


def platform_with(**fields: Any) -> Layout:
    layout = Layout()
    child = layout.manifest()
    child["platform"] |= fields
    return layout.add(layout.index([child, layout.manifest("linux/s390x")]))


def config_with(**fields: Any) -> Layout:
    layout = Layout()
    return layout.add(layout.manifest(config=fields))


@pytest.mark.parametrize(
    "make",
    [
        lambda: manifest_with(**{"layer" + LONG_S: []}),
        lambda: manifest_with(Layers=[]),
        lambda: manifest_with(Manifests=[GHOST]),
        lambda: index_json_with(**{"manife" + LONG_S + "ts": [GHOST]}),
        lambda: index_json_with(MANIFESTS=[GHOST]),
        lambda: root_with(Digest=GHOST["digest"]),
        lambda: platform_with(Architecture="arm64"),
        lambda: config_with(OS="windows"),
        lambda: manifest_with(schemaVersion=2.0),
        lambda: manifest_with(annotations={"a": 1}),
        lambda: index_json_with(schemaVersion=2.0),
        lambda: index_json_with(annotations={"a": 1}),
        lambda: index_json_with(subject="x"),
        lambda: index_json_with(artifactType=5),
        lambda: root_with(urls=5),
        lambda: root_with(urls=[5]),
        lambda: root_with(data="%%%"),
        lambda: root_with(data="e30="),
        lambda: root_with(artifactType=5),
    ],
)
def test_what_importers_read_otherwise_is_refused(make: Callable[[], Layout]) -> None:
    with pytest.raises(DocumentError) as caught:
        filtered(make().pack(), ["linux/amd64"])
    assert caught.value.exit_code == 3
    assert caught.value.where


@pytest.mark.parametrize("layers", [None, []])
def test_no_layers_at_all_are_an_image(layers: list[object] | None) -> None:
    layout = Layout()
    config = layout.blob(
        as_json({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": layers}}),
        OCI_CONFIG,
    )
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers}
    layout.add(layout.blob(as_json(document), OCI_MANIFEST))
    walked = Walked(filtered(layout.pack(), ["linux/amd64"]))
    walked.assert_right()
    assert b'"Layers":[]' in walked.files["manifest.json"]


def test_a_wrong_label_is_not_written_into_an_index() -> None:
    layout = Layout()
    child = layout.manifest("linux/amd64") | {"platform": platform("linux/arm64")}
    layout.add(layout.index([child, layout.manifest("linux/s390x")]))
    with pytest.raises(IntegrityError, match="lists linux/arm64, but its config says linux/amd64"):
        filtered(layout.pack(), ["linux/amd64", "linux/s390x"])
    plan = plan_of(layout.pack(), ["linux/amd64"])
    assert "it is taken for what its config says" in " ".join(note.message for note in plan.notes)


def test_two_references_to_one_image_both_stay() -> None:
    layout = Layout()
    root = {key: value for key, value in layout.manifest().items() if key != "platform"}
    for tag in ("1.0", "latest"):
        notes = {"io.containerd.image.name": NAME, "org.opencontainers.image.ref.name": tag}
        layout.roots.append(root | {"annotations": notes})
    walked = Walked(filtered(layout.pack(), ["linux/amd64"]))
    tags = [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in walked.index["manifests"]]
    assert tags == ["1.0", "latest"]


@pytest.mark.parametrize(("form", "kept"), [(IndexForm.AUTO, 1), (IndexForm.NESTED, 2)])
def test_an_attestation_beside_its_image_is_a_referrer(form: IndexForm, kept: int) -> None:
    layout = Layout()
    child = layout.manifest()
    layout.add(child).add(layout.attestation(child), None)
    assert len(Walked(filtered(layout.pack(), ["linux/amd64"], index=form)).index["manifests"]) == kept


def test_a_referrer_inside_an_index_of_its_own_is_one() -> None:
    layout = Layout()
    child = layout.manifest()
    layout.add(child).add(layout.index([layout.artifact("sbom", child)]), None)
    walked = Walked(filtered(layout.pack(), ["linux/amd64"], index=IndexForm.NESTED))
    assert len(walked.index["manifests"]) == 2


def test_keep_warns_of_platforms_that_stay_flat() -> None:
    layout = Layout()
    layout.add(layout.manifest("linux/amd64")).add(layout.manifest("linux/arm64"))
    plan = plan_of(layout.pack(), ["all"], index=IndexForm.KEEP)
    assert any("importers let the last one win" in note.message for note in plan.notes)


def fan_out() -> Layout:
    layout = Layout()
    index = layout.index([layout.manifest()])
    for _ in range(6):
        index = layout.index([index] * 1000)
    return layout.add(index)


def layers_times_references() -> Layout:
    layout = Layout()
    layer = layout.blob(b"x", OCI_LAYER)
    config = layout.blob(as_json({"os": "linux", "architecture": "amd64"}), OCI_CONFIG)
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer] * 3000}
    return layout.add(layout.index([layout.blob(as_json(document), OCI_MANIFEST)] * 3000))


def many_values() -> Layout:
    return index_json_with(x=[{}] * 600_000)


def many_values_together() -> Layout:
    layout = Layout()
    for number in range(16):
        layout.add(layout.index([layout.manifest()], x=[number] * 300_000), f"lab:{number}")
    return layout


def long_list() -> Layout:
    layout = Layout()
    return layout.add(layout.index([layout.manifest()] * 20_001))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("make", [fan_out, layers_times_references, many_values, many_values_together, long_list])
def test_cost_is_bounded(make: Callable[[], Layout]) -> None:
    with pytest.raises((DocumentError, ArchiveError), match="more than") as caught:
        filtered(make().pack(), ["linux/amd64"])
    assert isinstance(caught.value, OcitoolError)
