"""`podman load`, and `podman pull` from an archive for a platform or a reference (containers/common, libimage)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocitool.advice.command_flags import read_flags
from ocitool.advice.containers_image import (
    OCI_ARCHIVE,
    CopyFailure,
    filled,
    hold_item,
    hold_path,
    holds_digest,
    read_source_word,
    references,
    source_word,
    take_from_layout,
)
from ocitool.advice.docker_items import ListState, list_state, listed_items
from ocitool.advice.outcome import Ending, Outcome, RecordedImage
from ocitool.advice.table import read_table
from ocitool.errors import DocumentError, UsageError
from ocitool.model.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.advice.containers_image import Taken
    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.table import Behaviour, Table
    from ocitool.advice.target import Target
    from ocitool.model.platform import Platform

PULL: Final = "pull"
"""The first argument of what is no `podman load`."""

_LOAD_FLAGS: Final = ("--quiet", "-q")
"""Flags of `pull` that `load` has too; --input, which it has besides, stands for the archive."""

_MOST_REFERENCES: Final = 16


@dataclass(frozen=True, slots=True)
class Podman:
    """`podman load -i SRC`, and with ``pull`` for a first argument `podman pull`, which can be told what to take."""

    @property
    def table(self) -> Table:
        """What its versions do."""
        return read_table("podman")

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        """Tell how it ends; raises `UsageError` for what is neither command."""
        behaviour = self.table.behaviour(target.version)
        pulls = tuple(arguments[:1]) == (PULL,)
        known = behaviour.flags if pulls else {name: behaviour.flags[name] for name in _LOAD_FLAGS}
        flags = read_flags(arguments[1:] if pulls else arguments, known)
        if flags.unknown:
            return flags.refusal(behaviour)
        if not pulls:
            if flags.operands:
                raise UsageError("podman load takes no archive but that of --input")
            return _load(facts, target, behaviour)
        source = read_source_word(flags.operands[0]) if len(flags.operands) == 1 else None
        if source is None or source[0] != OCI_ARCHIVE:
            raise UsageError("podman pull takes one archive here", remedy=f"give {source_word(OCI_ARCHIVE)}")
        wanted = replace(
            target.host,
            os=flags.value("--os") or target.host.os,
            architecture=flags.value("--arch") or target.host.architecture,
            variant=flags.value("--variant") or ("" if flags.value("--arch") else target.host.variant),
        )
        try:
            taken = take_from_layout(facts, source[1], wanted, behaviour)
        except CopyFailure as failure:
            return Outcome(Ending.ERROR, failure.name, failure.message(behaviour), reasons=(failure.reason,))
        return _taken(taken, behaviour)

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        """Return `load`, and `pull` for a foreign platform or for one reference of several."""
        flags = platform_flags(target, wanted[0]) if len(wanted) == 1 else ()
        found = [(reference, root) for reference, root in references(facts) if is_reference(reference)]
        pulls = [(PULL, *flags, source_word(OCI_ARCHIVE))] if flags else []
        pulls += [(PULL, *flags, source_word(OCI_ARCHIVE, reference)) for reference, _ in found[:_MOST_REFERENCES]]
        return ((), *pulls)

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:
        """Return `load`, and the flag that it does not have."""
        return ((), *(("--platform", platform.display) for platform in wanted if not target.host.matches(platform)))

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the command as it is typed."""
        if tuple(arguments[:1]) == (PULL,):
            return ("podman", *(filled(word, source) for word in arguments))
        return ("podman", "load", "-i", source, *arguments)


def platform_flags(target: Target, wanted: Platform) -> tuple[str, ...]:
    """Return the flags of `pull` for a platform, none for the host's own."""
    if target.host.matches(wanted):
        return ()
    plain = wanted.normalized()
    system = ("--os", plain.os) if plain.os != target.host.os else ()
    variant = ("--variant", plain.variant) if plain.variant else ()
    return (*system, "--arch", plain.architecture, *variant)


def is_reference(text: str) -> bool:
    """Tell whether a reference can stand behind the archive in an argument (oci/internal/oci_util.go)."""
    return bool(text) and not text.startswith("@") and all(mark.isalnum() or mark in "-._:@+/" for mark in text)


