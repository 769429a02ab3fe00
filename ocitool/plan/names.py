"""The name annotations of an image in index.json, so that every importer records the same name.

Which importer reads which annotation: containerd 1.3 and later take ``io.containerd.image.name``, 1.2 and
skopeo ``org.opencontainers.image.ref.name``; containerd 2 stores nothing for a name without ``/``, ``:`` or ``@``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocitool.errors import DocumentError
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME
from ocitool.model.reference import Reference, has_reference_separator
from ocitool.plan.note import Note, note, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocitool.model.digest import Digest


@dataclass(frozen=True, slots=True)
class Naming:
    """The annotations to write, the tagged full name for manifest.json ("" if there is none), and notes."""

    annotations: Mapping[str, str]
    tag: str
    notes: tuple[Note, ...] = ()


def name_image(annotations: Mapping[str, str], old: Digest, new: Digest) -> Naming:
    """Complete the names in `annotations` of a root whose digest changes from `old` to `new`."""
    result = dict(annotations)
    notes: list[Note] = []
    for key in (CONTAINERD_NAME, REF_NAME):
        value = result.get(key, "")
        if old != new and (value == str(old) or f"@{old}" in value):
            result[key] = value.replace(str(old), str(new))
            notes.append(note(f"the name {annotations[key]} now ends in the new digest {new}"))
    name = result.get(CONTAINERD_NAME, "")
    reference = result.get(REF_NAME, "")
    if name and not has_reference_separator(name):
        name = result[CONTAINERD_NAME] = _full(name) or name
        notes.append(note(f"the bare name {annotations[CONTAINERD_NAME]} is written as {name}"))
    elif not name and has_reference_separator(reference):
        name = result[CONTAINERD_NAME] = _full(reference) or reference
    if name and not reference and (tag := _tag(name)):
        result[REF_NAME] = tag
    if not name and reference:
        notes.append(
            warning(
                f"the image is named by the tag {reference} alone: ctr records import-DATE:{reference} unless it is "
                "told --base-name REPOSITORY"
            )
        )
    elif not name:
        notes.append(
            warning(
                f"the image {new} has no name: ctr 1.2 and later store nothing for it and exit 0; name it when "
                "you export it, or import it with ctr images import --digests --base-name REPOSITORY"
            )
        )
    return Naming(result, _tagged(name), tuple(notes))


def _parse(name: str) -> Reference | None:
    try:
        return Reference.parse(name)
    except DocumentError:
        return None


def _full(name: str) -> str | None:
    reference = _parse(name)
    return None if reference is None else reference.with_default_tag().full


def _tag(name: str) -> str:
    reference = _parse(name)
    return "" if reference is None else reference.tag


def _tagged(name: str) -> str:
    """Return the full tagged name; digests never go into RepoTags."""
    reference = _parse(name) if name else None
    if reference is None:
        return ""
    if reference.digest and not reference.tag:
        return ""
    tagged = Reference(reference.domain, reference.path, reference.tag)
    return tagged.with_default_tag().full
