"""What a delta and its base make together, held to what `filter` writes, before any byte is moved.

A delta is whatever somebody sent: that its list has its own digest says nothing of what is in it.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError, IntegrityError
from ocitool.graph.closure import first_uses
from ocitool.graph.image import ArchiveForm, Kind, State
from ocitool.graph.layout_files import DOCKER_NAME, INDEX_NAME
from ocitool.model.delta import DELTA_NAME
from ocitool.plan.choice import describe, incompleteness
from ocitool.plan.delta import BASE
from ocitool.plan.names import name_image
from ocitool.plan.preview import preview

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.archive.source import ByteSource
    from ocitool.graph.image import Image, ImageGraph
    from ocitool.model.delta import DeltaList
    from ocitool.plan.steps import Plan

_REMEDY: Final = "make the delta again, with ocitool delta"


def require_whole(plan: Plan, listed: DeltaList, sources: Sequence[ByteSource]) -> None:
    """Refuse an `apply` whose output `filter` would not have written; the documents in it are read for that.

    Raises the first fault of what it would be, `DocumentError` if that lists no image or has a manifest.json of
    something else, `IntegrityError` if anything in it is corrupt, lacks a part or belongs to no image.
    """
    (output,) = plan.outputs
    graph = preview(output, sources)
    for fault in graph.faults:
        error = fault.to_error()
        error.remedy = _REMEDY
        raise error
    if graph.form is not ArchiveForm.OCI_LAYOUT or not graph.images:
        raise DocumentError("lists no image", where=INDEX_NAME, remedy=_REMEDY)
    for image in graph.images:
        _require_sound(image, plan, listed)
        _require_complete(image)
    _require_listed(graph, listed)
    _require_docker_manifest(graph)


def _require_sound(image: Image, plan: Plan, listed: DeltaList) -> None:
    carried = {blob.digest for blob in listed.in_delta()}
    damages = chain(
        (damage for index in image.indexes() for damage in index.damages),
        (damage for manifest in image.manifests() for damage in manifest.damages),
    )
    for damage in damages:
        is_carried = damage.descriptor is not None and damage.descriptor.digest in carried
        raise IntegrityError(
            f"a blob of the {'delta' if is_carried else f'base, {plan.sources[BASE].name},'} is corrupt: {damage}",
            remedy=damage.remedy or "transfer or make it again",
        )


def _require_complete(image: Image) -> None:
    """Refuse an image that lacks a part; an index that is kept may list platforms that are left out as a whole."""
    nodes = image.manifests()
    for node in nodes:
        if node.state not in {State.COMPLETE, State.ABSENT}:
            raise IntegrityError(f"{describe(image, node)} would be {incompleteness(node)}", remedy=_REMEDY)
    if all(node.state is State.ABSENT for node in nodes):
        raise IntegrityError(f"nothing of {image.label} would be there", remedy=_REMEDY)


def _require_listed(graph: ImageGraph, listed: DeltaList) -> None:
    used = {use.descriptor.digest for use in first_uses(graph)}
    for blob in listed.blobs:
        if blob.digest not in used:
            raise IntegrityError(f"lists {blob.digest}, which is of no image", where=DELTA_NAME, remedy=_REMEDY)


def _require_docker_manifest(graph: ImageGraph) -> None:
    """Refuse a manifest.json that names other files than those of an image that index.json lists, or another tag."""
    if not graph.docker_manifest:
        return
    known = {
        (node.config.digest.blob_name, tuple(layer.digest.blob_name for layer in node.layers))
        for image in graph.images
        for node in image.manifests()
        if node.kind is Kind.IMAGE and node.state is State.COMPLETE and node.config is not None
    }
    descriptors = [root.node.descriptor for image in graph.images for root in image.roots]
    tags = {name_image(each.annotations, (), each.digest).tag for each in descriptors}
    for position, item in enumerate(graph.docker_manifest):
        if (item.config, item.layers) not in known:
            raise DocumentError(
                f"item {position} is no image that {INDEX_NAME} lists", where=DOCKER_NAME, remedy=_REMEDY
            )
        if not tags.issuperset(item.tags):
            raise DocumentError(
                f"item {position} has a tag that {INDEX_NAME} does not name", where=DOCKER_NAME, remedy=_REMEDY
            )
