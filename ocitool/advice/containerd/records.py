"""The images that an import records, and what becomes of their platforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.advice.containerd.failure import ImportFailure
from ocitool.advice.containerd.matching import take_strictly
from ocitool.advice.outcome import Ending, Outcome, RecordedImage
from ocitool.graph.image import Kind, State, walk_manifests
from ocitool.model.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ocitool.advice.containerd.matching import Spelling
    from ocitool.advice.containerd.names import Naming
    from ocitool.advice.containerd.store import Store
    from ocitool.advice.containerd.unpack import Unpacker
    from ocitool.graph.image import ManifestNode, Node
    from ocitool.model.digest import Digest


@dataclass(frozen=True, slots=True)
class Record:
    """A name, and what it stands for."""

    name: str
    target: Node


def name_records(nodes: Iterable[Node], naming: Naming) -> tuple[Record, ...]:
    """Return what is recorded for what index.json lists, in its order."""
    return tuple(Record(name, node) for node in nodes for name in naming.names(node.descriptor))


def names_collide(records: Sequence[Record]) -> bool:
    """Tell whether one name is given to different content, so that it depends on the run which has it in the end."""
    targets: dict[str, Digest] = {}
    return any(
        targets.setdefault(one.name, one.target.descriptor.digest) != one.target.descriptor.digest for one in records
    )


def recorded_images(
    records: Sequence[Record],
    unpacker: Unpacker,
    spelling: Spelling,
    walked: frozenset[Digest],
    unpacked: frozenset[Digest],
    *,
    discarded: bool = False,
) -> tuple[RecordedImage, ...]:
    """Return the images with the state of their platforms; the last record of a name counts.

    `walked` are the manifests whose content is held, `unpacked` those that are unpacked, after which with `discarded`
    nothing holds their layers. Ready is only what the image means on its platform.
    """
    store = unpacker.store
    done = unpacked & walked
    images: dict[str, RecordedImage] = {}
    for record in records:
        manifests = list(_listed(record.target, store))
        held = [node for node in manifests if node.descriptor.digest in walked and is_whole(node, store)]
        ready = [
            node
            for node in manifests
            if node.descriptor.digest in done and _is_meant(record.target, node, unpacker, spelling)
        ]
        kept = [node for node in held if not (discarded and node.descriptor.digest in unpacked)]
        ready_names, kept_names = _displays(ready), _displays(kept)
        lost = [name for name in _displays(manifests) if name not in {*ready_names, *kept_names}]
        images.pop(record.name, None)
        digest = record.target.descriptor.digest
        images[record.name] = RecordedImage(record.name, digest, ready_names, kept_names, tuple(lost))
    return tuple(images.values())


def is_whole(node: ManifestNode, store: Store) -> bool:
    """Tell whether config and layers of a manifest are all there."""
    if node.descriptor.digest in store.unread:
        return True
    if node.config is None or node.state is State.ABSENT:
        return False
    return all(store.holds(descriptor.digest) for descriptor in node.contents)


def success(images: tuple[RecordedImage, ...], reasons: Sequence[str], *, is_stable: bool) -> Outcome:
    """Return the outcome of an import that ends with exit code 0."""
    if not images:
        reasons = ("nothing that index.json lists has a name that this version takes", *reasons)
        return Outcome(Ending.NOTHING, reasons=tuple(reasons), is_stable=is_stable)
    ending = Ending.OK if all(image.ready for image in images) else Ending.STORED
    lost = tuple(dict.fromkeys(name for image in images for name in image.lost))
    if lost:
        reasons = (*reasons, f"{', '.join(lost)}: not held whole, so that the garbage collector takes what there is")
    return Outcome(ending, images=images, reasons=tuple(reasons), is_stable=is_stable)


def _is_meant(target: Node, manifest: ManifestNode, unpacker: Unpacker, spelling: Spelling) -> bool:
    """Tell whether an image stands for a manifest where its platform is asked for."""
    platform = manifest.descriptor.platform or manifest.configured or Platform("", "")
    try:
        found = unpacker.resolve(target, take_strictly(spelling, platform))
    except ImportFailure:
        return False
    return found.descriptor.digest == manifest.descriptor.digest


def _listed(target: Node, store: Store) -> Iterator[ManifestNode]:
    for node in walk_manifests(target):
        if node.kind is Kind.IMAGE and store.holds(node.descriptor.digest):
            yield node


def _displays(nodes: Iterable[ManifestNode]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((node.platform or Platform("", "")).display for node in nodes))
