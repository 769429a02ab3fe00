"""Prove on every real containerd that what apply makes whole imports and runs.

The edge has what its own containerd exports of yesterday's image; today's comes to it as a delta.
"""

from __future__ import annotations

import gzip
import json
import random
from typing import TYPE_CHECKING

import pytest

from tests.builders import Layout, as_json, layer_tar, sha256

from .sample import NAME
from .test_filtered_archives import (
    HOST,
    OCITOOL,
    Contents,
    assert_runs,
    imported,
    is_ready,
    recorded_digest,
    spelled,
)

if TYPE_CHECKING:
    from pathlib import Path

    from .containerd import ContainerdServer


def yesterday(export: Path) -> bytes:
    """Return the image of an export as it was before it was built again: its lowest layer, and others above it."""
    contents = Contents(export)
    layout = Layout()
    children = []
    for child in contents.children():
        document = json.loads(contents.blobs[child["digest"]])
        config = json.loads(contents.blobs[document["config"]["digest"]])
        base, *others = document["layers"]
        layout.blobs[base["digest"]] = contents.blobs[base["digest"]]
        diff_ids = config["rootfs"]["diff_ids"][:1]
        layers = [base]
        for _ in others:
            tar = layer_tar("etc/build", random.Random(child["digest"]).randbytes(100_000))
            layers.append(layout.blob(gzip.compress(tar, mtime=0), base["mediaType"]))
            diff_ids.append(sha256(tar))
        config["rootfs"]["diff_ids"] = diff_ids
        config.pop("history", None)
        document["config"] = layout.blob(as_json(config), document["config"]["mediaType"])
        document["layers"] = layers
        children.append(layout.blob(as_json(document), child["mediaType"], platform=child["platform"]))
    return layout.add(layout.index(children), NAME).pack()


def run(*arguments: str | Path) -> None:
    result = OCITOOL.run(*map(str, arguments))
    assert result.returncode == 0, result


@pytest.fixture(scope="session")
def edge(containerd: ContainerdServer, real_export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the folder of an edge: its own export, the delta to today's image, and what apply made of both."""
    folder = tmp_path_factory.mktemp(f"edge-{containerd.version}")
    (folder / "yesterday.tar").write_bytes(yesterday(real_export))
    with containerd.namespace() as namespace:
        imported(containerd, namespace, folder / "yesterday.tar", "--all-platforms", "--no-unpack")
        exported = containerd.export(NAME, folder / "base.tar", "--all-platforms", namespace=namespace)
        assert exported.returncode == 0, exported
    run("delta", folder / "yesterday.tar", real_export, "-o", folder / "d.tar")
    run("apply", folder / "base.tar", folder / "d.tar", "-o", folder / "today.tar")
    run("filter", real_export, "-p", "all", "-o", folder / "filtered.tar")
    return folder


def test_a_delta_is_what_the_edge_lacks(edge: Path, real_export: Path) -> None:
    new, old = Contents(real_export).blobs, Contents(edge / "yesterday.tar").blobs
    assert Contents(edge / "d.tar").blobs.keys() == new.keys() - old.keys()
    assert old.keys() & new.keys()
    assert (edge / "today.tar").read_bytes() == (edge / "filtered.tar").read_bytes()


@pytest.mark.parametrize("flags", [(), ("--platform", HOST), ("--all-platforms", "--no-unpack")], ids=spelled)
def test_the_whole_imports_and_runs(
    containerd: ContainerdServer, edge: Path, real_export: Path, flags: tuple[str, ...]
) -> None:
    with containerd.namespace() as namespace:
        imported(containerd, namespace, edge / "yesterday.tar", "--all-platforms", "--no-unpack")
        imported(containerd, namespace, edge / "today.tar", *flags)
        assert recorded_digest(containerd, namespace) == Contents(real_export).root["digest"]
        if "--no-unpack" not in flags:
            assert is_ready(containerd, namespace)
        assert_runs(containerd, namespace)


def test_a_delta_itself_does_not_import(containerd: ContainerdServer, edge: Path) -> None:
    """Nothing of its base is there: what ctr reports or stores is no image that runs."""
    with containerd.namespace() as namespace:
        result = containerd.ctr("images", "import", str(edge / "d.tar"), namespace=namespace)
        assert result.returncode != 0 or not is_ready(containerd, namespace)
