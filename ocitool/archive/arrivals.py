"""What is still to come of an archive when its plan is known: the wanted blobs, in the order of their arrival.

Documents that something lists are kept, so that at the end the archive can be judged as one that was read as a file;
of what is neither wanted nor such a document only its entry is known by then. While a manifest has not come, any
small JSON may be its config.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.archive.entry import Entry, EntryKind, Scan
from ocitool.archive.reader import same_bytes
from ocitool.errors import DocumentError, OcitoolError, UnsafeEntry
from ocitool.model.digest import Digest, digest_of_blob_name
from ocitool.model.json_text import parse_object
from ocitool.model.limits import DOCUMENT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping

    from ocitool.archive.forward import ForwardSource
    from ocitool.archive.reader import Scanner

EXPECTED: Final = 1
"""The number that stands for this source where a plan speaks of blobs that have not arrived."""

CONFIG_SIZE: Final = 1024 * 1024
"""Bytes up to which JSON is kept that may be the config of a manifest that comes after it."""

_COMPARED: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Arrival:
    """A wanted blob that comes next, at `offset` of the source, both in bytes."""

    digest: Digest
    offset: int
    size: int


class Arrivals:
    """The rest of an archive, from the entry after `passed` on.

    `wanted` maps digests to sizes in bytes. `documents` are digests of manifests and configs that are listed and have
    not come, `layout_files` the names of what is kept beside blobs. `conclude` is given the scan of the whole archive
    at its end and raises if the plan does not hold. Without `verify` delivered blobs are not known to be what their
    digest says.
    """

    def __init__(
        self,
        source: ForwardSource,
        scanner: Scanner,
        entries: Iterable[Entry],
        passed: int,
        wanted: Mapping[Digest, int],
        documents: Collection[Digest],
        layout_files: Container[str],
        conclude: Callable[[Scan], None],
        *,
        verify: bool,
    ) -> None:
        self.source = source
        self._scanner = scanner
        self._entries = entries
        self._first = {entry.name: entry for entry in reversed(scanner.entries[:passed]) if _has_bytes(entry)}
        self._wanted = dict(wanted)
        self._documents = set(documents)
        self._awaited = set(documents)
        self._layout_files = layout_files
        self._conclude = conclude
        self._verify = verify
        self._delivered: set[str] = set()
        self._same: dict[int, bool] = {}
        """Whether a repeated entry, by the offset of its header, is what the first of its name was."""
        self._failure: OcitoolError | None = None

    def blobs(self) -> Iterator[Arrival]:
        """Yield each wanted blob; it must be read, or not, before the next is asked for.

        Raises what a scan raises, and `UnsafeEntry` if an entry is repeated, its first bytes are gone, and the later
        ones do not tell what they were.
        """
        for entry in self._entries:
            if not _has_bytes(entry):
                continue
            earlier = self._first.setdefault(entry.name, entry)
            if earlier is not entry:
                self._same[entry.header_offset] = self._compare(earlier, entry)
                continue
            digest = digest_of_blob_name(entry.name) if entry.kind is EntryKind.FILE else None
            if digest is not None and self._wanted.get(digest) == entry.size and self._failure is None:
                yield Arrival(digest, entry.data_offset, entry.size)
                if self._failure is None:
                    self._delivered.add(entry.name)
            elif entry.size <= DOCUMENT_LIMIT and (entry.name in self._layout_files or digest in self._documents):
                self._keep(entry)
                self._awaited -= {digest}
            elif entry.size <= CONFIG_SIZE and self._awaited and digest is not None:
                self.source.keep(entry.data_offset, entry.size, _looks_like_json)

    def fail(self, error: OcitoolError) -> None:
        """Note that a blob is not what it should be, to be raised at the end unless something is worse."""
        self._failure = self._failure or error

    def conclude(self) -> None:
        """Raise what is wrong with the archive as a whole, or with a blob of it; nothing if the plan holds."""
        self._conclude(self._scanner.finish(self._are_same))
        if self._failure is not None:
            raise self._failure

    def _keep(self, entry: Entry) -> None:
        """Keep a document, and if it is a manifest, its config, too."""
        self.source.keep(entry.data_offset, entry.size)
        if entry.name in self._layout_files:
            return
        try:
            value = parse_object(self.source.read_at(entry.data_offset, entry.size))
            config = value.get("config")
            if isinstance(config, dict):
                self._documents.add(Digest.parse(str(config.get("digest"))))
        except DocumentError:
            pass  # whoever needs it says what is wrong with it

    def _compare(self, earlier: Entry, entry: Entry) -> bool:
        if earlier.kind is not entry.kind or earlier.size != entry.size:
            return False
        if self.source.keeps(earlier.data_offset, earlier.size):
            return same_bytes(self.source, earlier, entry)
        digest = digest_of_blob_name(entry.name)
        # What is as it is called can be the content of that name; what was written of it was held to the same digest.
        # After a failure nothing is written any more, and it says more than a repeat would.
        if self._failure is not None or (digest is not None and self._hashes_to(digest, entry)):
            return True
        if digest is None or not self._verify or entry.name not in self._delivered:
            raise UnsafeEntry(
                f"entry {entry.name!r} is there twice, and the first has passed",
                where=self.source.name,
                remedy=self.source.remedy,
            )
        return False

    def _hashes_to(self, digest: Digest, entry: Entry) -> bool:
        hasher = digest.hasher()
        for position in range(0, entry.size, _COMPARED):
            length = min(_COMPARED, entry.size - position)
            hasher.update(self.source.read_at(entry.data_offset + position, length))
        return hasher.hexdigest() == digest.hex

    def _are_same(self, one: Entry, other: Entry) -> bool:
        known = self._same.get(other.header_offset)
        return same_bytes(self.source, one, other) if known is None else known


def _looks_like_json(data: bytes) -> bool:
    return data.lstrip()[:1] == b"{"


def _has_bytes(entry: Entry) -> bool:
    return entry.kind is not EntryKind.DIRECTORY
