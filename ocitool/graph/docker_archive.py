"""The image graph of a docker-archive: what `docker save` wrote before OCI layouts, and others still write.

manifest.json lists the entries of each image's config and layers; layers are plain tars as a rule, and one that
occurs twice may be a symbolic link to its other place. Manifests there are none, so they are made here: the
config's bytes stay (they are the image's id), a plain layer's digest is the diff_id that its config gives. What is
wrong with one image is a damage of that image and no fault of the archive.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocitool.archive.codec.ratio import Growth
from ocitool.archive.codec.sniff import tell_compression
from ocitool.archive.entry import EntryKind
from ocitool.archive.headers import BLOCK
from ocitool.archive.range_stream import CHUNK, RangeStream, decompressed
from ocitool.errors import ArchiveError, DocumentError
from ocitool.graph.content import ContentReader
from ocitool.graph.docker_manifest import read_docker_manifest
from ocitool.graph.image import ArchiveForm, Damage, DockerItem, ImageGraph, Kind, ManifestNode, Origin, Root, State
from ocitool.graph.layout_files import BOOKKEEPING, DOCKER_NAME, LAYOUT_FILES, read_document
from ocitool.graph.node import group_by_name, manifest_node
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME, Descriptor
from ocitool.model.digest import Digest, digest_of_blob_name
from ocitool.model.json_text import JsonObject, JsonValue, dump_json
from ocitool.model.limits import RATIO_LIMIT
from ocitool.model.media_type import OCI_CONFIG, OCI_INDEX, OCI_LAYERS, OCI_MANIFEST
from ocitool.model.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ocitool.archive.entry import Entry, Scan
    from ocitool.archive.source import ByteSource
    from ocitool.model.platform import Platform

_PLAIN: Final = "none"
_NAMED_BY_DIGEST: Final = re.compile(r"(?:sha256[:/])?([0-9a-f]{64})(?:\.json|\.tar\.gz|\.tgz|\.tar\.zst)?")
"""What docker, skopeo, crane, jib and kaniko call configs and compressed layers: their digest, and a suffix."""


def build_docker_graph(
    scan: Scan, files: Mapping[str, Entry], source: ByteSource, *, ratio_limit: int = RATIO_LIMIT
) -> ImageGraph:
    """Read all that manifest.json lists; raises `DocumentError` if it cannot be read at all."""
    return _Builder(scan, files, source, ratio_limit).build()


class _BrokenImage(Exception):
    """Why one image cannot be had, and what to do; never leaves this module."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class _Config:
    """A config, and what it says of its image."""

    descriptor: Descriptor
    platform: Platform | None
    diff_ids: tuple[Digest, ...]


