"""Rules of layers (C8, Y1 to Y12): what came out of them against what media types, configs and platforms say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.archive.codec.sniff import tell_compression
from ocitool.archive.headers import BLOCK
from ocitool.check.layers.entrypoint import find_program
from ocitool.check.layers.program import fits
from ocitool.check.report import Place, Problem
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import Kind
from ocitool.model.limits import LAYER_ENTRY_LIMIT, NAME_LIMIT
from ocitool.model.media_type import layer_compression
from ocitool.plan.unpacking import layer_uses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.check.checked import CheckedArchive
    from ocitool.check.layers.entries import Sightings
    from ocitool.check.layers.record import LayerRecord
    from ocitool.graph.image import Image, ManifestNode
    from ocitool.model.digest import Digest
    from ocitool.plan.unpacking import LayerUse, UnpackedLayer

_SIGHTED: Final = {
    "Y2": ("a path occurs more than once", "{} entries have a path that another one has"),
    "Y4": ("an entry is a sparse file", "{} entries are sparse files"),
    "Y5": ("a whiteout names nothing", "{} whiteouts name nothing"),
    "Y7": ("a whiteout stands after a sibling", "{} whiteouts stand after siblings"),
    "Y9": ("an entry leaves the root", "{} entries leave the root"),
    "Y11": (f"a name has more than {NAME_LIMIT} bytes", f"{{}} names have more than {NAME_LIMIT} bytes"),
    "Y12": ("an entry cannot be unpacked", "{} entries cannot be unpacked"),
}
"""Rules that entries break, in words for one and for several."""

_LOOK: Final = "look at where the image comes from; no layer needs that"
_KINDS: Final = {"none": "not compressed"}
_NAME_LENGTH: Final = 200


def layer_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield what is wrong with layers, unpacked or not; nothing of those whose bytes are not theirs (D15)."""
    known: set[object] = set()
    uses = [use for use in layer_uses(archive.graph) if _is_its_own(archive, use.descriptor.digest)]
    for use in uses:
        if _is_new(known, (use.descriptor.digest, use.descriptor.media_type)) and _lies(archive, use):
            yield _media_type_problem(archive, use)
    spent = next((layer for layer in archive.layers.unpacked.values() if layer.spent), None)
    if spent is not None:
        # Which layers came before that is chance, so nothing is said of what came out of any of them.
        message = f"all layers together: {spent.excess}; what is in layers was not judged any further"
        yield Problem("Y11", message, Place(archive.source.name))
        return
    yield from _unpacked_problems(archive, uses)
    for image in archive.graph.images:
        for node in image.manifests():
            yield from _program_problems(archive, image, node)


def _unpacked_problems(archive: CheckedArchive, uses: Sequence[LayerUse]) -> Iterator[Problem]:
    """Yield what is wrong with what came out of layers."""
    known: set[object] = set()
    for use in uses:
        digest = use.descriptor.digest
        layer = archive.layers.unpacked.get(digest)
        if layer is None or (archive.layers.seen[digest].is_no_tar and _lies(archive, use)):
            continue
        place = _place(archive, use)
        if _is_new(known, digest):
            yield from _layer_problems(archive, use, layer, place)
        if _is_new(known, (digest, use.diff_id)):
            yield from _diff_id_problems(use, layer, place)


def _is_its_own(archive: CheckedArchive, digest: Digest) -> bool:
    return digest in archive.graph.blobs and archive.actual.get(digest) == digest


def _place(archive: CheckedArchive, use: LayerUse) -> Place:
    return Place(archive.graph.blobs[use.descriptor.digest].name, "", use.image, use.platform)


def _is_new(known: set[object], key: object) -> bool:
    """Tell whether a thing is said for the first time."""
    if key in known:
        return False
    known.add(key)
    return True


def _media_type_problem(archive: CheckedArchive, use: LayerUse) -> Problem:
    found = _compression(archive, use)
    return Problem(
        "Y3",
        f"{use.role} is listed as {use.descriptor.media_type}, its bytes are {_KINDS.get(found, found)}",
        _place(archive, use),
    )


