"""`docker load` where images live in containerd (daemon/containerd/image_exporter.go, `LoadImage`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocitool.advice.client_import import Library, failed, is_full_name
from ocitool.advice.command_flags import read_flags
from ocitool.advice.containerd.failure import ImportFailure
from ocitool.advice.containerd.matching import take_all, take_strictly
from ocitool.advice.containerd.records import names_collide, success
from ocitool.advice.outcome import Ending, Outcome
from ocitool.advice.platform_words import read_platform, wanted_words
from ocitool.advice.table import read_table
from ocitool.errors import DocumentError, UsageError
from ocitool.graph.image import walk_manifests
from ocitool.model.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ocitool.advice.containerd.matching import Matcher
    from ocitool.advice.containerd.records import Record
    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.table import Behaviour, Table
    from ocitool.advice.target import Target
    from ocitool.graph.image import ManifestNode
    from ocitool.model.digest import Digest
    from ocitool.model.platform import Platform

DANGLING: Final = "moby-dangling"
"""What docker calls an image without a name, with its digest."""

_NOT_PROVIDED: Final = "platform-not-provided"
_NOT_PROVIDED_BY_SEVERAL: Final = "platform-not-provided-by-several"


@dataclass(frozen=True, slots=True)
class DockerContainerd:
    """`docker load` with the containerd image store."""

    @property
    def table(self) -> Table:
        """What its versions do."""
        return read_table("docker-containerd")

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        """Tell how a load ends; raises `UsageError` for a flag without its value, or an archive among them."""
        behaviour = self.table.behaviour(target.version)
        flags = read_flags(arguments, behaviour.flags)
        if flags.operands:
            raise UsageError("docker load takes no archive but that of --input")
        if flags.unknown:
            return _refused(behaviour, "flag-unknown", f"{target.version} has no {flags.unknown}", flag=flags.unknown)
        texts = [text for value in flags.flags.get("--platform", ()) for text in value.split(",")]
        if len(texts) > 1 and behaviour.traits["platforms"] == "one":
            text = flags.value("--platform")
            return _refused(behaviour, "platform-invalid", "--platform takes one platform here", platform=text)
        library = Library.of(facts, behaviour.traits["containerd"], target.host)
        load = _Load(library, behaviour, target, tuple(map(read_platform, texts)))
        try:
            return library.ending(load.asked, load.run)
        except ImportFailure as failure:
            return failed(failure, behaviour, library.behaviour)

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        """Return no arguments, and `--platform` where the version has it."""
        del facts
        known = "--platform" in self.table.behaviour(target.version).flags
        return ((), ("--platform", *wanted_words(wanted))) if known and len(wanted) == 1 else ((),)

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:
        """Return none, and `--platform` for each platform that is wanted."""
        del target
        return ((), *(("--platform", words) for words in wanted_words(wanted)))

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the command as it is typed."""
        return ("docker", "load", "-i", source, *arguments)


def _refused(behaviour: Behaviour, failure: str, reason: str, **values: str) -> Outcome:
    return Outcome(Ending.ERROR, failure, behaviour.message(failure, **values), reasons=(reason,))


@dataclass(frozen=True, slots=True)
class _Load:
    library: Library
    behaviour: Behaviour
    target: Target
    wanted: tuple[Platform, ...]

    @property
    def asked(self) -> Hashable:
        """All that decides how it ends, besides the library."""
        messages = (self.behaviour.messages.get(name) for name in (_NOT_PROVIDED, _NOT_PROVIDED_BY_SEVERAL))
        traits = (self.behaviour.traits[name] for name in ("missing", "compressions"))
        return "docker", self.wanted, self.target.host, *messages, *traits

    def run(self) -> Outcome:
        """Tell how it ends; raises `ImportFailure`."""
        spelling = self.library.spelling
        matcher = take_strictly(spelling, *self.wanted) if self.wanted else take_all(spelling)
        skips = not self.wanted and self.behaviour.traits["missing"] == "skipped"
        asked = ", ".join(platform.display for platform in self.wanted)
        try:
            records, held = self.library.take(
                matcher, self.behaviour.traits["compressions"], DANGLING, skip_missing=skips
            )
        except ImportFailure as failure:
            if self.wanted and failure.name in {"filtered-out", "content-not-found"}:
                names_here = {"filtered-out": "platform-absent", "content-not-found": "platform-incomplete"}
                values = {**failure.values, "platform": asked}
                raise ImportFailure(names_here[failure.name], *failure.reasons, **values) from None
            raise
        unpacked = {digest for record in records for digest in self._ready(record, held)}
        images = self.library.images(records, held, unpacked)
        lacking = [record for record in records if self.wanted and not self._provides(record, matcher)]
        if lacking:
            names = [_shown(record) for record in lacking]
            template = _NOT_PROVIDED if len(names) == 1 else _NOT_PROVIDED_BY_SEVERAL
            message = self.behaviour.message(template, names=", ".join(names), platform=asked)
            reasons = (f"{', '.join(names)}: not whole for {asked}",)
            return Outcome(Ending.ERROR, _NOT_PROVIDED, message, images, reasons)
        outcome = success(images, self._reasons(records, held), is_stable=not names_collide(records))
        return replace(outcome, images=images)

    def _ready(self, record: Record, held: frozenset[Digest]) -> tuple[Digest, ...]:
        """Return what docker runs of an image: it unpacks other platforms of its system when they are asked for."""
        if not (is_full_name(record.name) or record.name.startswith(f"{DANGLING}@")):
            return ()
        return tuple(self.library.unpackable(record, held, self._runs_here))

    def _runs_here(self, node: ManifestNode) -> bool:
        return node.platform is not None and node.platform.os == self.target.host.os

    def _provides(self, record: Record, matcher: Matcher) -> bool:
        return any(
            node.platform is not None and matcher.matches(node.platform) and self.library.store.is_whole(node)
            for node in walk_manifests(record.target)
        )

    def _reasons(self, records: Sequence[Record], held: frozenset[Digest]) -> tuple[str, ...]:
        odd = [name for record in records if not is_full_name(name := record.name) and DANGLING not in name]
        words = f"{', '.join(odd)}: docker finds images by full names only, and this is none"
        miscounted = dict.fromkeys(text for record in records for text in self.library.miscounted(record, held))
        return (*([words] if odd else ()), *miscounted)


def _shown(record: Record) -> str:
    """Return what docker calls an image in its messages."""
    if record.name.startswith(f"{DANGLING}@"):
        return str(record.target.descriptor.digest)
    try:
        return Reference.parse(record.name).familiar
    except DocumentError:
        return record.name
