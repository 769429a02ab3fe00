"""Blobs that are documents: fetched, checked against their descriptor, read as manifest or index.

Nothing is concluded from bytes whose digest does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocitool.errors import ArchiveError, DocumentError
from ocitool.graph.image import Damage, OddConfig, State
from ocitool.model.descriptor import Descriptor
from ocitool.model.digest import Digest
from ocitool.model.fault import Fault
from ocitool.model.fields import CONFIG_FIELDS, ROOTFS_FIELDS, check_document, require_exact_names
from ocitool.model.json_text import (
    JsonObject,
    count_values,
    json_kind,
    parse_object,
    read_json,
)
from ocitool.model.limits import DOCUMENT_LIMIT, LIST_LIMIT, PROBLEM_LIMIT, TOTAL_VALUE_LIMIT
from ocitool.model.media_type import IMAGE_CONFIGS, INDEXES, MANIFESTS
from ocitool.model.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    from ocitool.archive.entry import Entry
    from ocitool.archive.source import ByteSource


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of one blob, or why there are none to trust.

    Bytes of the right digest are read although their descriptor names another size, as importers read them.
    """

    state: State
    raw: bytes | None = None
    damage: Damage | None = None


@dataclass(frozen=True, slots=True)
class ManifestContent:
    """What a manifest's own bytes and its config say, independent of who refers to it."""

    state: State
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    subject: Digest | None = None
    is_image: bool = True
    configured: Platform | None = None
    diff_ids: tuple[str, ...] | None = None
    missing: tuple[Descriptor, ...] = ()
    external: tuple[Descriptor, ...] = ()
    damages: tuple[Damage, ...] = ()
    odd_config: OddConfig | None = None


@dataclass(frozen=True, slots=True)
class IndexContent:
    """What an index's own bytes say."""

    state: State
    raw: bytes = b""
    descriptors: tuple[Descriptor, ...] = ()
    damages: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfigContent:
    """What an image's config says; `diff_ids` None if they are no array, `odd` if it names a whole platform."""

    platform: Platform | None
    diff_ids: tuple[str, ...] | None
    odd: OddConfig | None = None


