"""The images that an import records, and what becomes of their platforms."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocitool.advice.containerd.failure import ImportFailure
from ocitool.advice.containerd.matching import take_strictly
from ocitool.advice.containerd.unpack import configured
from ocitool.advice.outcome import Ending, Outcome, RecordedImage
from ocitool.graph.image import Kind, ManifestNode, walk_manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ocitool.advice.containerd.matching import Spelling
    from ocitool.advice.containerd.names import Naming
    from ocitool.advice.containerd.store import Store
    from ocitool.advice.containerd.unpack import Unpacker
    from ocitool.graph.image import Node
    from ocitool.model.digest import Digest
    from ocitool.model.platform import Platform


@dataclass(frozen=True, slots=True)
class Record:
    """A name, and what it stands for."""

    name: str
    target: Node


def name_records(nodes: Iterable[Node], naming: Naming) -> tuple[Record, ...]:
    """Return what is recorded for what index.json lists, in its order."""
    return tuple(Record(name, node) for node in nodes for name in naming.names(node.descriptor))


def check_targets(
    records: Sequence[Record], images: Callable[[Sequence[Record]], tuple[RecordedImage, ...]] = lambda _: ()
) -> None:
    """Raise `ImportFailure` for the first target that the metadata refuses (metadata/images.go, `validateTarget`).

    `images` tells what becomes of the records before it, which are stored.
    """
    for place, record in enumerate(records):
        descriptor = record.target.descriptor
        if descriptor.size and descriptor.media_type:
            continue
        lack = "no mediaType" if descriptor.size else "a size of 0"
        text = "MediaType must be set" if descriptor.size else "Size must be greater than zero"
        failure = ImportFailure("target-refused", f"index.json lists {descriptor.digest} with {lack}", text=text)
        failure.images = images(records[:place])
        raise failure


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
        manifests = list(_listed(record.target, unpacker))
        names = _displays(manifests, spelling)
        held = [node for node in manifests if node.descriptor.digest in walked and store.is_whole(node)]
        unpacked_here = [node for node in manifests if done and node.descriptor.digest in done]
        meant = _meant(record.target, unpacked_here, unpacker, spelling) if unpacked_here else frozenset()
        ready = [node for node in unpacked_here if node.descriptor.digest in meant]
        kept = [node for node in held if not (discarded and node.descriptor.digest in unpacked)]
        ready_names = _displays(ready, spelling) if ready else ()
        kept_names = names if len(kept) == len(manifests) else _displays(kept, spelling)
        there = {*ready_names, *kept_names}
        lost = [name for name in names if name not in there]
        images.pop(record.name, None)
        digest = record.target.descriptor.digest
        images[record.name] = RecordedImage(record.name, digest, ready_names, kept_names, tuple(lost))
    return tuple(images.values())


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


def _meant(
    target: Node, manifests: Iterable[ManifestNode], unpacker: Unpacker, spelling: Spelling
) -> frozenset[Digest]:
    """Return those of some manifests that an image stands for where their platform is asked for."""
    first = None if unpacker.checks_target else _first_of_each(target, unpacker.store, spelling)
    found: set[Digest] = set()
    for manifest in manifests:
        digest = manifest.descriptor.digest
        # Who runs an image asks for no features.
        platform = replace(manifest.descriptor.platform or configured(manifest), os_features=())
        if first is not None:
            found |= {digest} & {first.get(spelling.normalized(platform))}
            continue
        with suppress(ImportFailure):
            found |= {digest} & {unpacker.resolve(target, take_strictly(spelling, platform)).descriptor.digest}
    return frozenset(found)


def _first_of_each(target: Node, store: Store, spelling: Spelling) -> dict[Platform, Digest] | None:
    """Return the first manifest of each platform of an index, in one pass; None where more than spelling decides.

    That is so for a manifest, for indexes within one, for what has no platform, and for Windows and its versions.
    """
    first: dict[Platform, Digest] = {}
    if isinstance(target, ManifestNode):
        return None
    for child in store.children(target):
        platform = child.descriptor.platform
        if platform is None or not isinstance(child, ManifestNode) or child.kind is Kind.OPAQUE:
            return None
        spelled = spelling.normalized(platform)
        if spelled.os == "windows" or spelled.os_features or spelled.os_version:
            return None
        first.setdefault(spelled, child.descriptor.digest)
    return first


def _listed(target: Node, unpacker: Unpacker) -> Iterator[ManifestNode]:
    """Yield what containerd takes for images, which may have an odd config."""
    for node in walk_manifests(target):
        is_odd = (
            node.kind is Kind.ARTIFACT and node.odd_config is not None and any(map(unpacker.is_layer, node.layers))
        )
        if (node.kind is Kind.IMAGE or is_odd) and unpacker.store.holds(node.descriptor.digest):
            yield node


def _displays(nodes: Iterable[ManifestNode], spelling: Spelling) -> tuple[str, ...]:
    platforms = (node.platform or spelling.normalized(configured(node)) for node in nodes)
    return tuple(dict.fromkeys(platform.display for platform in platforms))
