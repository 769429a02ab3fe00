"""What is between two archives: images, platforms, layers that one has and the other lacks.

Content is compared, and what indexes say of it, not the form in which it is listed: a name is the same whether
index.json points at an index of one platform or straight at its manifest. What is listed and not there is no content.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.graph.closure import manifest_name
from ocitool.graph.image import IndexNode, Kind, State
from ocitool.graph.node import importer_name
from ocitool.model.json_text import parse_object
from ocitool.model.reference import ImageFilter
from ocitool.plan.changes import Amount, BlobChange, Change, Compared, Comparison, ImageChange, ManifestChange, Side
from ocitool.plan.preparation import choose_images

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from ocitool.graph.image import Image, ImageGraph, ManifestNode
    from ocitool.model.descriptor import Descriptor
    from ocitool.model.digest import Digest
    from ocitool.model.json_text import JsonObject
    from ocitool.model.platform_selection import PlatformSelection


_INDEX_FIELDS: Final = frozenset({"annotations", "artifactType", "subject"})
_LISTED_FIELDS: Final = frozenset({"annotations", "artifactType", "platform"})


@dataclass(frozen=True, slots=True)
class Restriction:
    """What is compared: images by name, platforms of them; all where nothing is said."""

    platforms: PlatformSelection | None = None
    images: ImageFilter = field(default_factory=ImageFilter)


def compare_graphs(old: ImageGraph, new: ImageGraph, restriction: Restriction | None = None) -> Comparison:
    """Compare two archives, whatever is wrong with them: what can be read of each counts."""
    restriction = restriction or Restriction()
    one, other = _Archive.of(old, restriction), _Archive.of(new, restriction)
    pairs = list(_pairs(one.images, other.images))
    images = tuple(_image(one, earlier, other, later) for earlier, later in pairs)
    before, after = one.content(), other.content()
    return Comparison(
        old=_compared(old),
        new=_compared(new),
        images=images,
        added=_amount(size for digest, size in after.items() if digest not in before),
        shared=_amount(size for digest, size in after.items() if digest in before),
        removed=_amount(size for digest, size in before.items() if digest not in after),
        unmatched=tuple(_unmatched(restriction, (old, new))),
    )


@dataclass(frozen=True, slots=True)
class _Listing:
    """What an index says of itself, and of each manifest that is there, in its order."""

    fields: JsonObject
    manifests: Mapping[Digest, object]


@dataclass(frozen=True, slots=True)
class _Archive:
    """The images of an archive that are compared, and what of each is; the latter by the identity of the image."""

    graph: ImageGraph
    images: Sequence[Image]
    manifests: Mapping[int, Mapping[tuple[Kind, str], Sequence[ManifestNode]]]

    @classmethod
    def of(cls, graph: ImageGraph, restriction: Restriction) -> _Archive:
        images = choose_images(graph.images, restriction.images)
        manifests = {id(image): _named(image, restriction.platforms) for image in images}
        if restriction.platforms is not None:
            images = [image for image in images if manifests[id(image)]]
        return cls(graph, images, manifests)

    def held(self, descriptor: Descriptor) -> bool:
        return descriptor.digest in self.graph.blobs or descriptor.digest in self.graph.documents

    def listing(self, image: Image) -> _Listing | None:
        """Return what the only index of an image says of what is there and compared; None without one."""
        compared = {node.descriptor.digest for nodes in self.manifests[id(image)].values() for node in nodes}
        found = [
            node for node in image.manifests() if node.descriptor.digest in compared and self.held(node.descriptor)
        ]
        root = image.roots[0].node
        if (
            len(image.roots) > 1
            or not isinstance(root, IndexNode)
            or root.state is not State.COMPLETE
            or len(found) < 2
        ):
            return None
        fields = {key: value for key, value in parse_object(root.raw).items() if key in _INDEX_FIELDS}
        listed: dict[Digest, object] = {}
        for node in found:
            said = {key: value for key, value in node.descriptor.fields.items() if key in _LISTED_FIELDS}
            listed.setdefault(node.descriptor.digest, said)
        return _Listing(fields, listed)

    def content(self) -> dict[Digest, int]:
        """Return the sizes in bytes of all that is there and compared."""
        return {
            descriptor.digest: descriptor.size
            for image in self.images
            for nodes in self.manifests[id(image)].values()
            for node in nodes
            for descriptor in (node.descriptor, *node.contents)
            if self.held(descriptor)
        }


def _named(image: Image, platforms: PlatformSelection | None) -> dict[tuple[Kind, str], Sequence[ManifestNode]]:
    """Return the manifests of an image that are wanted by what they are: a platform, or attached to one."""
    names = {node.descriptor.digest: _platform_name(node) for node in image.manifests() if node.kind is Kind.IMAGE}
    wanted = {
        node.descriptor.digest
        for node in image.manifests()
        if node.kind is Kind.IMAGE and (platforms is None or _is_wanted(node, platforms))
    }
    found: dict[tuple[Kind, str], dict[Digest, ManifestNode]] = {}
    for node in image.manifests():
        if node.kind is Kind.IMAGE:
            if node.descriptor.digest not in wanted:
                continue
            name = names[node.descriptor.digest]
        else:
            if platforms is not None and node.subject not in wanted:
                continue
            subject = "" if node.subject is None else names.get(node.subject, "")
            name = f"{node.kind.value} of {subject}" if subject else node.kind.value
        found.setdefault((node.kind, name), {}).setdefault(node.descriptor.digest, node)
    return {key: tuple(nodes.values()) for key, nodes in found.items()}


def _is_wanted(node: ManifestNode, platforms: PlatformSelection) -> bool:
    if node.platform is None or not platforms.wants(node.platform):
        return False
    return node.state is State.COMPLETE or not platforms.only_complete


def _platform_name(node: ManifestNode) -> str:
    return manifest_name(node) if node.platform is None else node.platform.normalized().display


def _pairs(old: Sequence[Image], new: Sequence[Image]) -> Iterator[tuple[Image | None, Image | None]]:
    """Match images by name, those without one by what they list, the last one of these on each side as well."""
    left: dict[Hashable, deque[Image]] = defaultdict(deque)
    for image in old:
        left[_key(image)].append(image)
    pairs: list[tuple[Image | None, Image | None]] = []
    for image in new:
        same = left.get(_key(image))
        pairs.append((same.popleft() if same else None, image))
    unnamed = [place for place, (match, image) in enumerate(pairs) if match is None and _is_unnamed(image)]
    others = [image for images in left.values() for image in images if _is_unnamed(image)]
    if len(unnamed) == len(others) == 1:
        pairs[unnamed[0]] = others[0], pairs[unnamed[0]][1]
    matched = {id(match) for match, _ in pairs}
    yield from pairs
    yield from ((image, None) for image in old if id(image) not in matched)


def _is_unnamed(image: Image | None) -> bool:
    return image is not None and image.name is None and not image.is_artifact


def _key(image: Image) -> Hashable:
    if image.name is not None:
        return importer_name(image.name)
    return tuple(sorted(str(node.descriptor.digest) for node in image.manifests()))


def _image(one: _Archive, old: Image | None, other: _Archive, new: Image | None) -> ImageChange:
    before = {} if old is None else one.manifests[id(old)]
    after = {} if new is None else other.manifests[id(new)]
    manifests = tuple(
        manifest
        for key in dict.fromkeys((*after, *before))
        for earlier, later in _matched(before.get(key, ()), after.get(key, ()))
        if (manifest := _manifest(key, one, earlier, other, later)) is not None
    )
    image = new or old
    if image is None:
        raise TypeError("an image of neither archive")
    if old is None or new is None:
        change = Change.ADDED if old is None else Change.REMOVED
        return ImageChange(image.name, image.label, change, manifests)
    is_index_changed = _is_index_changed(one, old, other, new)
    is_same = not is_index_changed and all(each.change is Change.SAME for each in manifests)
    return ImageChange(
        image.name, image.label, Change.SAME if is_same else Change.CHANGED, manifests, is_index_changed
    )


def _is_index_changed(one: _Archive, old: Image, other: _Archive, new: Image) -> bool:
    """Tell whether the indexes of an image say other things of what both hold, or in another order.

    An image that is listed without an index on one side, or of one manifest, is told apart by its manifests alone.
    """
    before, after = one.listing(old), other.listing(new)
    if before is None or after is None:
        return False
    shared = before.manifests.keys() & after.manifests.keys()
    return before.fields != after.fields or [each for each in before.manifests.items() if each[0] in shared] != [
        each for each in after.manifests.items() if each[0] in shared
    ]


def _matched(
    old: Sequence[ManifestNode], new: Sequence[ManifestNode]
) -> Iterator[tuple[ManifestNode | None, ManifestNode | None]]:
    """Match manifests of one name: those of one digest, then the others in their order."""
    known = {node.descriptor.digest: node for node in old}
    same = known.keys() & {node.descriptor.digest for node in new}
    others = deque(node for node in old if node.descriptor.digest not in same)
    for node in new:
        digest = node.descriptor.digest
        yield (known[digest] if digest in same else others.popleft() if others else None), node
    yield from ((node, None) for node in others)


def _manifest(
    key: tuple[Kind, str], one: _Archive, old: ManifestNode | None, other: _Archive, new: ManifestNode | None
) -> ManifestChange | None:
    """Compare a manifest; None for one that neither archive has any content of."""
    was_there = old is not None and old.state is not State.ABSENT
    is_there = new is not None and new.state is not State.ABSENT
    if not was_there and not is_there:
        return None
    blobs = tuple(_blobs(_contents(one, old), _contents(other, new)))
    if was_there and is_there:
        change = Change.SAME if _content_key(old) == _content_key(new) else Change.CHANGED
    else:
        change = Change.ADDED if is_there else Change.REMOVED
    return ManifestChange(key[1], key[0], change, _side(old), _side(new), blobs)


def _content_key(node: ManifestNode | None) -> object:
    if node is None:
        return None
    return node.descriptor.digest, node.state, frozenset(descriptor.digest for descriptor in node.missing)


def _side(node: ManifestNode | None) -> Side | None:
    return None if node is None else Side(node.descriptor.digest, node.state)


def _contents(archive: _Archive, node: ManifestNode | None) -> dict[Digest, tuple[Descriptor, bool]]:
    """Return what the archive holds of a manifest, and whether it is the config."""
    if node is None:
        return {}
    return {
        descriptor.digest: (descriptor, descriptor is node.config)
        for descriptor in node.contents
        if archive.held(descriptor)
    }


def _blobs(
    old: Mapping[Digest, tuple[Descriptor, bool]], new: Mapping[Digest, tuple[Descriptor, bool]]
) -> Iterator[BlobChange]:
    for digest, (descriptor, is_config) in new.items():
        change = Change.SAME if digest in old else Change.ADDED
        yield BlobChange(digest, descriptor.size, descriptor.media_type, is_config, change)
    for digest, (descriptor, is_config) in old.items():
        if digest not in new:
            yield BlobChange(digest, descriptor.size, descriptor.media_type, is_config, Change.REMOVED)


def _amount(sizes: Iterable[int]) -> Amount:
    listed = list(sizes)
    return Amount(len(listed), sum(listed))


def _compared(graph: ImageGraph) -> Compared:
    return Compared(graph.source_name, graph.source_size, tuple(str(fault.to_error()) for fault in graph.faults))


def _unmatched(restriction: Restriction, graphs: Sequence[ImageGraph]) -> Iterator[str]:
    """Yield what was asked for and is in neither archive."""
    yield from restriction.images.unmatched([image.name for graph in graphs for image in graph.images])
    if restriction.platforms is None:
        return
    images = (image for graph in graphs for image in choose_images(graph.images, restriction.images))
    platforms = {
        node.platform
        for image in images
        for node in image.manifests()
        if node.kind is Kind.IMAGE and node.platform is not None
    }
    for specifier in restriction.platforms.includes:
        if not any(map(specifier.matches, platforms)):
            yield str(specifier)