class ContentReader:
    """Read documents once each, from the source that an entry names by its number; faults are collected, not raised.

    `documents` are manifests that lie in none of the sources. `alternatives` are further places of a blob; where the
    one in `blobs` is not what its digest says and another is, that takes its place.
    """

    def __init__(
        self,
        sources: Sequence[ByteSource],
        blobs: MutableMapping[Digest, Entry],
        documents: Mapping[Digest, bytes] | None = None,
        alternatives: Mapping[Digest, Sequence[Entry]] | None = None,
    ) -> None:
        self._sources = sources
        self._blobs = blobs
        self._documents = documents or {}
        self._alternatives = alternatives or {}
        self.faults: list[Fault] = []
        self._values = 0
        self._indexes: dict[tuple[Digest, int, str], IndexContent] = {}
        self._manifests: dict[tuple[Digest, int, str], ManifestContent] = {}
        self._configs: dict[Digest, ConfigContent] = {}

    def index(self, descriptor: Descriptor) -> IndexContent:
        """Read an image index or manifest list."""
        key = (descriptor.digest, descriptor.size, descriptor.media_type)
        content = self._indexes.get(key)
        if content is None:
            content = self._indexes[key] = self._read_index(descriptor)
        return content

    def _read_index(self, descriptor: Descriptor) -> IndexContent:
        fetched = self._fetch(descriptor, "index")
        if fetched.raw is None:
            return IndexContent(fetched.state, damages=_some(fetched.damage))
        before = len(self.faults)
        value = self._parse(fetched.raw, descriptor)
        if value is None:
            return IndexContent(State.CORRUPT, damages=_some(fetched.damage))
        self._descriptor(value, "subject", "X16", descriptor)
        descriptors = self._descriptors(value, "manifests", "X6", descriptor)
        state = fetched.state if len(self.faults) == before else State.CORRUPT
        return IndexContent(state, fetched.raw, descriptors, _some(fetched.damage))

    def manifest(self, descriptor: Descriptor) -> ManifestContent:
        """Read a manifest and its config; tell which of its blobs are there."""
        key = (descriptor.digest, descriptor.size, descriptor.media_type)
        content = self._manifests.get(key)
        if content is None:
            content = self._manifests[key] = self._read_manifest(descriptor)
        return content

    def opaque(self, descriptor: Descriptor) -> ManifestContent:
        """Check a blob of a media type nobody here knows; it is a leaf, unless its bytes say otherwise.

        An unknown type is no error (image-index.md, "manifests"), but a manifest under a wrong type would lose
        its config and layers without a word.
        """
        fetched = self._fetch(descriptor, "blob", limit_is_fault=False)
        if fetched.raw is not None and _looks_like_manifest(fetched.raw, descriptor.media_type):
            self._fault(
                "M4",
                f"is an image manifest or index listed as {descriptor.media_type}",
                descriptor,
            )
        missing = (descriptor,) if fetched.state is State.ABSENT else ()
        return ManifestContent(fetched.state, is_image=False, missing=missing, damages=_some(fetched.damage))

    def _read_manifest(self, descriptor: Descriptor) -> ManifestContent:
        fetched = self._fetch(descriptor, "manifest")
        damages = _some(fetched.damage)
        if fetched.raw is None:
            return ManifestContent(fetched.state, damages=damages)
        before = len(self.faults)
        value = self._parse(fetched.raw, descriptor)
        if value is None:
            return ManifestContent(State.CORRUPT, damages=damages)
        subject = self._descriptor(value, "subject", "M17", descriptor)
        config = self._descriptor(value, "config", "M8", descriptor, required=True)
        # Go writes null for no layers at all.
        null = value.get("layers", ()) is None
        layers = () if null else self._descriptors(value, "layers", "M11", descriptor)
        if config is None:
            return ManifestContent(State.CORRUPT, layers=layers, damages=damages)
        content = self.closure(config, layers, None if subject is None else subject.digest)
        is_sound = not damages and len(self.faults) == before
        return content if is_sound else replace(content, state=State.CORRUPT, damages=(*damages, *content.damages))

    def _descriptor(
        self, value: JsonObject, key: str, rule: str, owner: Descriptor, *, required: bool = False
    ) -> Descriptor | None:
        if value.get(key) is None and not required:
            return None
        try:
            return Descriptor.from_json(value.get(key))
        except DocumentError as error:
            self._fault(rule, f"{key}: {error.message}", owner)
            return None

    def _descriptors(self, value: JsonObject, key: str, rule: str, owner: Descriptor) -> tuple[Descriptor, ...]:
        try:
            descriptors, problems = read_descriptors(value, key)
        except DocumentError as error:
            self._fault(rule, error.message, owner)
            return ()
        for problem in problems:
            self._fault(rule, problem, owner)
        return descriptors

    def closure(
        self, config: Descriptor, layers: tuple[Descriptor, ...], subject: Digest | None = None
    ) -> ManifestContent:
        """Tell which of the blobs that a manifest lists are there, and what its config says."""
        missing: list[Descriptor] = []
        external: list[Descriptor] = []
        damages: list[Damage] = []
        for number, layer in enumerate(layers, start=1):
            entry = self._blobs.get(layer.digest)
            if entry is not None:
                damages.extend(_some(_size_damage(layer, entry, f"layer {number} of {len(layers)}")))
            elif layer.is_external:
                external.append(layer)
            else:
                missing.append(layer)
        is_image = config.media_type in IMAGE_CONFIGS
        configured: Platform | None = None
        diff_ids: tuple[str, ...] | None = None
        odd: OddConfig | None = None
        if config.digest not in self._blobs:
            missing.insert(0, config)
        elif is_image:
            fetched = self._fetch(config, "config")
            damages.extend(_some(fetched.damage))
            if fetched.raw is not None:
                if config.digest not in self._configs:
                    self._configs[config.digest] = self._read_config(config, fetched.raw)
                configured = self._configs[config.digest].platform
                diff_ids = self._configs[config.digest].diff_ids
                odd = self._configs[config.digest].odd
        else:
            damages.extend(_some(_size_damage(config, self._blobs[config.digest], "config")))
            odd = self._odd_config(config)
        state = State.CORRUPT if damages else State.PARTIAL if missing else State.COMPLETE
        return ManifestContent(
            state=state,
            config=config,
            layers=layers,
            subject=subject,
            is_image=is_image,
            configured=configured,
            diff_ids=diff_ids,
            missing=tuple(missing),
            external=tuple(external),
            damages=tuple(damages),
            odd_config=odd,
        )

    def _odd_config(self, config: Descriptor) -> OddConfig | None:
        """Read a config of no image's type as one of an image, in which case nothing that is wrong with it counts."""
        raw = self._fetch(config, "config", limit_is_fault=False).raw
        if raw is None or not raw.lstrip().startswith(b"{"):
            return None
        self._count_values(raw)
        try:
            content = read_config(raw)
        except DocumentError:
            return None
        if content.odd is not None or content.platform is None:
            return content.odd
        return OddConfig(content.platform, content.diff_ids or ())

    def remember_config(self, digest: Digest, raw: bytes) -> ConfigContent:
        """Read the config of a docker-archive, within the same bound, and know it from then on.

        Raises `DocumentError` if it is none.
        """
        self._count_values(raw)
        content = self._configs[digest] = read_config(raw)
        return content

    def _read_config(self, descriptor: Descriptor, raw: bytes) -> ConfigContent:
        self._count_values(raw)
        try:
            return read_config(raw)
        except DocumentError as error:
            self._fault("C13", error.message, descriptor)
            return ConfigContent(None, None)

    def _parse(self, raw: bytes, descriptor: Descriptor) -> JsonObject | None:
        """Parse a document, within the bound on what all of them hold together; None if it cannot be read."""
        self._count_values(raw)
        reading = read_json(raw)
        for problem in reading.problems:
            self._fault(problem.rule, problem.message, descriptor)
        if not isinstance(reading.value, dict):
            if reading.is_readable:
                self._fault("J6", f"not a JSON object but {json_kind(reading.value)}", descriptor)
            return None
        try:
            _hold_to_type(reading.value, descriptor)
        except DocumentError as error:
            self._fault("M4", error.message, descriptor)
        return reading.value

    def _count_values(self, raw: bytes) -> None:
        self._values += count_values(raw)
        if self._values > TOTAL_VALUE_LIMIT:
            where = ", ".join(source.name for source in self._sources)
            raise ArchiveError(f"its documents hold more than {TOTAL_VALUE_LIMIT} values", where=where)

    def _fetch(self, descriptor: Descriptor, role: str, *, limit_is_fault: bool = True) -> Fetched:
        fetched = self._read(descriptor, role, limit_is_fault=limit_is_fault)
        first = self._blobs.get(descriptor.digest)
        if fetched.damage is None or first is None:
            return fetched
        for entry in self._alternatives.get(descriptor.digest, ()):
            self._blobs[descriptor.digest] = entry
            other = self._read(descriptor, role, limit_is_fault=limit_is_fault)
            if other.damage is None:
                return other
        self._blobs[descriptor.digest] = first
        return fetched

    def _read(self, descriptor: Descriptor, role: str, *, limit_is_fault: bool) -> Fetched:
        entry = self._blobs.get(descriptor.digest)
        if entry is None:
            made = self._documents.get(descriptor.digest)
            return Fetched(State.ABSENT) if made is None else Fetched(State.COMPLETE, made)
        damage = _size_damage(descriptor, entry, role)
        if entry.size > DOCUMENT_LIMIT:
            if damage is not None:
                return Fetched(State.CORRUPT, damage=damage)
            if limit_is_fault:
                self._fault("J7", f"{role} of {entry.size} bytes, more than {DOCUMENT_LIMIT}", descriptor)
                return Fetched(State.CORRUPT)
            return Fetched(State.COMPLETE)
        raw = self._sources[entry.source].read_at(entry.data_offset, entry.size)
        if Digest.of(raw, descriptor.digest.algorithm) != descriptor.digest:
            text = "bytes do not match the digest"
            wrong = Damage(descriptor, role, text if damage is None else f"{damage.message}; its {text}")
            return Fetched(State.CORRUPT, damage=wrong)
        return Fetched(State.COMPLETE if damage is None else State.CORRUPT, raw, damage)

    def _fault(self, rule: str, message: str, descriptor: Descriptor) -> None:
        self.faults.append(
            Fault(
                rule=rule,
                message=message,
                error=DocumentError,
                where=descriptor.digest.blob_name,
                remedy="the tool that made the archive wrote it wrong: export it again with another",
            )
        )


