"""Rules of manifest.json: that it is there, and says of the images what index.json says (V25, I9, I16)."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.archive.entry import EntryKind
from ocitool.check.report import Place, Problem
from ocitool.errors import DocumentError
from ocitool.graph.closure import manifest_name
from ocitool.graph.image import ArchiveForm
from ocitool.graph.layout_files import DOCKER_NAME
from ocitool.graph.node import importer_name
from ocitool.model.digest import Digest, digest_of_blob_name
from ocitool.model.limits import DOCUMENT_LIMIT
from ocitool.model.reference import Reference, has_reference_separator
from ocitool.plan.docker_manifest import is_loadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.archive.entry import Entry
    from ocitool.check.checked import CheckedArchive
    from ocitool.graph.image import DockerItem, Image, ImageGraph, ManifestNode, Root


_WHOLE: Final = Place(DOCKER_NAME, "$")


def docker_manifest_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield where manifest.json is missing, or what docker loads by it is not what index.json lists."""
    graph = archive.graph
    files = _Files(archive)
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        for image in graph.images:
            yield from _damages(image)
    else:
        yield from _item_problems(graph, files)
        yield from _unlisted_problems(graph, files)
    yield from _tag_problems(graph, files)
    yield from _untagged_problems(graph, files)


class _Files:
    """The entries that the paths of a manifest.json mean."""

    def __init__(self, archive: CheckedArchive) -> None:
        self._source = archive.source
        entries = archive.scan.entries
        self._files = {entry.name: entry for entry in reversed(entries) if entry.kind is EntryKind.FILE}
        self._links = {entry.name: entry.target for entry in entries if entry.kind is EntryKind.LINK and entry.target}
        self._configs: dict[int, Digest] = {}
        self.has_manifest = any(entry.name == DOCKER_NAME for entry in entries)

    def entry(self, path: str) -> Entry | None:
        """Return what a path means, through one link at the most, as docker-archives have for layers."""
        name = posixpath.normpath(path)
        target = self._links.get(name)
        if target is not None and name not in self._files:
            name = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        return self._files.get(name)

    def config(self, path: str) -> Digest | None:
        """Return the digest of a config, which a name need not tell; None if there is no such file."""
        entry = self.entry(path)
        if entry is None or entry.size > DOCUMENT_LIMIT:
            return None
        digest = self._configs.get(entry.data_offset)
        if digest is None:
            named = digest_of_blob_name(entry.name)
            digest = named or Digest.of(self._source.read_at(entry.data_offset, entry.size))
            self._configs[entry.data_offset] = digest
        return digest


@dataclass(frozen=True, slots=True)
class _Names:
    """What index.json calls an image.

    `full` are names as importers record them, `short` those without a registry, repository and tag to tell apart.
    """

    full: frozenset[str]
    short: frozenset[str]
    has_unnamed: bool

    @classmethod
    def of(cls, image: Image) -> _Names:
        """Sort the names of the roots."""
        names = {root.name for root in image.roots}
        short = {name for name in names if name is not None and not has_reference_separator(name)}
        full = {importer_name(name) for name in names if name is not None and name not in short}
        full |= {reference.full for name in short if (reference := _full(name)) is not None}
        return cls(frozenset(full), frozenset(short), None in names)


@dataclass(slots=True)
class _Configured:
    """The images that have one config: the first of them, and the names of all."""

    node: ManifestNode
    image: Image
    full: set[str] = field(default_factory=set)
    short: set[str] = field(default_factory=set)
    has_unnamed: bool = False

    def add(self, names: _Names) -> None:
        """Take in what index.json calls an image."""
        self.full |= names.full
        self.short |= names.short
        self.has_unnamed = self.has_unnamed or names.has_unnamed

    def is_called(self, reference: Reference) -> bool:
        """Tell whether one of the images may be known by a name; those without a full one may have any."""
        return self.has_unnamed or reference.full in self.full or reference.tag in self.short


