"""New names for the images of a graph, before anything is selected from it.

Names do not change what an image is: the same roots come out under other name annotations. Images that get one
name become one image of several roots, which is one image of several platforms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocitool.errors import DocumentError, SelectionError, UsageError
from ocitool.graph.image import Image, Root
from ocitool.graph.node import cosign_subject
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME
from ocitool.model.reference import Reference, has_reference_separator
from ocitool.model.renaming import OldName
from ocitool.plan.choice import describe_names
from ocitool.plan.note import note
from ocitool.plan.subjects import image_subjects, is_follower, own_digests

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ocitool.model.digest import Digest
    from ocitool.model.json_text import JsonObject
    from ocitool.model.renaming import Renaming
    from ocitool.plan.note import Note

_SHOWN: Final = 3
"""New names that a note writes out; bundles may have thousands."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """Images under their new names, in the order of the old ones, and what the user should know about it."""

    images: tuple[Image, ...]
    notes: tuple[Note, ...] = ()


def rename_images(images: Sequence[Image], renaming: Renaming) -> Renamed:
    """Give images the names that are asked for.

    Raises `UsageError` if it cannot be told which image `--name` is for, or if a rule makes no valid name of an
    image's, and `SelectionError` if a rule is for none of `images`.
    """
    named = _named(images, renaming)
    matched = _matched(images, renaming, named)
    names = named | matched
    names |= _Signatures(images).names(names)
    return _regrouped(images, names) if names else Renamed(tuple(images))


def _named(images: Sequence[Image], renaming: Renaming) -> dict[int, tuple[str, ...]]:
    """Return the places of the images that `--name` is for: all, the single one, or the only one without a name."""
    if not renaming.names:
        return {}
    places = [place for place, image in enumerate(images) if _needs_name(image)]
    # One image under several tags is one image.
    contents = {place: tuple(root.node.descriptor.digest for root in images[place].roots) for place in places}
    unnamed = [place for place in places if images[place].name is None]
    if not places:
        raise UsageError(
            "--name names an image, and there is none", remedy="--rename OLD=NEW gives artifacts another name"
        )
    if renaming.join or len(set(contents.values())) == 1:
        chosen = places
    elif len({contents[place] for place in unnamed}) == 1:
        chosen = unnamed
    else:
        raise UsageError(
            f"--name is for one image, but there are {len(places)}, {len(unnamed)} of them without a name",
            remedy="--rename OLD=NEW names each of them (OLD is the digest where there is no name), --image REF "
            "chooses one",
        )
    return dict.fromkeys(chosen, renaming.names)


def _matched(
    images: Sequence[Image], renaming: Renaming, named: Mapping[int, tuple[str, ...]]
) -> dict[int, tuple[str, ...]]:
    """Return the new names that the rules give to images, by their places; the first OLD that matches wins."""
    patterns = {old: [rule for rule in renaming.rules if rule.old == old] for old in renaming.patterns}
    if not patterns:
        return {}
    unused = dict.fromkeys(patterns)
    result: dict[int, tuple[str, ...]] = {}
    for place, image in enumerate(images):
        name = _old_name(image)
        for old, rules in patterns.items():
            if not rules[0].matches(name):
                continue
            unused.pop(old, None)
            if place in result:
                continue
            try:
                result[place] = tuple(dict.fromkeys(rule.apply(name) for rule in rules))
            except DocumentError as error:
                raise UsageError(
                    f"--rename {old!r} makes no valid name of {image.label}: {error.message}",
                    remedy="give that image a rule of its own before this one",
                ) from None
    for place in sorted(result.keys() & named.keys()):
        raise UsageError(f"--name and --rename both name {images[place].label}", remedy="leave one of them out")
    for old in unused:
        raise SelectionError(
            f"no image matches --rename OLD {old!r}",
            remedy=f"there is {describe_names(images)}; an image without a name is meant by its digest",
        )
    return result


class _Signatures:
    """Tags of cosign's and of referrers, which go along: both are looked for in the repository of their subject.

    Their tag says what they sign and stays, whatever a rule would make of it.
    """

    def __init__(self, images: Sequence[Image]) -> None:
        self._images = images
        self._tags: dict[int, Reference] = {}
        self._signing: dict[tuple[str, Digest], list[int]] = {}
        self._moved: dict[tuple[str, Digest], dict[str, None]] = {}
        self._result: dict[int, tuple[str, ...]] = {}
        for place, image in enumerate(images):
            subjects = image_subjects(image) if is_follower(image) else {}
            if subjects and (tag := _signing_tag(image, subjects)) is not None:
                self._tags[place] = tag
                for subject in subjects:
                    self._signing.setdefault((tag.repository, subject), []).append(place)

    def names(self, matched: Mapping[int, tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
        """Return the new names of cosign's tags, by their places; `matched` are those that rules give to anything."""
        repositories = {
            place: dict.fromkeys(Reference.parse(name).repository for name in matched[place]) for place in matched
        }
        self._follow(
            [key for place in matched if place not in self._tags for key in self._move(place, repositories[place])]
        )
        for place in matched:
            if place in self._tags and place not in self._result:
                self._follow(self._sign(place, repositories[place]))
        return self._result

    def _follow(self, keys: list[tuple[str, Digest]]) -> None:
        """Let what signs the digests in `keys` go along, and what signs that."""
        while keys:
            key = keys.pop()
            for place in self._signing.pop(key, ()):
                if place not in self._result:
                    keys += self._sign(place, self._moved[key])

    def _sign(self, place: int, repositories: Mapping[str, None]) -> list[tuple[str, Digest]]:
        self._result[place] = tuple(f"{repository}:{self._tags[place].tag}" for repository in repositories)
        return self._move(place, repositories)

    def _move(self, place: int, repositories: Mapping[str, None]) -> list[tuple[str, Digest]]:
        """Note where signatures of an image, or of a part of it, belong now; return what they sign."""
        image = self._images[place]
        old = _reference(image.name)
        if old is None:
            return []
        keys = [(old.repository, digest) for digest in own_digests(image)]
        for key in keys:
            self._moved.setdefault(key, {}).update(repositories)
        return keys


