"""Compression as a sink: bytes in order in, a compressed stream out."""

from __future__ import annotations

import contextlib
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, cast

from ocitool.errors import UsageError

if TYPE_CHECKING:
    from ocitool.archive.sink import OrderedSink

NONE: Final = "none"
GZIP: Final = "gzip"
ZSTD: Final = "zstd"

_SUFFIXES: Final = {".gz": GZIP, ".tgz": GZIP, ".zst": ZSTD, ".tzst": ZSTD}
_UNWRITTEN: Final = (".xz", ".txz", ".bz2", ".tbz", ".tbz2", ".lz4")
_LEVELS: Final = {GZIP: (6, range(1, 10)), ZSTD: (3, range(1, 20))}
"""Default and allowed levels; zstd stops before the levels whose window importers refuse (k3s: 32 MiB)."""

_ISAL_LEVEL: Final = 3
"""The best of isal's levels; still several times as fast as zlib's default."""

THREAD_LIMIT: Final = 4
"""Threads that compress at once: each holds some 40 MiB at zstd's default level, whatever the machine has."""

WINDOW_LOG_LIMIT: Final = 23
"""Windows of at most 8 MiB: every reader takes them, whatever its memory."""

_FORM: Final = re.compile(r"(none|gzip|zstd)(?::([0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class Compression:
    """How to compress a whole archive."""

    kind: str = NONE
    level: int = 0

    @property
    def is_needed(self) -> bool:
        """Whether anything is compressed at all."""
        return self.kind != NONE

    @property
    def suffix(self) -> str:
        """What a file name ends in that promises this, after ``.tar``."""
        return {NONE: "", "gzip": ".gz", "zstd": ".zst"}[self.kind]

    @classmethod
    def parse(cls, text: str) -> Compression:
        """Parse ``none``, ``gzip[:LEVEL]`` or ``zstd[:LEVEL]``; raises `UsageError`."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise UsageError(f"no compression {text!r}", remedy="write none, gzip[:1-9] or zstd[:1-19]")
        kind, level = match.groups()
        if kind == NONE:
            return cls()
        default, allowed = _LEVELS[kind]
        number = default if level is None else int(level)
        if number not in allowed:
            raise UsageError(f"{kind} has levels {allowed.start} to {allowed.stop - 1}, not {number}")
        return cls(kind, number)

    @classmethod
    def for_name(cls, name: str) -> Compression:
        """Choose by the suffix of an output's name; raises `UsageError` for one that we do not write."""
        lowered = name.lower()
        for suffix, kind in _SUFFIXES.items():
            if lowered.endswith(suffix):
                return cls(kind, _LEVELS[kind][0])
        if lowered.endswith(_UNWRITTEN):
            raise UsageError("that compression is not written", where=name, remedy="write .tar, .tar.gz or .tar.zst")
        return cls()


class Compressor(Protocol):
    """A library's stream, in the shape that `zlib` has."""

    def compress(self, data: bytes | memoryview, /) -> bytes:
        """Take in more bytes, return what is ready."""

    def flush(self) -> bytes:
        """Return the rest."""


class CompressingSink:
    """An ordered sink that compresses into another; `finish` writes what is left."""

    def __init__(self, target: OrderedSink, compression: Compression, size: int, threads: int) -> None:
        self.name = target.name
        self._target = target
        self._compressor = make_compressor(compression, size, threads)

    def write(self, data: bytes | memoryview) -> None:
        """Compress all of `data`; raises what the target raises."""
        packed = self._compressor.compress(data)
        if packed:
            self._target.write(packed)

    def finish(self) -> None:
        """Write the end of the compressed stream."""
        self._target.write(self._compressor.flush())


def make_compressor(compression: Compression, size: int, threads: int, *, fastest: bool = False) -> Compressor:
    """Return a compressor for `size` bytes (-1: not known).

    zstd gives the same bytes for any number of threads from one on. `fastest` takes isal for gzip where it is
    installed; its bytes are other ones than those of zlib.
    """
    if compression.kind == GZIP:
        if fastest:
            with contextlib.suppress(ImportError):
                from isal import isal_zlib

                return cast("Compressor", isal_zlib.compressobj(_ISAL_LEVEL, zlib.DEFLATED, 31))
        # No name and no time in the header, so that equal input gives equal bytes.
        return zlib.compressobj(compression.level, zlib.DEFLATED, 31)
    import zstandard

    parameters = zstandard.ZstdCompressionParameters.from_level(
        compression.level,
        threads=threads,
        write_checksum=True,
        write_content_size=True,
    )
    if parameters.window_log > WINDOW_LOG_LIMIT:
        parameters = zstandard.ZstdCompressionParameters.from_level(
            compression.level,
            window_log=WINDOW_LOG_LIMIT,
            threads=threads,
            write_checksum=True,
            write_content_size=True,
        )
    return zstandard.ZstdCompressor(compression_params=parameters).compressobj(size=size)
