"""An object as the source of an archive: headers hopped over, what is kept fetched ahead, headers proven late."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from ocitool.adapters.remote.cutting import ENTRY_GAP, GAP, Wanted, cut, part_size
from ocitool.adapters.remote.fetching import Fetcher
from ocitool.adapters.remote.kept_bytes import KeptBytes
from ocitool.adapters.remote.proofs import Proofs
from ocitool.adapters.remote.read_ahead import ReadAhead, with_documents
from ocitool.adapters.remote.retrying import Patience, fill
from ocitool.archive.remote import FarSource
from ocitool.engine.workers import processor_count
from ocitool.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ocitool.adapters.remote.remote_object import RemoteObject
    from ocitool.archive.open_range import OpenRange

_NOT_KEPT: Final = 1024 * 1024
"""Bytes from which a read goes straight to whoever asked."""


class RemoteSource(FarSource):
    """One object, read by offset; `start` is what was fetched of its beginning when it was opened."""

    compression = ""

    def __init__(self, remote: RemoteObject, name: str, start: bytes, patience: Patience | None = None) -> None:
        self.name = name
        self._remote = remote
        self._stopped = threading.Event()
        self._patience = patience or Patience(pause=self._stopped.wait)
        self._kept = KeptBytes()
        self._kept.add(0, memoryview(start))
        self._ahead = ReadAhead(len(start))
        self._documents = 0
        self._proofs = Proofs(name)
        self._fetcher: Fetcher | None = None

    @property
    def size(self) -> int:
        """Length in bytes when the source was opened."""
        return self._remote.size

    @property
    def object_version(self) -> str:
        """What tells that the object is the same when it is opened another day; "" if nothing does."""
        return self._remote.version

    def open_range(self, offset: int, size: int) -> OpenRange | None:
        """Return None: no file of this machine has the bytes."""

    def hold(self, offset: int, changed: int) -> None:
        """Do nothing: no blocks are shared with an object."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`."""
        buffer = memoryview(bytearray(max(0, min(length, self.size - offset))))
        return bytes(buffer[: self.readinto_at(offset, buffer)])

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`."""
        length = max(0, min(len(buffer), self.size - offset))
        self._ahead.note(offset, length)
        done = 0
        while done < length:
            position, rest = offset + done, buffer[done:length]
            done += self._kept_bytes(position, rest) or self._announced(position, rest) or self._fetch(position, rest)
        return done

    def will_read(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Hear what is read next, in the order in which that is going to be; it is fetched ahead from the first on.

        What is kept already is not fetched again. Other reads go on to work, and it may be told anew.
        """
        wanted: list[Wanted] = []
        for offset, length in ranges:
            lead = self._proofs.length(offset)
            end = min(offset + length, self.size)
            begin = offset if lead else min(self._kept.end(offset), end)
            wanted.append(Wanted(begin, end - begin, lead))
        runs = cut(wanted, part_size(processor_count()), ENTRY_GAP if self._documents else GAP)
        if self._fetcher is not None:
            self._fetcher.stop(_stopped(self.name))
        self._fetcher = Fetcher(runs, self._fill, threads=self._remote.concurrency)

    def require_before(self, expected: Mapping[int, bytes], documents: int) -> None:
        """Hold headers to what a table of contents says, once what they are the headers of is read.

        Where it is known where the documents end, nothing behind them is fetched but what is asked for.
        """
        self._documents = documents
        self._proofs.expect(expected)
        for offset, header in expected.items():
            found = memoryview(bytearray(len(header)))
            if self._kept.copy(offset - len(header), found) == len(header):
                self._proofs.prove(offset - len(header), found)

    def check_unchanged(self) -> None:
        """Raise `ChangedSource` if the object is not what it was when it was opened."""
        self._remote.check_unchanged()

    def interrupt(self) -> None:
        """Have all that wait for bytes go on with an error."""
        if self._fetcher is not None:
            self._fetcher.stop(_stopped(self.name))
        self._stopped.set()
        self._remote.interrupt()

    def close(self) -> None:
        """End what is under way."""
        self.interrupt()

    def _kept_bytes(self, offset: int, buffer: memoryview) -> int:
        return 0 if self._proofs.length(offset) else self._kept.copy(offset, buffer)

    def _announced(self, offset: int, buffer: memoryview) -> int:
        return 0 if self._fetcher is None else self._fetcher.read(offset, buffer)

    def _fetch(self, offset: int, buffer: memoryview) -> int:
        """Fetch what nobody announced, and some of what follows it."""
        lead = self._proofs.length(offset)
        if not lead and len(buffer) >= _NOT_KEPT and offset >= self._documents:
            self._fill(offset, buffer)
            return len(buffer)
        begin, end = offset - lead, offset + len(buffer)
        if not self._documents:
            begin, end = self._ahead.choose(begin, end - begin)
            # Documents are read as they refer to each other, so what follows may be here already.
            end = max(min(end, self._kept.next_start(offset) or end), offset + len(buffer))
        elif begin < self._documents:
            here = min(self._kept.end(0), self._proofs.first())
            begin, end = with_documents(begin, end, here, self._documents)
        end = min(end, self.size)
        data = memoryview(bytearray(end - begin))
        self._fill(begin, data)
        self._kept.add(begin, data)
        part = data[offset - begin :][: len(buffer)]
        buffer[: len(part)] = part
        return len(part)

    def _fill(self, start: int, buffer: memoryview) -> None:
        fill(self._read, start, buffer, self._patience, self.name)
        self._proofs.prove(start, buffer)

    def _read(self, offset: int, buffer: memoryview) -> int:
        if self._stopped.is_set():
            raise _stopped(self.name)
        return self._remote.read_range(offset, buffer)


def _stopped(name: str) -> ArchiveError:
    return ArchiveError("was not read to its end", where=name)
