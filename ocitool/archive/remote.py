"""What the core knows of archives on other machines: how to ask for one by its URL, never how it is reached."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Protocol

from ocitool.archive.sink import NewOutput, OrderedSink
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ocitool.archive.source import ByteSource, Incoming

_URL: Final = re.compile(r"arn:.*|([A-Za-z][A-Za-z0-9+.-]*)://")
_HOST: Final = re.compile(r"arn:.*|(\[[^]]*\]|[^:\[\]]*)(:[0-9]*)?([?#].*)?")
_LOCAL: Final = frozenset({"file", "local"})
_VERSIONS: Final = frozenset({"versionid", "generation", "versionsnapshot", "snapshot"})
"""Parameters of a URL that name a version of an object."""


def url_scheme(place: object) -> str:
    """Return the scheme of a URL in lower case, "" for what is none; ``./`` before it makes any name a path."""
    found = _URL.match(os.fspath(place)) if isinstance(place, str) else None
    return found[1].lower() if found else ""


def shown_url(place: str | os.PathLike[str]) -> str:
    """Return a place as messages and reports show it: a URL without user, password and what its query says.

    Signed URLs carry their signature there; only the version of an object is shown. A path is shown as it is.
    """
    name = os.fspath(place)
    if not url_scheme(name):
        return name
    scheme, _, rest = name.partition("://")
    # First, as a password may hold what ends a host in a URL.
    host, slash, rest = rest.partition("/")
    host = host.rpartition("@")[2]
    if not _HOST.fullmatch(host):
        return f"{scheme}://..."
    path, _, query = f"{host}{slash}{rest}".partition("#")[0].partition("?")
    fields = [field.partition("=") for field in query.split("&") if field]
    shown = "&".join(
        f"{key}={value}" if key.lower() in _VERSIONS else f"{key if is_ else ''}{is_}..."
        for key, is_, value in fields
    )
    return f"{scheme}://{path}{shown and '?'}{shown}"


def copy_name(place: str) -> str:
    """Return what a copy of a remote object in this folder is called; any other place is what it is."""
    if not url_scheme(place):
        return place
    path = shown_url(place).partition("?")[0].partition("://")[2]
    return path.rpartition("/")[2] or "image.tar"


def local_path(place: str | os.PathLike[str]) -> str:
    """Return the path that a ``file://`` URL means (RFC 8089), and any other place as it is.

    Raises `UsageError` for a file of another machine.
    """
    name = os.fspath(place)
    if url_scheme(name) not in _LOCAL:
        return name
    path = name.partition("://")[2].removeprefix("localhost")
    if not path.startswith("/"):
        raise UsageError(
            "names a file of another machine", where=name, remedy="write file:///PATH, or the path alone"
        )
    from urllib.parse import unquote

    return unquote(path)


class FarSource(ABC):
    """A `ByteSource` of which every read is a request, so that a table of contents is worth to be trusted."""

    @abstractmethod
    def require_before(self, expected: Mapping[int, bytes]) -> None:
        """Hold what stands right before each offset to the bytes given for it, once what is at the offset is read.

        So a header is proven with the content that it is the header of, without a request of its own. Reading raises
        `ArchiveError` if it is another one.
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
