"""Choose the command: of those that can be typed the one that works, and what makes one work where none does."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from ocitool.advice.expectation import Expectation
from ocitool.advice.outcome import Ending, Evidence, Outcome
from ocitool.advice.platform_words import can_be_typed
from ocitool.graph.image import Kind, State
from ocitool.graph.node import importer_name
from ocitool.model.reference import has_reference_separator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.importer import Importer
    from ocitool.advice.outcome import RecordedImage
    from ocitool.advice.table import Table
    from ocitool.advice.target import Target
    from ocitool.advice.version import Version
    from ocitool.graph.image import Image, ManifestNode
    from ocitool.model.digest import Digest
    from ocitool.model.platform import Platform
    from ocitool.plan.filter_command import Rewrite


FOLDER: Final = "folder"
"""The failure of every command on a layout folder."""

_FOLDER: Final = Outcome(
    Ending.ERROR, FOLDER, "… is a directory", reasons=("it is a folder, and importers read a file",)
)


class Quality(IntEnum):
    """What a command is worth.

    `WORKS`: every image gets its name, and every platform that is wanted is ready to run. `STORES`: the names are
    right and all that is wanted stays, though some of it is not unpacked. `MISNAMES`: all that is wanted stays, under
    other names. `FAILS`: an error, nothing, or less than what is wanted.
    """

    FAILS = 0
    MISNAMES = 1
    STORES = 2
    WORKS = 3


@dataclass(frozen=True, slots=True)
class Command:
    """The arguments of an import, how it ends and what that is worth."""

    arguments: tuple[str, ...]
    outcome: Outcome
    quality: Quality


@dataclass(frozen=True, slots=True)
class Mending:
    """A `filter` command, and the import that works with what it writes; `left_out` are images that it drops."""

    rewrite: Rewrite
    command: Command
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What to do about one importer of one version.

    `plain` is the command without any argument; `best` the one that does most, None if none does anything good;
    `next_best` another one that stores all that is wanted; `failing` those that people are used to and that fail
    here; `mending` what makes more of it, where `best` is not all that is wanted.
    """

    target: Target
    evidence: Evidence
    plain: Command
    best: Command | None
    next_best: Command | None
    failing: tuple[Command, ...]
    mending: Mending | None

    @property
    def works(self) -> bool:
        """Whether the archive can be imported as it is, so that all that is wanted stays under its names."""
        return self.best is not None and self.best.quality >= Quality.STORES


def choose(
    facts: ArchiveFacts,
    importer: Importer,
    target: Target,
    wanted: Sequence[Platform],
    mendings: Iterable[tuple[Rewrite, Callable[[], ArchiveFacts | None]]] = (),
) -> Choice:
    """Choose the best command for a target.

    `mendings` are rewrites in the order of preference, each with a function that tells what it would write, None if
    it would fail; they are looked at only if no command does all that is wanted.
    """
    judge = _Judge(facts, importer, target, wanted)
    commands = [judge.command(arguments) for arguments in importer.candidates(facts, target, wanted)]
    ranked = sorted(commands, key=lambda command: -command.quality)  # stable: the simplest first
    best = ranked[0] if ranked and ranked[0].quality > Quality.FAILS else None
    others = (command for command in ranked if command is not best and command.quality >= Quality.STORES)
    # A flag for one of several platforms cannot do what is wanted.
    usual = (judge.command(arguments) for arguments in importer.usual(target, wanted if len(wanted) == 1 else ()))
    return Choice(
        target,
        evidence(importer.table, target.daemon or target.version),
        judge.command(()),
        best,
        next(others, None),
        tuple(command for command in usual if command.quality is Quality.FAILS),
        _mending(facts, importer, target, wanted, mendings, Quality.FAILS if best is None else best.quality),
    )


