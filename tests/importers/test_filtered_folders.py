"""Prove that output folders are read by what reads OCI layouts in place: skopeo, umoci and podman."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .sample import NAME
from .test_filtered_archives import FOREIGN, HOST, OCITOOL, PAIR, Contents
from .test_filtered_elsewhere import architecture, copied_digest

if TYPE_CHECKING:
    from pathlib import Path

    from .podman import Podman
    from .program import Program

SINGLE = [(HOST, "flat"), (FOREIGN, "flat"), (HOST, "nested")]
TAG = NAME.rpartition(":")[2]


def write(source: Path, target: Path, platforms: str, form: str) -> Path:
    """Filter ``source`` to the new layout folder ``target`` and return that."""
    result = OCITOOL.run("filter", str(source), "-p", platforms, "--index", form, "-o", f"{target}/")
    assert result.returncode == 0, result
    return target


@pytest.mark.parametrize(("platforms", "form"), [*SINGLE, (PAIR, "nested")])
def test_skopeo_copies_from_the_folder(
    skopeo: Program, export: Path, tmp_path: Path, platforms: str, form: str
) -> None:
    folder = write(export, tmp_path / "layout", platforms, form)
    wanted = HOST if platforms == PAIR else platforms
    choice = ("--override-arch", architecture(wanted))
    inspected = skopeo.run("inspect", *choice, f"oci:{folder}:{TAG}")
    assert json.loads(inspected.stdout)["Architecture"] == architecture(wanted), inspected
    copied = skopeo.run(*choice, "copy", f"oci:{folder}:{TAG}", f"oci:{tmp_path / 'copy'}:1.0")
    assert copied.returncode == 0, copied
    assert copied_digest(tmp_path / "copy") == Contents(export).manifest(wanted)["digest"]


def test_skopeo_adds_to_the_folder(skopeo: Program, export: Path, tmp_path: Path) -> None:
    """A folder made of links is a folder like any other: what others add does not reach the one it came from."""
    first = write(export, tmp_path / "first", PAIR, "nested")
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    second = write(first, tmp_path / "second", HOST, "flat")
    assert any(path.stat().st_nlink == 2 for path in second.rglob("*") if path.is_file())
    added = skopeo.run("copy", f"oci:{second}:{TAG}", f"oci:{second}:other")
    assert added.returncode == 0, added
    assert {path: path.read_bytes() for path in first.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(("platforms", "form"), [*SINGLE, (PAIR, "nested")])
def test_umoci_reads_the_folder(umoci: Program, export: Path, tmp_path: Path, platforms: str, form: str) -> None:
    folder = write(export, tmp_path / "layout", platforms, form)
    listed = umoci.run("ls", "--layout", str(folder))
    assert (listed.returncode, listed.stdout.split()) == (0, [TAG]), listed
    if form == "flat":
        stat = umoci.run("stat", "--image", f"{folder}:{TAG}", "--json")
        assert stat.returncode == 0, stat
        assert len(json.loads(stat.stdout)["history"]) == 2


@pytest.mark.parametrize(("platforms", "form"), [*SINGLE, (PAIR, "nested")])
def test_podman_pulls_from_the_folder(
    podman: Podman, export: Path, tmp_path: Path, platforms: str, form: str
) -> None:
    folder = write(export, tmp_path / "layout", platforms, form)
    wanted = HOST if platforms == PAIR else platforms
    pulled = podman.run("pull", "--arch", architecture(wanted), f"oci:{folder}:{TAG}")
    assert pulled.returncode == 0, pulled
    (image,) = json.loads(podman.run("inspect", "--type", "image", pulled.stdout.split()[-1]).stdout)
    assert image["Architecture"] == architecture(wanted)


def test_a_folder_that_skopeo_wrote_is_filtered_and_linked(skopeo: Program, export: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    copied = skopeo.run("copy", "--all", f"oci-archive:{export}", f"oci:{theirs}:{TAG}")
    assert copied.returncode == 0, copied
    ours = write(theirs, tmp_path / "ours", HOST, "flat")
    assert copied_digest(ours) == Contents(export).manifest(HOST)["digest"]
    blobs = list((ours / "blobs" / "sha256").iterdir())
    assert blobs
    assert all(path.stat().st_nlink == 2 for path in blobs)
