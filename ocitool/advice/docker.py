"""`docker load` into docker's own image store: it goes by manifest.json alone (image/tarexport/load.go)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.advice.command_flags import read_flags
from ocitool.advice.docker_items import Flaw, ListState, list_state, listed_items
from ocitool.advice.outcome import Ending, Outcome, RecordedImage
from ocitool.advice.platform_words import read_platform, wanted_words
from ocitool.advice.table import read_table
from ocitool.errors import DocumentError, UsageError
from ocitool.model.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ocitool.advice.docker_items import ListedItem
    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.table import Behaviour, Table
    from ocitool.advice.target import Target
    from ocitool.model.platform import Platform


@dataclass(frozen=True, slots=True)
class Docker:
    """`docker load` where images live in docker's own store."""

    @property
    def table(self) -> Table:
        """What its versions do."""
        return read_table("docker")

    def predict(self, facts: ArchiveFacts, target: Target, arguments: Sequence[str]) -> Outcome:
        """Tell how a load ends; raises `UsageError` for a flag without its value, or an archive among them."""
        behaviour = self.table.behaviour(target.version)
        flags = read_flags(arguments, behaviour.flags)
        if flags.unknown:
            return _failed(behaviour, "flag-unknown", f"{target.version} has no {flags.unknown}", flag=flags.unknown)
        if flags.operands:
            raise UsageError("docker load takes no archive but that of --input")
        texts = [text for value in flags.flags.get("--platform", ()) for text in value.split(",")]
        if len(texts) > 1 and behaviour.traits["platforms"] == "one":
            text = flags.value("--platform")
            return _failed(behaviour, "platform-invalid", "--platform takes one platform here", platform=text)
        return _Load(facts, target, behaviour, tuple(map(read_platform, texts))).run()

    def candidates(
        self, facts: ArchiveFacts, target: Target, wanted: Sequence[Platform]
    ) -> tuple[tuple[str, ...], ...]:
        """Return no arguments: `--platform` can only leave images out."""
        del facts, target, wanted
        return ((),)

    def usual(self, target: Target, wanted: Sequence[Platform]) -> tuple[tuple[str, ...], ...]:
        """Return none, and `--platform` for each platform that is wanted."""
        del target
        return ((), *(("--platform", words) for words in wanted_words(wanted)))

    def words(self, arguments: Sequence[str], source: str) -> tuple[str, ...]:
        """Return the command as it is typed."""
        return ("docker", "load", "-i", source, *arguments)


_FLAWS: Final[Mapping[Flaw, tuple[str, str]]] = {
    Flaw.CONFIG_ABSENT: ("no-such-file", "manifest.json lists a config that is not there"),
    Flaw.NO_ROOTFS: ("no-rootfs", "its config has no diff_ids"),
    Flaw.LAYER_COUNT: ("layers-mismatch", "manifest.json lists another number of layers than the config"),
    Flaw.LAYER_ABSENT: ("no-such-file", "manifest.json lists a layer that is not there"),
    Flaw.LAYER_CORRUPT: ("corrupt-layer", "one of its layers is corrupt"),
}


def _failed(behaviour: Behaviour, failure: str, *reasons: str, **values: str) -> Outcome:
    return Outcome(Ending.ERROR, failure, behaviour.message(failure, **values), reasons=reasons)


