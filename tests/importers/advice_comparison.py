"""Hold what is predicted of an import to what was seen of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ocitool.advice.outcome import Ending, Outcome, RecordedImage
from ocitool.api.advising import read_facts
from ocitool.api.listener import Silence
from ocitool.api.opening import SourceOptions, open_scanned
from ocitool.graph.image import IndexNode, Kind, ManifestNode, walk_manifests
from ocitool.model.digest import Digest
from ocitool.model.platform import host_platform

from .advice_runs import DIGEST, Seen, SeenImage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.graph.image import ImageGraph, Node


def archive_facts(path: Path) -> ArchiveFacts:
    """Return what an importer meets in an archive, every blob hashed."""
    with open_scanned(path, SourceOptions(), Silence()) as scanned:
        facts = read_facts(scanned.scan, scanned.source, scanned.compression)
        corrupt = {
            digest
            for digest, entry in facts.graph.blobs.items()
            if Digest.of(scanned.source.read_at(entry.data_offset, entry.size), digest.algorithm) != digest
        }
        return replace(facts, corrupt=frozenset(corrupt))


def differences(facts: ArchiveFacts, outcome: Outcome, seen: Seen) -> Iterator[str]:
    """Yield in words all in which a prediction is wrong; nothing is held to one that says it cannot know."""
    if not outcome.is_stable:
        return
    if outcome.ending is not (ending := _ending(seen)):
        yield f"ending {outcome.ending} predicted, {ending} seen"
    if outcome.failure not in (seen.failures or ("",)):
        yield f"failure {outcome.failure!r} predicted, {seen.failures} seen: {seen.message!r}"
    elif not set(DIGEST.findall(outcome.message)) <= set(seen.digests):
        yield f"message {outcome.message!r} predicted, {seen.message!r} seen"
    if sorted(outcome.names) != list(seen.names):
        yield f"names {sorted(outcome.names)} predicted, {list(seen.names)} seen"
        return
    for image in outcome.images:
        (found,) = (each for each in seen.images if each.name == image.name)
        yield from _image_differences(facts.graph, image, found)


def _ending(seen: Seen) -> Ending:
    if seen.exit_code != 0:
        return Ending.ERROR
    if not seen.images:
        return Ending.NOTHING
    return Ending.OK if all(image.unpacked for image in seen.images) else Ending.STORED


def _image_differences(graph: ImageGraph, image: RecordedImage, seen: SeenImage) -> Iterator[str]:
    if str(image.digest) != seen.digest:
        yield f"{image.name}: digest {image.digest} predicted, {seen.digest} seen"
        return
    ready: set[str] = set()
    whole: set[str] = set()
    for manifest in _manifests(graph, image.digest):
        odd = manifest.odd_config
        platform = manifest.platform
        if platform is None and odd is not None:
            platform = replace(odd.platform, os=odd.platform.os or host_platform().os)
        is_image = manifest.kind is Kind.IMAGE or (manifest.kind is Kind.ARTIFACT and odd is not None)
        if not is_image or platform is None or manifest.config is None:
            continue
        display = platform.display
        parts = {str(part.digest) for part in manifest.contents}
        if image.digest in graph.blobs:
            # Otherwise it is a manifest that was made of manifest.json, or index.json itself.
            parts.add(str(manifest.descriptor.digest))
        if parts <= seen.held:
            whole.add(display)
            if str(manifest.config.digest) in seen.unpacked:
                ready.add(display)
    if not set(image.ready) <= ready:
        yield f"{image.name}: ready {sorted(image.ready)} predicted, {sorted(ready)} seen"
    if set(image.ready) | set(image.kept) != whole:
        yield f"{image.name}: whole {sorted({*image.ready, *image.kept})} predicted, {sorted(whole)} seen"
    if set(image.lost) & whole:
        yield f"{image.name}: lost {sorted(image.lost)} predicted, {sorted(whole)} whole"
    # An index that lies of platforms is asked for what it says, but results are named by what configs say.
    is_plain = not any(manifest.platforms_disagree for manifest in _manifests(graph, image.digest))
    is_missed = is_plain and host_platform().display in image.ready and not seen.is_ready
    if is_missed or (seen.is_ready and not image.ready):
        yield f"{image.name}: ready {sorted(image.ready)} predicted, on this host {seen.is_ready} seen"


def _manifests(graph: ImageGraph, digest: Digest) -> Iterator[ManifestNode]:
    """Yield the manifests of what has a digest, or of all that is listed if that is index.json itself."""
    roots = [root.node for image in graph.images for root in image.roots]
    for node in next(([node] for node in _nodes(roots) if node.descriptor.digest == digest), roots):
        yield from walk_manifests(node)


def _nodes(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        if isinstance(node, IndexNode):
            yield from _nodes(list(node.children))