def _lies(archive: CheckedArchive, use: LayerUse) -> bool:
    """Tell whether the media type promises another compression than a layer has; importers take an empty one."""
    size = archive.graph.blobs[use.descriptor.digest].size
    return size > 0 and _compression(archive, use) != layer_compression(use.descriptor.media_type)


def _compression(archive: CheckedArchive, use: LayerUse) -> str:
    entry = archive.graph.blobs[use.descriptor.digest]
    return tell_compression(archive.source.read_at(entry.data_offset, min(BLOCK, entry.size))) or "none"


def _layer_problems(archive: CheckedArchive, use: LayerUse, layer: UnpackedLayer, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with a layer whoever lists it."""
    digest = use.descriptor.digest
    seen = archive.layers.seen[digest]
    if layer.excess:
        yield Problem("Y11", f"{use.role} {layer.excess}", place, layer.remedy)
    elif layer.damage:
        yield Problem("Y1", f"{use.role} does not unpack: {layer.damage}", place)
    elif seen.fault and layer.is_whole:
        yield Problem("Y1", f"{use.role} is no whole tar: {seen.fault}", place)
    if seen.full:
        yield Problem(
            "Y11",
            f"{use.role} has more than {LAYER_ENTRY_LIMIT} entries, or links that take too long to follow; "
            "the rest is not looked at",
            place,
            _LOOK,
        )
    for rule, words in _SIGHTED.items():
        if rule in seen.sightings:
            remedy = _LOOK if rule == "Y11" else ""
            yield Problem(rule, f"{use.role}: {_told(words, seen.sightings[rule])}", place, remedy)


def _told(words: tuple[str, str], sightings: Sightings) -> str:
    one, several = words
    names = ", ".join(repr(name.decode("utf-8", errors="backslashreplace")) for name in sightings.examples)
    more = ", …" if sightings.count > len(sightings.examples) else ""
    return f"{one if sightings.count == 1 else several.format(sightings.count)}: {names}{more}"


def _diff_id_problems(use: LayerUse, layer: UnpackedLayer, place: Place) -> Iterator[Problem]:
    """Compare what a layer unpacks to with what one config says; not if it did not unpack to its end."""
    if use.diff_id is None or not layer.is_whole:
        return
    found = next(digest for digest in layer.digests if digest.algorithm == use.diff_id.algorithm)
    if found != use.diff_id:
        yield Problem("C8", f"{use.role} unpacks to {found}, but its config says {use.diff_id}", place)


def _program_problems(archive: CheckedArchive, image: Image, node: ManifestNode) -> Iterator[Problem]:
    """Compare the machine of what an image starts with its platform; nothing where that cannot be told (Y10)."""
    if node.kind is not Kind.IMAGE or node.config is None or node.platform is None or node.platform.os != "linux":
        return
    start = archive.layers.starts.get(node.config.digest)
    if start is None or archive.actual.get(node.config.digest) != node.config.digest:
        return
    records = [_record(archive, layer.digest) for layer in node.layers]
    layers = [record for record in records if record is not None and record.whole]
    if len(layers) != len(records):
        return
    found = find_program(start, layers)
    if found is None or fits(found.machine, node.platform.architecture):
        return
    found = find_program(start, layers, strict=True)
    if found is None or fits(found.machine, node.platform.architecture):
        return
    name = manifest_name(node)
    path = found.path[:_NAME_LENGTH].decode("utf-8", errors="backslashreplace")
    yield Problem(
        "Y10",
        f"{name} of {image.label} starts {start.word[:_NAME_LENGTH]!r}: {'/' + path!r} is for {found.machine.name}, "
        f"not for {node.platform.architecture}",
        Place(node.config.digest.blob_name, "", image.label, name),
    )


def _record(archive: CheckedArchive, digest: Digest) -> LayerRecord | None:
    layer = archive.layers.unpacked.get(digest)
    if layer is None or not layer.is_whole or archive.actual.get(digest) != digest:
        return None
    seen = archive.layers.seen[digest]
    return None if seen.fault or seen.full else seen.record
