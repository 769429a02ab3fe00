"""What an import did: the plan, the importer's exit code, and what is there afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocitool.advice.choice import wanted_manifests
from ocitool.api.import_client import Sought

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

    `stored` is None if it is not there; `whole` are the wanted platforms all of whose blobs are there, `lacking`
    those that lack some; both are empty where the client does not tell.
    """

    name: str
    stored: StoredImage | None
    whole: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether it is there with all that is wanted of it."""
        return self.stored is not None and not self.lacking

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        stored = self.stored
        return {
            "name": self.name,
            "isThere": stored is not None,
            "digest": None if stored is None else stored.digest,
            "status": "" if stored is None else stored.status,
            "isUnpacked": None if stored is None else stored.is_unpacked,
            "platform": "" if stored is None else stored.platform,
            "complete": list(self.whole),
            "incomplete": list(self.lacking),
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
    if stored is None or store.blobs is None:
        return FoundImage(record.name, stored)
    whole: list[str] = []
    lacking: list[str] = []
    for node in dict.fromkeys(_wanted(record, plan, fed)):
        (whole if _blobs(node) <= store.blobs else lacking).append(_display(node))
    return FoundImage(record.name, stored, tuple(whole), tuple(lacking))


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