def read_config(raw: bytes) -> ConfigContent:
    """Read the config of an image (config.md); raises `DocumentError`."""
    value = parse_object(raw)
    require_exact_names(value, CONFIG_FIELDS)
    platform = Platform.from_json(value)
    rootfs = value.get("rootfs")
    diff_ids: tuple[str, ...] | None = None
    if isinstance(rootfs, dict):
        require_exact_names(rootfs, ROOTFS_FIELDS)
        listed = rootfs.get("diff_ids", False)
        diff_ids = tuple(map(str, listed)) if isinstance(listed, list) else () if listed is None else None
    if platform.os and platform.architecture:
        return ConfigContent(platform, diff_ids)
    return ConfigContent(None, diff_ids, OddConfig(platform, diff_ids or ()) if platform.architecture else None)


def read_descriptors(value: JsonObject, key: str) -> tuple[tuple[Descriptor, ...], tuple[str, ...]]:
    """Read the array of descriptors under `key`; return those that can be read, and what is wrong with the others.

    Raises `DocumentError` if there is no array, or a longer one than any may be.
    """
    items = value.get(key)
    if not isinstance(items, list):
        raise DocumentError(f"{key} is {json_kind(items)}, not an array")
    if len(items) > LIST_LIMIT:
        raise DocumentError(f"{key} lists {len(items)} descriptors, more than {LIST_LIMIT}")
    descriptors: list[Descriptor] = []
    problems: list[str] = []
    for position, item in enumerate(items):
        try:
            descriptors.append(Descriptor.from_json(item))
        except DocumentError as error:
            if len(problems) < PROBLEM_LIMIT:
                problems.append(f"{key}[{position}]: {error.message}")
    return tuple(descriptors), tuple(problems)