def _regrouped(images: Sequence[Image], names: Mapping[int, tuple[str, ...]]) -> Renamed:
    """Put the roots of all images under their new names; who has one of those already is joined by the others."""
    given = {name for new in names.values() for name in new}
    groups: dict[str | int, dict[tuple[Digest, str], Root]] = {}
    untouched: dict[str | int, Image] = {}
    members: dict[str, list[Image]] = {}
    for place, image in enumerate(images):
        new = names.get(place)
        if new is None:
            own = _normalized(image.name)
            new = (own,) if own in given else ()
        for name in new:
            members.setdefault(name, []).append(image)
            group = groups.setdefault(name, {})
            for root in image.roots:
                # The same root twice under one name is an exact repeat and counts once.
                key = root.node.descriptor.digest, str(root.node.descriptor.platform)
                group.setdefault(key, _with_name(root, name))
        if not new:
            groups[place] = {}
            untouched[place] = image
    notes = [note(f"{name} is made of {_list(_labels(joined))}") for name, joined in members.items() if joined[1:]]
    changed = [
        f"{images[place].label} is now {' and '.join(new)}"
        for place, new in names.items()
        if new != (images[place].name,)
    ]
    if changed:
        notes.insert(0, note(f"renamed: {_list(changed)}"))
    return Renamed(
        tuple(
            untouched[key] if isinstance(key, int) else Image(key, tuple(roots.values()))
            for key, roots in groups.items()
        ),
        tuple(notes),
    )


def _needs_name(image: Image) -> bool:
    """Tell whether importers record `image` by its name; artifacts and signatures are found by their subject."""
    return not is_follower(image)


def _old_name(image: Image) -> OldName:
    descriptor = image.roots[0].node.descriptor
    if image.name is None:
        return OldName.of_digest(str(descriptor.digest))
    annotations = descriptor.annotations
    if not annotations.get(CONTAINERD_NAME) and not has_reference_separator(image.name):
        return OldName.of_tag(image.name)
    return OldName.parse(image.name)


def _signing_tag(image: Image, subjects: Collection[Digest]) -> Reference | None:
    """Return the name of what has a tag of its subject, as cosign and lists of referrers do; None for all else."""
    name = _reference(image.name)
    if name is None or cosign_subject(name.full) is not None:
        return name
    return name if name.tag in {_referrers_tag(subject) for subject in subjects} else None


def _referrers_tag(subject: Digest) -> str:
    """Return the tag of an index of referrers (distribution-spec, "Referrers Tag Schema")."""
    return f"{subject.algorithm[:32]}-{subject.hex[:64]}"


def _reference(name: str | None) -> Reference | None:
    try:
        return None if name is None else Reference.parse(name)
    except DocumentError:
        return None


def _normalized(name: str | None) -> str | None:
    reference = _reference(name)
    return name if reference is None else reference.with_default_tag().full


def _with_name(root: Root, name: str) -> Root:
    """Return a root with both name annotations, in the places where they stood."""
    descriptor = root.node.descriptor
    annotations: JsonObject = {**descriptor.annotations}
    annotations |= {CONTAINERD_NAME: name, REF_NAME: Reference.parse(name).tag}
    fields = descriptor.to_json() | {"annotations": annotations}
    return replace(root, node=replace(root.node, descriptor=replace(descriptor, fields=fields)))


def _labels(images: Iterable[Image]) -> list[str]:
    return [image.label for image in images]


def _list(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more
