"""`skopeo copy` from an archive to where containers run from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ocitool.advice.command_flags import read_flags
from ocitool.advice.containers_image import (
    DOCKER_ARCHIVE,
    OCI_ARCHIVE,
    CopyFailure,
    filled,
    hold_item,
    hold_path,
    holds_digest,
    read_source_word,
    references,
    roots_in_order,
    source_word,
    take_from_layout,
)
from ocitool.advice.docker_items import ListState, list_state, listed_items
from ocitool.advice.outcome import Ending, Outcome, RecordedImage
from ocitool.advice.podman import is_reference
from ocitool.advice.table import read_table
from ocitool.errors import DocumentError, UsageError
from ocitool.graph.image import ArchiveForm, IndexNode, State
from ocitool.model.reference import Reference, has_reference_separator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.advice.command_flags import CommandFlags
    from ocitool.advice.containers_image import Taken
    from ocitool.advice.docker_items import ListedItem
    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.table import Behaviour, Table
    from ocitool.advice.target import Target
    from ocitool.graph.image import ImageGraph, Root
    from ocitool.model.platform import Platform

STORAGE: Final = "containers-storage"
DAEMON: Final = "docker-daemon"
NAME: Final = "NAME"
"""What stands for a name that the reader has to choose."""

_MOST_IMAGES: Final = 16


@dataclass(frozen=True, slots=True)
class Skopeo:
    """`skopeo copy`; its arguments are flags, the archive and the destination, each left out at will."""

    @property
    def table(self) -> Table:
        """What its versions do."""
        return read_table("skopeo")

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        """Tell how a copy ends; raises `UsageError` for an archive or a destination that is none."""
        behaviour = self.table.behaviour(target.version)
        flags = read_flags(arguments, behaviour.flags)
        if flags.unknown:
            return flags.refusal(behaviour)
        source, destination = _places(flags)
        try:
            return _copy(facts, target, behaviour, flags, source, destination)
        except CopyFailure as failure:
            return Outcome(Ending.ERROR, failure.name, failure.message(behaviour), reasons=(failure.reason,))

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        """Return a copy of each image there is, under its own name, for the first platform that is wanted."""
        flags = _platform_flags(target, wanted[0]) if wanted else ()
        return ((), *((*flags, *places) for places in _copies(facts)))

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:
        """Return the plain copy, and that of all platforms."""
        del target, wanted
        return ((), ("--all",))

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the command as it is typed."""
        places = [word for word in arguments if _is_place(word)]
        missing = () if places and read_source_word(places[0]) else (source_word(OCI_ARCHIVE),)
        destination = () if places and not read_source_word(places[-1]) else (f"{STORAGE}:{NAME}",)
        flags = arguments[: len(arguments) - len(places)]
        words = (*flags, *missing, *places, *destination)
        return ("skopeo", "copy", *(filled(word, source) for word in words))


def _is_place(word: str) -> bool:
    return word.startswith((f"{OCI_ARCHIVE}:", f"{DOCKER_ARCHIVE}:", f"{STORAGE}:", f"{DAEMON}:"))


def _places(flags: CommandFlags) -> tuple[tuple[str, str], str]:
    """Return transport and reference of the archive, and the destination."""
    source: tuple[str, str] = (OCI_ARCHIVE, "")
    destination = f"{STORAGE}:{NAME}"
    for place in flags.operands:
        found = read_source_word(place)
        if found is not None:
            source = found
        elif place.startswith((f"{STORAGE}:", f"{DAEMON}:")):
            destination = place
        else:
            raise UsageError(f"{place!r} is no destination", remedy=f"give {STORAGE}:NAME or {DAEMON}:NAME")
    return source, destination


def _copy(
    facts: ArchiveFacts,
    target: Target,
    behaviour: Behaviour,
    flags: CommandFlags,
    source: tuple[str, str],
    destination: str,
) -> Outcome:
    transport, reference = source
    recorded = _recorded(destination)
    if transport == DOCKER_ARCHIVE:
        listed = _item(facts, behaviour, reference)
        hold_item(listed)
        ready = (listed.platform.display,) if listed.platform else ()
        image = RecordedImage(recorded, listed.digest, ready)
        return Outcome(Ending.OK, images=(image,), reasons=("it takes the image of manifest.json",))
    host = target.host
    architecture = flags.value("--override-arch")
    wanted = replace(
        host,
        os=flags.value("--override-os") or host.os,
        architecture=architecture or host.architecture,
        variant=flags.value("--override-variant") or ("" if architecture else host.variant),
    )
    if "--all" in flags.flags or flags.value("--multi-arch") == "all":
        _hold_single(facts, reference)
    taken = take_from_layout(facts, reference, wanted, behaviour)
    if not holds_digest(recorded, taken):
        raise CopyFailure("digest-mismatch", f"{recorded!r} names another digest than the image has")
    return _recording(taken, recorded)