def local_name(name: str) -> str:
    """Return a name as podman records it: what names no registry is its own (libimage, `NormalizeName`)."""
    first, slash, _ = name.partition("/")
    is_registry = bool(slash) and (any(mark in first for mark in ".:") or first == "localhost")
    try:
        reference = Reference.parse(name if is_registry else f"localhost/{name}").with_default_tag()
    except DocumentError:
        return ""
    # Beside a digest a tag is dropped.
    return replace(reference, tag="").full if reference.digest else reference.full


def _taken(taken: Taken, behaviour: Behaviour) -> Outcome:
    name = taken.root.name or ""
    recorded = local_name(name)
    if name and not recorded:
        reason = f"{name!r} is no image name"
        return Outcome(Ending.ERROR, "bad-name", behaviour.message("bad-name"), reasons=(reason,))
    if not holds_digest(recorded, taken):
        reason = f"{name!r} names another digest than the image has"
        return Outcome(Ending.ERROR, "digest-mismatch", behaviour.message("digest-mismatch"), reasons=(reason,))
    platform = taken.node.platform
    ready = (platform.display,) if platform else ()
    image = RecordedImage(recorded, taken.node.descriptor.digest, ready)
    reason = f"it takes {ready[0]}" if ready else "it takes what names no platform"
    return Outcome(Ending.OK, images=(image,), reasons=(reason,))


def _load(facts: ArchiveFacts, target: Target, behaviour: Behaviour) -> Outcome:
    """Try the archive as an OCI archive, then as a docker-archive (libimage/load.go)."""
    try:
        hold_path(facts, "path-colon")
        taken = take_from_layout(facts, "", target.host, behaviour)
        outcome = _taken(taken, behaviour)
        if outcome.ending is Ending.OK:
            return outcome
        first = outcome.message, outcome.reasons[0], outcome.failure
    except CopyFailure as failure:
        first = failure.message(behaviour), failure.reason, failure.name
    images: dict[str, RecordedImage] = {}
    try:
        _load_items(facts, behaviour, images)
    except CopyFailure as failure:
        listed = list_state(facts.graph) is ListState.LIST
        reasons = tuple(dict.fromkeys((first[1], failure.reason))) if listed else (first[1],)
        # Without an index.json the second attempt is the one that was meant.
        name = first[2] if facts.graph.layout_files >= {"index.json"} else failure.name
        message = behaviour.message("no-format", first=first[0], second=failure.message(behaviour))
        message = message.replace("……", "…")
        return Outcome(Ending.ERROR, name, message, tuple(images.values()), reasons)
    if not images:
        return Outcome(Ending.NOTHING, reasons=(first[1], "manifest.json lists no image"))
    return Outcome(Ending.OK, images=tuple(images.values()), reasons=(f"{first[1]}: it goes by manifest.json",))


def _load_items(facts: ArchiveFacts, behaviour: Behaviour, images: dict[str, RecordedImage]) -> None:
    hold_path(facts, "docker-path-cut")
    state = list_state(facts.graph)
    if state is ListState.ABSENT:
        raise CopyFailure("component-absent", "it has no manifest.json", entry="manifest.json")
    if state is ListState.UNREADABLE:
        raise CopyFailure("bad-docker-manifest", "its manifest.json cannot be read")
    if facts.compression and facts.compression not in behaviour.traits["docker-compressions"].split():
        raise CopyFailure("docker-compression", f"a docker-archive in {facts.compression} is not read")
    for listed in listed_items(facts):
        if any("@" in tag for tag in listed.item.tags):
            raise CopyFailure("bad-name", "manifest.json lists a name with a digest")
        names = [local_name(tag) for tag in listed.item.tags] or [""]
        if "" in names and listed.item.tags:
            raise CopyFailure("bad-name", "manifest.json lists what is no image name")
        hold_item(listed)
        ready = (listed.platform.display,) if listed.platform else ()
        for name in names:
            images[name or str(listed.digest)] = RecordedImage(name, listed.digest, ready)
