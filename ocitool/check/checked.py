"""An archive as the checks see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.archive.entry import Scan
    from ocitool.archive.source import ByteSource
    from ocitool.check.layers.entrypoint import Start
    from ocitool.check.layers.watcher import WatchedTar
    from ocitool.graph.image import ImageGraph
    from ocitool.model.digest import Digest
    from ocitool.plan.unpacking import UnpackedLayer


@dataclass(frozen=True, slots=True)
class LayerContents:
    """What `--deep` adds: what came out of each layer, what was seen in it, what images start.

    The first two are by the digests of layers, the last by those of configs; all empty where no layer was unpacked.
    """

    unpacked: Mapping[Digest, UnpackedLayer] = field(default_factory=dict)
    seen: Mapping[Digest, WatchedTar] = field(default_factory=dict)
    starts: Mapping[Digest, Start] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckedArchive:
    """An archive that was read and hashed.

    `graph` is empty but for its faults where nothing of index.json can be read. `actual` is what each blob hashes to,
    by the digest it is called by. `compression` names what the whole file was compressed with, "" for a plain one.
    """

    source: ByteSource
    scan: Scan
    graph: ImageGraph
    actual: Mapping[Digest, Digest] = field(default_factory=dict)
    compression: str = ""
    layers: LayerContents = field(default_factory=LayerContents)
