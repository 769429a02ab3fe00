from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.archive.reader import scan_archive
from ocitool.plan.filter import plan_filter
from ocitool.plan.foresight import Foresight, foresee
from ocitool.plan.options import DockerManifest, FilterOptions, IndexForm, Missing
from tests.arriving import depth_first, documents_first
from tests.builders import Layout, multi_platform
from tests.laws.filtering import filtered, options_of
from tests.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.builders import Json

AMD = ["linux/amd64"]
BOTH = ["linux/amd64", "linux/arm64"]


def blob(descriptor: Json) -> str:
    return f"blobs/{descriptor['digest'].replace(':', '/')}"


def foresight(data: bytes, options: FilterOptions, *, without: Collection[str]) -> Foresight:
    """Look at an archive from which some entries have not come yet."""
    source = BytesSource(data)
    entries = [entry for entry in scan_archive(source).entries if entry.name not in without]
    return foresee(entries, source, options, lambda graph: plan_filter(graph, options))


def strict(platforms: list[str], **fields: object) -> FilterOptions:
    return options_of(platforms, **{"missing": Missing.ERROR, **fields})


@pytest.fixture
def layout() -> Layout:
    return multi_platform(BOTH, attested=True)


@pytest.fixture
def manifests(layout: Layout) -> list[Json]:
    """Both images, then the attestation of each."""
    children: list[Json] = layout.read(layout.roots[0])["manifests"]
    return children


def layers(layout: Layout, manifest: Json) -> list[str]:
    return [blob(layer) for layer in layout.read(manifest)["layers"]]


@pytest.mark.parametrize("missing", ["index.json", "oci-layout"])
def test_nothing_is_planned_before_what_lists_the_images(layout: Layout, missing: str) -> None:
    assert foresight(layout.pack(), strict(AMD), without=[missing]) == Foresight(awaited=frozenset({missing}))


def test_indexes_are_awaited(layout: Layout) -> None:
    index = blob(layout.roots[0])
    assert foresight(layout.pack(), strict(AMD), without=[index]).awaited == frozenset({index})


def test_only_the_manifest_and_config_of_what_may_be_wanted_are_awaited(
    layout: Layout, manifests: list[Json]
) -> None:
    wanted, other, *_ = map(blob, manifests)
    config = blob(layout.read(manifests[0])["config"])
    assert foresight(layout.pack(), strict(AMD), without=[wanted, other]).awaited == frozenset({wanted})
    assert foresight(layout.pack(), strict(AMD), without=[config, other]).awaited == frozenset({config})
    found = foresight(layout.pack(), strict(AMD), without=[other, *layers(layout, manifests[0])])
    assert found.plan is not None
    assert {digest.blob_name for digest in found.wanted} == set(layers(layout, manifests[0]))
    assert manifests[1]["digest"] in map(str, found.documents)


def test_the_plan_is_the_one_of_the_whole(layout: Layout, manifests: list[Json]) -> None:
    data, options = layout.pack(), strict(AMD)
    there = foresight(data, options, without=()).plan
    expected = foresight(data, options, without=layers(layout, manifests[0])).plan
    assert there is not None
    assert expected is not None
    assert [member.name for member in expected.outputs[0].members] == [m.name for m in there.outputs[0].members]
    assert expected.outputs[0].size == there.outputs[0].size
    assert expected.kept == there.kept


@pytest.mark.parametrize("form", [IndexForm.NESTED, IndexForm.KEEP])
def test_what_follows_is_awaited_where_the_form_can_hold_it(
    layout: Layout, manifests: list[Json], form: IndexForm
) -> None:
    attestation = blob(manifests[2])
    assert foresight(layout.pack(), strict(AMD, index=form), without=[attestation]).awaited == frozenset(
        {attestation}
    )
    assert foresight(layout.pack(), strict(AMD), without=[attestation]).plan is not None
    of_another = blob(manifests[3])
    assert foresight(layout.pack(), strict(AMD, index=IndexForm.NESTED), without=[of_another]).plan is not None