def _hold_single(facts: ArchiveFacts, reference: str) -> None:
    """Hold that all that is meant is one manifest: neither destination takes an index."""
    roots = roots_in_order(facts)
    named = dict(references(facts))
    found = named.get(reference) if reference else roots[0] if len(roots) == 1 else None
    if found is not None and isinstance(found.node, IndexNode) and found.node.state is not State.ABSENT:
        raise CopyFailure("group-refused", "the destination keeps one platform of an image", transport=STORAGE)


def _recording(taken: Taken, name: str) -> Outcome:
    platform = taken.node.platform
    ready = (platform.display,) if platform else ()
    image = RecordedImage(name, taken.node.descriptor.digest, ready)
    return Outcome(Ending.OK, images=(image,), reasons=(f"it takes {ready[0]}",) if ready else ())


def _recorded(destination: str) -> str:
    """Return the name that a destination records; raises `CopyFailure` for one that is none."""
    name = destination.partition(":")[2]
    if name == NAME:
        return name
    try:
        return Reference.parse(name).with_default_tag().full
    except DocumentError as error:
        raise CopyFailure("bad-destination", f"{name!r} is no image name", destination=destination) from error


def _item(facts: ArchiveFacts, behaviour: Behaviour, reference: str) -> ListedItem:
    wanted = _full(reference)
    if reference and not wanted:
        source = f"{DOCKER_ARCHIVE}:…:{reference}"
        raise CopyFailure("bad-source", f"{reference!r} is no image name", source=source)
    hold_path(facts, "docker-path-cut")
    state = list_state(facts.graph)
    if state is ListState.ABSENT:
        raise CopyFailure("component-absent", "it has no manifest.json", entry="manifest.json")
    if state is ListState.UNREADABLE:
        raise CopyFailure("bad-docker-manifest", "its manifest.json cannot be read")
    if facts.compression and facts.compression not in behaviour.traits["docker-compressions"].split():
        raise CopyFailure("docker-compression", f"a docker-archive in {facts.compression} is not read")
    if reference:
        named = _items_by_name(facts).get(wanted)
        if named is None:
            raise CopyFailure("no-tag", f"manifest.json has no tag {reference!r}", reference=reference)
        return named
    items = listed_items(facts)
    if len(items) != 1:
        reason = f"manifest.json lists {len(items)} images, of which this command names none"
        raise CopyFailure("several-items", reason, count=str(len(items)))
    return items[0]


@lru_cache(maxsize=16)
def _items_by_name(facts: ArchiveFacts) -> dict[str, ListedItem]:
    """Return the first image of manifest.json for each full name."""
    items = listed_items(facts)
    return {_full(tag): listed for listed in reversed(items) for tag in listed.item.tags}


def _full(tag: str) -> str:
    """Return a tag as it is compared, "" for what is none."""
    try:
        return Reference.parse(tag).with_default_tag().full
    except DocumentError:
        return ""


def _copies(facts: ArchiveFacts) -> Iterator[tuple[str, str]]:
    """Yield an archive and a destination for each image of its own name."""
    graph = facts.graph
    if graph.form is ArchiveForm.OCI_LAYOUT:
        roots = roots_in_order(facts)
        if len(roots) == 1:
            yield source_word(OCI_ARCHIVE), f"{STORAGE}:{_name(roots[0])}"
        found = [(reference, root) for reference, root in references(facts) if is_reference(reference)]
        for reference, root in found[:_MOST_IMAGES]:
            yield source_word(OCI_ARCHIVE, reference), f"{STORAGE}:{_name(root)}"
    yield from _docker_copies(graph)


def _docker_copies(graph: ImageGraph) -> Iterator[tuple[str, str]]:
    items = graph.docker_manifest or ()
    for item in items[:_MOST_IMAGES]:
        tags = [tag for tag in item.tags if _full(tag) and "@" not in tag]
        if len(items) == 1:
            yield source_word(DOCKER_ARCHIVE), f"{STORAGE}:{tags[0] if tags else NAME}"
        for tag in tags[:_MOST_IMAGES]:
            yield source_word(DOCKER_ARCHIVE, tag), f"{STORAGE}:{tag}"


def _name(root: Root) -> str:
    """Return the name that an image has, or what stands for one."""
    name = root.name or ""
    try:
        return Reference.parse(name).with_default_tag().full if has_reference_separator(name) else NAME
    except DocumentError:
        return NAME


def _platform_flags(target: Target, wanted: Platform) -> tuple[str, ...]:
    if target.host.matches(wanted):
        return ()
    plain = wanted.normalized()
    system = ("--override-os", plain.os) if plain.os != target.host.os else ()
    variant = ("--override-variant", plain.variant) if plain.variant else ()
    return (*system, "--override-arch", plain.architecture, *variant)