def _configured(graph: ImageGraph) -> dict[Digest, _Configured]:
    found: dict[Digest, _Configured] = {}
    for image in graph.images:
        names = _Names.of(image)
        for digest, node in {node.config.digest: node for node in image.manifests() if node.config}.items():
            found.setdefault(digest, _Configured(node, image)).add(names)
    return found


def _item_problems(graph: ImageGraph, files: _Files) -> Iterator[Problem]:
    """Hold each item to the image that index.json lists with its config."""
    if not graph.docker_manifest:
        return
    known = _configured(graph)
    said = {blob.digest for image in graph.images for node in image.manifests() for blob in node.missing}
    for position, item in enumerate(graph.docker_manifest):
        path = f"$[{position}]"
        absent = _absent(item, files)
        for where, name in absent:
            if digest_of_blob_name(posixpath.normpath(name)) not in said:
                message = f"lists {name[:200]!r}, which is not in the archive"
                yield Problem("V25", message, Place(DOCKER_NAME, f"{path}.{where}"))
        digest = files.config(item.config)
        if digest is None:
            continue
        configured = known.get(digest)
        if configured is None:
            yield Problem(
                "V25",
                f"lists the config {digest}, which no image of index.json has: docker loads something else",
                Place(DOCKER_NAME, f"{path}.Config"),
            )
            continue
        place = Place(DOCKER_NAME, f"{path}.Layers", configured.image.label, manifest_name(configured.node))
        if not absent and (message := _layers_differ(item, configured.node, files)):
            yield Problem("V25", message, place)
        yield from _stale_tags(item, configured, path)


def _absent(item: DockerItem, files: _Files) -> list[tuple[str, str]]:
    """Return what an item lists and the archive lacks: where in the item, and the path."""
    listed = [("Config", item.config), *((f"Layers[{number}]", path) for number, path in enumerate(item.layers))]
    return [(where, path) for where, path in listed if files.entry(path) is None]


def _layers_differ(item: DockerItem, node: ManifestNode, files: _Files) -> str:
    """Say how an item's layers differ from the manifest's, "" if they do not; they may be stored unpacked."""
    if len(item.layers) != len(node.layers):
        return f"lists {len(item.layers)} layers, the manifest {len(node.layers)}"
    unpacked = node.diff_ids or ()
    for number, (path, layer) in enumerate(zip(item.layers, node.layers, strict=True)):
        entry = files.entry(path)
        digest = None if entry is None else digest_of_blob_name(entry.name)
        if digest is not None and digest != layer.digest and unpacked[number : number + 1] != (str(digest),):
            return f"layer {number + 1} of {len(node.layers)} is {digest}, the manifest's is {layer.digest}"
    return ""


def _stale_tags(item: DockerItem, configured: _Configured, path: str) -> Iterator[Problem]:
    """Find tags that the image does not have in index.json."""
    for number, tag in enumerate(item.tags):
        reference = _full(tag)
        if reference is not None and _tagged(tag) is not None and not configured.is_called(reference):
            yield Problem(
                "V25",
                f"names an image {tag[:200]!r} that index.json does not call so: docker stores it under another name",
                Place(
                    DOCKER_NAME, f"{path}.RepoTags[{number}]", configured.image.label, manifest_name(configured.node)
                ),
            )


