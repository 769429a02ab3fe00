"""The verb `advise`: what importers will do with an archive, and the command that works."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from ocitool.advice.choice import default_wanted
from ocitool.advice.expectation import Expectation
from ocitool.advice.facts import ArchiveFacts
from ocitool.advice.mendings import mending_rewrites
from ocitool.advice.platform_words import can_be_typed
from ocitool.advice.report import Advice, advise
from ocitool.advice.request import Request, every_request
from ocitool.api.listener import Listener, Silence
from ocitool.api.opening import SourceOptions, open_scanned
from ocitool.api.places import Source, is_folder, place_name, typed
from ocitool.errors import DocumentError, MissingIndex, OcitoolError
from ocitool.graph.build import build_graph, unlisted_graph
from ocitool.graph.by_content import graph_by_content
from ocitool.graph.image import Kind, Origin
from ocitool.model.limits import RATIO_LIMIT
from ocitool.model.platform import host_platform
from ocitool.model.url import copy_name, shown_url
from ocitool.plan.filter import plan_filter
from ocitool.plan.preview import preview, with_layers
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ocitool.archive.entry import Scan
    from ocitool.archive.source import ByteSource
    from ocitool.model.platform import Platform
    from ocitool.model.platform_selection import PlatformSelection
    from ocitool.plan.filter_command import Rewrite

_ARCHIVE_SUFFIXES: Final = (".tar", ".gz", ".tgz", ".zst", ".xz", ".bz2", ".lz4")


@dataclass(frozen=True, slots=True)
class AdviseOptions:
    """What is asked: importers (none: all of them), the host's platform (None: this one), the platforms wanted.

    Without `wanted` it is the host's platform, or all that is whole where the archive has nothing for the host.
    """

    requests: tuple[Request, ...] = ()
    host: Platform | None = None
    wanted: PlatformSelection | None = None


def advise_archive(
    source: Source,
    options: AdviseOptions | None = None,
    *,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> Advice:
    """Tell for each importer and range of versions how an import ends, and which command works.

    Layers are not read: whether their bytes are whole `verify_archive` tells. Raises `ArchiveError` if there is no
    archive, its data is cut short or it is unsafe to read.
    """
    options = options or AdviseOptions()
    host = options.host or default_host()
    with open_facts(source, source_options, listener) as opened:
        wanted = wanted_platforms(opened.facts, options.wanted, host)
        name = command_name(source)
        mendings = opened.mendings(wanted, name)
        requests = options.requests or every_request()
        importers = tuple(advise(opened.facts, request, host, wanted, mendings) for request in requests)
        # Where the list of images cannot be read, nobody knows what is absent.
        absent = Expectation.of(opened.facts, tuple(wanted)).absent if opened.facts.graph.images else ()
        return Advice(typed_name(name), host, wanted, importers, absent, opened.facts.graph.is_delta)


def default_host() -> Platform:
    """Return the platform of this machine as importers see it: on a Mac they run in a machine of Linux."""
    host = host_platform()
    return replace(host, os="linux") if host.os == "darwin" else host


def wanted_platforms(
    facts: ArchiveFacts, selection: PlatformSelection | None, host: Platform
) -> tuple[Platform, ...]:
    """Return the platforms that are wanted: those named, whether the archive has them or not, and all that fit."""
    if selection is None:
        return default_wanted(facts, host)
    nodes = [node for image in facts.graph.images for node in image.manifests() if node.kind is Kind.IMAGE]
    listed = (node.platform.normalized() for node in nodes if node.platform is not None)
    named = (one.pattern for one in selection.specifiers if one.is_literal and not one.exclude)
    fitting = (platform for platform in listed if selection.wants(platform) and can_be_typed(platform))
    return tuple(dict.fromkeys((*named, *fitting)))


@dataclass(frozen=True, slots=True)
class OpenedFacts:
    """An open archive as importers meet it."""

    source: ByteSource
    facts: ArchiveFacts

    def mendings(
        self, wanted: Sequence[Platform], name: str
    ) -> list[tuple[Rewrite, Callable[[], ArchiveFacts | None]]]:
        """Return the rewrites that are worth a look, each with what it would write; `name` is the archive's."""
        output = output_name(name, wanted)
        rewrites = (replace(rewrite, output=output) for rewrite in mending_rewrites(self.facts, wanted))
        return [(rewrite, cache(lambda rewrite=rewrite: self.after(rewrite))) for rewrite in rewrites]

    def after(self, rewrite: Rewrite) -> ArchiveFacts | None:
        """Return what a rewrite would write; None if it would fail."""
        try:
            plan = plan_filter(self.facts.graph, rewrite.options())
            (output,) = plan.outputs
            copies = (member.content for member in output.members if isinstance(member.content, Copy))
            if any(copy.digest in self.facts.corrupt for copy in copies):
                return None
            graph = preview(output, (self.source,))
        except OcitoolError:
            return None
        graph = replace(graph, origins=(Origin(rewrite.output, graph.source_size),))
        return ArchiveFacts(with_layers(graph, rewrite.layers))


@contextmanager
def open_facts(
    source: Source, source_options: SourceOptions | None = None, listener: Listener | None = None
) -> Iterator[OpenedFacts]:
    """Open an archive as importers meet it, whatever is wrong with its documents; raises what scanning it raises."""
    options = source_options or SourceOptions()
    with open_scanned(source, options, listener or Silence()) as scanned:
        facts = read_facts(scanned.scan, scanned.source, scanned.compression, ratio_limit=options.ratio_limit)
        yield OpenedFacts(scanned.source, replace(facts, is_folder=is_folder(source)))


def read_facts(
    scan: Scan, source: ByteSource, compression: str = "", *, ratio_limit: int = RATIO_LIMIT
) -> ArchiveFacts:
    """Return what importers meet in the entries of an archive; raises what `build_graph` does of what is no image."""
    by_content = None
    try:
        graph = build_graph(scan, source, ratio_limit=ratio_limit)
        by_content = graph_by_content(scan, source, graph, ratio_limit=ratio_limit)
    except (DocumentError, MissingIndex) as error:
        graph = unlisted_graph(scan, source, error)
    return ArchiveFacts(graph, compression, by_content=by_content)


def command_name(source: Source) -> str:
    """Return what commands call a source: an open file comes to them through a pipe."""
    return "-" if typed(source) is None else place_name(source)


def typed_name(source: str) -> str:
    """Return a place as a command can take it: a path that begins with a dash is no option; URLs without secrets."""
    return f"./{source}" if source.startswith("-") and source != "-" else shown_url(source)


def output_name(source: str, wanted: Sequence[Platform]) -> str:
    """Return a name for what is filtered from an archive, beside which it would stand; of a URL that is here."""
    path = PurePath("image.tar" if source == "-" else copy_name(source))
    stem = path.name
    while (suffix := PurePath(stem).suffix) in _ARCHIVE_SUFFIXES:
        stem = stem.removesuffix(suffix)
    stem = stem.replace(":", "-")  # podman and skopeo end a path there
    platforms = wanted[0].slug if len(wanted) == 1 else "filtered"
    return typed_name(str(path.with_name(f"{stem or 'image'}-{platforms}.tar")))
