"""Rules of layers (C8, Y1 to Y11): what came out of them against what media types, configs and platforms say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.check.layers.entrypoint import find_program
from ocitool.check.layers.program import fits
from ocitool.check.report import Place, Problem
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import Kind
from ocitool.model.limits import LAYER_ENTRY_LIMIT, NAME_LIMIT
from ocitool.model.media_type import layer_compression
from ocitool.plan.unpacking import layer_uses

if TYPE_CHECKING:
    from collections.abc import Iterator

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
}
"""Rules that entries break, in words for one and for several."""

_LOOK: Final = "look at where the image comes from; no layer needs that"
_KINDS: Final = {"none": "not compressed"}
_NAME_LENGTH: Final = 200


def layer_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield what is wrong with the layers that were unpacked; nothing of those whose bytes are not theirs (D15)."""
    unpacked = archive.layers.unpacked
    spent = next((layer for layer in unpacked.values() if layer.spent), None)
    if spent is not None:
        # Which layers came before that is chance, so nothing is said of any of them.
        yield Problem("Y11", f"all layers together: {spent.excess}", Place(archive.source.name))
        return
    known: set[object] = set()
    for use in layer_uses(archive.graph):
        digest = use.descriptor.digest
        layer = unpacked.get(digest)
        if layer is None or archive.actual.get(digest) != digest:
            continue
        place = Place(archive.graph.blobs[digest].name, "", use.image, use.platform)
        if _is_new(known, (digest, use.descriptor.media_type)):
            yield from _media_type_problems(use, layer, place)
        if _is_new(known, digest):
            yield from _layer_problems(archive, use, layer, place)
        if _is_new(known, (digest, use.diff_id)):
            yield from _diff_id_problems(use, layer, place)
    for image in archive.graph.images:
        for node in image.manifests():
            yield from _program_problems(archive, image, node)


def _is_new(known: set[object], key: object) -> bool:
    """Tell whether a thing is said for the first time."""
    if key in known:
        return False
    known.add(key)
    return True


def _media_type_problems(use: LayerUse, layer: UnpackedLayer, place: Place) -> Iterator[Problem]:
    promised = layer_compression(use.descriptor.media_type)
    if layer.compression != promised:
        yield Problem(
            "Y3",
            f"{use.role} is listed as {use.descriptor.media_type}, its bytes are "
            f"{_KINDS.get(layer.compression, layer.compression)}",
            place,
        )


def _layer_problems(archive: CheckedArchive, use: LayerUse, layer: UnpackedLayer, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with a layer whoever lists it."""
    digest = use.descriptor.digest
    seen = archive.layers.seen[digest]
    if layer.excess:
        yield Problem("Y11", f"{use.role} {layer.excess}", place)
    elif layer.damage:
        yield Problem("Y1", f"{use.role} does not unpack: {layer.damage}", place)
    elif seen.fault and layer.is_whole:
        yield Problem("Y1", f"{use.role} is no whole tar: {seen.fault}", place)
    if seen.full:
        yield Problem(
            "Y11",
            f"{use.role} has more than {LAYER_ENTRY_LIMIT} entries, or too deep ones; the rest is not looked at",
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
