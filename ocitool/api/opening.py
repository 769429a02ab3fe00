"""Open an archive: a source, its entries and its graph."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.api.listener import Listener, Silence
from ocitool.api.places import Source, open_place, place_name, typed
from ocitool.archive.reader import scan_source
from ocitool.archive.source import ByteSource, Incoming, spool_incoming
from ocitool.archive.spool import SpoolOptions
from ocitool.errors import ArchiveError, DocumentError, IntegrityError, Interrupted, OcitoolError, UsageError
from ocitool.graph.build import build_graph
from ocitool.graph.listed import scan_listed
from ocitool.graph.merge import merge_graphs
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ocitool.archive.entry import Scan
    from ocitool.engine.rate import Rate
    from ocitool.graph.image import ImageGraph


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How to read a source that is no plain file.

    The descriptor behind ``-``, where to spool what is piped or compressed, and how many times its size compressed
    data may grow to. `rate` bounds the bytes that are spooled, hashed and unpacked in a second.
    """

    standard_input: int = 0
    spool_directory: Path | None = None
    ratio_limit: int = RATIO_LIMIT
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class OpenedArchive:
    """An archive, or several as one, open for reading; the graph's entries name their source by its number."""

    sources: tuple[ByteSource, ...]
    graph: ImageGraph


@contextmanager
def open_archives(
    places: Sequence[Source],
    options: SourceOptions | None = None,
    listener: Listener | None = None,
    *,
    join: bool = True,
) -> Iterator[OpenedArchive]:
    """Open several archives as one; `join` makes one image of all that an importer would give one name.

    Raises what `open_archive` and `merge_graphs` raise, and `UsageError` if standard input or an open file is there
    twice.
    """
    require_one_stream(places)
    with ExitStack() as stack:
        if not join:
            (only,) = places
            yield stack.enter_context(open_archive(only, options, listener))
            return
        opened: list[OpenedArchive] = []
        for place in places:
            with naming(place_name(place)):
                opened.append(stack.enter_context(open_archive(place, options, listener)))
        sources = tuple(source for archive in opened for source in archive.sources)
        yield OpenedArchive(sources, merge_graphs([archive.graph for archive in opened], sources))


def require_one_stream(places: Sequence[Source]) -> None:
    """Raise `UsageError` if standard input or an open file is there twice."""
    if sum(typed(place) == "-" for place in places) > 1:
        raise UsageError("standard input can be read once", remedy="name - once, and files for the others")
    files = [place for place in places if typed(place) is None]
    if len({id(file) for file in files}) < len(files):
        raise UsageError("an open file can be read once", remedy="give each archive once, or its path")


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Have what is wrong with one archive of several say which it is."""
    try:
        yield
    except (ArchiveError, DocumentError, IntegrityError) as error:
        name = "standard input" if name == "-" else name
        if not error.where.startswith(name):
            error.where = ": ".join(filter(None, (name, error.where)))
        raise


@contextmanager
def open_archive(
    place: Source, options: SourceOptions | None = None, listener: Listener | None = None
) -> Iterator[OpenedArchive]:
    """Open an archive and read all that it lists; raises what scanning and reading the index raise."""
    options = options or SourceOptions()
    with open_scanned(place, options, listener or Silence()) as scanned:
        graph = scanned.graph
        if graph is None:
            with unchanged(scanned.source):
                graph = build_graph(scanned.scan, scanned.source, ratio_limit=options.ratio_limit)
        yield OpenedArchive((scanned.source,), graph)


@dataclass(frozen=True, slots=True)
class ScannedArchive:
    """An archive whose entries are known; `compression` is what the whole file is compressed with, "" if plain.

    `graph` is there where it was needed to know that a table of contents can be trusted.
    """

    source: ByteSource
    scan: Scan
    compression: str
    graph: ImageGraph | None = None


@contextmanager
def open_scanned(
    place: Source, options: SourceOptions, listener: Listener, *, by_contents: bool = True
) -> Iterator[ScannedArchive]:
    """Open an archive and list its entries, not from a table of contents without `by_contents`.

    Raises what opening and scanning raise.
    """
    spooling = Spooling(listener)
    spool = spooling.options(options)
    opened = open_place(place, standard_input=options.standard_input)
    with closing(spool_incoming(opened, spool) if isinstance(opened, Incoming) else opened) as source:
        spooling.finish()
        with unchanged(source):
            if by_contents:
                scan, graph = scan_listed(source, ratio_limit=options.ratio_limit)
            else:
                scan, graph = scan_source(source, by_contents=False), None
        yield ScannedArchive(source, scan, source.compression, graph)


class Spooling:
    """A phase that a listener hears of once anything is spooled."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._has_begun = False
        self._rate: Rate | None = None

    def options(self, options: SourceOptions) -> SpoolOptions:
        """Return how to spool."""
        self._rate = options.rate
        return SpoolOptions(options.spool_directory, options.ratio_limit, self._advance)

    def finish(self) -> None:
        """End the phase, if it has begun."""
        if self._has_begun:
            self._listener.finish()

    def _advance(self, count: int) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._listener.start("spooling", None)
        self._listener.advance(count)
        if self._rate is not None:
            self._rate.take(count)


@contextmanager
def unchanged(source: ByteSource) -> Iterator[None]:
    """Have a source that changed meanwhile say so: a file that is still being written looks damaged."""
    try:
        yield
    except Interrupted:
        raise
    except OcitoolError:
        source.check_unchanged()
        raise
