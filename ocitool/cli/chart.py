"""What a picture of an archive shows: rows of layers, their colours and words, before anything is drawn."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ocitool.cli.text import format_count, format_size, printable
from ocitool.graph.image import Kind, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ocitool.graph.inventory import Inventory
    from ocitool.graph.rows import ImageRow, ManifestRow
    from ocitool.model.digest import Digest

ROW_LIMIT: Final = 80
"""Rows that are drawn; a page of more than these is not read any more."""

SWATCHES: Final = 7
"""Shared layers with a colour of their own; those of most bytes over all rows."""

_NAME_LIMIT: Final = 200
"""Characters of a name; a page has room for fewer still."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One layer of a row: where it starts and how wide it is, in bytes.

    `swatch` is the number of the shared layer's own colour, -1 for other shared layers, None for a layer that this
    manifest uses alone.
    """

    start: int
    size: int
    swatch: int | None
    present: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One manifest: its platform, its layers from the bottom up, and the words beside it."""

    label: str
    segments: tuple[Segment, ...]
    size: str
    unique: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one image under its name."""

    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """All that is drawn; `width` is the longest row in bytes. `swatches` are the words for each colour in use."""

    title: str
    subtitle: str
    groups: tuple[Group, ...]
    swatches: tuple[str, ...]
    footnote: str
    width: int

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The layers of all rows."""
        return tuple(segment for group in self.groups for bar in group.bars for segment in bar.segments)


def plan_chart(inventory: Inventory, *, row_limit: int = ROW_LIMIT) -> Chart:
    """Choose rows, colours and words for a report."""
    wanted = [(image, _manifests(image)) for image in inventory.images]
    wanted = [(image, rows) for image, rows in wanted if rows]
    shown: list[tuple[ImageRow, Sequence[ManifestRow]]] = []
    room = row_limit
    for image, rows in wanted:
        if room > 0:
            shown.append((image, rows[:room]))
        room -= len(rows)
    swatches = _choose_swatches([row for _, rows in shown for row in rows])
    groups = tuple(_group(image, rows, swatches) for image, rows in shown)
    bars = [bar for group in groups for bar in group.bars]
    return Chart(
        title=shorten(printable(inventory.source), _NAME_LIMIT),
        subtitle=_subtitle(inventory),
        groups=groups,
        swatches=tuple(_swatch_words(inventory, swatches)),
        footnote=_footnote(inventory, left_out=max(-room, 0)),
        width=max((segment.start + segment.size for bar in bars for segment in bar.segments), default=0),
    )


def shorten(text: str, limit: int) -> str:
    """Cut the middle out of a text of more than `limit` characters: names differ at both ends."""
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return f"{text[:head]}\N{HORIZONTAL ELLIPSIS}{text[len(text) - (limit - 1 - head) :]}"


def _manifests(image: ImageRow) -> list[ManifestRow]:
    """Return what has a row: each manifest once, attestations left out."""
    return list({row.digest: row for row in image.manifests if row.kind is not Kind.ATTESTATION}.values())


def _choose_swatches(rows: Sequence[ManifestRow]) -> Mapping[Digest, int]:
    """Give a colour of its own to the shared layers that take most of the picture."""
    areas: Counter[Digest] = Counter()
    for row in rows:
        for layer in row.layers:
            if layer.users > 1 and layer.size:
                areas[layer.digest] += layer.size
    chosen = sorted(areas, key=lambda digest: (-areas[digest], str(digest)))[:SWATCHES]
    # Numbered as they come in the picture, so that its first rows have the first colours.
    order = dict.fromkeys(layer.digest for row in rows for layer in row.layers if layer.digest in chosen)
    return {digest: number for number, digest in enumerate(order)}


def _group(image: ImageRow, rows: Sequence[ManifestRow], swatches: Mapping[Digest, int]) -> Group:
    name = shorten(printable(image.name or "(unnamed)"), _NAME_LIMIT)
    return Group(name, tuple(_bar(row, swatches) for row in rows))


def _bar(row: ManifestRow, swatches: Mapping[Digest, int]) -> Bar:
    segments: list[Segment] = []
    start = 0
    for layer in row.layers:
        swatch = swatches.get(layer.digest, -1) if layer.users > 1 else None
        segments.append(Segment(start, layer.size, swatch, layer.present))
        start += layer.size
    absent = row.state is State.ABSENT
    return Bar(
        label=shorten(row.name, _NAME_LIMIT),
        segments=tuple(segments),
        size="" if absent else format_size(row.size),
        unique="" if absent else format_size(row.unique),
        mark="" if row.state is State.COMPLETE else row.state_text,
    )


def _swatch_words(inventory: Inventory, swatches: Mapping[Digest, int]) -> list[str]:
    layers = {layer.digest: layer for layer in inventory.layers if layer.digest in swatches}
    return [
        f"{digest.short}  {format_size(layers[digest].size)}, shared by {len(layers[digest].manifests)}"
        for digest in sorted(swatches, key=swatches.__getitem__)
    ]


def _subtitle(inventory: Inventory) -> str:
    totals = inventory.totals
    parts = [
        format_size(inventory.size),
        format_count(len(inventory.images), "image"),
        f"{format_size(totals.unique)} unique",
        f"{format_size(totals.shared)} shared",
    ]
    if totals.orphans:
        parts.append(f"{format_size(totals.orphans)} orphans")
    return "  \N{MIDDLE DOT}  ".join(parts)


def _footnote(inventory: Inventory, *, left_out: int) -> str:
    attestations = len(
        {row.digest for image in inventory.images for row in image.manifests if row.kind is Kind.ATTESTATION}
    )
    parts = []
    if left_out:
        parts.append(f"{format_count(left_out, 'more row')}")
    if attestations:
        parts.append(format_count(attestations, "attestation"))
    return f"Not shown: {', '.join(parts)}." if parts else ""
