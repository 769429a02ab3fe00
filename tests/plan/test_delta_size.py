"""What a delta costs beside the new blobs, as README says it."""

from __future__ import annotations

import random

import pytest

from tests.builders import OCI_LAYER, Layout, as_json
from tests.laws.filtering import delta_of, graph_of
from tests.laws.walker import Walked

CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def archive(build: str, size: int, shared: int) -> bytes:
    """Pack two platforms of `shared` layers each, and one of `size` bytes that the build has for itself."""
    layout, manifests = Layout(), []
    for name in ("amd64", "arm64"):
        platform = {"architecture": name, "os": "linux"}
        layers = [layout.blob(f"{name} {number}".encode(), OCI_LAYER) for number in range(shared)]
        layers.append(layout.blob(random.Random(build + name).randbytes(size), OCI_LAYER))
        rootfs = {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}
        config = layout.blob(as_json({**platform, "rootfs": rootfs}), CONFIG)
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
        manifests.append({**layout.blob(as_json(document), MANIFEST), "platform": platform})
    return layout.add(layout.index(manifests)).pack()


@pytest.mark.parametrize("shared", [0, 12, 100])
@pytest.mark.parametrize("size", [100, 5_000, 200_000])
def test_a_delta_is_the_new_blobs_and_a_little_for_each(size: int, shared: int) -> None:
    data = delta_of(archive("old", size, shared), archive("new", size, shared))
    carried = Walked(data)
    new = sum(map(len, carried.blobs.values())) + sum(
        len(raw) for name, raw in carried.files.items() if name in {"index.json", "manifest.json"}
    )
    whole = len(graph_of(archive("new", size, shared)).blobs)
    assert new < len(data) <= new + 130 * whole + 1024 * len(carried.blobs) + 8 * 1024
    assert sum(len(raw) for raw in carried.blobs.values()) >= 2 * size


@pytest.mark.parametrize(("size", "ratio"), [(5_000, 3.5), (50_000, 1.25), (200_000, 1.07), (500_000, 1.03)])
def test_what_readme_says_of_small_layers(size: int, ratio: float) -> None:
    data = delta_of(archive("old", size, 12), archive("new", size, 12))
    assert len(data) / (2 * size) <= ratio
