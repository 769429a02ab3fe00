"""`ctr images import` of every version: the command line, and the two ways that it takes.

Up to 1.7 the client does all itself, with ``--local`` in 2.x too; from 2.0 on the daemon does it (transfer service).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocitool.advice.containerd.arguments import CommandLine, read_arguments
from ocitool.advice.containerd.failure import ImportFailure
from ocitool.advice.containerd.local import ClientImport, Collected, LocalImport
from ocitool.advice.containerd.matching import (
    Matcher,
    Spelling,
    read_specifier,
    take_all,
    take_host,
    take_strictly,
    take_with_fallbacks,
)
from ocitool.advice.containerd.names import NameRule, Naming
from ocitool.advice.containerd.store import Store
from ocitool.advice.containerd.transfer import TransferImport
from ocitool.advice.containerd.unpack import DOCKER_ZSTD_LAYER, Unpacker
from ocitool.advice.outcome import Ending, Outcome
from ocitool.advice.table import Behaviour, Table, read_table
from ocitool.model.media_type import layer_compression
from ocitool.model.platform import Platform
from ocitool.model.reference import split_tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.target import Target

DAY: Final = "import-DATE"
"""Stands for the name that ctr makes of the day for what has only a tag."""

_REPOSITORY: Final = "unknown/unknown"
"""What 1.0 and 1.1 call an image without ``--oci-name``."""


@dataclass(frozen=True, slots=True)
class Ctr:
    """The importer `ctr`."""

    @property
    def table(self) -> Table:
        """What its versions do."""
        return read_table("ctr")

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        """Tell how ``ctr images import ARGUMENTS ARCHIVE`` ends.

        Raises `UsageError` for what would take the archive for something else.
        """
        behaviour = self.table.behaviour(target.version)
        daemon = self.table.behaviour(target.daemon or target.version)
        try:
            line = read_arguments(arguments, behaviour.flags, behaviour.traits["flag-order"])
            if line.is_on("--local", default=behaviour.traits["path"] == "local"):
                imported: LocalImport | TransferImport = _local(facts, target, behaviour.traits, line)
            else:
                imported = _transfer(facts, target, behaviour.traits, daemon.traits, line)
            return imported.unpacker.store.ending(imported, imported.run)
        except ImportFailure as failure:
            return _failed(failure, behaviour, daemon)

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        """Return the arguments worth trying, the simplest first; only flags that the version knows."""
        behaviour = self.table.behaviour(target.version)
        platform = [("--platform", wanted[0].display)] if len(wanted) == 1 else []
        ways = [(), *platform, ("--all-platforms",)]
        choices: list[tuple[str, ...]] = [*ways, *((*way, "--no-unpack") for way in ways)]
        if behaviour.traits["path"] == "transfer":
            choices += [("--local", *choice) for choice in tuple(choices)]
        repository = _repository(facts)
        if repository and behaviour.traits["names"] != "annotation":
            choices += [(flag, repository) for flag in ("--oci-name", "--base-name")]
        known = behaviour.flags
        return tuple(choice for choice in choices if all(word in known for word in choice if word.startswith("--")))

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:  # noqa: ARG002
        """Return the arguments that people are used to, whether the version knows them or not."""
        platforms = [("--platform", platform.display) for platform in wanted]
        ways = [("--all-platforms",), *platforms]
        return (*ways, ("--no-unpack",), *((*way, "--no-unpack") for way in ways))

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the whole command as it is typed."""
        return ("ctr", "images", "import", *arguments, source)


def make_store(facts: ArchiveFacts, traits: Mapping[str, str]) -> Store:
    """Return what a containerd of some traits has of an archive; how it judges faults counts where there are any."""
    by_path = traits["files"] == "blobs-folder"
    if not (facts.graph.faults or facts.by_content):
        return Store.of(facts, by_path=by_path)
    return Store.of(
        facts,
        by_path=by_path,
        checks_media_types=traits["media-types"] == "checked",
        unreadable=frozenset(traits["documents"].split()),
    )


def make_unpacker(store: Store, traits: Mapping[str, str]) -> Unpacker:
    """Return how a containerd of some traits unpacks; those that nothing in the archive meets are as by default."""
    has_zstd = any(layer_compression(media_type) == "zstd" for media_type in store.layer_types)
    has_docker_zstd = DOCKER_ZSTD_LAYER in store.layer_types
    knows_docker_zstd = traits["docker-zstd-layers"] == "known" or not has_docker_zstd
    unpacker = Unpacker(
        store,
        zstd=traits["zstd-layers"] if has_zstd or has_docker_zstd else "unpacked",
        checks_target=traits["flat-platform"] == "checked",
        reads_config_variant=traits["config-variant"] == "read" or not store.reads_platforms,
        knows_docker_zstd=knows_docker_zstd,
    )
    counts_all = traits["layers-counted"] == "all" and not all(map(unpacker.is_layer_type, store.layer_types))
    return replace(unpacker, counts_all_layers=counts_all)


