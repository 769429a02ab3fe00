"""The command `inspect`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ocitool.cli.options import (
    Format,
    MaxRatio,
    Progress,
    ProgressMode,
    Quiet,
    ReportFormat,
    Source,
    SpoolDirectory,
    Verbose,
)
from ocitool.cli.outcome import exit_codes, print_json, print_lines
from ocitool.cli.progress import showing_progress
from ocitool.cli.text import align, format_count, format_size, printable
from ocitool.graph.image import Kind
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from ocitool.graph.inventory import ImageRow, Inventory, ManifestRow
    from ocitool.model.digest import Digest


def inspect_command(
    source: Source,
    form: ReportFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    progress: Progress = ProgressMode.AUTO,
    spool_directory: SpoolDirectory = None,
    max_ratio: MaxRatio = RATIO_LIMIT,
) -> None:
    """Show images and platforms: what is complete, partial or absent, and what it weighs.

    \b
    Examples:
      ocitool inspect image.tar
      ocitool inspect image.tar --format json | jq '.images[].manifests[].platform'
      ctr images export - REF | ocitool inspect -
    """
    from ocitool.api.inspecting import inspect_archive
    from ocitool.api.opening import SourceOptions

    with exit_codes(form), showing_progress(progress, quiet=quiet) as listener:
        inventory = inspect_archive(
            source,
            source_options=SourceOptions(spool_directory=spool_directory, ratio_limit=max_ratio),
            listener=listener,
        )
        if form is Format.JSON:
            print_json(inventory.to_json(), stream=sys.stdout)
        elif not quiet:
            print_lines(inventory_lines(inventory, verbose=verbose), stream=sys.stdout)


def inventory_lines(inventory: Inventory, *, verbose: bool) -> list[str]:
    """Write the report for people."""
    counts = f"{format_count(len(inventory.images), 'image')}, {format_count(inventory.blobs, 'blob')}"
    lines = [f"{printable(inventory.source)}: {inventory.form}, {format_size(inventory.size)}, {counts}"]
    for image in inventory.images:
        lines += ["", *_image_lines(image, verbose=verbose)]
    tail: list[str] = []
    if inventory.orphans:
        tail.append(
            f"orphans: {format_count(len(inventory.orphans), 'blob')} that no image lists, "
            f"{format_size(inventory.orphan_size)}"
        )
    if inventory.other_files:
        names = ", ".join(map(printable, inventory.other_files[:5]))
        more = f" and {len(inventory.other_files) - 5} more" if len(inventory.other_files) > 5 else ""
        tail.append(f"not part of the layout: {names}{more}")
    if not inventory.has_docker_manifest:
        tail.append("no manifest.json: docker's classic store and podman's fallback cannot load it by that")
    tail += [f"fault {fault.rule}: {printable(str(fault.to_error()))}" for fault in inventory.faults]
    return [*lines, "", *tail] if tail else lines


def _image_lines(image: ImageRow, *, verbose: bool) -> list[str]:
    digests = ", ".join(_digest(digest, verbose=True) for digest in image.roots[:3])
    form = "index" if image.nested else "manifest"
    lines = [printable(image.name or "(unnamed: ctr 1.2 and later store nothing for it)"), f"  {form} {digests}"]
    if image.state.value != "complete":
        lines.append(f"  the index itself is {image.state.value}: its platforms cannot be told")
    rows = [row for row in image.manifests if row.kind is Kind.IMAGE]
    others = [row for row in image.manifests if row.kind is not Kind.IMAGE]
    if rows:
        table = [("PLATFORM", "STATE", "SIZE", "UNIQUE", "LAYERS", "DIGEST")]
        table += [_manifest_cells(row, verbose=verbose) for row in rows]
        lines += [f"  {line}" for line in align(table, right=frozenset({2, 3}))]
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


def _manifest_cells(row: ManifestRow, *, verbose: bool) -> tuple[str, str, str, str, str, str]:
    kinds = sorted({layer.compression for layer in row.layers})
    layers = f"{len(row.layers)} {'+'.join(kinds)}".rstrip() if row.state.value != "absent" else "-"
    absent = row.state.value == "absent"
    return (
        row.name,
        row.state_text,
        "-" if absent else format_size(row.size),
        "-" if absent else format_size(row.unique),
        layers,
        _digest(row.digest, verbose=verbose),
    )


def _digest(digest: Digest, *, verbose: bool) -> str:
    return str(digest) if verbose else f"{digest.algorithm}:{digest.short}"
