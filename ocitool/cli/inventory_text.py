"""The report of `inspect` as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.cli.text import align, format_count, format_size, percent_less, printable
from ocitool.graph.image import Kind, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ocitool.graph.inventory import Inventory, PlatformRow
    from ocitool.graph.rows import ImageRow, ManifestRow
    from ocitool.graph.sizes import DistinctLayer
    from ocitool.model.digest import Digest

IMAGE_LIMIT: Final = 20
"""Images with a table each; more of them are one line each without `-v`."""

LAYER_LIMIT: Final = 5
"""Largest layers shown without `-v`."""

PLATFORM_LIMIT: Final = 20
"""Platforms whose saving is shown without `-v`."""

_USER_LIMIT: Final = 4
"""Platforms named as users of one layer."""

_UNNAMED: Final = "(unnamed: ctr 1.2 and later store nothing for it)"


def inventory_lines(inventory: Inventory, *, verbose: bool) -> list[str]:
    """Write the report for people."""
    counts = f"{format_count(len(inventory.images), 'image')}, {format_count(inventory.blobs, 'blob')}"
    lines = [f"{printable(inventory.source)}: {inventory.form}, {format_size(inventory.size)}, {counts}"]
    if len(inventory.images) > IMAGE_LIMIT and not verbose:
        lines += ["", *_image_table(inventory)]
    else:
        for image in inventory.images:
            lines += ["", *_image_lines(image, verbose=verbose)]
    for section in (_saving_lines(inventory, verbose=verbose), _layer_lines(inventory, verbose=verbose)):
        if section:
            lines += ["", *section]
    return [*lines, "", *_tail(inventory)]


def _tail(inventory: Inventory) -> Iterator[str]:
    """Write the totals, and what does not belong to any image."""
    totals = inventory.totals
    parts = [(totals.unique, "unique"), (totals.shared, "shared"), (totals.indexes, "indexes")]
    if totals.orphans:
        parts.append((totals.orphans, "orphans"))
    split = ", ".join(f"{format_size(size)} {name}" for size, name in parts)
    yield f"blobs: {format_size(totals.blobs)} ({split}); all else: {format_size(totals.overhead)}"
    if inventory.orphans:
        count = format_count(len(inventory.orphans), "blob")
        yield f"orphans: {count} that no image lists, {format_size(totals.orphans)}"
    if inventory.other_files:
        names = ", ".join(map(printable, inventory.other_files[:5]))
        more = f" and {len(inventory.other_files) - 5} more" if len(inventory.other_files) > 5 else ""
        yield f"not part of the layout: {names}{more}"
    if not inventory.has_docker_manifest:
        yield "no manifest.json: docker's classic store and podman's fallback cannot load it by that"
    for fault in inventory.faults:
        yield f"fault {fault.rule}: {printable(str(fault.to_error()))}"


def _image_table(inventory: Inventory) -> list[str]:
    """Write one line for each image of a large bundle."""
    rows = [("IMAGE", "PLATFORMS", "SIZE", "UNIQUE", "SHARED")]
    for image in inventory.images:
        # A manifest that is listed twice is there once.
        manifests = {row.digest: row for row in image.manifests}.values()
        platforms = [row for row in manifests if row.kind is Kind.IMAGE]
        complete = sum(row.state is State.COMPLETE for row in platforms)
        if image.index_state is not State.COMPLETE:
            states = f"index {image.index_state.value}"
        elif not platforms:
            states = ", ".join(sorted({row.name for row in manifests})) or "-"
        else:
            states = f"{complete}" if complete == len(platforms) else f"{complete} of {len(platforms)} complete"
        unique, shared = image.unique, image.shared
        sizes = format_size(unique + shared), format_size(unique), format_size(shared)
        rows.append((image.name or "(unnamed)", states, *sizes))
    return [*align(rows, right=frozenset({2, 3, 4})), "(-v prints the platforms of each)"]


def _image_lines(image: ImageRow, *, verbose: bool) -> list[str]:
    digests = ", ".join(_digest(root.digest, verbose=True) for root in image.roots[:3])
    form = "index" if image.is_nested else "manifest"
    lines = [printable(image.name or _UNNAMED), f"  {form} {digests}"]
    if image.index_state is not State.COMPLETE:
        lines.append(f"  the index itself is {image.index_state.value}: its platforms cannot be told")
    rows = [row for row in image.manifests if row.kind is Kind.IMAGE]
    others = [row for row in image.manifests if row.kind is not Kind.IMAGE]
    if rows:
        table = [("PLATFORM", "STATE", "SIZE", "UNIQUE", "SHARED", "LAYERS", "DIGEST")]
        table += [_manifest_cells(row, verbose=verbose) for row in rows]
        lines += [f"  {line}" for line in align(table, right=frozenset({2, 3, 4}))]
    lines += [f"  {row.name}: {printable(row.detail)}" for row in rows if row.detail]
    if verbose:
        for row in rows:
            lines += [
                f"  {row.name} layer {layer.digest} {format_size(layer.size)} {layer.compression}"
                + ("" if layer.present else " (not in the archive)")
                for layer in row.layers
            ]
    subjects = {row.digest: row.name for row in rows}
    for row in others:
        of = "" if row.subject is None else f" of {subjects.get(row.subject, row.subject)}"
        lines.append(
            f"  {row.name}{of}: {row.state_text}, {format_size(row.size)}, {_digest(row.digest, verbose=verbose)}"
        )
    return lines


def _manifest_cells(row: ManifestRow, *, verbose: bool) -> tuple[str, str, str, str, str, str, str]:
    absent = row.state is State.ABSENT
    kinds = sorted({layer.compression for layer in row.layers})
    return (
        row.name,
        row.state_text,
        "-" if absent else format_size(row.size),
        "-" if absent else format_size(row.unique),
        "-" if absent else format_size(row.shared),
        "-" if absent else f"{len(row.layers)} {'+'.join(kinds)}".rstrip(),
        _digest(row.digest, verbose=verbose),
    )


def _saving_lines(inventory: Inventory, *, verbose: bool) -> list[str]:
    """Write what `filter -p` would make of each platform; nothing where that saves not even a hundredth."""
    held = [row for row in inventory.platforms if row.images]
    if not any(row.output_size is None or row.output_size * 100 <= inventory.size * 99 for row in held):
        return []
    shown = held if verbose else held[:PLATFORM_LIMIT]
    several = len(inventory.images) > 1
    heading = ("filter -p PLATFORM", "WRITES", "SAVES", "IMAGES" if several else "")
    rows = [heading, *(_saving_cells(row, inventory, several=several) for row in shown)]
    lines = align(rows, right=frozenset({1, 2}))
    return [*lines, *_more(len(held) - len(shown), "platform")]


def _saving_cells(row: PlatformRow, inventory: Inventory, *, several: bool) -> tuple[str, str, str, str]:
    images = str(row.images) if several else ""
    if row.output_size is None:
        return f"  {row.platform}", "-", "-", f"{images} ({row.reason})".strip()
    if row.needs_skip:
        images = f"{images} (with --missing skip)".strip()
    return f"  {row.platform}", format_size(row.output_size), _saved(inventory.size, row.output_size), images


def _saved(before: int, after: int) -> str:
    """Write how much less `after` is, in the percentage that filter prints."""
    return f"{format_size(before - after)} ({percent_less(before, after)} %)" if after < before else "-"


def _layer_lines(inventory: Inventory, *, verbose: bool) -> list[str]:
    if not inventory.layers:
        return []
    users = _name_users(inventory)
    shown = inventory.layers if verbose else inventory.layers[:LAYER_LIMIT]
    rows = [("largest layers", "", "USED BY")]
    for layer in shown:
        digest = f"  {_digest(layer.digest, verbose=verbose)}" + ("" if layer.present else " (not in the archive)")
        rows.append((digest, format_size(layer.size), _users(layer, users, inventory)))
    return [*align(rows, right=frozenset({1})), *_more(len(inventory.layers) - len(shown), "layer")]


def _name_users(inventory: Inventory) -> Mapping[Digest, tuple[str, frozenset[int]]]:
    """Return, for each manifest, what it is and the positions of the images that list it."""
    places: dict[Digest, tuple[str, set[int]]] = {}
    for position, image in enumerate(inventory.images):
        for row in image.manifests:
            places.setdefault(row.digest, (row.name, set()))[1].add(position)
    return {digest: (name, frozenset(images)) for digest, (name, images) in places.items()}


def _users(layer: DistinctLayer, users: Mapping[Digest, tuple[str, frozenset[int]]], inventory: Inventory) -> str:
    names = list(dict.fromkeys(users[digest][0] for digest in layer.manifests))
    text = ", ".join(names[:_USER_LIMIT])
    if len(names) > _USER_LIMIT:
        text += f" and {len(names) - _USER_LIMIT} more"
    images = frozenset[int]().union(*(users[digest][1] for digest in layer.manifests))
    if len(inventory.images) == 1:
        return text
    if len(images) == 1:
        return f"{text} of {inventory.images[min(images)].name or '(unnamed)'}"
    return f"{text} of {len(images)} images"


def _more(count: int, noun: str) -> list[str]:
    return [f"  and {format_count(count, f'more {noun}')} (-v lists all)"] if count > 0 else []


def _digest(digest: Digest, *, verbose: bool) -> str:
    return str(digest) if verbose else f"{digest.algorithm}:{digest.short}"
