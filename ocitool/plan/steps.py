"""Plans as data: which bytes go where, exactly, before any is moved.

A plan may have many sources and many outputs. It is printable as JSON and picklable, and holds no open file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from ocitool.archive.contents import Row, TableOfContents, encode_contents, may_be_listed
from ocitool.archive.headers import BLOCK, header_length, padding
from ocitool.archive.writer import END, TarLayout
from ocitool.model.digest import Digest
from ocitool.plan.content_digest import content_algorithm, contents_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeGuard

    from ocitool.model.json_text import JsonObject, JsonValue
    from ocitool.plan.note import Note


ALIGNED_FROM: Final = 64 * 1024
"""Bytes from which content is worth up to 4.5 KiB of filler before it, so that its blocks can be shared."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Bytes to take from a source: `size` bytes at `offset`; `role` names them for messages."""

    source: int
    offset: int
    size: int
    digest: Digest
    role: str


@dataclass(frozen=True, slots=True)
class Emit:
    """Bytes that the plan itself carries."""

    data: bytes

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory entry."""

    size: int = 0


Content: TypeAlias = "Copy | Emit | Folder"


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an output."""

    name: str
    content: Content


@dataclass(frozen=True, slots=True)
class Step:
    """One write: `content` at `offset` of the output, both in bytes."""

    offset: int
    content: Copy | Emit


@dataclass(frozen=True, slots=True)
class PlannedManifest:
    """One manifest of the report: what it is and how many bytes its closure has."""

    image: str
    kind: str
    platform: str
    digest: Digest
    size: int
    reason: str = ""

    def to_json(self) -> JsonObject:
        """Return the JSON form of reports."""
        result: JsonObject = {
            "image": self.image,
            "kind": self.kind,
            "platform": self.platform,
            "digest": str(self.digest),
            "size": self.size,
        }
        if self.reason:
            result["reason"] = self.reason
        return result


@dataclass(frozen=True, slots=True)
class PlannedImage:
    """One image of an output, or an artifact beside them: name, form of its index, what its root was and is."""

    name: str | None
    form: str
    digest: Digest
    original: Digest
    has_platforms: bool = True

    def to_json(self) -> JsonObject:
        """Return the JSON form of reports."""
        return {
            "name": self.name,
            "form": self.form,
            "digest": str(self.digest),
            "originalDigest": str(self.original),
        }


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """One archive: its members in order, and what they are.

    `name` is that of its file where a plan has several, and `is_folder` what it is going to be. `digest_map` maps
    what roots, manifests and layers were to what they are in this output, where they are not there any more.
    With an `alignment`, bytes of a file system's block, large copies stand as many bytes after a multiple of it as
    they do in their source, so that both files can share blocks; 0 is none. With `has_contents` the tar begins with a
    table of contents, unless that would be too large; so many of the first members are `documents`, the JSON that
    tells what else there is.
    """

    members: tuple[Member, ...]
    name: str = ""
    is_folder: bool = False
    images: tuple[PlannedImage, ...] = ()
    kept: tuple[PlannedManifest, ...] = ()
    digest_map: Mapping[Digest, Digest] = field(default_factory=dict)
    alignment: int = 0
    has_contents: bool = False
    documents: int = 0

    def is_aligned(self, content: Content) -> TypeGuard[Copy]:
        """Tell whether content stands so that its blocks can be shared with its source."""
        if self.alignment == 0 or not isinstance(content, Copy):
            return False
        return content.size >= ALIGNED_FROM and content.offset % BLOCK == 0

    def steps(self) -> Iterator[Step]:
        """Yield the writes that make the tar, in the order of their offsets and without gaps."""
        pending = bytearray(self._contents_header())
        layout = TarLayout(self.alignment, len(pending))
        start = 0
        for member in self.members:
            content = member.content
            place = layout.place(
                member.name, content.size, directory=isinstance(content, Folder), like=self._like(content)
            )
            pending += place.header
            if isinstance(content, Emit):
                pending += content.data
            elif isinstance(content, Copy):
                yield Step(start, Emit(bytes(pending)))
                pending.clear()
                start = place.data_offset + content.size
                yield Step(place.data_offset, content)
            pending += bytes(padding(content.size))
        pending += END
        yield Step(start, Emit(bytes(pending)))

    @property
    def size(self) -> int:
        """Length of the tar in bytes, also of one that becomes a folder instead."""
        return self._lay_out(len(self._contents_header())).size

    @property
    def content_size(self) -> int:
        """Bytes of all files, without what a tar puts around them."""
        return sum(member.content.size for member in self.members)

    @property
    def written_size(self) -> int:
        """Bytes that are written, before any compression: the tar's, or those of the files of a folder."""
        return self.content_size if self.is_folder else self.size

    @property
    def copied(self) -> int:
        """Bytes taken from sources."""
        return sum(member.content.size for member in self.members if isinstance(member.content, Copy))

    @property
    def content_digest(self) -> Digest:
        """The digest of all that it holds (`ocitool.plan.content_digest`), whatever its form; nothing is read."""
        return contents_digest(
            (member.name, content.size, _content_digest(member.name, content))
            for member in self.members
            if not isinstance(content := member.content, Folder)
        )

    def _like(self, content: Content) -> int | None:
        return content.offset if self.is_aligned(content) else None

    def _contents_header(self) -> bytes:
        """Return what is before the first entry's header; b"" if there is no table."""
        if not self.has_contents or not self.members or not may_be_listed(member.name for member in self.members):
            return b""
        first = self.members[0]
        # An entry has one extended header at the most, and this one shall hold nothing else.
        is_plain = header_length(first.name, first.content.size) == BLOCK and not self.is_aligned(first.content)
        if not is_plain:
            return b""
        return encode_contents(first.name, self._lay_out if self.alignment else self._lay_out(0).moved)

    def _lay_out(self, start: int) -> TableOfContents:
        """Return where everything is with `start` bytes before the first entry's header."""
        layout = TarLayout(self.alignment, start)
        rows = [self._row(layout, member) for member in self.members[: self.documents]]
        documents = layout.size
        rows += [self._row(layout, member) for member in self.members[self.documents :]]
        layout.close()
        return TableOfContents(layout.size, tuple(rows), documents)

    def _row(self, layout: TarLayout, member: Member) -> Row:
        content = member.content
        directory = isinstance(content, Folder)
        offset = layout.reserve(member.name, content.size, directory=directory, like=self._like(content))
        return (f"{member.name}/" if directory else member.name), offset, content.size


