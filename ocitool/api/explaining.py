"""Explain error messages against an archive that is opened for it."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ocitool.advice.choice import choose, default_wanted
from ocitool.advice.explain import explain
from ocitool.advice.importers import IMPORTERS
from ocitool.advice.messages.case import World
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.api.advising import OpenedFacts, open_facts
from ocitool.errors import OcitoolError, OutputError
from ocitool.graph.image import ArchiveForm
from ocitool.model.platform import host_platform
from ocitool.plan.filter import plan_filter, plan_layers
from ocitool.plan.steps import Copy

if TYPE_CHECKING:
    from ocitool.advice.explain import Explanation
    from ocitool.advice.request import Request
    from ocitool.api.listener import Listener
    from ocitool.api.opening import SourceOptions
    from ocitool.api.places import Source
    from ocitool.archive.source import ByteSource
    from ocitool.graph.image import ImageGraph
    from ocitool.model.digest import Digest
    from ocitool.model.platform import Platform
    from ocitool.plan.filter_command import Rewrite

_PIECE: Final = 1024 * 1024


def explain_error(
    text: str,
    source: Source | None,
    host: Platform | None = None,
    *,
    request: Request | None = None,
    source_options: SourceOptions | None = None,
    listener: Listener | None = None,
) -> tuple[Explanation, ...]:
    """Explain the messages of a text against `source`, or in general where that is None.

    `host` is the platform of the machine that printed them, by default this one; `request` the program that did, and
    its version, if they are known. Blobs that the text names are
    hashed, no others. An archive that cannot be read is one more cause; raises `OutputError` where it cannot be
    spooled, and `OSError`.
    """
    world = World(host or host_platform(), request=request)
    if source is None:
        return explain(text, None, world)
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(open_facts(source, source_options, listener))
        except OutputError:
            raise
        except OcitoolError as error:
            return explain(text, None, replace(world, refusal=error))
        blobs = _Blobs(opened.facts.graph, opened.source)
        world = replace(
            world,
            plans=blobs.plans,
            hash_blob=blobs.hash_blob,
            import_command=lambda *asked: _import_command(opened, world, *asked),
        )
        return explain(text, opened.facts, world)


def _import_command(opened: OpenedFacts, world: World, rewrite: Rewrite | None, program: str, version: str) -> str:
    """Return the command by which a program imports what there is, or will be.

    Of the versions that were told, or else of all, it is for `version` if that is one of them, else for the newest.
    """
    host, request = world.host, world.request
    importer = IMPORTERS.get(program if request is None else request.importer)
    facts = opened.facts if rewrite is None else opened.after(rewrite)
    if importer is None or facts is None:
        return ""
    known = (*importer.table.measured, *importer.table.turning_points(), *map(Version.parse, filter(None, [version])))
    told = world.versions
    versions = [each for each in known if told is None or each in told]
    newest = max(versions) if versions or told is None else told.start
    asked = Version.parse(version) if version else newest
    target = Target(
        importer.table.importer,
        asked if told is None or asked in told else newest,
        host,
        None if request is None else request.daemon,
    )
    choice = choose(facts, importer, target, default_wanted(facts, host))
    if choice.best is None or not choice.works:
        return ""
    return shlex.join(importer.words(choice.best.arguments, "SRC" if rewrite is None else rewrite.output))


@dataclass(slots=True)
class _Blobs:
    """The blobs of an archive; what was found to be damaged is in no plan that works."""

    graph: ImageGraph
    source: ByteSource
    damaged: set[Digest] = field(default_factory=set)

    def hash_blob(self, digest: Digest) -> Digest | None:
        """Return what the blob of a name hashes to; an archive of docker has no names that are digests."""
        entry = self.graph.blobs.get(digest)
        if entry is None or self.graph.form is ArchiveForm.DOCKER_ARCHIVE:
            return None
        hasher = digest.hasher()
        for start in range(0, entry.size, _PIECE):
            hasher.update(self.source.read_at(entry.data_offset + start, min(_PIECE, entry.size - start)))
        actual = replace(digest, hex=hasher.hexdigest())
        if actual != digest:
            self.damaged.add(digest)
        return actual

    def plans(self, rewrite: Rewrite) -> bool:
        """Tell whether `filter` would write something, without anything that is known to be damaged."""
        try:
            options = rewrite.options()
            layers = plan_layers(self.graph, options)
            plan = plan_filter(self.graph, options)
        except OcitoolError:
            return False
        copies = [content for member in plan.outputs[0].members if isinstance(content := member.content, Copy)]
        copied = {copy.digest for copy in (*copies, *(job.copy for job in layers.jobs))}
        return not copied & self.damaged
