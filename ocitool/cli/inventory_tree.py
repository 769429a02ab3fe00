"""The report of `inspect` as a tree: images, indexes, manifests, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocitool.cli.followers import Follower, find_followers
from ocitool.cli.text import format_count, format_size, printable
from ocitool.graph.image import Kind, State
from ocitool.graph.rows import IndexRow, ManifestRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.cli.followers import Followers
    from ocitool.graph.inventory import Inventory
    from ocitool.graph.rows import ImageRow, LayerRow, Row
    from ocitool.model.digest import Digest

IMAGE_LIMIT: Final = 20
"""Images shown without `-v`."""

ORPHAN_LIMIT: Final = 5
"""Orphans shown without `-v`."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the branches of a tree are drawn with."""

    branch: str
    last: str
    line: str
    space: str = "    "


BOXES: Final = Drawing("├── ", "└── ", "│   ")
ASCII: Final = Drawing("|-- ", "`-- ", "|   ")


def choose_lines(encoding: str) -> Drawing:
    """Return box drawing where `encoding` has it, else ASCII."""
    try:
        (BOXES.branch + BOXES.last + BOXES.line).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BOXES


@dataclass(frozen=True, slots=True)
class _Branch:
    """One line of the tree, safe to print, and what hangs on it."""

    text: str
    children: list[_Branch] = field(default_factory=list)


def tree_lines(inventory: Inventory, *, verbose: bool, drawing: Drawing) -> list[str]:
    """Write the report as a tree; attestations and referrers hang on what they speak of."""
    planter = _Planter(inventory, find_followers(inventory), verbose=verbose)
    top = f"{printable(inventory.source)}  {inventory.form}, {format_size(inventory.size)}"
    return [top, *_draw(planter.top(), drawing, "")]


def _draw(branches: Sequence[_Branch], drawing: Drawing, indent: str) -> Iterator[str]:
    for position, branch in enumerate(branches, start=1):
        is_last = position == len(branches)
        yield indent + (drawing.last if is_last else drawing.branch) + branch.text
        yield from _draw(branch.children, drawing, indent + (drawing.space if is_last else drawing.line))


class _Planter:
    def __init__(self, inventory: Inventory, followers: Followers, *, verbose: bool) -> None:
        self._inventory = inventory
        self._followers = followers
        self._verbose = verbose
        # What a manifest is followed by is drawn where it stands first in an image, however often it is listed.
        self._drawn: set[tuple[int, Digest]] = set()

    def top(self) -> list[_Branch]:
        images = [
            (position, image)
            for position, image in enumerate(self._inventory.images)
            if position not in self._followers.beside
        ]
        shown = images if self._verbose else images[:IMAGE_LIMIT]
        branches = [self._image(position, image) for position, image in shown]
        if len(shown) < len(images):
            rest = format_count(len(images) - len(shown), "more image")
            branches.append(_Branch(f"and {rest} (-v shows all)"))
        if self._inventory.orphans:
            branches.append(self._orphans())
        return branches

    def _image(self, position: int, image: ImageRow) -> _Branch:
        name = printable(image.name or "(unnamed)")
        return _Branch(name, [self._row(position, row) for row in image.roots if not self._hangs(position, row)])

    def _row(self, position: int, row: Row) -> _Branch:
        branch = self._index(position, row) if isinstance(row, IndexRow) else self._manifest(row)
        branch.children.extend(self._follow(position, row))
        return branch

    def _follow(self, position: int, row: Row) -> Iterator[_Branch]:
        if (position, row.digest) in self._drawn:
            return
        self._drawn.add((position, row.digest))
        for follower in self._followers.of(position, row.digest):
            yield self._follower(position, follower)

    def _follower(self, position: int, follower: Follower) -> _Branch:
        name = f" {printable(follower.name)}" if follower.name else ""
        branch = self._manifest(follower.row, name)
        branch.children.extend(self._follow(position, follower.row))
        return branch

    def _hangs(self, position: int, row: Row) -> bool:
        return isinstance(row, ManifestRow) and self._followers.hangs(position, row)

    def _index(self, position: int, row: IndexRow) -> _Branch:
        children = [self._row(position, child) for child in row.children if not self._hangs(position, child)]
        return _Branch(f"index {self._digest(row.digest)}  {format_size(row.size)}{_mark(row.state.value)}", children)

    def _manifest(self, row: ManifestRow, name: str = "") -> _Branch:
        text = f"{row.name}{name}  {self._digest(row.digest)}"
        if row.state is State.ABSENT:
            return _Branch(f"{text}{_mark(State.ABSENT.value)}")
        text += f"  {format_size(row.size)}"
        if row.kind is Kind.IMAGE:
            text += f", {format_size(row.unique)} unique"
        detail = f" {printable(row.detail)}" if row.detail else ""
        branch = _Branch(f"{text}{_mark(row.state_text)}{detail}")
        if row.config is not None:
            config = f"config {self._digest(row.config.digest)}  {format_size(row.config.size)}"
            branch.children.append(_Branch(config + ("" if row.config.present else _mark(State.ABSENT.value))))
        branch.children.extend(self._layer(layer) for layer in row.layers)
        return branch

    def _layer(self, layer: LayerRow) -> _Branch:
        notes = [] if layer.compression == "other" else [layer.compression]
        if layer.users > 1:
            notes.append(f"shared by {layer.users}")
        about = f" {', '.join(notes)}" if notes else ""
        mark = "" if layer.present else _mark(State.ABSENT.value)
        return _Branch(f"layer  {self._digest(layer.digest)}  {format_size(layer.size)}{about}{mark}")

    def _orphans(self) -> _Branch:
        orphans = self._inventory.orphans
        shown = orphans if self._verbose else orphans[:ORPHAN_LIMIT]
        children = [_Branch(f"blob {self._digest(digest)}  {format_size(size)}") for digest, size in shown]
        if len(shown) < len(orphans):
            rest = format_count(len(orphans) - len(shown), "more blob")
            children.append(_Branch(f"and {rest} (-v shows all)"))
        size = format_size(self._inventory.totals.orphans)
        return _Branch(f"orphans, which no image lists  {size}", children)

    def _digest(self, digest: Digest) -> str:
        return str(digest) if self._verbose else f"{digest.algorithm}:{digest.short}"


def _mark(state: str) -> str:
    return "" if state == State.COMPLETE.value else f"  [{state}]"
