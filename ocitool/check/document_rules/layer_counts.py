"""A manifest and its config list as many layers (C9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.check.document import json_path
from ocitool.check.report import Place, Problem
from ocitool.graph.closure import manifest_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.graph.image import ImageGraph
    from ocitool.model.digest import Digest


def layer_count_problems(graph: ImageGraph) -> Iterator[Problem]:
    """Yield every config that names more or fewer diff_ids than the manifest that lists it has layers."""
    seen: set[Digest] = set()
    for image in graph.images:
        for node in image.manifests():
            if node.config is None or node.diff_ids is None or node.descriptor.digest in seen:
                continue
            seen.add(node.descriptor.digest)
            if len(node.diff_ids) != len(node.layers):
                name = manifest_name(node)
                place = Place(node.config.digest.blob_name, json_path(("rootfs", "diff_ids")), image.label, name)
                message = f"there are {len(node.diff_ids)} diff_ids, and the manifest has {len(node.layers)} layers"
                yield Problem("C9", message, place)
