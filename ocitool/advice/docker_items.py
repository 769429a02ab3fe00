"""The images of manifest.json, as whoever goes by it finds them in the archive."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ocitool.graph.docker_manifest import NULL
from ocitool.graph.image import ArchiveForm, State
from ocitool.graph.layout_files import DOCKER_NAME
from ocitool.model.digest import Digest
from ocitool.model.json_text import dump_json
from ocitool.model.media_type import layer_compression

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.graph.image import DockerItem, ImageGraph, ManifestNode
    from ocitool.model.json_text import JsonValue
    from ocitool.model.platform import Platform


class ListState(StrEnum):
    """What manifest.json is: `NULL` is the JSON value, `UNREADABLE` what no program decodes."""

    ABSENT = "absent"
    NULL = "null"
    UNREADABLE = "unreadable"
    LIST = "list"


class Flaw(StrEnum):
    """What keeps an image of manifest.json from being loaded, in the order in which it is found."""

    CONFIG_ABSENT = "config-absent"
    NO_ROOTFS = "no-rootfs"
    LAYER_COUNT = "layer-count"
    LAYER_ABSENT = "layer-absent"
    LAYER_CORRUPT = "layer-corrupt"


@dataclass(frozen=True, slots=True)
class ListedItem:
    """One image of manifest.json.

    `node` is the manifest of the same config, None if the archive lists none. `absent` is the first entry that is
    listed and not there, `counts` how many layers are listed, and how many the config knows.
    """

    item: DockerItem
    node: ManifestNode | None
    digest: Digest
    flaw: Flaw | None = None
    absent: str = ""
    counts: tuple[int, int] = (0, 0)

    @property
    def platform(self) -> Platform | None:
        """The platform that the config names."""
        return None if self.node is None else self.node.configured or self.node.platform

    @property
    def has_zstd(self) -> bool:
        """Whether a layer is compressed by zstd, as far as its media type says so."""
        return self.node is not None and any(
            layer_compression(layer.media_type) == "zstd" for layer in self.node.layers
        )


def list_state(graph: ImageGraph) -> ListState:
    """Tell what the archive's manifest.json is."""
    if DOCKER_NAME not in graph.layout_files:
        return ListState.ABSENT
    if graph.docker_manifest is not None:
        return ListState.LIST
    messages = {fault.message for fault in graph.faults if fault.where == DOCKER_NAME}
    return ListState.NULL if NULL in messages else ListState.UNREADABLE


@lru_cache(maxsize=16)
def listed_items(facts: ArchiveFacts) -> tuple[ListedItem, ...]:
    """Return the images of manifest.json in their order; commands and versions are many, and read the same."""
    return tuple(_listed_items(facts))


def _listed_items(facts: ArchiveFacts) -> Iterator[ListedItem]:
    graph = facts.graph
    entries = {entry.name: digest for digest, entry in graph.blobs.items()}
    others = {entry.name for entry in graph.other_files}
    nodes = [node for image in graph.images for node in image.manifests()]
    by_config = {node.config.digest: node for node in reversed(nodes) if node.config is not None}
    by_digest = {node.descriptor.digest: node for node in reversed(nodes)}
    for item in graph.docker_manifest or ():
        if graph.form is ArchiveForm.DOCKER_ARCHIVE:
            config = entries.get(posixpath.normpath(item.config))
            node = by_config.get(config) if config is not None else None
            yield _of_docker_archive(facts, item, node or by_digest[_stand_in(item)])
        else:
            yield _of_layout(facts, item, entries, others, by_config)


def _stand_in(item: DockerItem) -> Digest:
    """Return the digest of what stands for an image that the graph could not read."""
    value: list[JsonValue] = [item.config, *item.layers]
    return Digest.of(dump_json(value))


def _of_docker_archive(facts: ArchiveFacts, item: DockerItem, node: ManifestNode) -> ListedItem:
    digest = node.descriptor.digest
    if node.state is State.PARTIAL and node.config in node.missing:
        return ListedItem(item, node, digest, Flaw.CONFIG_ABSENT, item.config)
    if node.state is State.PARTIAL:
        absent = [name for name, layer in zip(item.layers, node.layers, strict=True) if layer in node.missing]
        return ListedItem(item, node, digest, Flaw.LAYER_ABSENT, absent[0])
    if node.config is None:
        return ListedItem(item, node, digest, *_why_broken(item, node))
    corrupt = any(layer.digest in facts.corrupt for layer in node.layers)
    return ListedItem(item, node, digest, Flaw.LAYER_CORRUPT if corrupt else None)


_BROKEN: Final[Mapping[str, Flaw]] = {
    "has no diff_ids": Flaw.NO_ROOTFS,
    "diff_ids": Flaw.LAYER_COUNT,
    "its config": Flaw.CONFIG_ABSENT,
    "is corrupt": Flaw.LAYER_CORRUPT,
}
"""By words of the graph's own damages; layers that it does not follow a link to are taken for absent."""


def _why_broken(item: DockerItem, node: ManifestNode) -> tuple[Flaw, str]:
    text = " ".join(damage.message for damage in node.damages)
    flaw = next((flaw for words, flaw in _BROKEN.items() if words in text), Flaw.LAYER_ABSENT)
    return flaw, item.config if flaw is Flaw.CONFIG_ABSENT else next(iter(item.layers), "")


def _of_layout(
    facts: ArchiveFacts,
    item: DockerItem,
    entries: Mapping[str, Digest],
    others: set[str],
    by_config: Mapping[Digest, ManifestNode],
) -> ListedItem:
    config = entries.get(posixpath.normpath(item.config))
    node = by_config.get(config) if config is not None else None
    digest = node.descriptor.digest if node else config or Digest.of(item.config.encode())
    names = [posixpath.normpath(name) for name in (item.config, *item.layers)]
    absent = [name for name in names if name not in entries and name not in others]
    if names[0] in absent:
        return ListedItem(item, node, digest, Flaw.CONFIG_ABSENT, absent[0])
    if node is not None and node.diff_ids is None:
        return ListedItem(item, node, digest, Flaw.NO_ROOTFS)
    known = len(item.layers) if node is None or node.diff_ids is None else len(node.diff_ids)
    if known != len(item.layers):
        return ListedItem(item, node, digest, Flaw.LAYER_COUNT, counts=(len(item.layers), known))
    if absent:
        return ListedItem(item, node, digest, Flaw.LAYER_ABSENT, absent[0])
    corrupt = any(entries.get(name) in facts.corrupt for name in names[1:])
    return ListedItem(item, node, digest, Flaw.LAYER_CORRUPT if corrupt else None)
