"""What is said of an import before it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.advice.importers import find_importer
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.api.advising import open_facts
from ocitool.api.import_plan import ImportOptions, ImportPlan, plan_import
from ocitool.model.platform import Platform
from tests.builders import Layout, multi_platform, short_of_a_diff_id

if TYPE_CHECKING:
    from pathlib import Path


def planned(folder: Path, layout: Layout, importer: str, version: str, *platforms: str) -> ImportPlan:
    path = folder / "image.tar"
    path.write_bytes(layout.pack())
    target = Target(importer, Version.parse(version), Platform("linux", "amd64"))
    with open_facts(path) as opened:
        return plan_import(opened, ImportOptions(platforms), find_importer(importer), target)


@pytest.mark.parametrize(
    ("importer", "version"),
    [("ctr", "1.6.20"), ("ctr", "1.7.24"), ("ctr", "2.1.9"), ("docker-containerd", "28.0.0")],
)
def test_image_that_cannot_be_unpacked_is_said_to_be_so(tmp_path: Path, importer: str, version: str) -> None:
    plan = planned(tmp_path, short_of_a_diff_id("linux/amd64"), importer, version)
    (warning,) = plan.warnings
    assert warning.startswith(
        "linux/amd64 is stored, not unpacked: even a host of its own platform cannot unpack it: "
    )
    assert "1 diff_ids for 2 layers" in warning


@pytest.mark.parametrize("version", ["1.6.20", "2.1.9"])
def test_foreign_image_that_cannot_be_unpacked(tmp_path: Path, version: str) -> None:
    plan = planned(tmp_path, short_of_a_diff_id("linux/arm64"), "ctr", version, "linux/arm64")
    (warning,) = plan.warnings
    assert warning.startswith("linux/arm64 is stored, not unpacked: even a host of its own platform cannot ")


@pytest.mark.parametrize("version", ["1.6.20", "1.7.24", "2.0.5"])
def test_foreign_platforms_are_said_to_be_stored(tmp_path: Path, version: str) -> None:
    plan = planned(tmp_path, multi_platform(), "ctr", version, "all")
    (warning,) = plan.warnings
    assert warning == "linux/arm64, linux/arm/v7 are stored, not unpacked: this is a linux/amd64 host"


@pytest.mark.parametrize("version", ["1.6.20", "1.7.24", "2.1.9"])
def test_nothing_is_said_of_what_works(tmp_path: Path, version: str) -> None:
    assert planned(tmp_path, multi_platform(), "ctr", version).warnings == ()
