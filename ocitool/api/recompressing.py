"""Layers compressed anew before a plan is made: their digests are part of it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ocitool.archive.codec.compress import THREAD_LIMIT, Compression
from ocitool.archive.source import SpooledSource
from ocitool.archive.spool import SpoolFile
from ocitool.engine.recompress import recompress
from ocitool.engine.workers import processor_count
from ocitool.plan.recompression import Recompression
from ocitool.plan.steps import SourceReference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.api.listener import Listener
    from ocitool.api.opening import OpenedArchive, SourceOptions
    from ocitool.model.digest import Digest
    from ocitool.plan.options import Layers
    from ocitool.plan.recompression import RecompressionPlan


@dataclass(frozen=True, slots=True)
class RecompressedLayers:
    """What was compressed anew (None: nothing), and the spools that hold it, the sources after the first."""

    done: Recompression | None = None
    spools: tuple[SpooledSource, ...] = field(default=())

    @property
    def references(self) -> tuple[SourceReference, ...]:
        """What a plan says of the spools."""
        return tuple(SourceReference(spool.name, spool.size, is_spool=True) for spool in self.spools)


@contextmanager
def recompressed_layers(
    archive: OpenedArchive,
    needed: RecompressionPlan,
    layers: Layers,
    source_options: SourceOptions,
    listener: Listener,
) -> Iterator[RecompressedLayers]:
    """Compress what is `needed` into spools that live as long as the context; raises what `recompress` raises."""
    if not needed.jobs:
        yield RecompressedLayers()
        return
    with ExitStack() as stack:
        spools = [
            SpoolFile(source_options.spool_directory)
            for _ in range(min(processor_count(), THREAD_LIMIT, len(needed.jobs)))
        ]
        for spool in spools:
            stack.callback(spool.close)
        listener.start("recompressing", needed.size)
        done = recompress(
            needed.jobs,
            archive.sources,
            spools,
            Compression.parse(layers.value),
            fastest=True,
            ratio_limit=source_options.ratio_limit,
            on_bytes=listener.advance,
            rate=source_options.rate,
        )
        listener.finish()
        sources = tuple(SpooledSource(spool.file, "recompressed layers") for spool in spools)
        yield RecompressedLayers(Recompression(done, _read_manifests(archive, needed.manifests)), sources)


def _read_manifests(archive: OpenedArchive, digests: Sequence[Digest]) -> dict[Digest, bytes]:
    """Read manifests as they are; the graph has held them to their digests already."""
    graph = archive.graph
    manifests: dict[Digest, bytes] = {}
    for digest in digests:
        raw = graph.documents.get(digest)
        if raw is None:
            entry = graph.blobs[digest]
            raw = archive.sources[entry.source].read_at(entry.data_offset, entry.size)
        manifests[digest] = raw
    return manifests
