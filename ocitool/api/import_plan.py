"""The plan of an import: the command, what it is fed, and how it is expected to end; pure functions of values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ocitool.advice.choice import choose, default_wanted
from ocitool.advice.facts import ArchiveFacts
from ocitool.advice.mendings import mending_rewrites
from ocitool.advice.report import recorded_json
from ocitool.api.import_client import ClientOptions
from ocitool.api.import_warnings import import_warnings, reason_of
from ocitool.api.piped_importer import PIPE, PipedImporter, piped, spell
from ocitool.errors import ImportRefused
from ocitool.graph.image import Kind
from ocitool.model.platform_selection import AVAILABLE
from ocitool.plan.filter import plan_filter
from ocitool.plan.filter_command import Rewrite
from ocitool.plan.preview import preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ocitool.advice.choice import Choice, Command
    from ocitool.advice.importer import Importer
    from ocitool.advice.outcome import Evidence, Outcome
    from ocitool.advice.target import Target
    from ocitool.api.advising import OpenedFacts
    from ocitool.model.json_text import JsonObject
    from ocitool.model.platform import Platform


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What is to be imported and where: `platforms`, `images` and `name` as they were typed for a filter."""

    platforms: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    name: str = ""
    client: ClientOptions = field(default_factory=ClientOptions)

    def rewrite(self, *, is_folder: bool) -> Rewrite | None:
        """Return the filter that these ask for, None for an archive that goes as it is."""
        asked = {"--platform": self.platforms, "--image": self.images, "--name": self.name}
        reasons = [f"{option} asks for it" for option, value in asked.items() if value][:1]
        if is_folder:
            reasons.append("a folder is no archive")
        if not reasons:
            return None
        return Rewrite(reasons[0], self.platforms or (AVAILABLE,), images=self.images, name=self.name, output=PIPE)


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import runs and feeds.

    `words` is the command, which reads the archive from its standard input: what `rewrite` makes of the archive, or
    with None the archive itself. `reason` says why it is rewritten, `outcome` how the import is expected to end and
    `evidence` how well that is known; `warnings` are lines for the user. `facts` are those of what is fed, its layers
    before they are compressed anew; `compression` is what the archive is taken out of on the way, "" if nothing.
    """

    target: Target
    words: tuple[str, ...]
    rewrite: Rewrite | None
    outcome: Outcome
    evidence: Evidence
    facts: ArchiveFacts
    wanted: tuple[Platform, ...]
    compression: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why the archive is rewritten, "" if it is not."""
        return "" if self.rewrite is None else self.rewrite.advice

    def to_json(self) -> JsonObject:
        """Return the fields of the report that are known before anything is run."""
        outcome, target = self.outcome, self.target
        return {
            "importer": target.importer,
            "version": str(target.version),
            "daemonVersion": None if target.daemon is None else str(target.daemon),
            "host": target.host.display,
            "wanted": [platform.display for platform in self.wanted],
            "command": list(self.words),
            "filter": None if self.rewrite is None else self.rewrite.typed("SRC"),
            "reason": self.reason,
            "decompressed": self.compression,
            "evidence": self.evidence.value,
            "expected": {
                "ending": outcome.ending.value,
                "images": recorded_json(outcome),
                "reasons": list(outcome.reasons),
            },
            "warnings": list(self.warnings),
        }


def plan_import(
    opened: OpenedFacts, options: ImportOptions, importer: Importer, target: Target, *, is_folder: bool = False
) -> ImportPlan:
    """Plan the import of an open archive.

    It is fed as it is, decompressed, where a command does all that is wanted with that; filtered where the options
    ask for it, or where that is what helps. Raises what the filter raises that the options ask for, and
    `ImportRefused` if nothing is known to work.
    """
    fed_through = piped(importer, target, options.client)
    return _Planner(opened, options, fed_through, target, options.rewrite(is_folder=is_folder)).plan()


