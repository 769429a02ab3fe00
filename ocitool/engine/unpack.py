"""Blobs hashed and layers unpacked, in parallel: each blob is read once, whatever is wanted of it.

A layer's bytes are hashed as they come and, unpacked, hashed again and handed to whoever looks at them. One thread
does all that for one layer, so that as many layers as there are processors are under way; a layer that is larger than
its share of the work is unpacked in one thread and hashed in another, or all would wait for it in the end.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from ocitool.archive.codec.decompress import open_decompressor
from ocitool.archive.codec.ratio import Growth
from ocitool.archive.codec.sniff import tell_compression
from ocitool.archive.headers import BLOCK
from ocitool.archive.prefetch import read_ahead, read_in_turn
from ocitool.archive.range_stream import RangeStream
from ocitool.engine.announcing import StopSignal, announce
from ocitool.engine.control import Control
from ocitool.engine.pump import digest_blob
from ocitool.engine.workers import processor_count, run_parallel
from ocitool.errors import ArchiveError, ChangedSource, UnsafeEntry, UnsupportedArchive
from ocitool.model.digest import Digest
from ocitool.model.limits import RATIO_LIMIT
from ocitool.plan.unpacking import UnpackedLayer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from ocitool.archive.source import ByteSource
    from ocitool.engine.rate import Rate
    from ocitool.plan.steps import Copy
    from ocitool.plan.unpacking import UnpackingJob

CHUNK: Final = 512 * 1024
"""Bytes read, and bytes unpacked, at a time: both fit the cache of a processor, for the hashing that follows."""

_UNPACKING_COST: Final = 6
"""How many times as long as hashing alone a compressed layer takes, about."""


class LayerConsumer(Protocol):
    """Takes the plain bytes of one layer as they come."""

    def feed(self, part: memoryview) -> None:
        """Take more bytes; the view is of a buffer that is used again."""

    def finish(self) -> None:
        """Know that no more come, all or not."""


@dataclass(frozen=True, slots=True)
class BlobContents:
    """What blobs hash to by what they are called, and what came out of those that were unpacked."""

    actual: Mapping[Digest, Digest] = field(default_factory=dict)
    layers: Mapping[Digest, UnpackedLayer] = field(default_factory=dict)


def read_blobs(
    copies: Sequence[Copy],
    source: ByteSource,
    jobs: Sequence[UnpackingJob] = (),
    consumer: Callable[[Digest], LayerConsumer] | None = None,
    *,
    ratio_limit: int = RATIO_LIMIT,
    on_bytes: Callable[[int], None] | None = None,
    rate: Rate | None = None,
) -> BlobContents:
    """Hash the bytes of each copy in parallel, and unpack those of which there is a job; no bytes are read twice.

    `consumer` is called once for each job, with the digest of its layer, in the thread that will feed it. What is
    wrong with a layer is in the result. A layer may grow to `ratio_limit` times its size, and so may all of them
    together. `on_bytes` hears of the bytes that were read, `rate` bounds them. Raises `ChangedSource` if the source
    moved meanwhile.
    """
    control = Control(StopSignal([source]), on_bytes or (lambda _count: None), rate=rate)
    wanted = {job.copy.digest: job for job in jobs}
    together = Growth(ratio_limit)
    together.add(sum(job.copy.size for job in jobs), 0)
    weights = {copy.digest: copy.size * (_UNPACKING_COST if copy.digest in wanted else 1) for copy in copies}
    share = sum(weights.values()) // processor_count()
    actual: dict[Digest, Digest] = {}
    layers: dict[Digest, UnpackedLayer] = {}

    def work(copy: Copy) -> None:
        overlapped = weights[copy.digest] > share
        job = wanted.get(copy.digest)
        if job is None:
            actual[copy.digest] = digest_blob(copy, source, control, overlapped=overlapped)
            return
        unpacking = _Unpacking(job, source, control, (Growth(ratio_limit), together))
        layers[copy.digest] = unpacking.run(consumer and consumer(copy.digest), overlapped=overlapped)
        actual[copy.digest] = unpacking.stream.digest

    heaviest_first = sorted(copies, key=lambda copy: (-weights[copy.digest], copy.offset))
    announce((replace(copy, source=0) for copy in heaviest_first), [source])
    run_parallel(heaviest_first, work, control.stop)
    source.check_unchanged()
    return BlobContents(actual, layers)


class _Trouble(NamedTuple):
    """Why a layer was not unpacked to its end, in the words of `UnpackedLayer`; nothing if it was."""

    damage: str = ""
    excess: str = ""
    spent: bool = False
    remedy: str = ""


class _Unpacking:
    """One layer under way."""

    def __init__(
        self, job: UnpackingJob, source: ByteSource, control: Control, growths: tuple[Growth, Growth]
    ) -> None:
        copy = job.copy
        self._control = control
        self._own_growth, self._growth_together = growths
        self._start = source.read_at(copy.offset, min(BLOCK, copy.size))
        self._hashers = {algorithm: Digest(algorithm, "").hasher() for algorithm in sorted(job.algorithms)}
        self._size = 0
        self._read = 0
        self.stream = RangeStream(source, copy.offset, copy.size, copy.digest.algorithm)

    def run(self, consumer: LayerConsumer | None, *, overlapped: bool) -> UnpackedLayer:
        """Read it all, unpack what can be unpacked."""
        compression = tell_compression(self._start) or "none"
        if compression == "none":  # what comes out is what is read, which is hashed anyway
            self._hashers.pop(self.stream.digest.algorithm, None)
        trouble = self._unpack(compression, consumer, overlapped=overlapped)
        while self.stream.read(CHUNK):
            self._count()
        self._count()
        digests = [Digest(algorithm, hasher.hexdigest()) for algorithm, hasher in self._hashers.items()]
        if compression == "none":
            digests.append(self.stream.digest)
        return UnpackedLayer(compression, self._size, tuple(digests), *trouble)

    def _unpack(self, compression: str, consumer: LayerConsumer | None, *, overlapped: bool) -> _Trouble:
        """Hand the plain bytes on, hashed, as far as there are any; say what kept them from going on."""
        try:
            # Closed here, not some time later: the stream is read on after an error, and by one thread only.
            with closing(self._plain(compression, overlapped=overlapped)) as parts:
                for part in parts:
                    self._size += len(part)
                    for hasher in self._hashers.values():
                        hasher.update(part)
                    if consumer is not None:
                        consumer.feed(part)
                    self._count()
        except ChangedSource:
            raise
        except _Spent as error:
            return _Trouble(excess=str(error), spent=True)
        except UnsupportedArchive:
            self._hashers.clear()  # of a kind that no media type promises
        except UnsafeEntry as error:
            return _Trouble(excess=error.message, remedy=error.remedy)
        except ArchiveError as error:
            return _Trouble(damage=error.message)
        finally:
            if consumer is not None:
                consumer.finish()
        return _Trouble()

    def _plain(self, compression: str, *, overlapped: bool) -> Generator[memoryview, None, None]:
        plain = compression == "none"
        producer = _Plain(self.stream) if plain else open_decompressor(compression, self._read_some, padded=False)
        read = 0
        with closing(
            read_ahead(producer, CHUNK, patience=None) if overlapped else read_in_turn(producer, CHUNK)
        ) as parts:
            for part in parts:
                count = self.stream.count
                self._own_growth.add(count - read, len(part))
                try:
                    self._growth_together.add(0, len(part))
                except UnsafeEntry as error:
                    raise _Spent(error.message) from None
                read = count
                yield part

    def _read_some(self, length: int) -> bytes:
        return self.stream.read(min(length, CHUNK))

    def _count(self) -> None:
        """Tell of the compressed bytes that were read since the last time."""
        count = self.stream.count
        self._control.step(count - self._read)
        self._read = count


class _Spent(Exception):
    """All layers together grew too far; never leaves this module."""


class _Plain:
    """A layer that is not compressed, in the shape of a decompressor."""

    def __init__(self, stream: RangeStream) -> None:
        self._stream = stream

    def readinto(self, buffer: memoryview) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
