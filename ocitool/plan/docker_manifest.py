"""manifest.json: what docker's classic store, podman's fallback and Go's tarball reader load by.

One platform per image: a second item with the same tag would take the tag over. RepoTags are full names,
since podman turns short ones into ``localhost/…``; docker shortens them itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.model.digest import Digest, digest_of_blob_name
from ocitool.model.json_text import JsonValue, dump_json
from ocitool.model.platform import Platform
from ocitool.plan.options import DockerManifest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ocitool.graph.image import DockerItem, ManifestNode
    from ocitool.plan.rewrite import RewrittenImage

PREFERRED: Final = Platform("linux", "amd64")
"""The platform chosen where the input made no choice; never that of this machine."""


def build_docker_manifest(
    images: Sequence[RewrittenImage], chosen_before: Collection[Digest], mode: DockerManifest
) -> bytes | None:
    """Return the bytes of manifest.json, None if there is to be none; `chosen_before` is what the input's lists."""
    if mode is DockerManifest.NEVER:
        return None
    items: dict[tuple[str, tuple[str, ...]], dict[str, None]] = {}
    for image in images:
        node = _choose(image.selection.platforms, chosen_before)
        if node is None or node.config is None:
            continue
        layers = tuple(layer.digest.blob_name for layer in node.layers)
        tags = items.setdefault((node.config.digest.blob_name, layers), {})
        if image.naming.tag:
            tags[image.naming.tag] = None
    if not items and mode is DockerManifest.AUTO:
        return None
    value: list[JsonValue] = [
        {"Config": config, "RepoTags": [*tags], "Layers": [*layers]} for (config, layers), tags in items.items()
    ]
    return dump_json(value)


def configs_of(items: Sequence[DockerItem] | None) -> frozenset[Digest]:
    """Return the configs that a manifest.json lists."""
    return frozenset(digest for item in items or () if (digest := digest_of_blob_name(item.config)) is not None)


def _choose(platforms: Sequence[ManifestNode], chosen_before: Collection[Digest]) -> ManifestNode | None:
    loadable = [node for node in platforms if is_loadable(node)]
    before = {node.config.digest: node for node in loadable if node.config and node.config.digest in chosen_before}
    # Archives of one platform each, merged, have each made a choice: that is none.
    if len(before) == 1:
        return next(iter(before.values()))
    for node in loadable:
        if node.platform is not None and PREFERRED.matches(node.platform):
            return node
    return loadable[0] if loadable else None


def is_loadable(node: ManifestNode) -> bool:
    """Tell whether docker would take it: a real config, all layers here, as many as there are diff_ids."""
    counts = node.diff_ids is not None and len(node.diff_ids) == len(node.layers)
    return counts and node.config is not None and not node.external
