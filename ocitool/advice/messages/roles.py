"""What a digest of a message is in an archive."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from ocitool.graph.closure import Part, manifest_name, manifest_uses, root_use
from ocitool.graph.image import Kind, State, walk_indexes
from ocitool.graph.layout_files import BLOBS_FOLDER
from ocitool.model.digest import HEX_LENGTH, Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.graph.closure import Use
    from ocitool.graph.image import ManifestNode

DIGEST_LIMIT: Final = 12
"""Digests of one message that are looked up."""

_IN_TEXT: Final = re.compile(r"(?:(sha256|sha512)[:/])?(?<![0-9A-Za-z])([0-9a-f]{6,128})(?![0-9A-Za-z])")
_BARE_DIGITS: Final = 12
_LINK_RULE: Final = "T1"


class Standing(StrEnum):
    """How a digest stands to an archive.

    `THERE`: listed and there. `ABSENT`: listed, and not there. `CORRUPT`: there by its name, with other bytes.
    `LINK`: its entry is a link. `UNLISTED`: there, and no image uses it. `FOREIGN`: not of this archive. `UNREAD`:
    there was no archive to look at.
    """

    THERE = "there"
    ABSENT = "absent"
    CORRUPT = "corrupt"
    LINK = "link"
    UNLISTED = "unlisted"
    FOREIGN = "foreign"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class DigestRole:
    """A digest as it stands in a message, and what it is: of which image and platform, and which part of it.

    `kind` is what the manifest is that it belongs to; `others` counts further uses of the same content.
    """

    text: str
    digest: Digest | None
    standing: Standing
    role: str = ""
    image: str = ""
    platform: str = ""
    part: Part | None = None
    kind: Kind | None = None
    others: int = 0


@dataclass(slots=True)
class Roles:
    """All digests of an archive with their roles; `hash_blob` tells what the bytes of a name hash to."""

    facts: ArchiveFacts | None
    hash_blob: Callable[[Digest], Digest | None]
    _uses: dict[Digest, list[tuple[Use, ManifestNode | None]]] = field(default_factory=dict)
    _unpacked: dict[Digest, str] = field(default_factory=dict)
    _damaged: set[Digest] = field(default_factory=set)
    _hashed: dict[Digest, bool] = field(default_factory=dict)
    _subjects: dict[Digest, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Walk all images once."""
        if self.facts is None:
            return
        self._damaged.update(self.facts.corrupt)
        for image in self.facts.graph.images:
            for root in image.roots:
                for index in walk_indexes(root.node):
                    self._uses.setdefault(index.descriptor.digest, []).append((root_use(image.label, index), None))
                    self._damaged.update(damage.descriptor.digest for damage in index.damages if damage.descriptor)
            for node in image.manifests():
                self._add_manifest(image.label, node)

    def _add_manifest(self, label: str, node: ManifestNode) -> None:
        self._subjects.setdefault(node.descriptor.digest, manifest_name(node))
        self._damaged.update(damage.descriptor.digest for damage in node.damages if damage.descriptor)
        for use in manifest_uses(label, node):
            self._uses.setdefault(use.descriptor.digest, []).append((use, node))
        if node.kind is Kind.IMAGE and node.state is not State.ABSENT:
            chain = ""
            for number, diff_id in enumerate(node.diff_ids or (), start=1):
                name = f"layer {number} of {len(node.diff_ids or ())} of {manifest_name(node)} of {label}"
                chain = str(Digest.of(f"{chain} {diff_id}".encode())) if chain else diff_id
                for text, words in ((diff_id, "unpacked"), (chain, "with all below it, unpacked")):
                    algorithm, _, digits = text.partition(":")
                    if len(digits) == HEX_LENGTH.get(algorithm):
                        self._unpacked.setdefault(Digest(algorithm, digits), f"{name}, {words}")

    def in_text(self, text: str, known: Container[str] = ()) -> tuple[DigestRole, ...]:
        """Return the digests that a text names, each once.

        Bare digits are one only if they are `known` to be, or if the archive has such a digest.
        """
        found: dict[str, DigestRole] = {}
        for match in _IN_TEXT.finditer(text):
            if len(found) >= DIGEST_LIMIT:
                break
            algorithm, digits = match[1], match[2]
            if not algorithm and len(digits) < _BARE_DIGITS:
                continue
            role = self.role(algorithm or "sha256", digits)
            if role.standing in {Standing.FOREIGN, Standing.UNREAD} and not (algorithm or digits in known):
                continue
            found.setdefault(str(role.digest or role.text), role)
        return tuple(found.values())

    def role(self, algorithm: str, digits: str) -> DigestRole:
        """Return what a digest is, or one that begins so if it is the only one."""
        text = f"{algorithm}:{digits}"
        is_whole = len(digits) == HEX_LENGTH[algorithm]
        digest = Digest(algorithm, digits) if is_whole else None
        if self.facts is None:
            return DigestRole(text, digest, Standing.UNREAD)
        if digest is None:
            known = {*self._uses, *self.facts.graph.blobs, *self._unpacked}
            begins = [each for each in known if each.algorithm == algorithm and each.hex.startswith(digits)]
            if len(begins) != 1:
                return DigestRole(text, None, Standing.FOREIGN)
            digest = begins[0]
        standing = self._standing(digest)
        uses = self._uses.get(digest)
        if not uses:
            return DigestRole(text, digest, standing, self._unpacked.get(digest, ""))
        use, node = uses[0]
        return DigestRole(
            text,
            digest,
            standing,
            self._words(use, node),
            use.image,
            use.platform,
            use.part,
            None if node is None else node.kind,
            len(uses) - 1,
        )

    def _words(self, use: Use, node: ManifestNode | None) -> str:
        if node is None or node.kind not in {Kind.ATTESTATION, Kind.ARTIFACT} or node.subject is None:
            return use.role
        of = self._subjects.get(node.subject, str(node.subject))
        word = "attestation" if node.kind is Kind.ATTESTATION else "referrer"
        return use.role.replace(f"{use.platform} of {use.image}", f"{word} of {of} of {use.image}", 1)

    def _standing(self, digest: Digest) -> Standing:
        facts = self.facts
        if facts is None:
            return Standing.UNREAD
        graph = facts.graph
        if digest in graph.blobs:
            if self.is_damaged(digest):
                return Standing.CORRUPT
            return Standing.THERE if digest in self._uses else Standing.UNLISTED
        if any(fault.rule == _LINK_RULE and fault.where == digest.blob_name for fault in graph.faults):
            return Standing.LINK
        if digest in graph.documents or digest in self._unpacked:
            return Standing.THERE
        return Standing.ABSENT if digest in self._uses else Standing.FOREIGN

    def is_damaged(self, digest: Digest) -> bool:
        """Tell whether the blob of a name has other bytes; each is hashed once."""
        if digest in self._damaged:
            return True
        if digest not in self._hashed:
            actual = self.hash_blob(digest)
            self._hashed[digest] = actual is not None and actual != digest
        return self._hashed[digest]

    def damaged(self) -> Iterator[Digest]:
        """Yield what is known to be damaged, without a look at anything else."""
        yield from sorted(self._damaged, key=str)

    def links(self) -> tuple[str, ...]:
        """Return the names of blobs that are links."""
        faults = () if self.facts is None else self.facts.graph.faults
        return tuple(
            fault.where for fault in faults if fault.rule == _LINK_RULE and fault.where.startswith(BLOBS_FOLDER)
        )