@dataclass(frozen=True, slots=True)
class SourceReference:
    """What a plan says of a source: its name for messages, its length in bytes, whether it was made on the way."""

    name: str
    size: int
    is_spool: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a writing command is going to do; `dropped` goes into none of the outputs."""

    sources: tuple[SourceReference, ...]
    outputs: tuple[OutputPlan, ...]
    dropped: tuple[PlannedManifest, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def images(self) -> tuple[PlannedImage, ...]:
        """The images of all outputs."""
        return tuple(image for output in self.outputs for image in output.images)

    @property
    def kept(self) -> tuple[PlannedManifest, ...]:
        """The manifests of all outputs."""
        return tuple(manifest for output in self.outputs for manifest in output.kept)

    @property
    def source_size(self) -> int:
        """Bytes of all that was given, without what was made of it on the way."""
        return sum(source.size for source in self.sources if not source.is_spool)

    @property
    def size(self) -> int:
        """Bytes that all outputs will have."""
        return sum(output.size for output in self.outputs)

    @property
    def read(self) -> int:
        """Bytes to be read from the sources: what several outputs hold is read once."""
        copies = (member.content for output in self.outputs for member in output.members)
        ranges = {(copy.source, copy.offset): copy.size for copy in copies if isinstance(copy, Copy)}
        return sum(ranges.values())

    def to_json(self) -> JsonObject:
        """Return the plan as one JSON object (schema ``output/plan``)."""
        return {
            "schemaVersion": 1,
            "kind": "plan",
            "sources": [{"name": source.name, "size": source.size} for source in self.sources],
            "bytesRead": self.read,
            "bytesWritten": sum(output.written_size for output in self.outputs),
            "outputs": [_output_json(output) for output in self.outputs],
            "dropped": [manifest.to_json() for manifest in self.dropped],
            "notes": [note.to_json() for note in self.notes],
        }


def digest_map_json(digest_map: Mapping[Digest, Digest]) -> JsonObject:
    """Return the JSON form of a digest map: what was, and what it is now."""
    return {str(old): str(new) for old, new in digest_map.items()}


def _content_digest(name: str, content: Copy | Emit) -> Digest:
    return content.digest if isinstance(content, Copy) else Digest.of(content.data, content_algorithm(name))


def _output_json(output: OutputPlan) -> JsonObject:
    return {
        "name": output.name,
        "form": "folder" if output.is_folder else "tar",
        "size": output.written_size,
        "copied": output.copied,
        "images": [image.to_json() for image in output.images],
        "kept": [manifest.to_json() for manifest in output.kept],
        "digestMap": digest_map_json(output.digest_map),
        "steps": _file_steps(output) if output.is_folder else [_step_json(step) for step in output.steps()],
    }


def _file_steps(output: OutputPlan) -> list[JsonValue]:
    """Return a step for each file of a folder, from its own beginning on."""
    return [
        {"file": member.name, **_step_json(Step(0, member.content))}
        for member in output.members
        if not isinstance(member.content, Folder)
    ]


def _step_json(step: Step) -> JsonObject:
    content = step.content
    if isinstance(content, Emit):
        return {"offset": step.offset, "size": content.size, "digest": str(Digest.of(content.data))}
    return {
        "offset": step.offset,
        "size": content.size,
        "digest": str(content.digest),
        "role": content.role,
        "source": content.source,
        "sourceOffset": content.offset,
    }