def test_all_of_what_follows_is_awaited_where_it_is_kept(layout: Layout, manifests: list[Json]) -> None:
    """What is not whole of it is left out, and that is not known before."""
    statement, of_another = (layers(layout, manifest)[0] for manifest in manifests[2:])
    nested = strict(AMD, index=IndexForm.NESTED)
    without = {statement, of_another, *layers(layout, manifests[0])}
    assert foresight(layout.pack(), nested, without=without).awaited == frozenset({statement})
    assert foresight(layout.pack(), nested, without=without - {statement}).plan is not None
    assert foresight(layout.pack(), strict(AMD), without=without).plan is not None


@pytest.mark.parametrize("platforms", [AMD, ["all"]])
def test_all_of_referrers_and_artifacts_is_awaited(platforms: list[str]) -> None:
    layout = Layout()
    image = layout.manifest("linux/amd64")
    layout.add(layout.index([image]))
    referrer, alone = layout.artifact("of an image", image), layout.artifact("alone")
    layout.add(referrer, None)
    layout.add(alone, None)
    lacking = {layers(layout, each)[0] for each in (referrer, alone)}
    found = foresight(layout.pack(), strict(platforms, index=IndexForm.NESTED), without=lacking)
    assert found.awaited == frozenset(lacking if platforms == ["all"] else layers(layout, referrer))


def test_signatures_that_are_required_are_all_awaited(layout: Layout, manifests: list[Json]) -> None:
    of_another = blob(manifests[3])
    found = foresight(layout.pack(), strict(AMD, require_signatures=True), without=[of_another])
    assert found.awaited == frozenset({of_another})


@pytest.mark.parametrize("options", [strict(["available"]), options_of(AMD)])
def test_layers_are_awaited_where_a_platform_that_lacks_one_is_left_out(
    layout: Layout, manifests: list[Json], options: FilterOptions
) -> None:
    (_, own) = layers(layout, manifests[0])
    assert foresight(layout.pack(), options, without=[own]).awaited == frozenset({own})


def test_manifest_json_is_awaited_where_it_may_choose() -> None:
    data = multi_platform(BOTH).pack()
    assert foresight(data, strict(BOTH), without=()).awaited == frozenset({"manifest.json"})
    assert foresight(data, strict(AMD), without=()).plan is not None
    assert foresight(data, strict(BOTH, docker_manifest=DockerManifest.NEVER), without=()).plan is not None
    assert foresight(filtered(data, BOTH), strict(BOTH), without=()).plan is not None


def test_layers_with_urls_are_awaited() -> None:
    layout = Layout()
    manifest = layout.manifest("windows/amd64")
    document = layout.read(manifest)
    foreign = document["layers"][0]
    foreign |= {
        "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "urls": ["https://a.b/c"],
    }
    from tests.builders import as_json

    layout.drop(manifest)
    layout.add(layout.blob(as_json(document), manifest["mediaType"], platform=manifest["platform"]))
    found = foresight(layout.pack(), strict(["windows/amd64"]), without=[blob(foreign)])
    assert found.awaited == frozenset({blob(foreign)})


@pytest.mark.parametrize(
    "options",
    [strict(["linux/riscv64"]), strict(["linux/arm64"], index=IndexForm.FLAT, docker_manifest=DockerManifest.NEVER)],
)
def test_what_cannot_be_planned_now_is_told_of_the_whole(options: FilterOptions) -> None:
    layout = multi_platform(["linux/amd64", "linux/arm64"])
    layout.files["oci-layout"] = b'{"imageLayoutVersion":"2"}'
    assert foresight(layout.pack(), options, without=()) == Foresight()


def test_orders_of_producers_are_as_they_are_said_to_be(layout: Layout, manifests: list[Json]) -> None:
    def order(data: bytes) -> list[str]:
        return [entry.name for entry in scan_archive(BytesSource(data)).entries]

    depth = order(layout.pack(order=depth_first(layout)))
    assert depth[:3] == ["oci-layout", "index.json", blob(layout.roots[0])]
    assert depth.index(blob(manifests[1])) > depth.index(layers(layout, manifests[0])[1])
    early = order(layout.pack(order=documents_first(layout)))
    assert early.index(blob(manifests[1])) < early.index(layers(layout, manifests[0])[1])
