"""A manifest and its config list as many layers (C9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.check.document import json_path
from ocitool.check.report import Place, Problem
from ocitool.graph.closure import manifest_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ocitool.graph.image import ImageGraph
    from ocitool.model.digest import Digest
    from ocitool.model.json_text import JsonValue


def listed_layers(manifest: JsonValue) -> int | None:
    """Count the layers that a manifest lists, whether they can be read or not; None if they are no array."""
    layers = manifest.get("layers", False) if isinstance(manifest, dict) else False
    if layers is None:  # so Go writes no layers
        return 0
    return len(layers) if isinstance(layers, list) else None


def layer_count_problems(graph: ImageGraph, listed: Mapping[str, int | None]) -> Iterator[Problem]:
    """Yield every config that names more or fewer diff_ids than the manifest that lists it has layers.

    `listed` are the layers of each document by its digest; the graph has those alone that can be read.
    """
    seen: set[Digest] = set()
    for image in graph.images:
        for node in image.manifests():
            digest = node.descriptor.digest
            if node.config is None or node.diff_ids is None or digest in seen:
                continue
            seen.add(digest)
            layers = listed.get(str(digest), len(node.layers))
            if layers is not None and len(node.diff_ids) != layers:
                name = manifest_name(node)
                place = Place(node.config.digest.blob_name, json_path(("rootfs", "diff_ids")), image.label, name)
                message = f"there are {len(node.diff_ids)} diff_ids, and the manifest has {layers} layers"
                yield Problem("C9", message, place)
