"""What holds of every prediction, whatever the archive, the version and the arguments."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.advice.importers import find_importer
from ocitool.advice.outcome import Ending
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.model.platform import Platform
from tests.advice.shapes import facts_of
from tests.builders import NAME, Layout
from tests.strategies import PLATFORMS, Archive, archives

CTR: Final = find_importer("ctr")
VERSIONS: Final = (*CTR.table.turning_points(), *CTR.table.measured, Version(3))
HOSTS: Final = (
    Platform("linux", "amd64"),
    Platform("linux", "amd64", "v3"),
    Platform("linux", "arm64"),
    Platform("linux", "arm", "v7"),
    Platform("windows", "amd64", os_version="10.0.20348"),
)
VALUES: Final = {
    "--platform": ["linux/arm64", "linux/amd64", "linux/386", "windows/amd64", "nonsense"],
    "--base-name": ["docker.io/library/lab", "registry.example:5000/a"],
    "--oci-name": ["docker.io/library/lab"],
    "--index-name": ["docker.io/library/index:1"],
    "--snapshotter": ["overlayfs", "native"],
    "--format": ["oci.v1"],
    "--label": ["a=b"],
}

targets: Final = st.builds(
    Target,
    st.just("ctr"),
    st.sampled_from(VERSIONS),
    st.sampled_from(HOSTS),
    st.none() | st.sampled_from([version for version in VERSIONS if version >= Version(1, 7)]),
)


@st.composite
def command_lines(draw: st.DrawFn, target: Target) -> tuple[str, ...]:
    flags = CTR.table.behaviour(target.version).flags
    chosen = draw(st.lists(st.sampled_from(sorted(flags)), unique=True, max_size=4))
    return tuple(
        f"{flag}={draw(st.sampled_from(VALUES[flag]))}"
        if flags[flag]
        else flag + draw(st.sampled_from(["", "=false"]))
        for flag in chosen
    )


@given(archive=archives(), target=targets, data=st.data())
def test_every_prediction_is_whole(archive: Archive, target: Target, data: st.DataObject) -> None:
    arguments = data.draw(command_lines(target))
    outcome = CTR.predict(facts_of(archive.data), target, arguments)
    if outcome.ending is Ending.ERROR:
        assert outcome.message.startswith("ctr: ")
        assert "{" not in outcome.message
        assert outcome.failure
    else:
        assert not outcome.failure
        assert (outcome.ending is Ending.NOTHING) == (not outcome.images)
    for image in outcome.images:
        assert not {*image.ready, *image.kept} & {*image.lost}
        if "--discard-unpacked-layers" not in arguments:
            assert {*image.ready} <= {*image.kept}


@given(archive=archives(), target=targets, data=st.data())
def test_only_what_is_unpacked_is_ready(archive: Archive, target: Target, data: st.DataObject) -> None:
    arguments = [text for text in data.draw(command_lines(target)) if not text.startswith("--no-unpack")]
    if "--no-unpack" in CTR.table.behaviour(target.version).flags:
        outcome = CTR.predict(facts_of(archive.data), target, [*arguments, "--no-unpack"])
        assert all(not image.ready for image in outcome.images)


@given(target=targets, text=st.sampled_from(["linux/amd64", "linux/arm64", "linux/arm/v7"]), flat=st.booleans())
def test_a_whole_image_of_the_host_imports_with_no_flags(target: Target, text: str, *, flat: bool) -> None:
    target = Target("ctr", max(target.version, Version(1, 3)), Platform(*text.split("/")), None)  # type: ignore[arg-type]  # three strings
    layout = Layout()
    descriptor = layout.manifest(text)
    if flat:
        del descriptor["platform"]
    layout.add(descriptor if flat else layout.index([descriptor]), NAME)
    outcome = CTR.predict(facts_of(layout.pack()), target, ())
    assert outcome.ending is Ending.OK
    assert outcome.names == (NAME,)


@given(target=targets, texts=st.lists(st.sampled_from(PLATFORMS[:8]), min_size=1, max_size=3, unique=True))
def test_what_is_absent_mends_no_import_of_all_platforms(target: Target, texts: list[str]) -> None:
    target = Target("ctr", max(target.version, Version(1, 3)), target.host, target.daemon)

    layout = Layout()
    absent = layout.manifest("linux/riscv64", ("absent",))
    layout.add(layout.index([*(layout.manifest(text) for text in texts), absent]))
    assert CTR.predict(facts_of(layout.drop(absent).pack()), target, ["--all-platforms"]).ending is Ending.ERROR


@given(archive=archives(), target=targets)
def test_candidates_are_commands_of_the_version(archive: Archive, target: Target) -> None:
    facts = facts_of(archive.data)
    candidates = CTR.candidates(facts, target, (target.host,))
    assert candidates[0] == ()
    assert len(set(candidates)) == len(candidates)
    for arguments in candidates:
        assert CTR.predict(facts, target, arguments).failure != "flag-unknown"


@pytest.mark.parametrize("version", [str(version) for version in CTR.table.measured])
def test_usual_commands_are_those_that_people_type(version: str) -> None:
    target = Target("ctr", Version.parse(version), HOSTS[0])
    usual = CTR.usual(target, (Platform("linux", "arm64"),))
    assert ("--all-platforms",) in usual
    assert ("--platform", "linux/arm64") in usual
    assert CTR.words(("--no-unpack",), "F.tar") == ("ctr", "images", "import", "--no-unpack", "F.tar")
