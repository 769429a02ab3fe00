"""Open an archive that comes through a pipe or compressed, and spool no more of it than its plan needs."""

from __future__ import annotations

from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.api.opening import OpenedArchive, SourceOptions, Spooling, unchanged
from ocitool.api.places import Source, open_place
from ocitool.archive.arrivals import EXPECTED, Arrivals
from ocitool.archive.forward import ForwardSource
from ocitool.archive.headers import BLOCK
from ocitool.archive.reader import Scanner
from ocitool.archive.source import Incoming
from ocitool.errors import ArchiveError, NotAnArchive
from ocitool.graph.build import build_graph
from ocitool.graph.layout_files import LAYOUT_FILES
from ocitool.graph.listed import scan_listed
from ocitool.plan.foresight import FIRST, Foresight, foresee, is_same_output
from ocitool.plan.options import Layers, Reflink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ocitool.api.listener import Listener
    from ocitool.archive.entry import Entry, Scan
    from ocitool.archive.source import ByteSource
    from ocitool.graph.image import ImageGraph
    from ocitool.plan.options import FilterOptions
    from ocitool.plan.steps import Plan

WORTHWHILE: Final = 64 * 1024
"""Bytes of an entry that it is worth not to spool; and bytes spooled after which smaller ones are worth it, too."""


@dataclass(frozen=True, slots=True)
class Planner:
    """What a verb does with a graph, and the options that it does it by; with `verify` blobs are held to digests."""

    options: FilterOptions
    plan: Callable[[ImageGraph], Plan]
    verify: bool


def can_arrive(options: FilterOptions) -> bool:
    """Tell whether blobs go on as they come: new layers, and blocks to share, need a spool to come from."""
    return options.layers is Layers.KEEP and options.reflink is Reflink.NEVER


class ArrivingArchive:
    """An archive of which enough has arrived to plan; its blobs are read as `arrivals`.

    `plan` is that of the beginning, and once all has arrived, that of the whole, which writes the same. `sources`
    are the source itself and the one that its plan calls `EXPECTED`.
    """

    def __init__(
        self,
        source: ForwardSource,
        scanner: Scanner,
        rest: Iterator[Entry],
        passed: int,
        foresight: Foresight,
        plan: Plan,
        planner: Planner,
        ratio_limit: int,
    ) -> None:
        self.plan = plan
        self.sources: tuple[ByteSource, ...] = (source,) * (EXPECTED + 1)
        self._source = source
        self._planner = planner
        self._ratio_limit = ratio_limit
        self.arrivals = Arrivals(
            source,
            scanner,
            rest,
            passed,
            foresight.wanted,
            foresight.documents,
            LAYOUT_FILES,
            self._conclude,
            verify=planner.verify,
        )

    def _conclude(self, scan: Scan) -> None:
        """Plan again with all that has arrived; raises what that raises, or if it would write something else."""
        whole = self._planner.plan(build_graph(scan, self._source, ratio_limit=self._ratio_limit))
        if not is_same_output(self.plan, whole):
            raise ArchiveError(
                "its end says something else than its beginning of what is to be kept",
                where=self._source.name,
                remedy=self._source.remedy,
            )
        self.plan = whole


@contextmanager
def open_arriving(
    place: Source, options: SourceOptions, listener: Listener, planner: Planner
) -> Iterator[OpenedArchive | ArrivingArchive]:
    """Open an archive for a planner, which is asked as soon as it may know enough.

    What can be read in any order, or is whole before that, is opened as `open_archive` does. Raises what that raises.
    """
    spooling = Spooling(listener)
    spool = spooling.options(options)
    opened = open_place(place, standard_input=options.standard_input)
    with closing(ForwardSource(opened, spool) if isinstance(opened, Incoming) else opened) as source:
        with unchanged(source):
            archive = (
                _read_beginning(source, options, planner)
                if isinstance(source, ForwardSource)
                else OpenedArchive((source,), _listed_graph(source, options))
            )
        spooling.finish()
        with unchanged(source) if isinstance(archive, ArrivingArchive) else nullcontext():
            yield archive


def _read_beginning(
    source: ForwardSource, options: SourceOptions, planner: Planner
) -> OpenedArchive | ArrivingArchive:
    """Keep what comes until it suffices for a plan."""
    if not source.read_at(0, 1):
        raise NotAnArchive("is empty", where=source.name)
    scanner = Scanner(source, window=BLOCK)
    rest = scanner.walk()
    awaited = FIRST
    tried = 0
    for entry in rest:
        passed = len(scanner.entries) - 1
        end = entry.data_offset + entry.size
        is_worthwhile = entry.size >= WORTHWHILE or entry.data_offset - tried >= WORTHWHILE
        if awaited or not is_worthwhile or source.holds(end):
            awaited -= {entry.name}
            if not awaited:
                source.expect(whole=False)
            continue
        tried = entry.data_offset
        foresight = foresee(scanner.entries[:passed], source, planner.options, planner.plan)
        if foresight.plan is not None:
            source.let_go()
            waiting = _with_first(entry, rest)
            return ArrivingArchive(
                source, scanner, waiting, passed, foresight, foresight.plan, planner, options.ratio_limit
            )
        if foresight.awaited is None:
            source.expect(whole=True)
            break
        awaited = foresight.awaited - {entry.name}
    for _ in rest:
        pass
    scan = scanner.finish()
    spooled = source.as_spool()
    return OpenedArchive((spooled,), _graph(scan, spooled, options))


def _with_first(entry: Entry, rest: Iterator[Entry]) -> Iterator[Entry]:
    yield entry
    yield from rest


def _listed_graph(source: ByteSource, options: SourceOptions) -> ImageGraph:
    scan, graph = scan_listed(source, ratio_limit=options.ratio_limit)
    return graph or _graph(scan, source, options)


def _graph(scan: Scan, source: ByteSource, options: SourceOptions) -> ImageGraph:
    return build_graph(scan, source, ratio_limit=options.ratio_limit)
