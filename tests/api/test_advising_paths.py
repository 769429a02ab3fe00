"""What `advise` makes of the path of an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.advice.request import Request
from ocitool.api.advising import AdviseOptions, advise_archive, output_name
from ocitool.model.platform import Platform
from tests.builders import multi_platform

if TYPE_CHECKING:
    from pathlib import Path

HOST = Platform("linux", "amd64")


@pytest.mark.parametrize("importer", ["podman", "skopeo"])
def test_what_is_filtered_gets_a_path_without_a_colon(tmp_path: Path, importer: str) -> None:
    archive = tmp_path / "lab:1.0.tar"
    archive.write_bytes(multi_platform(("linux/amd64", "linux/arm64")).pack())
    advice = advise_archive(archive, AdviseOptions(requests=(Request.parse(importer),), host=HOST))
    (line,) = advice.importers[0].versions
    assert line.choice.best is None
    assert line.choice.mending is not None
    assert line.choice.mending.rewrite.output == str(tmp_path / "lab-1.0-linux-amd64.tar")


def test_a_folder_with_a_colon_stays_one(tmp_path: Path) -> None:
    folder = tmp_path / "a:b"
    folder.mkdir()
    archive = folder / "lab.tar"
    archive.write_bytes(multi_platform(("linux/amd64",)).pack())
    advice = advise_archive(archive, AdviseOptions(requests=(Request.parse("podman"),), host=HOST))
    assert all(line.choice.best is None and line.choice.mending is None for line in advice.importers[0].versions)


def test_other_names_keep_their_letters() -> None:
    assert output_name("lab.tar.gz", [HOST]) == "lab-linux-amd64.tar"