def _tag_problems(graph: ImageGraph, files: _Files) -> Iterator[Problem]:
    """Find tags that no importer takes, that two images have, and that podman writes out in its own way."""
    owners: dict[str, tuple[int, Digest | str]] = {}
    short: list[str] = []
    for position, item in enumerate(graph.docker_manifest or ()):
        config = files.config(item.config) or item.config
        for number, tag in enumerate(item.tags):
            place = Place(DOCKER_NAME, f"$[{position}].RepoTags[{number}]")
            full = _full(tag)
            if full is None:
                if graph.form is ArchiveForm.OCI_LAYOUT:  # of a docker-archive it is a damage of the image
                    yield Problem("V25", f"the tag {tag[:200]!r} is no image name", place)
                continue
            if _tagged(tag) is None:
                yield Problem("V25", f"the name {tag[:200]!r} has no tag: docker exits 1 with 'invalid tag'", place)
                continue
            if tag != full.full:
                short.append(tag)
            earlier, owner = owners.setdefault(full.full, (position, config))
            if owner != config:
                yield Problem(
                    "V25",
                    f"gives {tag[:200]!r} to items {earlier} and {position}: docker lets the last one have it",
                    place,
                )
    # Of one image podman reads index.json; by manifest.json it goes where that lists several, or is not there.
    by_tags = graph.form is ArchiveForm.DOCKER_ARCHIVE or sum(len(image.roots) for image in graph.images) > 1
    if short and by_tags:
        what = repr(short[0][:200]) if len(short) == 1 else f"{len(short)} names such as {short[0][:200]!r}"
        yield Problem("I16", f"calls an image {what}: podman load makes that localhost/…", Place(DOCKER_NAME))


def _untagged_problems(graph: ImageGraph, files: _Files) -> Iterator[Problem]:
    """Find images that index.json names by a tag, and manifest.json not at all."""
    if graph.form is ArchiveForm.DOCKER_ARCHIVE:
        return
    items: dict[Digest, list[int]] = {}
    tagged: set[Digest] = set()
    for position, item in enumerate(graph.docker_manifest or ()):
        if (config := files.config(item.config)) is not None:
            items.setdefault(config, []).append(position)
            if item.tags:
                tagged.add(config)
    for image in graph.images:
        names = [name for root in image.roots if (name := _known_to_docker(root)) is not None] if items else []
        configs = {node.config.digest: node for node in image.manifests() if node.config} if names else {}
        listed = [digest for digest in configs if digest in items]
        if listed and tagged.isdisjoint(listed):
            place = Place(
                DOCKER_NAME, f"$[{items[listed[0]][0]}].RepoTags", image.label, manifest_name(configs[listed[0]])
            )
            yield Problem(
                "V25",
                f"gives {names[0][:200]} no tag: docker with its classic store stores it as <none>:<none>",
                place,
            )


def _tagged(name: str) -> str | None:
    """Return a name that says its tag, None for any other."""
    try:
        return name if Reference.parse(name).tag else None
    except DocumentError:
        return None


def _known_to_docker(root: Root) -> str | None:
    """Return a root's name as docker has it, None for a tag alone and what ends in a digest alone."""
    if root.name is None or not has_reference_separator(root.name):
        return None
    return _tagged(importer_name(root.name))


def _full(tag: str) -> Reference | None:
    try:
        return Reference.parse(tag).with_default_tag()
    except DocumentError:
        return None


def _unlisted_problems(graph: ImageGraph, files: _Files) -> Iterator[Problem]:
    """Find images that docker could load if manifest.json listed them."""
    loadable = [image for image in graph.images if any(map(is_loadable, image.manifests()))]
    if not files.has_manifest:
        if loadable:
            yield Problem("I9", "there is no manifest.json: docker with its classic store loads nothing of this")
        return
    if graph.docker_manifest is None:
        return  # what is wrong with it is said already
    if loadable and not graph.docker_manifest:
        yield Problem("V25", "lists no image: docker with its classic store loads nothing, and exits 0", _WHOLE)
        return
    listed = {files.config(item.config) for item in graph.docker_manifest}
    for image in loadable:
        if not any(node.config is not None and node.config.digest in listed for node in image.manifests()):
            yield Problem(
                "I9",
                f"manifest.json does not list {image.label}: docker with its classic store does not load it",
                Place(DOCKER_NAME, "$", image.label),
            )


def _damages(image: Image) -> Iterator[Problem]:
    """Find images of a docker-archive that no manifest can be made for."""
    for node in image.manifests():
        for damage in node.damages:
            if damage.descriptor is None:
                place = Place(DOCKER_NAME, "", image.label, manifest_name(node))
                yield Problem("V25", f"{image.label}: {damage.message}", place, damage.remedy)
