"""The manifests that containerd makes of a docker-archive, which has none (importer.go, `ImportIndex`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ocitool.graph.image import ManifestNode
from ocitool.model.digest import Digest
from ocitool.model.json_text import JsonObject, dump_json
from ocitool.model.media_type import DOCKER_CONFIG, DOCKER_LAYERS, DOCKER_MANIFEST, layer_compression

if TYPE_CHECKING:
    from ocitool.graph.image import Node
    from ocitool.model.descriptor import Descriptor


def made_node(node: Node) -> Node:
    """Return an image of manifest.json under the manifest that containerd makes of it.

    Its bytes, and so its digest, are those of Go's encoding/json: no spaces, fields in this order. A layer that is
    not plain is called gzip.
    """
    if not isinstance(node, ManifestNode) or node.config is None:
        return node
    document: JsonObject = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": _described(node.config, DOCKER_CONFIG),
        "layers": [_described(layer, _layer_type(layer)) for layer in node.layers],
    }
    raw = dump_json(document)
    fields = node.descriptor.to_json() | {"mediaType": DOCKER_MANIFEST, "digest": str(Digest.of(raw))}
    descriptor = replace(
        node.descriptor, media_type=DOCKER_MANIFEST, digest=Digest.of(raw), size=len(raw), fields=fields
    )
    return replace(node, descriptor=descriptor)


def _described(descriptor: Descriptor, media_type: str) -> JsonObject:
    return {"mediaType": media_type, "digest": str(descriptor.digest), "size": descriptor.size}


def _layer_type(layer: Descriptor) -> str:
    return DOCKER_LAYERS["none" if layer_compression(layer.media_type) == "none" else "gzip"]
