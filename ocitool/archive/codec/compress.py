"""Compression as a sink: bytes in order in, a compressed stream out."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

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


class _Compressor(Protocol):
    def compress(self, data: bytes | memoryview, /) -> bytes: ...

    def flush(self) -> bytes: ...


class CompressingSink:
    """An ordered sink that compresses into another; `finish` writes what is left."""

    def __init__(self, target: OrderedSink, compression: Compression, size: int, threads: int) -> None:
        self.name = target.name
        self._target = target
        self._compressor = _make(compression, size, threads)

    def write(self, data: bytes | memoryview) -> None:
        """Compress all of `data`; raises what the target raises."""
        packed = self._compressor.compress(data)
        if packed:
            self._target.write(packed)

    def finish(self) -> None:
        """Write the end of the compressed stream."""
        self._target.write(self._compressor.flush())


def _make(compression: Compression, size: int, threads: int) -> _Compressor:
    if compression.kind == GZIP:
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
