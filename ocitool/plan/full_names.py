"""The full names that images should get which have none, or none that serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.errors import DocumentError
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME
from ocitool.model.reference import Reference, has_reference_separator
from ocitool.plan.filter_command import REPOSITORY, TAG

if TYPE_CHECKING:
    from ocitool.graph.image import Image


def old_name(image: Image) -> str:
    """Return what `--rename` calls an image now: its name, or the digest of one without."""
    return image.name or str(image.roots[0].node.descriptor.digest)


def new_name(image: Image) -> str:
    """Return a full name that keeps what is told by the one that an image has.

    What it does not tell stays to be chosen: `REPOSITORY`, `TAG`.
    """
    name = image.name or ""
    try:
        reference = Reference.parse(name)
    except DocumentError:
        return f"{REPOSITORY}:{TAG}"
    if has_reference_separator(name):
        return f"{REPOSITORY}:{TAG}" if reference.digest else reference.with_default_tag().full
    if image.roots[0].node.descriptor.annotations.get(CONTAINERD_NAME):
        return f"{reference.repository}:{TAG}"
    return f"{REPOSITORY}:{image.roots[0].node.descriptor.annotations.get(REF_NAME) or TAG}"
