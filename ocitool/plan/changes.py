"""The report of `diff` as values: what became of images, platforms and layers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocitool.graph.image import Kind, State
    from ocitool.model.digest import Digest
    from ocitool.model.json_text import JsonObject


class Change(StrEnum):
    """What became of an image, a manifest or a blob."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class BlobChange:
    """A config or layer of a manifest, `size` in bytes: added, removed, or the same in both."""

    digest: Digest
    size: int
    media_type: str
    is_config: bool
    change: Change

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        return {
            "change": self.change.value,
            "digest": str(self.digest),
            "mediaType": self.media_type,
            "size": self.size,
        }


@dataclass(frozen=True, slots=True)
class Side:
    """A manifest as one of the archives has it."""

    digest: Digest
    state: State

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        return {"digest": str(self.digest), "state": self.state.value}


@dataclass(frozen=True, slots=True)
class ManifestChange:
    """A platform of an image, or what is attached to one; a side is None where nothing lists it.

    `blobs` are those that either side holds, each once: of NEW in its order, then those of OLD alone.
    """

    name: str
    kind: Kind
    change: Change
    old: Side | None
    new: Side | None
    blobs: tuple[BlobChange, ...]

    def layers(self, change: Change) -> tuple[BlobChange, ...]:
        """Return the layers that this became of."""
        return tuple(blob for blob in self.blobs if blob.change is change and not blob.is_config)

    @property
    def is_config_changed(self) -> bool:
        """Whether both have a config, and not the same."""
        changes = {blob.change for blob in self.blobs if blob.is_config}
        return self.change is Change.CHANGED and {Change.ADDED, Change.REMOVED} <= changes

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "change": self.change.value,
            "old": None if self.old is None else self.old.to_json(),
            "new": None if self.new is None else self.new.to_json(),
            "configs": [blob.to_json() for blob in self.blobs if blob.is_config],
            "layers": [blob.to_json() for blob in self.blobs if not blob.is_config],
        }


@dataclass(frozen=True, slots=True)
class ImageChange:
    """An image by its name, or None; `label` names it for people.

    It changed if any of its manifests did, or its index (`is_index_changed`): what that says of itself and of them,
    or their order.
    """

    name: str | None
    label: str
    change: Change
    manifests: tuple[ManifestChange, ...]
    is_index_changed: bool = False

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        return {
            "name": self.name,
            "change": self.change.value,
            "indexChanged": self.is_index_changed,
            "manifests": [manifest.to_json() for manifest in self.manifests],
        }


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of blobs, and their bytes."""

    blobs: int
    size: int

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        return {"blobs": self.blobs, "size": self.size}


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the two archives: its name, its size in bytes, and what is wrong with it, in words."""

    name: str
    size: int
    faults: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """Return the JSON form of the report."""
        return {"name": self.name, "size": self.size, "faults": list(self.faults)}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole report. The amounts count manifests, configs and layers that are there, each digest once.

    `unmatched` are the values of ``--image`` and ``-p`` that nothing in either archive fits.
    """

    old: Compared
    new: Compared
    images: tuple[ImageChange, ...]
    added: Amount
    shared: Amount
    removed: Amount
    unmatched: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the archives hold other content, or the same under other names."""
        return any(image.change is not Change.SAME for image in self.images)

    def to_json(self) -> JsonObject:
        """Return the report as one JSON object (schema ``output/diff``)."""
        return {
            "schemaVersion": 1,
            "kind": "diff",
            "old": self.old.to_json(),
            "new": self.new.to_json(),
            "differs": self.differs,
            "added": self.added.to_json(),
            "shared": self.shared.to_json(),
            "removed": self.removed.to_json(),
            "images": [image.to_json() for image in self.images],
            "unmatched": list(self.unmatched),
        }
