"""The plans of a delta and of what is made of it: the canonical form of an archive, without and with its base."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from ocitool.errors import IntegrityError
from ocitool.model.delta import (
    DELTA_NAME,
    BaseImage,
    DeltaList,
    ListedBlob,
    ListedFile,
)
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME
from ocitool.model.digest import Digest, digest_of_blob_name
from ocitool.model.limits import DELTA_IMAGE_LIMIT, DELTA_NAME_LIMIT
from ocitool.model.media_type import INDEXES
from ocitool.plan.filter import source_references
from ocitool.plan.options import IndexForm
from ocitool.plan.output import blob_members
from ocitool.plan.steps import Content, Copy, Emit, Member, OutputPlan, Plan, PlannedImage, SourceReference

if TYPE_CHECKING:
    from ocitool.graph.delta import Delta
    from ocitool.graph.image import Damage, ImageGraph

BASE: Final = 0
"""The number of the base among the sources of the plan of an `apply`; the delta comes after it."""


@dataclass(frozen=True, slots=True)
class DeltaPlan:
    """A delta that is going to be written: its plan, what its list says, and the bytes of the whole archive's tar."""

    plan: Plan
    listed: DeltaList
    whole_size: int


def plan_delta(base: ImageGraph, whole: Plan) -> DeltaPlan:
    """Plan the delta to the only output of `whole`: all of it but the blobs that `base` has.

    The base is the last of the sources, and nothing is copied from it. Raises the first fault of the base, and
    `UnsupportedArchive` if there are more blobs than one delta can list.
    """
    _require_sound(base)
    corrupt = _corrupt(base)
    (output,) = whole.outputs
    files: list[ListedFile] = []
    blobs: list[ListedBlob] = []
    top: list[Member] = []
    rest: list[Member] = []
    for member in output.members:
        digest = digest_of_blob_name(member.name)
        if digest is not None:
            held = digest not in corrupt and _holds(base, digest, member.content.size)
            blob = ListedBlob(digest, member.content.size, in_base=held)
            blobs.append(blob)
            rest += () if blob.in_base else (member,)
        elif isinstance(member.content, Emit):
            files.append(ListedFile(member.name, member.content.size, Digest.of(member.content.data)))
            top.append(member)
        else:
            rest.append(member)
    others = len(output.members) - len(blobs)
    documents = max(output.documents - others, 0)
    listed = DeltaList(
        tuple(files), tuple(blobs), _base_images(base), len(base.images), output.has_contents, documents
    )
    members = (*top, Member(DELTA_NAME, Emit(listed.dump())), *rest)
    sent = sum(not blob.in_base for blob in blobs[:documents])
    plan = replace(
        whole,
        sources=(*whole.sources, *source_references(base)),
        outputs=(replace(output, members=members, documents=others + 1 + sent),),
    )
    return DeltaPlan(plan, listed, output.size)


def plan_apply(base: ImageGraph, delta: Delta, size: int) -> Plan:
    """Plan the whole archive of a delta of `size` bytes and its base, which are the sources in this order.

    Raises the first fault of the base, and `IntegrityError` if it is not what the delta was made against.
    """
    _require_sound(base)
    _require_base(base, delta)
    contents: dict[Digest, Content] = {}
    for blob in delta.listed.blobs:
        if blob.in_base:
            contents[blob.digest] = _from_base(base, blob)
        else:
            entry = delta.blobs[blob.digest]
            contents[blob.digest] = Copy(BASE + 1, entry.data_offset, blob.size, blob.digest, "a blob of the delta")
    members = [
        *(Member(file.name, Emit(delta.files[file.name])) for file in delta.listed.files),
        *blob_members(contents),
    ]
    return Plan(
        sources=(*source_references(base), SourceReference(delta.name, size)),
        outputs=(
            OutputPlan(
                members=tuple(members),
                images=_images(delta),
                has_contents=delta.listed.has_contents,
                documents=len(members) - len(contents) + delta.listed.documents,
            ),
        ),
    )


def _images(delta: Delta) -> tuple[PlannedImage, ...]:
    """Return what the whole archive lists, as its index.json says it."""
    return tuple(
        PlannedImage(
            name=root.annotations.get(CONTAINERD_NAME) or root.annotations.get(REF_NAME) or None,
            form=(IndexForm.NESTED if root.media_type in INDEXES else IndexForm.FLAT).value,
            digest=root.digest,
            original=root.digest,
        )
        for root in delta.roots
    )


def _require_sound(base: ImageGraph) -> None:
    """Refuse a base that no writer trusts; raises its first fault."""
    for fault in base.faults:
        raise fault.to_error()


def _require_base(base: ImageGraph, delta: Delta) -> None:
    """Refuse a base that lacks anything which is to come from it."""
    wanted = delta.listed.in_base()
    lacking = [blob for blob in wanted if not _holds(base, blob.digest, blob.size)]
    if lacking:
        size = sum(blob.size for blob in lacking)
        raise IntegrityError(
            f"lacks {len(lacking)} of the {len(wanted)} blobs that {delta.name} takes from its base ({size} bytes), "
            f"first {lacking[0].digest}",
            where=base.source_name,
            remedy=f"the delta was made against {delta.listed.base_label}: apply it to that",
        )


def _holds(base: ImageGraph, digest: Digest, size: int) -> bool:
    document = base.documents.get(digest)
    if document is not None:
        return len(document) == size
    entry = base.blobs.get(digest)
    return entry is not None and entry.size == size


def _corrupt(base: ImageGraph) -> frozenset[Digest]:
    """Return what is known to be other than its digest says: documents, since layers are not read for a delta."""
    found: list[Damage] = []
    for image in base.images:
        found += chain.from_iterable(index.damages for index in image.indexes())
        found += chain.from_iterable(manifest.damages for manifest in image.manifests())
    return frozenset(damage.descriptor.digest for damage in found if damage.descriptor is not None)


def _from_base(base: ImageGraph, blob: ListedBlob) -> Content:
    document = base.documents.get(blob.digest)
    if document is not None:
        return Emit(document)
    entry = base.blobs[blob.digest]
    return Copy(BASE, entry.data_offset, blob.size, blob.digest, "a blob of the base")


def _base_images(base: ImageGraph) -> tuple[BaseImage, ...]:
    return tuple(
        BaseImage(
            None if image.name is None else image.name[:DELTA_NAME_LIMIT],
            tuple(root.node.descriptor.digest for root in image.roots[:DELTA_IMAGE_LIMIT]),
        )
        for image in base.images[:DELTA_IMAGE_LIMIT]
    )
