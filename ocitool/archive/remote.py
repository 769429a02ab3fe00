"""What the core knows of archives on other machines: how to ask for one by its URL, never how it is reached."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from ocitool.archive.sink import NewOutput, OrderedSink

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ocitool.archive.source import ByteSource, Incoming


class FarSource(ABC):
    """A `ByteSource` of which every read is a request, so that a table of contents is worth to be trusted."""

    @property
    def object_version(self) -> str:
        """What tells that the object is the same when it is opened another day, such as its ETag; "" if nothing."""
        return ""

    @abstractmethod
    def require_before(self, expected: Mapping[int, bytes], documents: int) -> None:
        """Hold what stands right before each offset to the bytes given for it, once what is at the offset is read.

        So a header is proven with the content that it is the header of, without a request of its own. Reading raises
        `ArchiveError` if it is another one. All that is read before `will_read` ends at the offset `documents`, and
        nothing that was not asked for is of use behind it; 0 if that is not known. It may be told anew.
        """

    @abstractmethod
    def will_read(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Hear what is read next, each range as (offset, length) in bytes, in the order in which that is going to be.

        It is fetched ahead. Other reads go on to work, and it may be told anew.
        """

    @abstractmethod
    def interrupt(self) -> None:
        """Have all reads that wait, and all that follow, end with `ArchiveError`: what they are for is to stop."""


class Upload(OrderedSink, NewOutput, Protocol):
    """A remote output: bytes in order that appear under its URL when it is published, whole, or not at all."""

    @property
    def written(self) -> int:
        """Bytes that were given to `write`."""

    def begin(self, size: int | None) -> None:
        """Hear how many bytes are to come before the first does; None if nobody knows."""


class RemoteStore(Protocol):
    """Opens archives by URL.

    Both raise `UsageError` if the scheme is not served, or not this way, and name what to install if that is why.
    Messages show a URL without what is secret in it.
    """

    def open_source(self, url: str) -> ByteSource | Incoming:
        """Open an object to be read: by offset if that can be, else as what comes in order.

        Raises `ArchiveError` if it cannot be read.
        """

    def open_output(self, url: str, *, clobber: bool) -> Upload:
        """Open an object to be written; raises `OutputError` if that cannot be or, without `clobber`, it exists."""
