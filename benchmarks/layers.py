"""What benchmark layers hold: noise that nothing can compress, text-like data, or the programs of this machine.

The first two repeat a pool, so that gigabytes take seconds to make; the pool is larger than the windows that
compressors look back at by default, so that its repetition does not help them. Compressed, each pool is packed once,
as deflate blocks that refer to nothing before them, and stands in the gzip stream as often as it is repeated.
"""

from __future__ import annotations

import functools
import hashlib
import io
import itertools
import os
import random
import struct
import tarfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocitool.archive.headers import encode_header, padding
from ocitool.archive.writer import END

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

POOL_SIZE: Final = 16 * 1024 * 1024
"""Bytes before the content of a layer repeats; zstd looks back 2 MiB at its default level, gzip 32 KiB."""

TREE: Final = Path("/usr/lib")
"""Where real programs and libraries come from."""

_WORDS: Final = 5_000
_WORD_LENGTHS: Final = (3, 4, 6, 8, 12, 16, 24, 32, 64, 96)
_WORDS_IN_USE: Final = 500  # in one stretch, so that gzip's short window finds them again
_LITERALS: Final = 4_500  # bytes between 450 words, about a third
_STRIDE: Final = 4 * 1024 * 1024
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LAST_BLOCK: Final = b"\x03\x00"


@dataclass(frozen=True, slots=True)
class LayerKind:
    """How a layer looks: its media type's suffix, its gzip level (0: stored, None: plain), and what it holds.

    `content` takes a seed and a size in bytes. What it returns is repeated to fill one file or, with `is_tar`, is
    itself the entries of a tar.
    """

    suffix: str
    level: int | None
    content: Callable[[str, int], bytes]
    is_tar: bool = False


@dataclass(frozen=True, slots=True)
class WrittenLayer:
    """Digests (hex) of the blob and of the plain tar, and the size of the blob in bytes."""

    blob: str
    plain: str
    size: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some bytes of a layer, and how they stand in the blob."""

    plain: bytes
    packed: bytes


def write_layer(file: BinaryIO, kind: LayerKind, size: int, seed: str) -> WrittenLayer:
    """Append a layer of about `size` bytes, unpacked: the same kind, size and seed give the same bytes."""
    blob, plain = hashlib.sha256(), hashlib.sha256()
    checksum = unpacked = written = 0

    def write(data: bytes) -> None:
        nonlocal written
        blob.update(data)
        written += file.write(data)

    with ThreadPoolExecutor(1) as other:
        if kind.level is None:
            for piece in _pieces(kind, size, seed):
                write(piece.plain)
            return WrittenLayer(blob.hexdigest(), blob.hexdigest(), written)
        write(_GZIP_HEADER)
        for piece in _pieces(kind, size, seed):
            hashed = other.submit(plain.update, piece.plain)
            checksum = zlib.crc32(piece.plain, checksum)
            unpacked += len(piece.plain)
            write(piece.packed)
            hashed.result()
        write(_LAST_BLOCK + struct.pack("<II", checksum, unpacked % 2**32))
    return WrittenLayer(blob.hexdigest(), plain.hexdigest(), written)


def _pieces(kind: LayerKind, size: int, seed: str) -> Iterator[_Piece]:
    """Yield a tar of one file of `size` bytes, or of the entries that the content is."""
    if kind.is_tar:
        yield _pack(kind.level, encode_header(seed.replace(" ", "-"), 0))
        yield _tree_piece(kind, size)
        yield _pack(kind.level, END)
        return
    yield _pack(kind.level, encode_header("content", size))
    whole, rest = divmod(size, POOL_SIZE)
    pool = kind.content(seed, min(POOL_SIZE, size))
    if whole:
        yield from itertools.repeat(_pack(kind.level, pool), whole)
    yield _pack(kind.level, pool[:rest] + bytes(padding(size)) + END)


@functools.lru_cache(maxsize=1)
def _tree_piece(kind: LayerKind, size: int) -> _Piece:
    return _pack(kind.level, kind.content("", size))


def _pack(level: int | None, data: bytes) -> _Piece:
    if level is None:
        return _Piece(data, data)
    parts = [data[start : start + _STRIDE] for start in range(0, len(data), _STRIDE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return _Piece(data, b"".join(pool.map(functools.partial(_deflate, level), parts)))


def _deflate(level: int, data: bytes) -> bytes:
    """Return deflate blocks that end at a byte and that nothing after them can refer to."""
    packer = zlib.compressobj(level, wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


def _noise(seed: str, size: int) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - noise, not a secret


def _text(seed: str, size: int) -> bytes:
    """Return the same text for every seed, begun at another place: compressors do not look back that far."""
    text = _words(size)
    start = random.Random(seed).randrange(size)  # noqa: S311 - a place, not a secret
    return text[start:] + text[:start]


@functools.lru_cache(maxsize=1)
def _words(size: int) -> bytes:
    """Return words of a vocabulary, some far more often than others, between uneven bytes.

    Tuned to what a tar of ``/usr`` shows: about 2.7 under zstd, 2.1 under gzip, unpacked as fast.
    """
    source = random.Random(size)  # noqa: S311 - noise, not a secret
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


def _tree(_seed: str, size: int) -> bytes:
    """Return the regular files of `TREE` as entries of a tar, in order, until they are `size` bytes."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for folder, folders, names in os.walk(TREE):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if path.is_symlink() or not path.is_file() or not os.access(path, os.R_OK):
                    continue
                tar.add(path, str(path).lstrip("/"))
                if made.tell() >= size:
                    return made.getvalue()
        return made.getvalue()


STORED_NOISE: Final = LayerKind("tar+gzip", level=0, content=_noise)
"""Layers as a registry has them, of the size asked for, which no tool on the way is tempted to compress."""

PLAIN_NOISE: Final = LayerKind("tar", level=None, content=_noise)
"""The same as plain tars, which take the least time to make."""

PLAIN_TEXT: Final = LayerKind("tar", level=None, content=_text)
"""Layers as docker's classic store saves them: plain tars, which zstd and gzip make two to three times smaller."""

GZIP_TEXT: Final = LayerKind("tar+gzip", level=6, content=_text)
"""Layers as builders push them: such tars in gzip, at its usual level."""

GZIP_TREE: Final = LayerKind("tar+gzip", level=6, content=_tree, is_tar=True)
"""The programs and libraries of this machine in gzip; layers differ by their first entry alone."""
