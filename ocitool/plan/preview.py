"""The graph that an archive will have once it is written, before any byte is moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocitool.archive.entry import Entry, EntryKind, Scan
from ocitool.graph.build import build_graph
from ocitool.graph.image import IndexNode, Kind
from ocitool.model.media_type import OCI_LAYERS, is_nondistributable, layer_compression
from ocitool.plan.options import Layers
from ocitool.plan.steps import Copy, Emit, Folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ocitool.archive.open_range import OpenRange
    from ocitool.archive.source import ByteSource
    from ocitool.graph.image import ImageGraph, Node
    from ocitool.model.descriptor import Descriptor
    from ocitool.plan.steps import Member, OutputPlan


def preview(output: OutputPlan, sources: Sequence[ByteSource]) -> ImageGraph:
    """Return the graph of what a plan writes, its documents read from where they are now.

    Raises what `build_graph` raises, and what reading the sources raises.
    """
    planned = _PlannedSource(output, sources)
    return build_graph(planned.scan, planned)


def with_layers(graph: ImageGraph, layers: Layers) -> ImageGraph:
    """Return a graph whose image layers are compressed as `--layers` says.

    Their digests stay what they were: only packing tells the new ones.
    """
    if layers is Layers.KEEP:
        return graph
    packed = _Packed(layers)
    images = (
        replace(image, roots=tuple(replace(root, node=packed.node(root.node)) for root in image.roots))
        for image in graph.images
    )
    return replace(graph, images=tuple(images))


@dataclass(frozen=True, slots=True)
class _Packed:
    layers: Layers

    def node(self, node: Node) -> Node:
        if isinstance(node, IndexNode):
            return replace(node, children=tuple(map(self.node, node.children)))
        return replace(node, layers=tuple(map(self._layer, node.layers))) if node.kind is Kind.IMAGE else node

    def _layer(self, layer: Descriptor) -> Descriptor:
        if layer_compression(layer.media_type) not in {"gzip", "zstd", "none"} or is_nondistributable(
            layer.media_type
        ):
            return layer
        media_type = OCI_LAYERS[self.layers.value]
        return replace(layer, media_type=media_type, fields={**layer.fields, "mediaType": media_type})


@dataclass(frozen=True, slots=True)
class _Place:
    offset: int
    member: Member


class _PlannedSource:
    """The members of an output one after the other, as a source; without the headers that nobody reads."""

    compression = ""

    def __init__(self, output: OutputPlan, sources: Sequence[ByteSource]) -> None:
        self._sources = sources
        self._places: dict[int, _Place] = {}
        self.name = output.name or "the output"
        entries: list[Entry] = []
        offset = 0
        for member in output.members:
            kind = EntryKind.DIRECTORY if isinstance(member.content, Folder) else EntryKind.FILE
            entries.append(Entry(member.name.rstrip("/"), kind, member.content.size, offset, offset))
            if kind is EntryKind.FILE:
                self._places[offset] = _Place(offset, member)
                # Even an empty file has a place of its own.
                offset += max(member.content.size, 1)
        self.size = offset
        self.scan = Scan(tuple(entries), has_end=True, size=offset)

    def open_range(self, _offset: int, _size: int) -> OpenRange | None:
        """Return None: there is no file yet."""
        return None

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes of the member that begins at `offset`."""
        content = self._places[offset].member.content
        wanted = min(length, content.size)
        if isinstance(content, Emit):
            return content.data[:wanted]
        if isinstance(content, Copy):
            return self._sources[content.source].read_at(content.offset, wanted)
        return b""

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from the member that begins at `offset`."""
        data = self.read_at(offset, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def hold(self, _offset: int, _changed: int) -> None:
        """Do nothing: there is no file yet."""

    def will_read(self, _ranges: Iterable[tuple[int, int]]) -> None:
        """Do nothing: there is no file yet."""

    def check_unchanged(self) -> None:
        """Do nothing: the plan cannot change."""

    def close(self) -> None:
        """Do nothing: the sources belong to others."""
