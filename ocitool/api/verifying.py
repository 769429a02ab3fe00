"""The verb `verify`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ocitool.api.listener import Listener, Silence
from ocitool.api.opening import SourceOptions, open_scanned
from ocitool.check.archive import archive_problems
from ocitool.check.catalogue import RULES
from ocitool.check.checked import CheckedArchive, LayerContents
from ocitool.check.content import blobs_to_hash
from ocitool.check.gates import Gates
from ocitool.check.layers.watch import LayerWatch
from ocitool.check.mending import with_remedies
from ocitool.check.report import Report, judge
from ocitool.check.rule import Profile, Stage
from ocitool.engine.unpack import read_blobs
from ocitool.errors import DocumentError, MissingIndex
from ocitool.graph.build import build_graph, unlisted_graph
from ocitool.plan.unpacking import plan_unpacking

if TYPE_CHECKING:
    from ocitool.api.places import Source


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """How to judge an archive, what it has to hold, and whether layers are unpacked (`deep`)."""

    profile: Profile = Profile.IMPORT
    gates: Gates = field(default_factory=Gates)
    deep: bool = False


def verify_archive(
    source: Source,
    options: VerifyOptions | None = None,
    *,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> Report:
    """Check an archive against every rule of a profile, and against what it has to hold.

    What is wrong is in the report. Raises `ArchiveError` only if there is no archive, its data is cut short or it is
    unsafe to read.
    """
    options = options or VerifyOptions()
    source_options = source_options or SourceOptions()
    listener = listener or Silence()
    with open_scanned(source, source_options, listener, by_contents=False) as scanned:
        try:
            graph = build_graph(scanned.scan, scanned.source, ratio_limit=source_options.ratio_limit)
        except (DocumentError, MissingIndex) as error:
            # Nothing says what the blobs are for; that each has its digest can be told all the same.
            graph = unlisted_graph(scanned.scan, scanned.source, error)
        blobs = blobs_to_hash(graph)
        watch = LayerWatch(graph, scanned.source) if options.deep else None
        listener.start("verifying", sum(blob.size for blob in blobs))
        contents = read_blobs(
            blobs,
            scanned.source,
            () if watch is None else plan_unpacking(graph),
            None if watch is None else watch.watch,
            ratio_limit=source_options.ratio_limit,
            on_bytes=listener.advance,
            rate=source_options.rate,
        )
        listener.finish()
        archive = CheckedArchive(
            scanned.source,
            scanned.scan,
            graph,
            contents.actual,
            scanned.compression,
            LayerContents() if watch is None else LayerContents(contents.layers, watch.seen, watch.starts),
        )
        judged = judge(archive_problems(archive, options.gates), options.profile)
        findings = with_remedies(archive, judged, options.gates.platforms)
        return Report(
            graph.source_name,
            findings,
            blobs=len(contents.actual),
            size=sum(blob.size for blob in blobs),
            profile=options.profile,
            unpacked=sum(layer.size for layer in contents.layers.values()),
            unjudged=_unjudged(archive),
        )


def _unjudged(archive: CheckedArchive) -> frozenset[str]:
    """Return the rules that nothing is said of because all layers together grow too far."""
    if not any(layer.spent for layer in archive.layers.unpacked.values()):
        return frozenset()
    return frozenset(rule.id for rule in RULES.values() if rule.stage is Stage.DEEP and rule.id != "Y11")