@dataclass(frozen=True, slots=True)
class _Planner:
    opened: OpenedFacts
    options: ImportOptions
    importer: PipedImporter
    target: Target
    asked: Rewrite | None

    def plan(self) -> ImportPlan:
        facts = self._fed()
        wanted = _platforms(facts) if self.options.platforms else default_wanted(facts, self.target.host)
        rewrites = list(self._rewrites(facts, wanted))
        choice = self._choose(facts, wanted, [rewrite for rewrite in rewrites if rewrite.is_settled])
        if choice.works or (choice.best is not None and choice.mending is None):
            return self._planned(choice, choice.best, self.asked, facts, wanted, rewrites)
        if choice.mending is not None:
            rewrite = choice.mending.rewrite
            mended = self.opened.after(rewrite) or facts
            rewrite = replace(rewrite, advice=f"{rewrite.advice}; as it is: {reason_of(choice.plain.outcome)}")
            return self._planned(choice, choice.mending.command, rewrite, mended, wanted, rewrites)
        raise self._refusal(choice, facts, wanted, rewrites)

    def _fed(self) -> ArchiveFacts:
        """Return the facts of what the options ask to feed: a plain tar, whatever the source is compressed with."""
        if self.asked is None:
            for fault in self.opened.facts.graph.faults:
                raise fault.to_error()
            return replace(self.opened.facts, compression="")
        (output,) = plan_filter(self.opened.facts.graph, self.asked.options()).outputs
        return ArchiveFacts(preview(output, (self.opened.source,)), corrupt=self.opened.facts.corrupt)

    def _rewrites(self, facts: ArchiveFacts, wanted: tuple[Platform, ...]) -> Iterator[Rewrite]:
        """Yield the rewrites that may help, each with what the options ask for."""
        for rewrite in mending_rewrites(facts, wanted):
            fitted = replace(rewrite, output=PIPE, images=self.options.images)
            if self.options.platforms:
                fitted = replace(fitted, platforms=self.options.platforms)
            if self.options.name:
                fitted = replace(fitted, name=self.options.name, renames=())
            yield fitted

    def _choose(self, facts: ArchiveFacts, wanted: tuple[Platform, ...], rewrites: list[Rewrite]) -> Choice:
        mendings = [(rewrite, self._outlook(rewrite)) for rewrite in rewrites]
        return choose(facts, self.importer, self.target, wanted, mendings)

    def _outlook(self, rewrite: Rewrite) -> Callable[[], ArchiveFacts | None]:
        return lambda: self.opened.after(rewrite)

    def _planned(
        self,
        choice: Choice,
        command: Command | None,
        rewrite: Rewrite | None,
        facts: ArchiveFacts,
        wanted: tuple[Platform, ...],
        rewrites: list[Rewrite],
    ) -> ImportPlan:
        if command is None:
            raise self._refusal(choice, facts, wanted, rewrites)
        return ImportPlan(
            self.target,
            spell(self.importer, command.arguments, self.target, self.options.client),
            rewrite,
            command.outcome,
            choice.evidence,
            facts,
            wanted,
            "" if rewrite is not None else self.opened.facts.compression,
            tuple(import_warnings(facts, self.importer, self.target, wanted, command)),
        )

    def _refusal(
        self, choice: Choice, facts: ArchiveFacts, wanted: tuple[Platform, ...], rewrites: list[Rewrite]
    ) -> ImportRefused:
        named = self._choose(facts, wanted, [rewrite for rewrite in rewrites if not rewrite.is_settled])
        reason = reason_of(choice.plain.outcome)
        return ImportRefused(
            f"{self.target.importer} {self.target.version} does not import {_listed(wanted)} of this: {reason}",
            where=self.opened.source.name,
            remedy=_remedy(named),
        )


def _platforms(facts: ArchiveFacts) -> tuple[Platform, ...]:
    nodes = [node for image in facts.graph.images for node in image.manifests() if node.kind is Kind.IMAGE]
    return tuple(dict.fromkeys(node.platform.normalized() for node in nodes if node.platform is not None))


def _listed(wanted: tuple[Platform, ...]) -> str:
    return ", ".join(platform.display for platform in wanted)


def _remedy(choice: Choice) -> str:
    if choice.mending is None:
        return "see ocitool advise for what other importers and versions do"
    if choice.mending.rewrite.name:
        return f"give it a name: --name {choice.mending.rewrite.name}"
    return f"{choice.mending.rewrite.advice}: {choice.mending.rewrite.command} | ocitool import -"
