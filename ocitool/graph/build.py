"""Build the image graph of an OCI layout from the entries of an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.archive.entry import Entry, EntryKind, Scan
from ocitool.archive.reader import CUT_REMEDY
from ocitool.errors import DocumentError, NotAnArchive, TruncatedArchive, UnsafeEntry, UnsupportedArchive
from ocitool.graph.content import ContentReader, ManifestContent, read_descriptors
from ocitool.graph.image import (
    DockerItem,
    Image,
    ImageGraph,
    IndexNode,
    Kind,
    ManifestNode,
    Node,
    Root,
    State,
)
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME, REFERENCE_DIGEST, REFERENCE_TYPE, Descriptor
from ocitool.model.digest import Digest, digest_of_blob_name
from ocitool.model.fault import Fault
from ocitool.model.fields import DOCKER_ITEM_FIELDS, LAYOUT_FIELDS, check_document, require_exact_names
from ocitool.model.json_text import DOCUMENT_LIMIT, JsonObject, parse_json, parse_object
from ocitool.model.media_type import INDEXES, MANIFESTS, OCI_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ocitool.archive.source import ByteSource
    from ocitool.model.platform import Platform

INDEX_NAME: Final = "index.json"
LAYOUT_NAME: Final = "oci-layout"
DOCKER_NAME: Final = "manifest.json"
LAYOUT_VERSION: Final = "1.0.0"

DEPTH_LIMIT: Final = 8
"""Levels of indexes within indexes; more than two are not seen in practice."""

NODE_LIMIT: Final = 500_000
"""Descriptors listed in all indexes together."""

_LAYOUT_FILES: Final = frozenset({INDEX_NAME, LAYOUT_NAME, DOCKER_NAME})


def build_graph(scan: Scan, source: ByteSource) -> ImageGraph:
    """Read every document an archive lists and tell the state of each platform.

    Raises `NotAnArchive` or `UnsupportedArchive` if there is no OCI layout, `TruncatedArchive` if the end of
    the archive is missing together with something it lists, `DocumentError` if index.json cannot be read at
    all. All else that is wrong is in the faults and states of the result.
    """
    files = {entry.name: entry for entry in reversed(scan.entries) if entry.kind is EntryKind.FILE}
    _require_layout(scan, files, source.name)
    blobs = {digest: entry for name, entry in files.items() if (digest := digest_of_blob_name(name)) is not None}
    builder = _Builder(source, files, blobs)
    graph = builder.build(scan)
    if not scan.has_end and _lists_missing(graph):
        raise TruncatedArchive(
            "cut short between two entries: the end of the archive and content it lists are missing",
            where=source.name,
            remedy=CUT_REMEDY,
        )
    return graph


def _require_layout(scan: Scan, files: Mapping[str, Entry], name: str) -> None:
    if INDEX_NAME in files:
        return
    if not scan.has_end:
        raise TruncatedArchive("cut short before its index.json", where=name, remedy=CUT_REMEDY)
    if DOCKER_NAME in files:
        raise UnsupportedArchive(
            "is a docker-archive (docker save without the containerd image store), which is not read yet",
            where=name,
            remedy=f"convert it: skopeo copy docker-archive:{name} oci-archive:OUT.tar",
        )
    for inner in files:
        folder, _, last = inner.rpartition("/")
        if folder and last in {INDEX_NAME, LAYOUT_NAME}:
            raise NotAnArchive(
                f"its image layout lies under the folder {folder!r}, where no importer looks for it",
                where=name,
                remedy=f"repack it from inside the folder: tar -C {folder} -cf OUT.tar .",
            )
    raise NotAnArchive(
        "holds no image layout (no index.json)",
        where=name,
        remedy="give an OCI archive, as ctr images export or docker buildx -o type=oci writes it",
    )


def _lists_missing(graph: ImageGraph) -> bool:
    """Tell whether anything listed is not there, external layers too: they may have been cut off."""
    return any(
        node.state in {State.ABSENT, State.PARTIAL} or node.missing or node.external
        for image in graph.images
        for node in image.manifests()
    ) or any(index.state is State.ABSENT for image in graph.images for index in image.indexes())


class _Builder:
    def __init__(self, source: ByteSource, files: Mapping[str, Entry], blobs: Mapping[Digest, Entry]) -> None:
        self._source = source
        self._files = files
        self._blobs = blobs
        self._content = ContentReader(source, blobs)
        self._faults: list[Fault] = []
        self._children: dict[tuple[Digest, int, str], tuple[tuple[Node, ...], int]] = {}
        self._listed = 0

    def build(self, scan: Scan) -> ImageGraph:
        self._faults.extend(scan.faults)
        self._check_kinds(scan.entries)
        self._check_layout()
        index, descriptors = self._read_index()
        roots = [Root(place, self._node(descriptor, 1)) for place, descriptor in enumerate(descriptors)]
        docker_manifest = self._read_docker_manifest()
        return ImageGraph(
            source_name=self._source.name,
            source_size=self._source.size,
            index=index,
            images=_group(roots),
            blobs=self._blobs,
            docker_manifest=docker_manifest,
            other_files=tuple(
                entry
                for entry in scan.entries
                if entry.kind is not EntryKind.DIRECTORY
                and entry.name not in _LAYOUT_FILES
                and digest_of_blob_name(entry.name) is None
            ),
            faults=tuple(self._faults + self._content.faults),
            has_end=scan.has_end,
        )

    def _check_kinds(self, entries: Iterable[Entry]) -> None:
        """Find links and devices where content should be; importers do not follow them."""
        for entry in entries:
            if entry.kind is EntryKind.FILE:
                continue
            if entry.name in _LAYOUT_FILES or digest_of_blob_name(entry.name) is not None:
                self._faults.append(
                    Fault(
                        rule="T1",
                        message=f"a {entry.kind.value} in the place of a file, which importers do not read",
                        error=UnsafeEntry,
                        where=entry.name,
                        remedy="pack the archive again with regular files (tar --dereference --hard-dereference)",
                    )
                )

    def _check_layout(self) -> None:
        entry = self._files.get(LAYOUT_NAME)
        if entry is None:
            self._fault("L2", LAYOUT_NAME, "is not in the archive, so importers do not take it for an OCI layout")
            return
        try:
            value = parse_object(self._read(entry))
            require_exact_names(value, LAYOUT_FIELDS)
        except DocumentError as error:
            self._fault("L3", LAYOUT_NAME, error.message)
            return
        version = value.get("imageLayoutVersion")
        if version != LAYOUT_VERSION:
            self._fault("L4", LAYOUT_NAME, f"imageLayoutVersion is {version!r}, not {LAYOUT_VERSION!r}"[:200])

    def _read_index(self) -> tuple[JsonObject, tuple[Descriptor, ...]]:
        try:
            value = parse_object(self._read(self._files[INDEX_NAME]))
            check_document(value)
            if value.get("subject") is not None:
                Descriptor.from_json(value["subject"])
            _require_index_type(value)
            return value, read_descriptors(value, "manifests")
        except DocumentError as error:
            raise DocumentError(
                error.message, where=INDEX_NAME, remedy="the archive is damaged: transfer or export it again"
            ) from None

    def _read_docker_manifest(self) -> tuple[DockerItem, ...] | None:
        entry = self._files.get(DOCKER_NAME)
        if entry is None:
            return None
        try:
            return _docker_items(self._read(entry))
        except DocumentError as error:
            self._fault("V25", DOCKER_NAME, error.message)
            return None

    def _node(self, descriptor: Descriptor, depth: int) -> Node:
        self._count(1)
        if descriptor.media_type in INDEXES:
            return self._index_node(descriptor, depth)
        if descriptor.media_type in MANIFESTS:
            content = self._content.manifest(descriptor)
            self._count(len(content.layers))
            return _manifest_node(descriptor, content)
        return _manifest_node(descriptor, self._content.opaque(descriptor), opaque=True)

    def _count(self, descriptors: int) -> None:
        self._listed += descriptors
        if self._listed > NODE_LIMIT:
            raise DocumentError(f"more than {NODE_LIMIT} descriptors in all indexes", where=INDEX_NAME)

    def _index_node(self, descriptor: Descriptor, depth: int) -> IndexNode:
        if depth > DEPTH_LIMIT:
            raise DocumentError(f"indexes nested deeper than {DEPTH_LIMIT}", where=descriptor.digest.blob_name)
        content = self._content.index(descriptor)
        key = (descriptor.digest, depth, descriptor.media_type)
        known = self._children.get(key)
        if known is None:
            before = self._listed
            children = tuple(self._node(child, depth + 1) for child in content.descriptors)
            self._children[key] = children, self._listed - before
        else:
            # Shared, but walked again each time: an index of indexes of … must not multiply without end.
            children, below = known
            self._count(below)
        return IndexNode(descriptor, content.state, content.raw, children, content.damages)

    def _read(self, entry: Entry) -> bytes:
        if entry.size > DOCUMENT_LIMIT:
            raise DocumentError(f"has {entry.size} bytes, more than {DOCUMENT_LIMIT}")
        return self._source.read_at(entry.data_offset, entry.size)

    def _fault(self, rule: str, where: str, message: str) -> None:
        self._faults.append(Fault(rule, message, DocumentError, where, "export the archive again"))


def _manifest_node(descriptor: Descriptor, content: ManifestContent, *, opaque: bool = False) -> ManifestNode:
    listed = descriptor.platform
    platform = _effective(listed, content.configured)
    return ManifestNode(
        descriptor=descriptor,
        kind=Kind.OPAQUE if opaque else _kind(descriptor, content, platform),
        state=content.state,
        platform=platform,
        listed=listed,
        configured=content.configured,
        config=content.config,
        layers=content.layers,
        subject=_subject(descriptor, content),
        missing=content.missing,
        external=content.external,
        damages=content.damages,
        diff_id_count=content.diff_id_count,
    )


def _kind(descriptor: Descriptor, content: ManifestContent, platform: Platform | None) -> Kind:
    if descriptor.annotations.get(REFERENCE_TYPE) == "attestation-manifest":
        return Kind.ATTESTATION
    if descriptor.platform is not None and descriptor.platform.is_unknown:
        return Kind.ATTESTATION
    if content.config is None:  # not readable: the index entry is all there is to go by
        return Kind.IMAGE
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


def _group(roots: Iterable[Root]) -> tuple[Image, ...]:
    """Group the roots of index.json by both names; those without stand alone, exact repeats count once."""
    groups: dict[tuple[str, str] | int, dict[tuple[Digest, str], Root]] = {}
    for root in roots:
        annotations = root.node.descriptor.annotations
        names = annotations.get(CONTAINERD_NAME, ""), annotations.get(REF_NAME, "")
        key: tuple[str, str] | int = names if any(names) else root.place
        platform = root.node.descriptor.platform
        groups.setdefault(key, {}).setdefault((root.node.descriptor.digest, str(platform)), root)
    return tuple(Image(next(iter(members.values())).name, tuple(members.values())) for members in groups.values())


def _require_index_type(value: JsonObject) -> None:
    media_type = value.get("mediaType")
    if media_type is not None and media_type != OCI_INDEX:
        raise DocumentError(f"mediaType is {media_type!r}, not {OCI_INDEX!r}"[:200])


def _docker_items(raw: bytes) -> tuple[DockerItem, ...]:
    value = parse_json(raw)
    if not isinstance(value, list):
        raise DocumentError("is not an array of images")
    items: list[DockerItem] = []
    for position, item in enumerate(value):
        if isinstance(item, dict):
            require_exact_names(item, DOCKER_ITEM_FIELDS)
        config = item.get("Config") if isinstance(item, dict) else None
        tags = (item.get("RepoTags") or []) if isinstance(item, dict) else None
        layers = (item.get("Layers") or []) if isinstance(item, dict) else None
        if not isinstance(config, str) or not isinstance(tags, list) or not isinstance(layers, list):
            raise DocumentError(f"item {position} has no Config, RepoTags and Layers of the right type")
        items.append(DockerItem(config, tuple(map(str, tags)), tuple(map(str, layers))))
    return tuple(items)