class _Builder:
    def __init__(self, scan: Scan, files: Mapping[str, Entry], source: ByteSource, ratio_limit: int) -> None:
        self._scan = scan
        self._source = source
        self._files = files
        self._links = {entry.name: entry for entry in reversed(scan.entries) if entry.kind is EntryKind.LINK}
        self._growth = Growth(ratio_limit)
        self._blobs: dict[Digest, Entry] = {}
        self._documents: dict[Digest, bytes] = {}
        self._content = ContentReader((source,), self._blobs)
        self._used: set[str] = set(LAYOUT_FILES)
        self._configs: dict[int, _Config] = {}
        self._compressions: dict[int, str] = {}
        self._compressed: dict[int, tuple[Digest, Digest | None]] = {}

    def build(self) -> ImageGraph:
        try:
            items = read_docker_manifest(read_document(self._source, self._files[DOCKER_NAME]))
        except DocumentError as error:
            raise DocumentError(
                error.message, where=DOCKER_NAME, remedy="the archive is damaged: transfer or export it again"
            ) from None
        roots: list[Root] = []
        for item in items:
            node = self._node(item)
            roots += [Root(len(roots) + place, named) for place, named in enumerate(_named(node, item.tags))]
        return ImageGraph(
            origins=(Origin(self._source.name, self._source.size),),
            index={"schemaVersion": 2, "mediaType": OCI_INDEX},
            images=group_by_name(roots),
            blobs=self._blobs,
            documents=self._documents,
            docker_manifest=items,
            other_files=tuple(self._other_files(self._scan.entries)),
            faults=(*self._scan.faults, *self._content.faults),
            has_end=self._scan.has_end,
            repeats=self._scan.repeats,
            layout_files=LAYOUT_FILES & self._files.keys(),
            form=ArchiveForm.DOCKER_ARCHIVE,
        )

    def _node(self, item: DockerItem) -> ManifestNode:
        """Make the manifest of an image and tell its state."""
        if self._resolve(item.config) is None and (claimed := _claimed(item.config)) is not None:
            absent = Descriptor(OCI_CONFIG, claimed, 0)
            return replace(self._stand_in(item), state=State.PARTIAL, config=absent, missing=(absent,))
        platform: Platform | None = None
        try:
            config = self._config(item.config)
            platform = config.platform
            layers = self._layers(item.layers, config.diff_ids)
        except _BrokenImage as error:
            return replace(
                self._stand_in(item), platform=platform, damages=(Damage(None, "", str(error), error.remedy),)
            )
        document: JsonObject = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config.descriptor.to_json(),
            "layers": [layer.to_json() for layer in layers],
        }
        raw = dump_json(document)
        digest = Digest.of(raw)
        self._documents[digest] = raw
        content = self._content.closure(config.descriptor, layers)
        node = manifest_node(Descriptor(OCI_MANIFEST, digest, len(raw)), content)
        # docker saves images and nothing else, so one without a platform is an image all the same.
        return replace(node, kind=Kind.IMAGE)

    def _stand_in(self, item: DockerItem) -> ManifestNode:
        """Stand in for an image whose manifest cannot be made; its document is never written."""
        value: list[JsonValue] = [item.config, *item.layers]
        raw = dump_json(value)
        digest = Digest.of(raw)
        self._documents[digest] = raw
        return ManifestNode(Descriptor(OCI_MANIFEST, digest, len(raw)), Kind.IMAGE, State.CORRUPT)

    def _config(self, name: str) -> _Config:
        """Read a config, and what its layers unpack to."""
        entry = self._resolve(name)
        if entry is None:
            raise _BrokenImage(f"its config {name[:200]!r} is not in the archive")
        known = self._configs.get(entry.data_offset)
        if known is None:
            known = self._configs[entry.data_offset] = self._read_config(name, entry)
        self._blobs.setdefault(known.descriptor.digest, entry)
        return known

    def _read_config(self, name: str, entry: Entry) -> _Config:
        try:
            raw = read_document(self._source, entry)
            digest = Digest.of(raw)
            claimed = _claimed(name)
            if claimed is not None and claimed != digest:
                raise _BrokenImage(f"its config {name[:200]!r} is corrupt: its bytes hash to {digest}")
            content = self._content.remember_config(digest, raw)
            if content.diff_ids is None:
                raise _BrokenImage(f"its config {name[:200]!r} has no diff_ids")
            diff_ids = tuple(map(Digest.parse, content.diff_ids))
            return _Config(Descriptor(OCI_CONFIG, digest, entry.size), content.platform, diff_ids)
        except DocumentError as error:
            raise _BrokenImage(f"its config {name[:200]!r}: {error.message}") from None

    def _layers(self, names: Sequence[str], diff_ids: Sequence[Digest]) -> tuple[Descriptor, ...]:
        if len(diff_ids) != len(names):
            raise _BrokenImage(f"it lists {len(names)} layers, its config {len(diff_ids)} diff_ids")
        return tuple(self._layer(*pair) for pair in zip(names, diff_ids, strict=True))

    def _layer(self, name: str, diff_id: Digest) -> Descriptor:
        """Describe a layer; one that is not there keeps its diff_id for a name."""
        entry = self._resolve(name)
        if entry is None:
            # Another image may have brought it under another name.
            known = self._blobs.get(diff_id)
            if known is None and (reason := self._why_unresolved(name)):
                raise _BrokenImage(
                    f"its layer {name[:200]!r} {reason}",
                    "pack the archive again with regular files (tar --dereference --hard-dereference)",
                )
            return Descriptor(OCI_LAYERS[_PLAIN], diff_id, 0 if known is None else known.size)
        compression = self._compression(entry)
        if compression == _PLAIN:
            self._blobs.setdefault(diff_id, entry)
            return Descriptor(OCI_LAYERS[_PLAIN], diff_id, entry.size)
        if compression not in OCI_LAYERS:
            raise _BrokenImage(
                f"its layer {name[:200]!r} is compressed with {compression}, which OCI has no type for",
                "load it into docker and save it again",
            )
        digest = self._check_compressed(name, entry, compression, diff_id)
        self._blobs.setdefault(digest, entry)
        return Descriptor(OCI_LAYERS[compression], digest, entry.size)

    def _compression(self, entry: Entry) -> str:
        known = self._compressions.get(entry.data_offset)
        if known is None:
            start = self._source.read_at(entry.data_offset, min(BLOCK, entry.size))
            known = self._compressions[entry.data_offset] = tell_compression(start) or _PLAIN
        return known

    def _check_compressed(self, name: str, entry: Entry, compression: str, diff_id: Digest) -> Digest:
        """Return the digest of a compressed layer.

        Nothing but its name can say what that has to be; where that does not, the diff_id is the only proof, and the
        layer is decompressed for it.
        """
        if (claimed := digest_of_blob_name(entry.name)) is not None:
            return claimed
        known = self._compressed.get(entry.data_offset)
        if known is None:
            known = self._compressed[entry.data_offset] = self._digests(name, entry, compression)
        digest, unpacked = known
        if unpacked is not None and unpacked != diff_id:
            raise _BrokenImage(f"its layer {name[:200]!r} is corrupt: it unpacks to {unpacked}, not to {diff_id}")
        return digest

    def _digests(self, name: str, entry: Entry, compression: str) -> tuple[Digest, Digest | None]:
        """Hash a compressed layer; return its digest and, unless its name tells that, what it unpacks to."""
        stream = RangeStream(self._source, entry.data_offset, entry.size)
        while stream.read(CHUNK):
            pass
        if stream.digest == _claimed(name):
            return stream.digest, None
        stream = RangeStream(self._source, entry.data_offset, entry.size)
        hasher = stream.digest.hasher()
        try:
            for part in decompressed(stream, compression, self._growth):
                hasher.update(part)
        except ArchiveError as error:
            raise _BrokenImage(f"its layer {name[:200]!r} is corrupt: {error.message}") from None
        return stream.digest, Digest("sha256", hasher.hexdigest())

    def _resolve(self, name: str) -> Entry | None:
        """Return the entry that a path of manifest.json means; at most one link is followed."""
        cleaned = posixpath.normpath(name)
        entry = self._files.get(cleaned)
        link = self._links.get(cleaned)
        if entry is None and link is not None and link.target:
            self._used.add(cleaned)
            cleaned = posixpath.normpath(posixpath.join(posixpath.dirname(cleaned), link.target))
            entry = self._files.get(cleaned)
        if entry is not None:
            self._used.add(cleaned)
        return entry

    def _why_unresolved(self, name: str) -> str:
        """Say why what `name` means is not read although it may be there, "" if it is not."""
        cleaned = posixpath.normpath(name)
        if cleaned.startswith("/"):
            return "has an absolute name, which means nothing in an archive"
        if (link := self._links.get(cleaned)) is not None:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(cleaned), link.target))
            if not link.target:
                return "is a hard link, which is not followed"
            if target.startswith(("/", "../")):
                return "is a link out of the archive, which is not followed"
            return "is a link to another link, which is not followed" if target in self._links else ""
        parts = cleaned.split("/")
        if any("/".join(parts[:count]) in self._links for count in range(1, len(parts))):
            return "lies under a folder that is a link, which is not followed"
        return ""

    def _other_files(self, entries: Iterable[Entry]) -> Iterable[Entry]:
        for entry in entries:
            last = entry.name.rpartition("/")[2]
            if entry.kind is EntryKind.FILE and entry.name not in self._used and last not in BOOKKEEPING:
                yield entry


def _named(node: ManifestNode, tags: Sequence[str]) -> Iterable[ManifestNode]:
    """Return the node once for each name, with the annotations that say it."""
    if not tags:
        yield node
    for tag in tags:
        annotations: JsonObject = {CONTAINERD_NAME: tag}
        try:
            reference = Reference.parse(tag).with_default_tag()
        except DocumentError as error:
            damage = Damage(None, "", error.message, "save it again under another name, or leave it out with --image")
            bad = replace(node.descriptor, fields=node.descriptor.to_json() | {"annotations": annotations})
            yield replace(node, descriptor=bad, state=State.CORRUPT, damages=(*node.damages, damage))
            continue
        annotations = {CONTAINERD_NAME: reference.full}
        if reference.tag:
            annotations[REF_NAME] = reference.tag
        fields = node.descriptor.to_json() | {"annotations": annotations}
        yield replace(node, descriptor=replace(node.descriptor, fields=fields))


def _claimed(name: str) -> Digest | None:
    """Return the digest that the last part of a name gives, None if it gives none."""
    match = _NAMED_BY_DIGEST.fullmatch(name.rpartition("/")[2])
    return None if match is None else Digest("sha256", match.group(1))