def _hold_to_type(value: JsonObject, descriptor: Descriptor) -> None:
    """Hold a manifest or index to the media type that it is listed under; raises `DocumentError`.

    One document that can be read as both, or as another type than listed, is how scanners and runtimes were
    made to see different images (CVE-2021-41190).
    """
    check_document(value)
    own = value.get("mediaType")
    if own is not None and own != descriptor.media_type:
        raise DocumentError(f"is of media type {own!r} but listed as {descriptor.media_type}")
    wrong = ("config", "layers", "fsLayers") if descriptor.media_type in INDEXES else ("manifests", "fsLayers")
    for key in wrong:
        if key in value:
            raise DocumentError(f"listed as {descriptor.media_type} but has {key}")


def _looks_like_manifest(raw: bytes, media_type: str) -> bool:
    if raw.lstrip()[:1] != b"{":
        return False
    try:
        value = parse_object(raw)
    except DocumentError:
        return False
    own = value.get("mediaType")
    if isinstance(own, str):
        return own != media_type and own in INDEXES | MANIFESTS
    return isinstance(value.get("manifests"), list) or (
        isinstance(value.get("config"), dict) and isinstance(value.get("layers"), list)
    )


def _size_damage(descriptor: Descriptor, entry: Entry, role: str) -> Damage | None:
    if entry.size == descriptor.size:
        return None
    return Damage(descriptor, role, f"has {entry.size} bytes, its descriptor says {descriptor.size}")


def _some(damage: Damage | None) -> tuple[Damage, ...]:
    return () if damage is None else (damage,)
