"""The advice for an archive: for each importer and each range of versions that behave alike, what to do."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from ocitool.advice.choice import FOLDER, Choice, Command, Quality, choose
from ocitool.advice.importers import find_importer
from ocitool.advice.outcome import Evidence
from ocitool.advice.spans import span
from ocitool.advice.target import Target
from ocitool.advice.version import VersionRange
from ocitool.model.url import copy_name
from ocitool.plan.filter_command import as_told

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.outcome import Outcome
    from ocitool.advice.request import Request
    from ocitool.advice.table import Table
    from ocitool.advice.version import Version
    from ocitool.model.json_text import JsonObject, JsonValue
    from ocitool.model.platform import Platform
    from ocitool.plan.filter_command import Rewrite


@dataclass(frozen=True, slots=True)
class VersionAdvice:
    """What to do about versions that behave alike; `label` names them, `measured` are those that were run.

    `flags` are the flags that the first of them knows.
    """

    versions: VersionRange
    label: str
    choice: Choice
    flags: Mapping[str, bool]
    measured: tuple[Version, ...] = ()

    def failures(self) -> dict[str, tuple[Command, ...]]:
        """Return what people type that fails though its flags are known, by how it ends, in words."""
        choice = self.choice
        if choice.plain.outcome.failure == FOLDER:
            return {}
        plain = [choice.plain] if choice.plain.quality is Quality.FAILS else []
        alike: dict[str, tuple[Command, ...]] = {}
        for command in dict.fromkeys((*plain, *choice.failing)):
            if not unknown_flags(command, self.flags):
                words = command.outcome.in_words()
                alike[words] = (*alike.get(words, ()), command)
        return alike

    @property
    def unknown_flags(self) -> tuple[str, ...]:
        """Flags that people type and that these versions do not know."""
        flags = (flag for command in self.choice.failing for flag in unknown_flags(command, self.flags))
        return tuple(dict.fromkeys(flags))

    @property
    def evidence(self) -> Evidence:
        """How well this is known: measured if any version of the range was run."""
        return Evidence.MEASURED if self.measured else self.choice.evidence


@dataclass(frozen=True, slots=True)
class ImporterAdvice:
    """What to do about one importer, its oldest versions first."""

    importer: str
    title: str
    versions: tuple[VersionAdvice, ...]
    daemon: Version | None = None
    is_asked: bool = False

    @property
    def works(self) -> bool:
        """Whether the versions that were asked for import the archive as it is; any version, where none was named."""
        works = [line.choice.works for line in self.versions]
        return all(works) if self.is_asked else any(works)

    def typed(self, command: Command, source: str) -> str:
        """Return a command as it is typed, for the archive of a name; names that stay to be chosen stand for that.

        Importers read no URL: what has one goes by the name that it has once it is here.
        """
        return as_told(shlex.join(find_importer(self.importer).words(command.arguments, copy_name(source))))


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about an archive: `source` is what commands call it, `absent` what is wanted and in no image.

    With `is_delta` it lacks what its base has, and nobody is meant to import it as it is.
    """

    source: str
    host: Platform
    wanted: tuple[Platform, ...]
    importers: tuple[ImporterAdvice, ...]
    absent: tuple[Platform, ...] = ()
    is_delta: bool = False

    @property
    def works(self) -> bool:
        """Whether every importer that was asked for imports the archive as it is."""
        return all(importer.works for importer in self.importers)

    def to_json(self) -> JsonObject:
        """Return the report as one JSON object (schema ``output/advise``)."""
        return {
            "schemaVersion": 1,
            "kind": "advise",
            "source": self.source,
            "host": self.host.display,
            "wanted": [platform.display for platform in self.wanted],
            "absent": [platform.display for platform in self.absent],
            "isDelta": self.is_delta,
            "importers": [self._importer_json(importer) for importer in self.importers],
        }

    def _importer_json(self, advice: ImporterAdvice) -> JsonObject:
        return {
            "importer": advice.importer,
            "title": advice.title,
            "daemon": None if advice.daemon is None else str(advice.daemon),
            "works": advice.works,
            "versions": [self._version_json(advice, line) for line in advice.versions],
        }

    def _version_json(self, advice: ImporterAdvice, line: VersionAdvice) -> JsonObject:
        choice = line.choice

        def command(told: Command, source: str = self.source) -> JsonObject:
            return {
                "command": advice.typed(told, source),
                "arguments": list(map(as_told, told.arguments)),
                "quality": told.quality.name.lower(),
                "outcome": outcome_json(told.outcome),
            }

        mending = choice.mending
        return {
            "label": line.label,
            "from": str(line.versions.start),
            "before": None if line.versions.end is None else str(line.versions.end),
            "evidence": line.evidence.value,
            "measured": [str(version) for version in line.measured],
            "works": choice.works,
            "plain": command(choice.plain),
            "best": None if choice.best is None else command(choice.best),
            "nextBest": None if choice.next_best is None else command(choice.next_best),
            "failing": [command(told) for told in choice.failing],
            "mending": None
            if mending is None
            else {
                "why": mending.rewrite.advice,
                "filter": mending.rewrite.typed(self.source),
                "import": command(mending.command, mending.rewrite.output),
                "leftOut": list(mending.left_out),
            },
        }


