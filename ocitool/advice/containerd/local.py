"""An import that the client does itself: `Client.Import`, then every image unpacked in turn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ocitool.advice.containerd.failure import ImportFailure
from ocitool.advice.containerd.listing import check_compression, list_archive, list_strictly
from ocitool.advice.containerd.records import (
    Record,
    check_targets,
    name_records,
    names_collide,
    recorded_images,
    success,
)
from ocitool.advice.containerd.walk import index_node, walk
from ocitool.graph.image import ManifestNode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.advice.containerd.matching import Matcher
    from ocitool.advice.containerd.names import Naming
    from ocitool.advice.containerd.store import Store
    from ocitool.advice.containerd.unpack import Unpacker
    from ocitool.advice.outcome import Outcome, RecordedImage
    from ocitool.graph.image import Node
    from ocitool.model.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientImport:
    """What the client library does (client/import.go, `Client.Import`), as other programs call it too.

    `walked` is the filter of the walk. `reads_layout` is False for 1.0 and 1.1, which read index.json alone.
    """

    store: Store
    compression: str
    accepted: frozenset[str]
    naming: Naming
    walked: Matcher
    index_name: str = ""
    reads_layout: bool = True
    skip_missing: bool = False
    refuse_empty: bool = True

    def run(self) -> tuple[tuple[Record, ...], frozenset[Digest]]:
        """Return the records that are made, and what the walk has read; raises `ImportFailure`."""
        check_compression(self.compression, self.accepted)
        nodes = list_archive(self.store) if self.reads_layout else list_strictly(self.store)
        walked = walk(nodes, self.store, self.walked, skip_missing=self.skip_missing, refuse_empty=self.refuse_empty)
        records = name_records(nodes, self.naming)
        if self.index_name:
            index = index_node(self.store, nodes)
            records = (Record(self.index_name, index), *records)
            walked |= {index.descriptor.digest}
        return records, walked


class Collected(StrEnum):
    """When the garbage collector takes what an import has read and nothing holds, such as a root filtered out.

    `ANY_TIME` is a race with the unpacking: the lease ends between the two.
    """

    NONE = "none"
    BEFORE_UNPACK = "collected-before-unpack"
    ANY_TIME = "collected-any-time"
    AFTER_UNPACK = "collected-after-unpack"


@dataclass(frozen=True, slots=True)
class LocalImport:
    """What `ctr` does itself; `unpacked` chooses what is unpacked, None for ``--no-unpack``.

    `collected` says when what nothing holds is gone.
    """

    client: ClientImport
    unpacker: Unpacker
    unpacked: Matcher | None
    collected: Collected = Collected.AFTER_UNPACK
    discards_layers: bool = False

    def run(self) -> Outcome:
        """Tell how it ends; raises `ImportFailure`, which knows the images that are recorded all the same."""
        records, walked = self.client.run()
        is_stable = not names_collide(records)
        unpacked: set[Digest] = set()
        check_targets(records, lambda stored: self._images(stored, walked, set()))
        if self.unpacked is not None:
            for record in records:
                try:
                    unpacked |= self._unpack(record.target, walked, self.unpacked)
                except ImportFailure as failure:
                    failure.values["name"] = record.name
                    failure.images = self._images(records, walked, unpacked)
                    failure.is_stable = is_stable
                    raise
        images = self._images(records, walked, unpacked)
        reasons = [] if self.unpacked is not None else ["--no-unpack leaves it to be unpacked later"]
        if not is_stable:
            reasons.insert(0, "one name stands for several images, of which the last one stored wins")
        if self.collected is Collected.ANY_TIME and not unpacked <= walked:
            is_stable = False
            reasons.insert(0, "what was filtered out may be collected before it is unpacked, which is an error then")
        return success(images, reasons, is_stable=is_stable)

    def _images(
        self, records: Sequence[Record], walked: frozenset[Digest], unpacked: set[Digest]
    ) -> tuple[RecordedImage, ...]:
        spelling = self.client.walked.spelling
        held = frozenset(unpacked)
        return recorded_images(records, self.unpacker, spelling, walked, held, discarded=self.discards_layers)

    def _unpack(self, target: Node, walked: frozenset[Digest], matcher: Matcher) -> frozenset[Digest]:
        manifest = self.unpacker.resolve(target, matcher)
        digest = manifest.descriptor.digest
        if self.collected is Collected.BEFORE_UNPACK and digest not in walked:
            gone = manifest.config.digest if isinstance(target, ManifestNode) and manifest.config else digest
            template = "config-not-found" if gone != digest else ""
            raise ImportFailure("content-not-found", _unheld_words(manifest), template=template, digest=gone)
        return frozenset({digest} if self.unpacker.unpack(manifest) else ())


def _unheld_words(manifest: ManifestNode) -> str:
    platform = manifest.platform.display if manifest.platform else "its platform"
    return f"{platform} was filtered out, so that its content is collected before it is unpacked"
