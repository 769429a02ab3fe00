"""Tables of contents that are trusted: those of archives that we could have written, as their documents show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.archive.reader import scan_source
from ocitool.errors import DocumentError, MissingIndex, NotAnArchive, TruncatedArchive, UnsupportedArchive
from ocitool.graph.build import build_graph
from ocitool.graph.image import ArchiveForm
from ocitool.graph.sizes import read_usage
from ocitool.model.delta import DELTA_RULE
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from ocitool.archive.entry import Scan
    from ocitool.archive.source import ByteSource
    from ocitool.graph.image import ImageGraph


def scan_listed(source: ByteSource, *, ratio_limit: int = RATIO_LIMIT) -> tuple[Scan, ImageGraph | None]:
    """List the entries of a source, and return its graph too where that was needed.

    An archive of ours lists all that it holds, and nothing is wrong with it. A table of contents that tells of more
    or of something else is not trusted, for an entry that nobody reads may be others in truth: then the headers are
    scanned. Raises what `scan_source` raises.
    """
    scan = scan_source(source)
    if not scan.is_listed:
        return scan, None
    try:
        graph = build_graph(scan, source, ratio_limit=ratio_limit)
    except (DocumentError, MissingIndex, NotAnArchive, TruncatedArchive, UnsupportedArchive):
        graph = None  # who asks for the graph of what is scanned hears what is wrong
    if graph is not None and lists_all(graph):
        return scan, graph
    return scan_source(source, by_contents=False), None


def lists_all(graph: ImageGraph) -> bool:
    """Tell whether everything that an archive holds is listed in it, and nothing is wrong with it.

    That a delta is one is no fault of it here.
    """
    if graph.form is not ArchiveForm.OCI_LAYOUT or graph.other_files:
        return False
    if any(fault.rule != DELTA_RULE for fault in graph.faults):
        return False
    usage = read_usage(graph)
    return all(usage.count(digest) for digest in graph.blobs)
