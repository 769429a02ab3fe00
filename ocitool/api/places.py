"""Where archives are: files and folders, standard streams, open files of the caller's, and URLs.

All that tells these kinds apart is here; whoever serves the scheme of a URL opens it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from ocitool.archive.file_object_source import open_file_object
from ocitool.archive.file_objects import ReadableFile, WritableFile, file_object_name
from ocitool.archive.source import open_incoming
from ocitool.errors import UsageError
from ocitool.model.url import path_of_url, shown_url, url_file_name, url_scheme
from ocitool.plan.part_names import plain_text, source_stem

if TYPE_CHECKING:
    from ocitool.archive.layout_directory import DirectorySource
    from ocitool.archive.remote import RemoteStore
    from ocitool.archive.source import ByteSource, FileSource, Incoming

STORES: Final = "ocitool.stores"
"""The group of entry points that name a `RemoteStore` each: for one scheme, or ``any`` for all that no other has."""

Source: TypeAlias = str | os.PathLike[str] | ReadableFile
"""What is read: the path of an archive or of an OCI layout folder, ``-``, a URL, or an open binary file.

``-`` is the descriptor `SourceOptions.standard_input`. Only a `str` is ``-`` or a URL: a `Path` is always a path, and
so is ``./a://b``. An open file is read from where it stands on and never closed; one that can be sought is given back
at that position, others are read once.
"""

Output: TypeAlias = str | os.PathLike[str] | WritableFile
"""What is written: the path of a file, or of a folder with a slash at its end, ``-``, a URL, or an open binary file.

An open file is written in order from where it stands on, flushed and never closed. It is not compressed unless
`WriteOptions.compression` asks for it, whatever it is called. After an error it holds what was written so far.
"""


def open_place(place: Source, *, standard_input: int = 0) -> ByteSource | FileSource | DirectorySource | Incoming:
    """Open what is to be read, without reading more than tells what it is.

    Raises `ArchiveError` if it cannot be read, `UsageError` for a URL that nothing here serves and for an open file
    that is closed, or text; `TypeError` for what is none of these.
    """
    text = typed(place)
    if text is None:
        return open_file_object(cast("ReadableFile", place))
    if scheme := url_scheme(text):
        return remote_store(scheme).open_source(text)
    return open_incoming(text, standard_input=standard_input)


def typed(place: Source | Output) -> str | None:
    """Return a path, URL or ``-`` as it is typed, None for an open file; raises `TypeError` for anything else.

    What ``file://`` names is a path, and a `UsageError` if it is one of another machine.
    """
    if isinstance(place, str):
        return path_of_url(place)
    # Files of some libraries know their path, too; what is open is meant as it is.
    if isinstance(place, os.PathLike) and not hasattr(place, "closed"):
        text: object = os.fspath(place)
        if isinstance(text, str):
            return f"./{text}" if text == "-" or url_scheme(text) else text
    elif callable(getattr(place, "read", None)) or callable(getattr(place, "write", None)):
        return None
    raise TypeError(f"a path, a URL or an open binary file is needed, not {type(place).__name__}")


def place_name(place: Source | Output) -> str:
    """Return what reports and messages call a place: as it is typed, without what is secret in a URL."""
    text = typed(place)
    if text is None:
        return file_object_name(place)
    return shown_url(text) if url_scheme(text) else text


def local_path(place: Source | Output) -> str | None:
    """Return the path of what has one here; None for a URL, an open file and ``-``."""
    text = typed(place)
    return None if text is None or text == "-" or url_scheme(text) else text


def is_same_place(output: Output, source: Source) -> bool:
    """Tell whether an output is what a source is read from: the same name, by links too, URL or open file."""
    path, other = local_path(output), local_path(source)
    if path is None or other is None:
        text = typed(output)
        return output is source if text is None else text != "-" and text == typed(source)
    return os.path.realpath(path) == os.path.realpath(other)


def is_folder(place: Source) -> bool:
    """Tell whether a source is a folder, which is an OCI layout then."""
    path = local_path(place)
    # Not Path.is_dir, which raises for a name that is too long or a folder that may not be searched.
    return path is not None and os.path.isdir(path)  # noqa: PTH112


def place_stem(place: Source | Output) -> str:
    """Return the name of a place without folders and suffixes, "" for one without a name."""
    text = typed(place)
    if text is not None and not url_scheme(text):
        return source_stem(text)
    # Names of other systems, or made up by a program: what is not plain in them is no part of a file name here.
    name = file_object_name(place) if text is None else text
    name = url_file_name(name) if url_scheme(name) else name
    return "" if name.startswith("<") else plain_text(source_stem(name))


def remote_store(scheme: str) -> RemoteStore:
    """Return what serves the URLs of a scheme; raises `UsageError` if nothing that is installed does."""
    from importlib.metadata import entry_points

    for name in (scheme, "any"):
        for found in entry_points(group=STORES, name=name):
            with suppress(ImportError):  # of a library that is not there
                store: RemoteStore = found.load()()
                return store
    raise UsageError(
        f"nothing that is installed serves {scheme}://",
        remedy="install it: pip install 'ocitool[remote]'; a file of that name is ./NAME",
    )
