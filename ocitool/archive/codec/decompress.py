"""Decompression as a stream: bounded memory, every end checked.

The libraries agree on one thing only: none of them says by itself that a stream was cut short. So each end is
checked here, garbage after it is refused, and output is asked for in bounded parts, whatever the data claims.
"""

from __future__ import annotations

import zlib
from typing import IO, TYPE_CHECKING, Final, Protocol, cast

from ocitool.archive.codec.zstd_frames import FrameFollower
from ocitool.errors import ArchiveError, TruncatedArchive, UnsafeEntry, UnsupportedArchive
from ocitool.model.limits import MEMORY_LIMIT, WINDOW_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

INPUT_CHUNK: Final = 1024 * 1024
"""Compressed bytes read at a time."""


_FIRST_PIECE: Final = 4096
"""Bytes given at first to a decoder that is not the first one, twice as many each time: it hands back what comes
after its stream, and streams may be short and many."""

_FIRST: Final = {"gzip": b"\x1f", "xz": b"\xfd", "bzip2": b"B", "lz4": bytes((0x04, *range(0x50, 0x60)))}
"""What a stream begins with; lz4 has frames to be skipped, too."""


class Decoder(Protocol):
    """One stream of a library, in the shape that `lzma` and `bz2` have."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""

    @property
    def unused_data(self) -> bytes | None:
        """What came after the end."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more input."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return up to `max_length` bytes."""


class Decompressor(Protocol):
    """A compressed source as a stream of plain bytes."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill some of `buffer`; 0 at the end. Raises `ArchiveError` if the data is damaged or cut short."""


def open_decompressor(compression: str, read: Callable[[int], bytes], *, padded: bool = True) -> Decompressor:
    """Return a decompressor for a kind that `sniff_compression` named; `read` gives compressed bytes.

    If `padded`, zero bytes may follow a stream, as where files were written to tapes and disks; no reader of layers
    takes that.
    """
    if compression == "zstd":
        return _ZstdDecompressor(read)
    return _StreamsDecompressor(compression, read, padded=padded)


class _ZstdDecompressor:
    """zstd: many frames, skippable ones between them."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._follower = FrameFollower()
        self._input = read
        decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW_LIMIT)
        self._reader = decompressor.stream_reader(
            cast("IO[bytes]", self), read_size=INPUT_CHUNK, read_across_frames=True
        )

    def read(self, size: int) -> bytes:
        """Give the library compressed bytes, followed on their way."""
        data = self._input(size)
        self._follower.feed(data)
        return data

    def readinto(self, buffer: memoryview) -> int:
        try:
            count = int(self._reader.readinto(buffer))
        except self._error as error:
            if "memory" in str(error):
                raise UnsafeEntry(
                    f"zstd data that asks for a window of more than {WINDOW_LIMIT} bytes",
                    remedy="compress it again without --long",
                ) from None
            raise ArchiveError("zstd data is damaged") from error
        if count == 0 and not self._follower.at_boundary:
            raise TruncatedArchive("zstd data is cut short")
        return count


class _StreamsDecompressor:
    """gzip, xz, bzip2, lz4: one stream after the other, each by a decoder of its own."""

    def __init__(self, compression: str, read: Callable[[int], bytes], *, padded: bool) -> None:
        self._compression = compression
        self._read = read
        self._padded = padded
        self._make, self._errors = _DECODERS[compression]()
        self._decoder = self._make()
        self._waiting = b""
        self._position = 0  # of what is given next
        self._piece = INPUT_CHUNK

    def readinto(self, buffer: memoryview) -> int:
        while True:
            if self._decoder.eof and not self._next_stream():
                return 0
            data = b""
            if self._decoder.needs_input:
                if not self._has_more():
                    raise TruncatedArchive(f"{self._compression} data is cut short")
                data = self._waiting[self._position : self._position + self._piece]
                self._position += len(data)
                self._piece = min(2 * self._piece, INPUT_CHUNK)
            try:
                part = self._decoder.decompress(data, len(buffer))
            except self._errors as error:
                if "emory" in str(error):  # lzma has no class of its own for this
                    raise self._too_large() from None
                raise ArchiveError(f"{self._compression} data is damaged") from error
            except MemoryError:
                raise self._too_large() from None
            if part:
                buffer[: len(part)] = part
                return len(part)

    def _too_large(self) -> UnsafeEntry:
        return UnsafeEntry(
            f"{self._compression} data that asks for more than {MEMORY_LIMIT} bytes of memory",
            remedy="compress it again with a smaller dictionary",
        )

    def _has_more(self) -> bool:
        """Tell whether there is input, reading more if need be."""
        if self._position == len(self._waiting):
            self._waiting, self._position = self._read(INPUT_CHUNK), 0
        return bool(self._waiting)

    def _next_stream(self) -> bool:
        """Start the next stream, if there is one."""
        self._position -= len(self._decoder.unused_data or b"")
        while self._has_more():
            if self._padded and not self._waiting[self._position]:
                self._waiting, self._position = self._waiting[self._position :].lstrip(b"\0"), 0
                continue
            first = _FIRST[self._compression]
            if self._waiting[self._position] not in first:
                kind = self._compression
                raise ArchiveError(f"{kind} data is followed by something that is no {kind} data")
            self._decoder = self._make()
            self._piece = _FIRST_PIECE
            return True
        return False


class _ZlibInner(Protocol):
    """What is used of zlib's decompressor."""

    eof: bool
    unused_data: bytes
    unconsumed_tail: bytes

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _ZlibDecoder:
    """zlib's decompressor in the shape of the others."""

    def __init__(self, inner: _ZlibInner) -> None:
        self._inner = inner
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        part = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        # With all input consumed, output may still wait inside when the last call filled its buffer.
        self.needs_input = not self._inner.unconsumed_tail and len(part) < max_length
        return part


def _gzip() -> tuple[Callable[[], Decoder], tuple[type[Exception], ...]]:
    try:
        from isal import igzip_lib
    except ImportError:
        return (lambda: _ZlibDecoder(cast("_ZlibInner", zlib.decompressobj(wbits=31)))), (zlib.error,)
    # Not isal_zlib, which copies what is left of its input at each step.
    errors = (cast("type[Exception]", igzip_lib.IsalError),)
    return (lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)), errors


def _xz() -> tuple[Callable[[], Decoder], tuple[type[Exception], ...]]:
    import lzma

    return (lambda: lzma.LZMADecompressor(memlimit=MEMORY_LIMIT)), (lzma.LZMAError, EOFError)


def _bzip2() -> tuple[Callable[[], Decoder], tuple[type[Exception], ...]]:
    import bz2

    return bz2.BZ2Decompressor, (OSError, EOFError)


def _lz4() -> tuple[Callable[[], Decoder], tuple[type[Exception], ...]]:
    try:
        from lz4 import frame
    except ImportError:
        raise UnsupportedArchive(
            "is compressed with lz4, which needs the extra 'lz4'", remedy="pip install 'ocitool[lz4]', or lz4 -dc"
        ) from None
    return frame.LZ4FrameDecompressor, (RuntimeError, EOFError)


_DECODERS: Final[dict[str, Callable[[], tuple[Callable[[], Decoder], tuple[type[Exception], ...]]]]] = {
    "gzip": _gzip,
    "xz": _xz,
    "bzip2": _bzip2,
    "lz4": _lz4,
}
