"""Where archives are: files and folders, open files, and URLs, which whoever serves their scheme opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.archive.remote import RemoteStore, url_scheme
from ocitool.archive.source import open_incoming
from ocitool.errors import UsageError

if TYPE_CHECKING:
    import os

    from ocitool.archive.layout_directory import DirectorySource
    from ocitool.archive.source import ByteSource, FileSource, Incoming

STORES: Final = "ocitool.stores"
"""The group of entry points that name a `RemoteStore` each: for one scheme, or ``any`` for all that no other has."""


def open_place(
    place: str | os.PathLike[str], *, standard_input: int = 0
) -> ByteSource | FileSource | DirectorySource | Incoming:
    """Open what is to be read, without reading more than tells what it is.

    Raises `ArchiveError` if it cannot be read, `UsageError` for a URL that nothing here serves.
    """
    scheme = url_scheme(place)
    if scheme:
        return remote_store(scheme).open_source(str(place))
    return open_incoming(place, standard_input=standard_input)


def remote_store(scheme: str) -> RemoteStore:
    """Return what serves the URLs of a scheme; raises `UsageError` if nothing that is installed does."""
    from importlib.metadata import entry_points  # which loads much, and files need none of it

    for name in (scheme, "any"):
        for found in entry_points(group=STORES, name=name):
            store: RemoteStore = found.load()()
            return store
    raise UsageError(
        f"nothing that is installed serves {scheme}://",
        remedy="install it: pip install 'ocitool[remote]'; a file of that name is ./NAME",
    )
