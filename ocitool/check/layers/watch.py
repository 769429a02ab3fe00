"""All layers of an archive, watched as they are unpacked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ocitool.check.layers.entrypoint import Start, read_start
from ocitool.check.layers.record import LayerRecord
from ocitool.check.layers.watcher import TarWatcher, WatchedTar
from ocitool.graph.image import Kind
from ocitool.model.limits import DOCUMENT_LIMIT, RECORDS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ocitool.archive.source import ByteSource
    from ocitool.graph.image import ImageGraph
    from ocitool.model.digest import Digest


class LayerWatch:
    """What is seen of the layers of an archive while something else unpacks them.

    `starts` is what images start, by the digests of their configs; `seen` has what was seen of each layer that has
    been watched to its end.
    """

    def __init__(self, graph: ImageGraph, source: ByteSource) -> None:
        self.starts = _starts(graph, source)
        self.seen: dict[Digest, WatchedTar] = {}
        self._room = RECORDS_LIMIT
        self._lock = threading.Lock()

    def watch(self, digest: Digest) -> WatchedLayer:
        """Return what watches one layer; may be called, and used, in any thread."""
        return WatchedLayer(TarWatcher(), partial(self._keep, digest))

    def _keep(self, digest: Digest, tar: WatchedTar) -> None:
        with self._lock:
            self._room -= tar.record.size
            self.seen[digest] = tar if self._room >= 0 else replace(tar, record=LayerRecord(whole=False))


@dataclass(frozen=True, slots=True)
class WatchedLayer:
    """One layer: takes its plain bytes (`feed`), keeps what was seen at their end (`finish`)."""

    watcher: TarWatcher
    keep: Callable[[WatchedTar], None]

    def feed(self, part: memoryview) -> None:
        """Follow more bytes."""
        self.watcher.feed(part)

    def finish(self) -> None:
        """Keep what was seen; no more bytes come."""
        self.keep(self.watcher.finish())


def _starts(graph: ImageGraph, source: ByteSource) -> Mapping[Digest, Start]:
    """Return what each image starts, by the digest of its config."""
    starts: dict[Digest, Start] = {}
    for image in graph.images:
        for node in image.manifests():
            if node.kind is not Kind.IMAGE or node.config is None or node.config.digest in starts:
                continue
            entry = graph.blobs.get(node.config.digest)
            if entry is None or entry.size > DOCUMENT_LIMIT:
                continue
            start = read_start(source.read_at(entry.data_offset, entry.size))
            if start is not None:
                starts[node.config.digest] = start
    return starts