@dataclass(frozen=True, slots=True)
class _Load:
    facts: ArchiveFacts
    target: Target
    behaviour: Behaviour
    wanted: tuple[Platform, ...]

    def run(self) -> Outcome:
        compression = self.facts.compression
        if compression and not self._unpacks(compression):
            reason = f"the whole file is compressed with {compression}, which {self.target.version} does not unpack"
            return _failed(self.behaviour, "not-a-tar", reason)
        state = list_state(self.facts.graph)
        if state is ListState.UNREADABLE:
            return _failed(self.behaviour, "bad-docker-manifest", "its manifest.json cannot be read")
        if state is ListState.NULL and self.behaviour.traits["null"] == "refused":
            return _failed(self.behaviour, "null-docker-manifest", "its manifest.json is null")
        if state is ListState.ABSENT:
            return _failed(
                self.behaviour,
                "no-docker-manifest",
                "it has no manifest.json, and this store reads nothing else",
                folder=self._folder(),
            )
        return self._load()

    def _folder(self) -> str:
        """Return the folder whose ``json`` docker misses, looking for the form before manifest.json."""
        names = sorted(entry.name for entry in self.facts.graph.blobs.values())
        return next((name.partition("/")[0] for name in names if "/" in name), "blobs")

    def _load(self) -> Outcome:
        images: dict[str, RecordedImage] = {}
        reasons: list[str] = []
        for listed in listed_items(self.facts):
            platform = listed.platform
            if self.wanted and platform is not None and not any(want.matches(platform) for want in self.wanted):
                reasons.append(f"manifest.json lists an image for {platform.display}, which --platform leaves out")
                continue
            failed = self._failure(listed)
            if failed is not None:
                failure, reason, values = failed
                message = self.behaviour.message(failure, **values)
                return Outcome(Ending.ERROR, failure, message, tuple(images.values()), (reason,))
            ready = () if platform is None else (platform.display,)
            for name in self._names(listed):
                images[name or str(listed.digest)] = RecordedImage(name, listed.digest, ready)
            bad = next((tag for tag in listed.item.tags if not _full(tag)), None)
            if bad is not None:
                failure, reason = ("bad-tag", "has no tag") if _is_name(bad) else ("bad-name", "is no image name")
                message = self.behaviour.message(failure, tag=bad)
                return Outcome(Ending.ERROR, failure, message, tuple(images.values()), (f"{bad!r} {reason}",))
        if not images:
            return Outcome(Ending.NOTHING, reasons=(*reasons, "manifest.json lists no image")[:1])
        return Outcome(Ending.OK, images=tuple(images.values()), reasons=(*reasons, *self._left_out(images)))

    def _names(self, listed: ListedItem) -> tuple[str, ...]:
        names: list[str] = []
        for tag in listed.item.tags:
            name = _full(tag)
            if not name:
                break
            names.append(name)
        # What is loaded stays, though its first name is refused.
        return tuple(names) or ("",)

    def _failure(self, listed: ListedItem) -> tuple[str, str, dict[str, str]] | None:
        """Return what stops one image, why, and what the message is filled with; None if nothing does."""
        host, system = self.target.host.os, "" if listed.platform is None else listed.platform.os
        if listed.flaw not in {Flaw.CONFIG_ABSENT, Flaw.NO_ROOTFS}:
            if system not in {"", host}:
                return "wrong-os", f"its config says {system}", {"image": system, "host": host}
            if listed.flaw is not Flaw.LAYER_COUNT and listed.has_zstd and not self._unpacks("zstd"):
                return "layer-not-unpacked", f"{self.target.version} does not unpack layers of zstd", {}
        if listed.flaw is None:
            return None
        failure, reason = _FLAWS[listed.flaw]
        expected, got = map(str, listed.counts)
        return failure, reason, {"entry": listed.absent, "expected": expected, "got": got}

    def _unpacks(self, compression: str) -> bool:
        return compression in self.behaviour.traits["compressions"].split()

    def _left_out(self, images: dict[str, RecordedImage]) -> tuple[str, ...]:
        """Say which platforms of the archive are not loaded, as manifest.json lists none of them."""
        loaded = {platform for image in images.values() for platform in image.ready}
        listed = {
            node.platform.display: None
            for image in self.facts.graph.images
            if not image.is_artifact
            for node in image.manifests()
            if node.platform and not node.platform.is_unknown
        }
        left = [platform for platform in listed if platform not in loaded]
        return (f"this store keeps one platform of an image; not loaded: {', '.join(left)}",) if left else ()


def _is_name(tag: str) -> bool:
    try:
        Reference.parse(tag)
    except DocumentError:
        return False
    return True


def _full(tag: str) -> str:
    """Return a tag as the store keeps it, "" if it is no tagged name."""
    try:
        reference = Reference.parse(tag)
    except DocumentError:
        return ""
    return reference.full if reference.tag and not reference.digest else ""
