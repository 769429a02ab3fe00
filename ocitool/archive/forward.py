"""A source that arrives: kept as a spool until it is told to let go, and after that read once, in order.

Offsets are those of the archive, whichever of the two holds.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from ocitool.archive.incoming import IncomingBytes
from ocitool.archive.kept import KeptBytes
from ocitool.archive.source import Incoming, SpooledSource
from ocitool.archive.spool import CHUNK, SpoolFile, SpoolOptions
from ocitool.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

    from ocitool.archive.open_range import OpenRange

UNKNOWN_SIZE: Final = sys.maxsize
"""Larger than any archive: what is not known to have an end."""

GIVE_A_FILE: Final = "give it as a file, which can be read in any order"
"""What to do about an archive that one pass does not suffice for."""

DECOMPRESS: Final = "decompress it into a file first, which can be read in any order"
"""The same for one that is compressed, as a file or as a pipe."""

_HASTE: Final = 4 * CHUNK
"""Bytes kept after which more are expected to be."""


class ForwardSource:
    """An archive on its way in, as a `ByteSource`; not for several threads while it is read beyond what is kept.

    Until `let_go` everything is kept. After it, what is not kept must be read in the order of its offsets, and
    what is passed over is gone. `size` is `UNKNOWN_SIZE` until the end was seen. `remedy` is what to do where that is
    not enough.
    """

    def __init__(self, incoming: Incoming, options: SpoolOptions) -> None:
        self.name = incoming.stream.name
        self.compression = incoming.compression
        self.size = UNKNOWN_SIZE
        self.remedy = DECOMPRESS if incoming.compression else GIVE_A_FILE
        self._options = options
        self._needed = incoming.needed
        self._bytes = IncomingBytes(incoming, options.ratio_limit)
        self._kept = KeptBytes(options.folder, incoming.needed)
        self._position = 0  # of what comes next
        self._is_keeping = True
        self._buffer = memoryview(bytearray(CHUNK))

    def holds(self, end: int) -> bool:
        """Tell whether everything before `end` has arrived."""
        return end <= self._position

    def keeps(self, offset: int, length: int) -> bool:
        """Tell whether these bytes can be read at any time."""
        return self._kept.has(offset, length) or length == 0

    def expect(self, *, whole: bool) -> None:
        """Ask for room for all that it says it is going to be, or only for what comes, when a file is begun."""
        self._kept.needed = self._needed if whole else 0

    def let_go(self) -> None:
        """Keep nothing more but what `keep` asks for."""
        self._is_keeping = False
        self.expect(whole=False)

    def keep(self, offset: int, length: int, wants: Callable[[bytes], bool] = lambda _data: True) -> None:
        """Keep these bytes, which come next, if somebody `wants` them; raises `OutputError` if they do not fit."""
        if not self.keeps(offset, length) and wants(data := self.read_at(offset, length)):
            self._kept.write(offset, data)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`, fewer only at the end."""
        buffer = memoryview(bytearray(length))
        return bytes(buffer[: self.readinto_at(offset, buffer)])

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; return the bytes read, fewer only at the end."""
        while self._is_keeping and self._position < offset + len(buffer) and self._pull():
            pass
        if self._is_keeping:
            buffer = buffer[: max(0, self._position - offset)]
        if self.keeps(offset, len(buffer)):
            self._kept.readinto(offset, buffer)
            return len(buffer)
        before = min(len(buffer), self._position - offset)
        if before > 0:
            if not self.keeps(offset, before):
                raise ArchiveError("this part has passed and was not kept", where=self.name, remedy=self.remedy)
            self._kept.readinto(offset, buffer[:before])
            return before + self._take(offset + before, buffer[before:])
        return self._take(offset, buffer)

    def open_range(self, offset: int, size: int) -> OpenRange | None:
        """Return the file that keeps these bytes, None if it does not."""
        return (
            SpooledSource(self._kept.file, self.name).open_range(offset, size) if self.keeps(offset, size) else None
        )

    def hold(self, offset: int, changed: int) -> None:
        """Do nothing: blocks are shared with what is spooled whole."""

    def will_read(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Do nothing: what is kept is what was asked for."""

    def check_unchanged(self) -> None:
        """Raise `ChangedSource` if it is a file and changed."""
        self._bytes.check_unchanged()

    def spool(self) -> SpoolFile:
        """Open a spool for what comes before its turn; raises `OutputError`."""
        return SpoolFile(self._options.folder)

    def as_spool(self) -> SpooledSource:
        """Return all of it, kept to its end, as a file that closes with this; raises `ChangedSource`."""
        self.check_unchanged()
        return SpooledSource(self._kept.file, self.name, self.compression)

    def close(self) -> None:
        """Let go of everything, also where more was to come."""
        self._bytes.close()
        self._kept.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _pull(self) -> bool:
        """Keep the next bytes; return False at the end."""
        part = self._bytes.part(self._buffer)
        if not part:
            self.size = self._position
            return False
        self._kept.write(self._position, part)
        self._position += len(part)
        if self._options.on_bytes is not None:
            self._options.on_bytes(len(part))
        if self._position > _HASTE:
            self._bytes.read_ahead()
        return True

    def _take(self, offset: int, buffer: memoryview) -> int:
        """Read bytes that come next, or after others that are passed over."""
        while self._position < offset:
            count = self._bytes.skip(offset - self._position)
            if not count:
                self.size = self._position
                return 0
            self._position += count
        done = 0
        while done < len(buffer):
            count = self._bytes.readinto(buffer[done:])
            if not count:
                self.size = self._position
                break
            done += count
            self._position += count
        return done
