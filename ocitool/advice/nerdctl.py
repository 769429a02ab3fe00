"""`nerdctl load`: the client library up to 2.2 (pkg/imgutil/load/load.go), the transfer service from 2.3 on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.advice.client_import import Library, failed
from ocitool.advice.command_flags import read_flags
from ocitool.advice.containerd.ctr import Ctr
from ocitool.advice.containerd.failure import ImportFailure
from ocitool.advice.containerd.matching import take_all, take_strictly
from ocitool.advice.containerd.records import names_collide, success
from ocitool.advice.platform_words import read_platform, wanted_words
from ocitool.advice.table import read_table
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.advice.command_flags import CommandFlags
    from ocitool.advice.containerd.matching import Matcher
    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.outcome import Outcome
    from ocitool.advice.table import Behaviour, Table
    from ocitool.model.platform import Platform

_UNNAMED: Final = "overlayfs"
"""The snapshotter, by which an image without a name is called, with its digest."""


@dataclass(frozen=True, slots=True)
class Nerdctl:
    """`nerdctl load`; the target's `daemon` is the containerd behind it."""

    @property
    def table(self) -> Table:
        """What its versions do."""
        return read_table("nerdctl")

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        """Tell how a load ends; raises `UsageError` for a flag without its value, or an archive among them."""
        behaviour = self.table.behaviour(target.version)
        flags = read_flags(arguments, behaviour.flags)
        if flags.operands:
            raise UsageError("nerdctl load takes no archive but that of --input")
        if flags.unknown:
            return flags.refusal(behaviour)
        if behaviour.traits["path"] == "transfer":
            return _transfer(facts, target, behaviour, flags)
        return _client(facts, target, behaviour, flags)

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        """Return no arguments, the platforms that are wanted, and all."""
        del facts, target
        return ((), ("--platform", ",".join(wanted_words(wanted))), ("--all-platforms",))

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:
        """Return the same; without a platform there is none to ask for."""
        del target
        platforms = [("--platform", ",".join(wanted_words(wanted)))] if wanted else []
        return ((), *platforms, ("--all-platforms",))

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the command as it is typed."""
        return ("nerdctl", "load", "-i", source, *arguments)


def _platforms(flags: CommandFlags) -> tuple[Platform, ...]:
    values = flags.flags.get("--platform", ())
    return tuple(read_platform(text) for value in values for text in value.split(","))


def _client(facts: ArchiveFacts, target: Target, behaviour: Behaviour, flags: CommandFlags) -> Outcome:
    library = Library.of(facts, behaviour.traits["containerd"], target.host)
    takes_all = "--all-platforms" in flags.flags
    wanted = _platforms(flags) or (target.host,)
    matcher = take_all(library.spelling) if takes_all else take_strictly(library.spelling, *wanted)
    compressions = behaviour.traits["compressions"]
    try:
        return library.ending(("nerdctl", matcher, compressions), lambda: _load(library, matcher, compressions))
    except ImportFailure as failure:
        # What fails while it is unpacked says of which image it is; nothing before that does.
        failure.values.setdefault("name", "")
        return failed(failure, behaviour, library.behaviour)


def _load(library: Library, matcher: Matcher, compressions: str) -> Outcome:
    unpacker = library.unpacker()
    records, held = library.take(matcher, compressions, _UNNAMED, skip_missing=False)
    unpacked = set()
    for record in records:
        try:
            manifest = unpacker.resolve(record.target, matcher)
            unpacker.unpack(manifest)
        except ImportFailure as failure:
            failure.values.setdefault("name", record.name)
            raise
        unpacked.add(manifest.descriptor.digest)
    images = library.images(records, held, unpacked)
    return success(images, (), is_stable=not names_collide(records))


def _transfer(facts: ArchiveFacts, target: Target, behaviour: Behaviour, flags: CommandFlags) -> Outcome:
    """Ask what ctr does of the same library: it hands the daemon the same request."""
    version = Version.parse(behaviour.traits["containerd"])
    first = tuple(platform.display for platform in _platforms(flags)[:1])
    platform = ("--all-platforms",) if "--all-platforms" in flags.flags else ("--platform", *first) if first else ()
    return Ctr().predict(facts, Target("ctr", version, target.host, target.daemon), platform)
