"""The name annotations of an image in index.json, so that every importer records the same name.

Which importer reads which annotation: containerd 1.3 and later take ``io.containerd.image.name``, 1.2 and
skopeo ``org.opencontainers.image.ref.name``; containerd 2 stores nothing for a name without ``/``, ``:`` or ``@``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError, IntegrityError
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME
from ocitool.model.digest import Digest
from ocitool.model.limits import NAME_LIMIT
from ocitool.model.reference import Reference, has_reference_separator
from ocitool.plan.note import Note, note, warning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_REMEDY: Final = "--name or --rename gives it another name"
_SHOWN: Final = 80
"""Characters of a name that no importer takes that a message shows."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The annotations to write, the tagged full name for manifest.json ("" if there is none), and notes."""

    annotations: Mapping[str, str]
    tag: str
    notes: tuple[Note, ...] = ()


def name_image(annotations: Mapping[str, str], old: Collection[Digest], new: Digest) -> Naming:
    """Complete the names in `annotations` of an image that was known by the digests `old` and now is `new`.

    Raises `IntegrityError` for a name with control characters, or longer than `NAME_LIMIT` characters.
    """
    result = dict(annotations)
    notes: list[Note] = []
    before = {str(digest) for digest in old}
    for key in (CONTAINERD_NAME, REF_NAME):
        value = result.get(key, "")
        name, at, digest = value.rpartition("@")
        if digest == str(new):
            continue
        if digest in before:
            result[key] = f"{name}{at}{new}"
            notes.append(note(f"the name {value} now ends in the new digest {new}"))
        elif at and _is_digest(digest):
            # Who pinned that digest may still look for the name, so it is not ours to change.
            notes.append(
                warning(f"the name {value} ends in the digest of something else, the image is {new}: {_REMEDY}")
            )
    name = result.get(CONTAINERD_NAME, "")
    reference = result.get(REF_NAME, "")
    if name and not has_reference_separator(name):
        name = result[CONTAINERD_NAME] = _full(name) or name
        notes.append(note(f"the bare name {annotations[CONTAINERD_NAME]} is written as {name}"))
    elif not name and has_reference_separator(reference) and not _is_digest(reference):
        name = result[CONTAINERD_NAME] = _full(reference) or reference
    if name and not reference and (tag := _tag(name)):
        result[REF_NAME] = tag
    for text in dict.fromkeys(filter(None, (name, reference))):
        _require_writable(text)
    # A digest in the place of a tag is a name as well, though no importer's.
    known_as = annotations.get(REF_NAME) or str(next(iter(old), new))
    notes += _shortcomings(name, reference, new, known_as)
    return Naming(result, _tagged(name), tuple(notes))


def _shortcomings(name: str, reference: str, new: Digest, known_as: str) -> Iterator[Note]:
    """Yield what importers make of a name that they do not take as it is; `known_as` is the OLD that renames it."""
    if not name and reference and not _is_digest(reference):
        yield warning(
            f"the image is named by the tag {reference} alone: ctr records import-DATE:{reference}, others the "
            f"bare tag; --name REPOSITORY:{reference} gives it a full name, or --rename where there are several"
        )
    elif not name:
        yield warning(
            f"the image {new} has no name: ctr 1.2 and later store nothing for it and exit 0; name it with "
            f"--name REF, or with --rename {known_as}=REF where there are several"
        )
    elif has_reference_separator(name) and _parse(name) is None:
        yield warning(
            f"no registry allows the name {_quoted(name)}: docker takes the image without it or not at all; {_REMEDY}"
        )


def _require_writable(name: str) -> None:
    """Raise `IntegrityError` for a name that would break the lines, or the limits, of whoever reads it."""
    if name.isprintable() and len(name) <= NAME_LIMIT:
        return
    what = f"longer than {NAME_LIMIT} characters" if len(name) > NAME_LIMIT else "with control characters"
    raise IntegrityError(
        f"{_quoted(name)} is no image name, but text {what}",
        remedy="--name REF gives the image another one, or --rename where there are several",
    )


def _parse(name: str) -> Reference | None:
    try:
        return Reference.parse(name)
    except DocumentError:
        return None


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


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


def _is_digest(text: str) -> bool:
    try:
        Digest.parse(text)
    except DocumentError:
        return False
    return True
