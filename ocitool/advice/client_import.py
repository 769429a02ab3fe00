"""Importers that call containerd's client library themselves (client/import.go): what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.advice.containerd.ctr import make_store, make_unpacker
from ocitool.advice.containerd.listing import list_archive
from ocitool.advice.containerd.local import ClientImport
from ocitool.advice.containerd.matching import Matcher, Spelling
from ocitool.advice.containerd.names import NameRule, Naming
from ocitool.advice.containerd.records import Record, check_targets, recorded_images
from ocitool.advice.outcome import Ending, Outcome
from ocitool.advice.table import Behaviour, read_table
from ocitool.advice.version import Version
from ocitool.errors import DocumentError
from ocitool.graph.image import Kind, walk_manifests
from ocitool.model.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from ocitool.advice.containerd.failure import ImportFailure
    from ocitool.advice.containerd.store import Store
    from ocitool.advice.containerd.unpack import Unpacker
    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.outcome import RecordedImage
    from ocitool.graph.image import ManifestNode
    from ocitool.model.digest import Digest
    from ocitool.model.platform import Platform


@dataclass(frozen=True, slots=True)
class Library:
    """The client library of one version, and what it has of an archive, on a host."""

    store: Store
    behaviour: Behaviour
    spelling: Spelling
    compression: str

    @classmethod
    def of(cls, facts: ArchiveFacts, version: str, host: Platform) -> Library:
        """Return the library of a containerd of some version."""
        behaviour = read_table("ctr").behaviour(Version.parse(version))
        return cls(
            make_store(facts, behaviour.traits), behaviour, Spelling.of(behaviour.traits, host), facts.compression
        )

    def take(
        self, walked: Matcher, accepted: str, unnamed: str, *, skip_missing: bool
    ) -> tuple[tuple[Record, ...], frozenset[Digest]]:
        """Return what is recorded, and what the walk has read; raises `ImportFailure`.

        References are names as they are; what has none is called `unnamed` and its digest, if that is given.
        """
        client = ClientImport(
            store=self.store,
            compression=self.compression,
            accepted=frozenset(accepted.split()),
            naming=Naming(NameRule.ANNOTATION, None),
            walked=walked,
            skip_missing=skip_missing,
            refuse_empty=self.behaviour.traits["empty-walk"] == "refused",
        )
        records, held = client.run()
        named = {record.target for record in records}
        if unnamed:
            nodes = [node for node in list_archive(self.store) if node not in named]
            records += tuple(Record(f"{unnamed}@{node.descriptor.digest}", node) for node in nodes)
        check_targets(records)
        return records, held

    def ending(self, asked: Hashable, run: Callable[[], Outcome]) -> Outcome:
        """Return how what is asked ends, worked out once for all versions of this library that do the same.

        Raises the `ImportFailure` that `run` raises.
        """
        alike = asked, self.unpacker(), self.spelling, self.behaviour.traits["empty-walk"]
        return self.store.ending(alike, run)

    def unpacker(self) -> Unpacker:
        """Return how this version unpacks."""
        return make_unpacker(self.store, self.behaviour.traits)

    def images(
        self, records: Sequence[Record], held: frozenset[Digest], unpacked: Iterable[Digest]
    ) -> tuple[RecordedImage, ...]:
        """Return the images of records, of which some manifests are unpacked or would be when they are run."""
        return recorded_images(records, self.unpacker(), self.spelling, held, frozenset(unpacked))

    def unpackable(
        self, record: Record, held: frozenset[Digest], fits: Callable[[ManifestNode], bool]
    ) -> Iterator[Digest]:
        """Yield the manifests of a record that fit, are held, are whole, and have a diff_id for every layer."""
        for node in _held_images(record, held):
            if fits(node) and self.store.is_whole(node) and _has_all_diff_ids(node):
                yield node.descriptor.digest

    def miscounted(self, record: Record, held: frozenset[Digest]) -> Iterator[str]:
        """Say which manifests of a record that are held and whole have another number of layers than diff_ids."""
        for node in _held_images(record, held):
            if self.store.is_whole(node) and not _has_all_diff_ids(node):
                label = node.platform.display if node.platform else str(node.descriptor.digest)
                yield f"the config of {label} has {len(node.diff_ids or ())} diff_ids for {len(node.layers)} layers"


def _held_images(record: Record, held: frozenset[Digest]) -> Iterator[ManifestNode]:
    for node in walk_manifests(record.target):
        if node.kind is Kind.IMAGE and node.descriptor.digest in held:
            yield node


def _has_all_diff_ids(node: ManifestNode) -> bool:
    return len(node.diff_ids or ()) == len(node.layers)


def is_full_name(name: str) -> bool:
    """Tell whether docker and Kubernetes find an image by its name: they ask for full ones."""
    try:
        return Reference.parse(name).with_default_tag().full == name
    except DocumentError:
        return False


def failed(failure: ImportFailure, *behaviours: Behaviour) -> Outcome:
    """Return the outcome of a failure, in the words of the first that has some for it."""
    known = (one for one in behaviours if failure.template in one.messages)
    message = next((one.message(failure.template, **failure.values) for one in known), "").removeprefix("ctr: ")
    return Outcome(Ending.ERROR, failure.name, message, failure.images, failure.reasons, is_stable=failure.is_stable)
