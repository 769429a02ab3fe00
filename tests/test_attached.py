"""The shapes that real tools write are sound archives, and pass through filter as such."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.attached import COSIGN_SAVE, COSIGN_TAGS, REFERRERS_TAG, SHAPES, small
from tests.command import ocitool

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> str:
    """Provide the name of each shape."""
    return str(request.param)


def written(shape: str, folder: Path) -> Path:
    """Return the small archive of one shape."""
    source = folder / "source.tar"
    source.write_bytes(small(shape).pack())
    return source


def filtered(source: Path, target: Path, *options: str) -> bytes:
    """Return what filter makes of `source`."""
    result = ocitool("filter", source, *options, "-o", target)
    assert result.returncode == 0, result
    return target.read_bytes()


def test_every_shape_is_found_to_be_what_it_is(shape: str, tmp_path: Path) -> None:
    """None has a manifest.json; cosign names some of its own, and saves images without their names."""
    result = ocitool("verify", written(shape, tmp_path), "--format", "json")
    found = {finding["rule"] for finding in json.loads(result.stdout)["findings"] if finding["severity"] != "note"}
    named = {"I17"} if shape in {COSIGN_TAGS, REFERRERS_TAG} else set()
    assert found == {"I9"} | named | ({"I1"} if shape == COSIGN_SAVE else set())


def test_all_of_a_kept_index_is_everything(shape: str, tmp_path: Path) -> None:
    layout = small(shape)
    target = tmp_path / "all.tar"
    filtered(written(shape, tmp_path), target, "-p", "all", "--index", "keep")
    with tarfile.open(target) as entries:
        blobs = {name.removeprefix("blobs/").replace("/", ":") for name in entries.getnames() if "/sha256/" in name}
    assert blobs == set(layout.blobs)


def test_what_is_kept_beside_one_platform_speaks_of_it(shape: str, tmp_path: Path) -> None:
    """Nothing in the output names a manifest that was dropped; cosign's kinds name none, and are dropped."""
    layout = small(shape)
    index = layout.read(layout.roots[0])
    wanted, *others = [child["digest"] for child in index["manifests"] if child["platform"]["os"] == "linux"]
    options = ("-p", "linux/amd64", "--index", "nested")
    data = filtered(written(shape, tmp_path), tmp_path / "one.tar", *options)
    for digest in (layout.roots[0]["digest"], *others):
        assert digest.removeprefix("sha256:").encode() not in data
    # Its manifest's path, the same in the table of contents, the index entry, and whatever speaks of it.
    mentions = data.count(wanted.removeprefix("sha256:").encode())
    assert (mentions > 3) == (shape != COSIGN_SAVE)


def test_a_filtered_shape_is_filtered_to_the_same_bytes(shape: str, tmp_path: Path) -> None:
    options = ("-p", "linux/amd64,linux/arm64")
    once = filtered(written(shape, tmp_path), tmp_path / "once.tar", *options)
    assert filtered(tmp_path / "once.tar", tmp_path / "twice.tar", *options) == once
