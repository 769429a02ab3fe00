"""An import that the daemon does: the transfer service of containerd 2 (core/transfer/local/import.go)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.advice.containerd.failure import ImportFailure
from ocitool.advice.containerd.listing import check_compression, list_archive
from ocitool.advice.containerd.matching import take_all, take_strictly, take_system
from ocitool.advice.containerd.names import NameRule
from ocitool.advice.containerd.records import (
    Record,
    check_targets,
    name_records,
    names_collide,
    recorded_images,
    success,
)
from ocitool.advice.containerd.walk import index_node, walk
from ocitool.graph.image import walk_manifests
from ocitool.model.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ocitool.advice.containerd.matching import Matcher
    from ocitool.advice.containerd.names import Naming
    from ocitool.advice.containerd.store import Store
    from ocitool.advice.containerd.unpack import Unpacker
    from ocitool.advice.outcome import Outcome, RecordedImage
    from ocitool.graph.image import Node
    from ocitool.model.digest import Digest

_SNAPSHOTTERS: Final = frozenset({"", "overlayfs"})
"""What a daemon unpacks into unless it is configured otherwise, and what asks for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferImport:
    """What a client asks of the daemon, and what the daemon does.

    `requested` is the platform to unpack for, None to unpack nothing; an empty one is what 2.0.0 asks for with
    ``--all-platforms``. `covers` is what the daemon unpacks: ``configured`` (its own platform), ``same-os`` or
    ``everything``.
    """

    store: Store
    unpacker: Unpacker
    compression: str
    accepted: frozenset[str]
    naming: Naming
    walked: Matcher
    requested: Platform | None
    covers: str
    snapshotter: str = ""
    index_name: str = ""
    records_index_digest: bool = False

    def run(self) -> Outcome:
        """Tell how it ends; raises `ImportFailure`, which knows the images that are recorded all the same."""
        check_compression(self.compression, self.accepted)
        nodes = list_archive(self.store)
        covered = None if self.requested is None else self._unpack_platforms(self.requested)
        walked = walk(nodes, self.store, self.walked)
        unpacked = self._unpack(nodes, walked, covered)
        of_index = self._index_records(nodes)
        records = (*of_index, *name_records(nodes, self.naming))
        walked |= {record.target.descriptor.digest for record in of_index}
        is_stable = not names_collide(records)

        def images(stored: Sequence[Record]) -> tuple[RecordedImage, ...]:
            return recorded_images(stored, self.unpacker, self.walked.spelling, walked, unpacked)

        check_targets(records, images)
        return success(images(records), self._reasons(covered, is_stable=is_stable), is_stable=is_stable)

    def _unpack_platforms(self, requested: Platform) -> Matcher:
        """Return what the daemon unpacks; raises `ImportFailure` if the request is none of that."""
        spelling = self.walked.spelling
        if self.covers == "everything":
            covered = take_all(spelling)
        elif self.covers == "same-os":
            covered = take_system(spelling)
        else:
            covered = take_strictly(spelling, spelling.host)
        if self.snapshotter not in _SNAPSHOTTERS:
            raise ImportFailure("no-unpack-platforms", f"the daemon is not set up to unpack into {self.snapshotter}")
        if not covered.matches(requested):
            asked = "an empty platform" if requested == Platform("", "") else requested.display
            raise ImportFailure(
                "no-unpack-platforms", f"this ctr asks to unpack {asked}, which no configured platform matches"
            )
        return covered

    def _unpack(self, nodes: Iterable[Node], walked: frozenset[Digest], covered: Matcher | None) -> frozenset[Digest]:
        if covered is None:
            return frozenset()
        manifests = {
            manifest.descriptor.digest: manifest
            for node in nodes
            for manifest in walk_manifests(node)
            if manifest.descriptor.digest in walked
        }
        return frozenset(
            digest for digest, manifest in manifests.items() if self.unpacker.unpack_walked(manifest, covered)
        )

    def _index_records(self, nodes: tuple[Node, ...]) -> tuple[Record, ...]:
        """Return what is recorded for index.json itself."""
        index = index_node(self.store, nodes)
        by_digest = f"{self.naming.prefix}@{index.descriptor.digest}"
        has_digest = self.records_index_digest and self.naming.digests
        names = (*([self.index_name] if self.index_name else ()), *([by_digest] if has_digest else ()))
        return tuple(Record(name, index) for name in names)

    def _reasons(self, covered: Matcher | None, *, is_stable: bool) -> list[str]:
        reasons = [] if is_stable else ["one name stands for several images, of which the last one stored wins"]
        if self.naming.rule is NameRule.TRANSFER and any(
            root.name and not self.naming.names(root.node.descriptor) for root in self.store.roots
        ):
            reasons.append("a name without any of / : @ is left out, or one that does not begin with --base-name")
        if self.requested is None:
            reasons.append("it is left to be unpacked later")
        elif covered is not None and covered.choices:
            reasons.append(f"the daemon unpacks {covered.choices[0].display} alone")
        return reasons
