"""What an import did: the plan, the importer's exit code, and what is there afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocitool.advice.choice import wanted_manifests
from ocitool.api.import_client import Sought
from ocitool.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.advice.outcome import RecordedImage
    from ocitool.api.import_client import Store, StoredImage
    from ocitool.api.import_plan import ImportPlan
    from ocitool.graph.image import Image, ManifestNode
    from ocitool.model.json_text import JsonObject

DAY: Final = "import-DATE"
"""Stands in a prediction for the name that ctr makes of the day (images/import.go: ``import-2006-01-02``)."""


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image that was to be imported, as it is found afterwards.

    `stored` is None if it is not there, and `is_other` if that is none of what was fed, but an image of the same name
    from before. `whole` are the wanted platforms all of whose blobs are there, `lacking` those that lack some; both
    are empty where the client does not tell. `unpacked` are those of `whole` that are unpacked, None where the client
    does not tell.
    """

    name: str
    stored: StoredImage | None
    whole: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    unpacked: tuple[str, ...] | None = None
    is_other: bool = False

    @property
    def is_there(self) -> bool:
        """Whether it is there with all that is wanted of it."""
        return self.stored is not None and not self.is_other and not self.lacking

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        stored = self.stored
        return {
            "name": self.name,
            "isThere": stored is not None,
            "digest": None if stored is None else stored.digest,
            "status": "" if stored is None else stored.status,
            "isOther": self.is_other,
            "isUnpacked": None if stored is None else stored.is_unpacked,
            "platform": "" if stored is None else stored.platform,
            "complete": list(self.whole),
            "incomplete": list(self.lacking),
            "unpacked": None if self.unpacked is None else list(self.unpacked),
        }


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did; `exit_code` None if it was only planned."""

    source: str
    plan: ImportPlan
    exit_code: int | None
    images: tuple[FoundImage, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether the importer reported success and all that it was to record is there."""
        return self.exit_code == 0 and all(image.is_there for image in self.images)

    def to_json(self) -> JsonObject:
        """Return the report as one JSON object (schema ``output/import``)."""
        return {
            "schemaVersion": 1,
            "kind": "import",
            "source": self.source,
            **self.plan.to_json(),
            "dryRun": self.exit_code is None,
            "exitCode": self.exit_code,
            "images": [image.to_json() for image in self.images],
        }


def find_images(
    plan: ImportPlan, fed: ArchiveFacts, look: Callable[[Sequence[Sought]], Store], today: date
) -> tuple[FoundImage, ...]:
    """Hold what is there, which `look` tells, to what was to be recorded of what was fed."""
    records = tuple(
        replace(record, name=record.name.replace(DAY, f"import-{today:%Y-%m-%d}")) for record in plan.outcome.images
    )
    store = look([Sought(record.name, _digests(record, plan, fed)) for record in records])
    return tuple(
        _found(record, plan, fed, stored, store) for record, stored in zip(records, store.images, strict=True)
    )


def _found(
    record: RecordedImage, plan: ImportPlan, fed: ArchiveFacts, stored: StoredImage | None, store: Store
) -> FoundImage:
    if stored is None:
        return FoundImage(record.name, None)
    known = _known_digests(record, plan, fed)
    if known and stored.digest not in known:
        return FoundImage(record.name, stored, is_other=True)
    if store.blobs is None:
        return FoundImage(record.name, stored)
    whole: list[str] = []
    lacking: list[str] = []
    unpacked: list[str] = []
    for node in dict.fromkeys(_wanted(record, plan, fed)):
        is_whole = _blobs(node) <= store.blobs
        (whole if is_whole else lacking).append(_display(node))
        if is_whole and _is_unpacked(node, store.snapshots or frozenset()):
            unpacked.append(_display(node))
    told = None if store.snapshots is None else tuple(unpacked)
    return FoundImage(record.name, stored, tuple(whole), tuple(lacking), told)


def _is_unpacked(node: ManifestNode, snapshots: frozenset[str]) -> bool:
    """Tell whether there is a snapshot of all layers; too few diff_ids are the name of one of some of them."""
    diff_ids = node.diff_ids or ()
    return len(diff_ids) == len(node.layers) and chain_id(diff_ids) in snapshots


def chain_id(diff_ids: Sequence[str]) -> str:
    """Return the name of the snapshot of some layers, "" for none (image-spec config.md, "Layer ChainID")."""
    chain = ""
    for diff_id in diff_ids:
        chain = str(Digest.of(f"{chain} {diff_id}".encode())) if chain else diff_id
    return chain


def _known_digests(record: RecordedImage, plan: ImportPlan, fed: ArchiveFacts) -> frozenset[str]:
    """Return the digests of all that may be recorded under a name; none if nothing is known of it.

    What was predicted is no such digest where layers were compressed anew, after that.
    """
    digests = {record.digest} if _roots(plan.facts) == _roots(fed) else set()
    for image in fed.graph.images:
        if _is_of(image, record):
            nodes = tuple(wanted_manifests(image, plan.wanted)) or tuple(image.manifests())
            digests |= {root.node.descriptor.digest for root in image.roots}
            digests |= {index.descriptor.digest for index in image.indexes()}
            digests |= {node.descriptor.digest for node in nodes}
            digests |= {node.config.digest for node in nodes if node.config is not None}
    return frozenset(map(str, digests))


def _roots(facts: ArchiveFacts) -> set[Digest]:
    return {root.node.descriptor.digest for image in facts.graph.images for root in image.roots}


def _wanted(record: RecordedImage, plan: ImportPlan, fed: ArchiveFacts) -> Iterator[ManifestNode]:
    for image in fed.graph.images:
        if _is_of(image, record):
            yield from wanted_manifests(image, plan.wanted)


def _is_of(image: Image, record: RecordedImage) -> bool:
    digests = {root.node.descriptor.digest for root in image.roots}
    digests |= {node.descriptor.digest for node in image.manifests()}
    return image.name == record.name or record.digest in digests


def _digests(record: RecordedImage, plan: ImportPlan, fed: ArchiveFacts) -> tuple[str, ...]:
    """Return what a client may call an image: the digest of its root, or that of its config."""
    configs = (node.config.digest for node in _wanted(record, plan, fed) if node.config is not None)
    return tuple(map(str, (record.digest, *configs)))


def _blobs(node: ManifestNode) -> set[str]:
    """Return what has to be there to run it, but its manifest: one made of a docker-archive may be spelled anyhow."""
    external = set(node.external)
    return {str(content.digest) for content in node.contents if content not in external}


def _display(node: ManifestNode) -> str:
    return "" if node.platform is None else node.platform.display