def _mending(
    facts: ArchiveFacts,
    importer: Importer,
    target: Target,
    wanted: Sequence[Platform],
    mendings: Iterable[tuple[Rewrite, Callable[[], ArchiveFacts | None]]],
    quality: Quality,
) -> Mending | None:
    found: Mending | None = None
    for rewrite, outlook in mendings if quality < Quality.WORKS else ():
        after = outlook()
        if after is None:
            continue
        judge = _Judge(after, importer, target, wanted)
        for arguments in importer.candidates(after, target, wanted):
            command = judge.command(arguments)
            if command.quality > quality:
                found, quality = Mending(rewrite, command, _left_out(facts, after)), command.quality
        if quality is Quality.WORKS:
            break
    return found


def _left_out(before: ArchiveFacts, after: ArchiveFacts) -> tuple[str, ...]:
    """Return the named images of an archive that are not in what is made of it."""
    kept = {importer_name(image.name) for image in after.graph.images if image.name}
    named = [image.name for image in before.graph.images if image.name and not image.is_artifact]
    return tuple(name for name in named if importer_name(name) not in kept and has_reference_separator(name))


@dataclass(slots=True)
class _Stored:
    """The platforms of all records of one name, or of one digest."""

    ready: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)

    def add(self, record: RecordedImage) -> None:
        """Take in what one record has."""
        self.ready.update(record.ready)
        self.kept.update(record.kept)


class _Judge:
    """Tells what commands are worth for an archive of which some platforms are wanted."""

    def __init__(self, facts: ArchiveFacts, importer: Importer, target: Target, wanted: Sequence[Platform]) -> None:
        self._facts = facts
        self._importer = importer
        self._target = target
        self._expected = Expectation.of(facts, tuple(wanted))

    def command(self, arguments: tuple[str, ...]) -> Command:
        """Predict a command and judge it."""
        if self._facts.is_folder:
            return Command(arguments, _FOLDER, Quality.FAILS)
        outcome = self._importer.predict(self._facts, self._target, arguments)
        return Command(arguments, outcome, self._quality(outcome))

    def _quality(self, outcome: Outcome) -> Quality:
        if outcome.ending in {Ending.ERROR, Ending.NOTHING} or not outcome.is_stable:
            return Quality.FAILS
        # A platform that no image lists cannot be had by any command.
        if self._expected.absent:
            return Quality.FAILS
        by_name: defaultdict[str, _Stored] = defaultdict(_Stored)
        by_digest: defaultdict[Digest, _Stored] = defaultdict(_Stored)
        for record in outcome.images:
            by_name[record.name].add(record)
            by_digest[record.digest].add(record)
        quality = Quality.WORKS
        for image in self._expected.images:
            found = [by_name[name] for name in image.names if name in by_name]
            if not found:
                found = [by_digest[digest] for digest in image.digests if digest in by_digest]
                quality = min(quality, Quality.MISNAMES)
            ready = {platform for stored in found for platform in stored.ready}
            kept = {platform for stored in found for platform in stored.kept}
            if not image.platforms <= ready | kept:
                return Quality.FAILS
            if not image.platforms <= ready:
                quality = min(quality, Quality.STORES)
        return quality


def wanted_manifests(image: Image, wanted: Sequence[Platform]) -> Iterator[ManifestNode]:
    """Yield the manifests of an image that are of a wanted platform."""
    for node in image.manifests():
        if node.kind is Kind.IMAGE and node.platform and any(want.matches(node.platform) for want in wanted):
            yield node


def default_wanted(facts: ArchiveFacts, host: Platform) -> tuple[Platform, ...]:
    """Return what is most likely wanted of an archive on a host: its own platform, else all that is whole in it."""
    nodes = [
        node
        for image in facts.graph.images
        for node in image.manifests()
        if node.kind is Kind.IMAGE and node.platform is not None
    ]
    found = (node.platform.normalized() for node in nodes if node.state is State.COMPLETE and node.platform)
    whole = {platform: None for platform in found if can_be_typed(platform)}
    if any(host.matches(platform) for platform in whole) or not whole:
        return (host,)
    return tuple(whole)


def evidence(table: Table, version: Version) -> Evidence:
    """Tell how well the behaviour of a version is known."""
    if not table.measured:
        return Evidence.SOURCE
    if version in table.measured:
        return Evidence.MEASURED
    return Evidence.INTERPOLATED if min(table.measured) < version < max(table.measured) else Evidence.BEYOND
