"""Manifests as nodes of a graph: their kind, the platform that counts, the images that share a name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError
from ocitool.graph.image import Image, Kind, ManifestNode, Root
from ocitool.model.descriptor import REF_NAME, REFERENCE_DIGEST, REFERENCE_TYPE, Descriptor
from ocitool.model.digest import Digest
from ocitool.model.media_type import IMAGE_CONFIGS
from ocitool.model.reference import Reference, has_reference_separator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ocitool.graph.content import ManifestContent
    from ocitool.model.platform import Platform


_COSIGN_TAG: Final = re.compile(r"(?:^|[:/])sha256-([0-9a-f]{64})\.(?:sig|att|sbom)\Z")
_COSIGN_IMAGE: Final = "dev.cosignproject.cosign/image"
_COSIGN_INDEX: Final = "dev.cosignproject.cosign/imageIndex"
_COSIGN_IMAGES: Final = frozenset({_COSIGN_IMAGE, _COSIGN_INDEX})
_COSIGN_REFERRERS: Final = frozenset({"dev.cosignproject.cosign/sigs", "dev.cosignproject.cosign/atts"})


def manifest_node(descriptor: Descriptor, content: ManifestContent, *, opaque: bool = False) -> ManifestNode:
    """Join what an index says of a manifest with what its own bytes and its config say."""
    listed = descriptor.platform
    platform = content.configured if _is_real(descriptor, content) else _effective(listed, content.configured)
    subject = _subject(descriptor, content)
    return ManifestNode(
        descriptor=descriptor,
        kind=Kind.OPAQUE if opaque else _kind(descriptor, content, platform),
        state=content.state,
        platform=platform,
        listed=listed,
        configured=content.configured,
        config=content.config,
        layers=content.layers,
        subject=subject,
        other_subject=None if content.subject == subject else content.subject,
        missing=content.missing,
        external=content.external,
        damages=content.damages,
        diff_ids=content.diff_ids,
        odd_config=content.odd_config,
    )


def _is_real(descriptor: Descriptor, content: ManifestContent) -> bool:
    """Tell whether this is listed as `unknown/unknown`, as an attestation is, but is an image of some platform."""
    listed, configured = descriptor.platform, content.configured
    return (
        listed is not None
        and listed.is_unknown
        and configured is not None
        and not configured.is_unknown
        and content.is_image
        and REFERENCE_TYPE not in descriptor.annotations
        and content.subject is None
    )


def _kind(descriptor: Descriptor, content: ManifestContent, platform: Platform | None) -> Kind:
    if descriptor.annotations.get(REFERENCE_TYPE) == "attestation-manifest":
        return Kind.ATTESTATION
    if descriptor.platform is not None and descriptor.platform.is_unknown and not _is_real(descriptor, content):
        return Kind.ATTESTATION
    if content.config is None:  # not readable: the index entry is all there is to go by
        artifact_type = descriptor.fields.get("artifactType")
        is_artifact = descriptor.platform is None and artifact_type is not None and artifact_type not in IMAGE_CONFIGS
        return Kind.ARTIFACT if is_artifact else Kind.IMAGE
    if not content.is_image:
        return Kind.ARTIFACT
    config_is_readable = content.config not in content.missing and not content.damages
    # cosign stores signatures as images whose config names no platform.
    return Kind.ARTIFACT if platform is None and config_is_readable else Kind.IMAGE


def _subject(descriptor: Descriptor, content: ManifestContent) -> Digest | None:
    text = descriptor.annotations.get(REFERENCE_DIGEST)
    if text is None:
        return content.subject
    try:
        return Digest.parse(text)
    except DocumentError:
        return None  # names nothing, so it follows nothing


def _effective(listed: Platform | None, configured: Platform | None) -> Platform | None:
    """Decide the platform of a manifest whose index entry and config may disagree; the config runs."""
    if listed is None or configured is None or listed.is_unknown:
        return configured if listed is None else listed
    one, other = listed.normalized(), configured.normalized()
    if (one.os, one.architecture) != (other.os, other.architecture):
        return configured
    # Many configs leave the variant out; only two that are written down can disagree.
    if listed.variant and configured.variant and one.variant != other.variant:
        return configured
    return listed


def with_cosign_subjects(roots: Sequence[Root]) -> list[Root]:
    """Give what cosign stored beside an image its subject, which its documents do not name.

    A tag says it (``sha256-….sig``, SIGNATURE_SPEC.md, "Tag-based Discovery"), or what `cosign save` writes is alone
    with one image (pkg/oci/layout/write.go).
    """
    saved = {root.node.descriptor.digest for root in roots if _cosign_kind(root) in _COSIGN_IMAGES}
    only = next(iter(saved)) if len(saved) == 1 else None
    return [_with_subject(root, only) for root in roots]


def as_cosign_image(annotations: Mapping[str, str]) -> dict[str, str]:
    """Return annotations under which cosign takes a manifest for an image, if it knew the index of it."""
    return {key: _COSIGN_IMAGE if text == _COSIGN_INDEX else text for key, text in annotations.items()}


def as_cosign_index(annotations: Mapping[str, str]) -> dict[str, str]:
    """Return annotations under which cosign takes an index for one of images, if it knew the manifests in it."""
    return {key: _COSIGN_INDEX if text == _COSIGN_IMAGE else text for key, text in annotations.items()}


def cosign_subject(name: str) -> Digest | None:
    """Return the digest that a tag of cosign's names, None if `name` has no such tag."""
    match = _COSIGN_TAG.search(name)
    return None if match is None else Digest("sha256", match.group(1))


def _with_subject(root: Root, only: Digest | None) -> Root:
    if not isinstance(root.node, ManifestNode) or root.node.subject is not None:
        return root
    subject = cosign_subject(root.name or "")
    if subject is None and _cosign_kind(root) in _COSIGN_REFERRERS:
        subject = only
    return root if subject is None else replace(root, node=replace(root.node, subject=subject))


def _cosign_kind(root: Root) -> str:
    return root.node.descriptor.annotations.get("kind", "")


def importer_name(name: str) -> str:
    """Return what an importer would record for a name in index.json: all of it written out, unless it is a tag."""
    if not has_reference_separator(name):
        return name
    try:
        return Reference.parse(name).with_default_tag().full
    except DocumentError:
        return name


def group_by_name(roots: Iterable[Root], *, join: bool = False) -> tuple[Image, ...]:
    """Group the roots of index.json by the name that an importer would record, in the order of the names.

    Those without one stand alone; exact repeats count once. What is there already and has another reference is
    another image of that name, which skopeo can be asked for; with `join` it counts once too.
    """
    groups: dict[object, dict[tuple[Digest, str], Root]] = {}
    for root in roots:
        descriptor = root.node.descriptor
        key: object = descriptor.digest if root.name is None else importer_name(root.name)
        member = descriptor.digest, str(descriptor.platform)
        group = groups.setdefault(key, {})
        if not join and member in group and _reference(group[member]) != _reference(root):
            group = groups.setdefault((key, _reference(root)), {})
        group.setdefault(member, root)
    return tuple(Image(next(iter(members.values())).name, tuple(members.values())) for members in groups.values())


def _reference(root: Root) -> str:
    return root.node.descriptor.annotations.get(REF_NAME, "")