def outcome_json(outcome: Outcome) -> JsonObject:
    """Return the JSON form of an outcome."""
    return {
        "ending": outcome.ending.value,
        "failure": outcome.failure or None,
        "message": outcome.message or None,
        "stable": outcome.is_stable,
        "images": recorded_json(outcome),
        "reasons": list(outcome.reasons),
    }


def recorded_json(outcome: Outcome) -> list[JsonValue]:
    """Return the JSON form of what is recorded."""
    return [
        {
            "name": as_told(image.name),
            "digest": str(image.digest),
            "ready": list(image.ready),
            "kept": list(image.kept),
            "lost": list(image.lost),
        }
        for image in outcome.images
    ]


def advise(
    facts: ArchiveFacts,
    request: Request,
    host: Platform,
    wanted: Sequence[Platform],
    mendings: Sequence[tuple[Rewrite, Callable[[], ArchiveFacts | None]]] = (),
) -> ImporterAdvice:
    """Return the advice for one importer: one line for each range of versions that do the same with this archive."""
    importer = find_importer(request.importer)
    table = importer.table
    versions = request.versions or VersionRange(table.oldest)

    def at(version: Version) -> Choice:
        target = Target(request.importer, version, host, request.daemon)
        return choose(facts, importer, target, wanted, mendings)

    lines = tuple(_lines(table, versions, at))
    return ImporterAdvice(request.importer, table.title, lines, request.daemon, request.versions is not None)


def _lines(table: Table, versions: VersionRange, at: Callable[[Version], Choice]) -> Iterator[VersionAdvice]:
    known = (*table.turning_points(), *table.measured)
    points = sorted({versions.start, *(version for version in known if version in versions)})
    flags = {point: table.behaviour(point).flags for point in points}
    choices = map(at, points)
    groups = groupby(choices, key=lambda choice: _signature(choice, flags[choice.target.version]))
    firsts = [next(group) for _, group in groups]
    starts = [choice.target.version for choice in firsts]
    for choice, start, end in zip(firsts, starts, [*starts[1:], versions.end], strict=True):
        covered = VersionRange(start, end)
        measured = tuple(version for version in table.measured if version in covered)
        yield VersionAdvice(covered, span(covered, table.lines), choice, flags[start], measured)


def _signature(choice: Choice, known: Mapping[str, bool]) -> Hashable:
    """Return what must be the same for two versions to share a line: what is done and how it ends, not why.

    Of what fails for want of a flag only the flag counts.
    """
    failing = [command for command in choice.failing if not unknown_flags(command, known)]
    unknown = frozenset(flag for command in choice.failing for flag in unknown_flags(command, known))
    mending = choice.mending
    return (
        unknown,
        _end(choice.plain),
        None if choice.best is None else _end(choice.best),
        None if choice.next_best is None else _end(choice.next_best),
        tuple(map(_end, failing)),
        None if mending is None else (mending.rewrite, _end(mending.command)),
    )


def _end(command: Command) -> Hashable:
    if command.quality is Quality.FAILS:
        return command.arguments, command.outcome.in_words()
    return command.arguments, command.quality, command.outcome.names


def unknown_flags(command: Command, known: Mapping[str, bool]) -> tuple[str, ...]:
    """Return the flags of a command that a version does not know."""
    flags = (word.partition("=")[0] for word in command.arguments if word.startswith("-"))
    return tuple(flag for flag in flags if flag not in known)
