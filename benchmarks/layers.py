"""What benchmark layers hold: noise that nothing can compress, or text-like data that compresses as programs do.

Both repeat a pool, so that gigabytes take seconds to make; the pool is larger than the windows that compressors look
back at by default, so that its repetition does not help them.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.archive.headers import encode_header, padding
from ocitool.archive.writer import END

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

POOL_SIZE: Final = 16 * 1024 * 1024
"""Bytes before the content of a layer repeats; zstd looks back 2 MiB at its default level, gzip 32 KiB."""

_WORDS: Final = 5_000
_WORD_LENGTHS: Final = (3, 4, 6, 8, 12, 16, 24, 32, 64, 96)
_WORDS_IN_USE: Final = 500  # in one stretch, so that gzip's short window finds them again
_LITERALS: Final = 4_500  # bytes between 450 words, about a third


@dataclass(frozen=True, slots=True)
class LayerKind:
    """How a layer looks: its media type's suffix, its gzip level (0: stored, None: plain), what its file holds."""

    suffix: str
    level: int | None
    pool: Callable[[str, int], bytes]


@dataclass(frozen=True, slots=True)
class WrittenLayer:
    """Digests (hex) of the blob and of the plain tar, and the size of the blob in bytes."""

    blob: str
    plain: str
    size: int


def write_layer(file: BinaryIO, kind: LayerKind, size: int, seed: str) -> WrittenLayer:
    """Append a layer: a tar of one file of `size` bytes."""
    blob, plain = hashlib.sha256(), hashlib.sha256()
    deflate = None if kind.level is None else zlib.compressobj(level=kind.level, wbits=31)
    written = 0
    for part in _tar(kind.pool(seed, min(POOL_SIZE, size)), size):
        plain.update(part)
        packed = part if deflate is None else deflate.compress(part)
        blob.update(packed)
        written += file.write(packed)
    if deflate is not None:
        packed = deflate.flush()
        blob.update(packed)
        written += file.write(packed)
    return WrittenLayer(blob.hexdigest(), plain.hexdigest(), written)


def _tar(pool: bytes, size: int) -> Iterator[bytes]:
    yield encode_header("content", size)
    for position in range(0, size, len(pool)):
        yield pool[: min(len(pool), size - position)]
    yield bytes(padding(size)) + END


def _noise(seed: str, size: int) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - noise, not a secret


def _text(seed: str, size: int) -> bytes:
    """Return words of a vocabulary, some far more often than others, between uneven bytes.

    Tuned to what a tar of ``/usr`` shows: about 2.7 under zstd, 2.1 under gzip, unpacked as fast.
    """
    source = random.Random(seed)  # noqa: S311 - noise, not a secret
    words = [source.randbytes(source.choice(_WORD_LENGTHS)) for _ in range(_WORDS)]
    word_weights, byte_weights = _falling(_WORDS_IN_USE), _falling(256)
    made = bytearray()
    while len(made) < size:
        here = source.sample(words, _WORDS_IN_USE)
        for _ in range(8):
            made += b"".join(source.choices(here, cum_weights=word_weights, k=_WORDS_IN_USE * 9 // 10))
            made += bytes(source.choices(range(256), cum_weights=byte_weights, k=_LITERALS))
    return bytes(made[:size])


def _falling(count: int) -> list[float]:
    return list(itertools.accumulate(1 / (rank + 5) for rank in range(count)))


STORED_NOISE: Final = LayerKind("tar+gzip", level=0, pool=_noise)
"""Layers as a registry has them, of the size asked for, which no tool on the way is tempted to compress."""

PLAIN_TEXT: Final = LayerKind("tar", level=None, pool=_text)
"""Layers as docker's classic store saves them: plain tars, which zstd and gzip make two to three times smaller."""

GZIP_TEXT: Final = LayerKind("tar+gzip", level=6, pool=_text)
"""Layers as builders push them: such tars in gzip, at its usual level."""
