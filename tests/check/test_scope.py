"""Of an archive with several images those alone are looked at that `--image` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.api.verifying import VerifyOptions, verify_archive
from ocitool.check.gates import Gates
from ocitool.model.platform_selection import PlatformSelection
from ocitool.model.reference import ImageFilter, Reference
from tests.builders import Json, Layout

if TYPE_CHECKING:
    from pathlib import Path

    from ocitool.check.report import Finding

ONE = "docker.io/library/one:1"
TWO = "docker.io/library/two:1"


def archive(*drop: str, cpu: str = "linux/amd64", config: Json | None = None) -> Layout:
    """Make two images that share a layer; parts of the second, and the one that is shared, may be dropped."""
    layout = Layout()
    first = layout.manifest("linux/amd64", ("shared", "first"))
    second = layout.manifest(cpu, ("shared", "second"), config=config)
    index = layout.index([second])
    layout.add(layout.index([first]), ONE).add(index, TWO)
    layers = layout.read(second)["layers"]
    parts = {"shared": layers[0], "layer": layers[1], "manifest": second, "index": index}
    return layout.drop(*(parts[name] for name in drop))


def found(folder: Path, layout: Layout, gates: Gates) -> list[Finding]:
    path = folder / "image.tar"
    path.write_bytes(layout.pack())
    return [finding for finding in verify_archive(path, VerifyOptions(gates=gates)).findings if finding.rule != "I9"]


def rules(folder: Path, layout: Layout, *patterns: str) -> set[str]:
    return {finding.rule for finding in found(folder, layout, Gates(scope=ImageFilter(patterns)))}


@pytest.mark.parametrize("part", ["layer", "manifest", "index"])
def test_what_is_of_others_is_left_out(tmp_path: Path, part: str) -> None:
    assert "L12" in rules(tmp_path, archive(part))
    assert "L12" in rules(tmp_path, archive(part), "two")
    assert "L12" in rules(tmp_path, archive(part), "t*", "one")
    assert "L12" not in rules(tmp_path, archive(part), "one")


def test_what_is_shared_is_of_each(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert rules(tmp_path, archive("shared"), name) == {"L12"}


def test_documents_of_others_are_left_out(tmp_path: Path) -> None:
    layout = archive(config={"history": [{}] * 9})
    assert rules(tmp_path, layout) == rules(tmp_path, layout, "two") != set()
    assert rules(tmp_path, layout, "one") == set()


def test_what_is_of_no_image_stays(tmp_path: Path) -> None:
    layout = archive()
    layout.files["README"] = b"x"
    layout.files["blobs/sha256/" + "a" * 64] = b"x"
    assert rules(tmp_path, layout, "one") == {"T6", "L9"}


def test_what_refers_to_an_image_is_looked_at_with_it(tmp_path: Path) -> None:
    layout = archive()
    artifact = layout.artifact("signature", layout.roots[1])
    layout.add(artifact, None).drop(layout.read(artifact)["layers"][0])
    assert rules(tmp_path, layout, "one") == set()
    assert rules(tmp_path, layout, "two") == {"L12"}


def test_gates_hold_for_what_is_looked_at(tmp_path: Path) -> None:
    def gates(name: str) -> Gates:
        return Gates(PlatformSelection.parse(["linux/amd64"]), only=True, scope=ImageFilter((name,)))

    layout = archive(cpu="linux/arm64")
    assert found(tmp_path, layout, gates("one")) == []
    assert {finding.rule for finding in found(tmp_path, layout, gates("two"))} == {"G1", "G2"}


def test_a_list_is_held_against_what_is_looked_at(tmp_path: Path) -> None:
    gates = Gates(images=(Reference.parse(TWO),), scope=ImageFilter(("one",)))
    (finding,) = found(tmp_path, archive(), gates)
    assert (finding.rule, finding.place.image) == ("G3", TWO)


@pytest.mark.parametrize("platforms", [None, PlatformSelection.parse(["all"])])
def test_a_name_that_matches_nothing_is_a_finding(tmp_path: Path, platforms: PlatformSelection | None) -> None:
    (finding,) = found(tmp_path, archive(), Gates(platforms, scope=ImageFilter(("three",))))
    assert finding.rule == "G3"
    assert finding.message == f"no image matches --image 'three'; there is {ONE}, {TWO}"
    assert finding.remedy == "check the name, or add the image"