def _local(facts: ArchiveFacts, target: Target, traits: Mapping[str, str], line: CommandLine) -> LocalImport:
    spelling = Spelling.of(traits, target.host)
    chosen = _chosen_platform(line, target)
    only_named = line.is_on("--skip-digest-for-named")
    if only_named and not line.is_on("--digests"):
        raise ImportFailure("flags-together", text="--skip-digest-for-named must be specified with --digests option")
    discards = line.is_on("--discard-unpacked-layers")
    if discards and line.is_on("--no-unpack"):
        text = "--discard-unpacked-layers and --no-unpack are incompatible options"
        raise ImportFailure("flags-together", text=text)
    asked: Matcher | None = None
    if chosen is not None:
        is_strict = traits["platform-flag"] == "strict"
        asked = take_strictly(spelling, chosen) if is_strict else take_with_fallbacks(spelling, chosen)
    walks_all = line.is_on("--all-platforms") or traits["walk"] != "filtered"
    default = take_strictly(spelling, target.host) if traits["unpack-platform"] == "strict" else take_host(spelling)
    store = make_store(facts, traits)
    client = ClientImport(
        store=store,
        compression=facts.compression,
        accepted=frozenset(traits["local-compression"].split()),
        naming=_naming(line, NameRule(traits["names"]), only_named=only_named),
        index_name=line.text("--index-name"),
        walked=take_all(spelling) if walks_all else asked or take_host(spelling),
        reads_layout=traits["layout-file"] == "required",
        skip_missing=traits["walk"] == "tolerant",
        refuse_empty=traits["empty-walk"] == "refused",
    )
    return LocalImport(
        client,
        make_unpacker(store, traits),
        unpacked=None if line.is_on("--no-unpack") else asked or default,
        collected=Collected(traits["unlabelled-content"]),
        discards_layers=discards,
    )


def _transfer(
    facts: ArchiveFacts, target: Target, client: Mapping[str, str], daemon: Mapping[str, str], line: CommandLine
) -> TransferImport:
    request = client["transfer-request"]
    if request != "nothing" and "--discard-unpacked-layers" in line.values:
        raise ImportFailure("flags-together", text='"--discard-unpacked-layers" requires "--local" flag')
    spelling = Spelling.of(daemon, target.host)
    takes_all = request == "nothing" or line.is_on("--all-platforms")
    chosen = None if takes_all else _chosen_platform(line, target) or target.host
    unpacks: Platform | None = chosen or (target.host if request == "chosen-or-host" else Platform("", ""))
    if request == "nothing" or line.is_on("--no-unpack"):
        unpacks = None
    store = make_store(facts, daemon)
    return TransferImport(
        store=store,
        unpacker=make_unpacker(store, daemon),
        compression=facts.compression,
        accepted=frozenset(daemon["transfer-compression"].split()),
        # The flag means the opposite of what it says (`WithDigestRef` gets its negation).
        naming=_naming(line, NameRule.TRANSFER, only_named=not line.is_on("--skip-digest-for-named")),
        index_name=line.text("--index-name"),
        records_index_digest=daemon["index-digest"] == "recorded",
        walked=take_all(spelling) if chosen is None else take_strictly(spelling, chosen),
        requested=unpacks,
        snapshotter=line.text("--snapshotter"),
        covers=daemon["transfer-unpacks"],
    )


def _chosen_platform(line: CommandLine, target: Target) -> Platform | None:
    text = line.text("--platform")
    if not text:
        return None
    platform = read_specifier(text, target.host)
    if platform is None:
        raise ImportFailure("platform-unreadable", f"{text!r} is no platform", text=text)
    return platform


def _naming(line: CommandLine, rule: NameRule, *, only_named: bool) -> Naming:
    if rule is NameRule.OCI_NAME:
        return Naming(rule, line.text("--oci-name") or _REPOSITORY)
    base = line.text("--base-name")
    return Naming(rule, base or DAY, only_prefix=bool(base), digests=line.is_on("--digests"), skip_named=only_named)


def _failed(failure: ImportFailure, *behaviours: Behaviour) -> Outcome:
    """Return the outcome of a failure; the message of the daemon's is that of its version."""
    known = (one for one in behaviours if failure.template in one.messages)
    message = next((one.message(failure.template, **failure.values) for one in known), "")
    return Outcome(Ending.ERROR, failure.name, message, failure.images, failure.reasons, is_stable=failure.is_stable)


def _repository(facts: ArchiveFacts) -> str:
    """Return the repository that all images of an archive are of, "" if there are several or none."""
    names = [image.name for image in facts.graph.images]
    found = {split_tag(name.partition("@")[0])[0] for name in names if name}
    return found.pop() if len(found) == 1 and all(names) else ""
