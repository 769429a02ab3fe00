"""Compress layers anew, in parallel: each is read, checked, unpacked, checked, packed and hashed in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from ocitool.archive.clone import CLONE_UNIT
from ocitool.archive.codec.compress import THREAD_LIMIT, make_compressor
from ocitool.archive.codec.ratio import Growth
from ocitool.archive.codec.sniff import tell_compression
from ocitool.archive.headers import BLOCK
from ocitool.archive.range_stream import CHUNK, RangeStream, decompressed
from ocitool.engine.announcing import StopSignal, announce
from ocitool.engine.control import Control
from ocitool.engine.workers import processor_count, run_parallel
from ocitool.errors import ArchiveError, ChangedSource, IntegrityError, UnsafeEntry
from ocitool.model.digest import Digest
from ocitool.plan.recompression import RecompressedLayer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ocitool.archive.codec.compress import Compression
    from ocitool.archive.source import ByteSource
    from ocitool.archive.spool import SpoolFile
    from ocitool.engine.rate import Rate
    from ocitool.plan.recompression import LayerJob


def recompress(
    jobs: Sequence[LayerJob],
    sources: Sequence[ByteSource],
    spools: Sequence[SpoolFile],
    compression: Compression,
    *,
    fastest: bool,
    ratio_limit: int,
    on_bytes: Callable[[int], None] | None = None,
    rate: Rate | None = None,
) -> Mapping[Digest, RecompressedLayer]:
    """Compress the layers of `jobs` into `spools`, one thread for each of them; return them by their old digests.

    The spools are the sources of the plan after `sources`. `on_bytes` hears of the compressed bytes that were
    read, `rate` bounds them.
    Raises `IntegrityError` for a layer that does not have its digest or does not unpack to its diff_id, `UnsafeEntry`
    for one that grows to more than `ratio_limit` times its size, `ChangedSource` if the source moved meanwhile,
    `OutputError` if a spool fails.
    """
    control = Control(StopSignal(sources), on_bytes or (lambda _count: None), rate=rate)
    # Each processor once: by a layer of its own, or in zstd, which gives the same bytes for any number of threads.
    threads = max(1, min(processor_count(), THREAD_LIMIT) // len(spools))
    recompressor = _Recompressor(sources, compression, threads, fastest, Growth(ratio_limit), control)
    free: SimpleQueue[tuple[int, SpoolFile]] = SimpleQueue()
    for place in enumerate(spools, start=len(sources)):
        free.put(place)
    done: dict[Digest, RecompressedLayer] = {}

    def work(job: LayerJob) -> None:
        number, spool = free.get()
        try:
            done[job.copy.digest] = recompressor.run(job, spool, number)
        finally:
            free.put((number, spool))

    largest_first = sorted(jobs, key=lambda job: (-job.copy.size, job.copy.offset))
    announce((job.copy for job in largest_first), sources)
    run_parallel(largest_first, work, control.stop, count=len(spools))
    for source in sources:
        source.check_unchanged()
    return done


_KINDS: Final = {"none": "not compressed"}


@dataclass(frozen=True, slots=True)
class _Recompressor:
    """What all jobs share."""

    sources: Sequence[ByteSource]
    compression: Compression
    threads: int
    fastest: bool
    growth: Growth
    control: Control

    def run(self, job: LayerJob, spool: SpoolFile, number: int) -> RecompressedLayer:
        """Compress one layer into `spool`, which is source `number` of the plan."""
        # Where a block begins, so that an output can share it, and does not depend on what was packed before.
        spool.write(bytes(-spool.size % CLONE_UNIT))
        offset = spool.size
        source = self.sources[job.copy.source]
        stream = RangeStream(source, job.copy.offset, job.copy.size, job.copy.digest.algorithm)
        # The size is not told to the compressor, so that it does not matter how the layer was compressed before.
        compressor = make_compressor(self.compression, -1, self.threads, fastest=self.fastest)
        packed = Digest("sha256", "").hasher()

        def write(data: bytes) -> None:
            packed.update(data)
            spool.write(data)

        plain, read = job.diff_id.hasher(), 0
        try:
            for part in _plain(stream, job.compression, self.growth):
                plain.update(part)
                write(compressor.compress(part))
                self.control.step(stream.count - read)
                read = stream.count
        except (ChangedSource, UnsafeEntry):
            raise
        except ArchiveError as error:
            _check_digest(job, stream)
            raise self._not_unpacked(job, error) from error
        _check_digest(job, stream)
        unpacked = Digest(job.diff_id.algorithm, plain.hexdigest())
        if unpacked != job.diff_id:
            raise IntegrityError(
                f"{job.copy.role} unpacks to {unpacked}, but its config says {job.diff_id}",
                where=source.name,
                remedy="build or export the image again",
            )
        write(compressor.flush())
        return RecompressedLayer(Digest("sha256", packed.hexdigest()), spool.size - offset, number, offset)

    def _not_unpacked(self, job: LayerJob, error: ArchiveError) -> IntegrityError:
        """Say why a layer that has its digest does not unpack: it was made so, or is of another kind than it says."""
        source = self.sources[job.copy.source]
        found = tell_compression(source.read_at(job.copy.offset, min(BLOCK, job.copy.size))) or "none"
        reason = error.message
        if found != job.compression:
            reason = f"its media type promises {job.compression}, its bytes are {_KINDS.get(found, found)}"
        return IntegrityError(
            f"{job.copy.role} cannot be unpacked: {reason}",
            where=source.name,
            remedy="build the image again, or leave out --layers",
        )


def _plain(stream: RangeStream, compression: str, growth: Growth) -> Iterator[bytes | memoryview]:
    if compression != "none":
        yield from decompressed(stream, compression, growth)
        return
    while data := stream.read(CHUNK):
        yield data


def _check_digest(job: LayerJob, stream: RangeStream) -> None:
    """Hold all of a layer's bytes to its digest; damage is told as such, not as what it did to the decoder."""
    while stream.read(CHUNK):
        pass
    if stream.digest != job.copy.digest:
        raise IntegrityError(
            f"{job.copy.role} is corrupt: its bytes hash to {stream.digest}, not to {job.copy.digest}",
            where=stream.name,
            remedy="transfer or export the archive again",
        )
