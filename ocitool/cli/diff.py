"""The command `diff`."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ocitool.cli.options import (
    Format,
    MaxRatio,
    Progress,
    ProgressMode,
    Quiet,
    ReportFormat,
    ReportSpoolDirectory,
    Verbose,
)
from ocitool.cli.outcome import exit_codes, print_json, print_lines
from ocitool.cli.progress import showing_progress
from ocitool.cli.text import align, format_count, format_size, printable
from ocitool.errors import SelectionError
from ocitool.model.limits import RATIO_LIMIT
from ocitool.model.platform_selection import PlatformSelection
from ocitool.model.reference import ImageFilter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.plan.changes import Amount, BlobChange, Compared, Comparison, ImageChange, ManifestChange

DETAIL_LIMIT: Final = 20
"""Images that are printed with their platforms without `-v`."""

_SIGNS: Final = {"added": "+", "removed": "-", "same": "="}


def diff_command(
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD", help="An archive in any form, its URL, or - for one of both.", show_default=False
        ),
    ],
    new: Annotated[
        str, typer.Argument(metavar="NEW", help="The archive that is compared to it.", show_default=False)
    ],
    platforms: Annotated[
        list[str] | None,
        typer.Option("--platform", "-p", metavar="P", help="Compare these platforms only.", show_default=False),
    ] = None,
    images: Annotated[
        list[str] | None,
        typer.Option(
            "--image", metavar="REF", help="Compare these images only; repeatable, globs.", show_default=False
        ),
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if they differ.")] = False,
    form: ReportFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    progress: Progress = ProgressMode.AUTO,
    spool_directory: ReportSpoolDirectory = None,
    max_ratio: MaxRatio = RATIO_LIMIT,
) -> None:
    """Show what changed between two archives: images, platforms, layers, and how many bytes are new.

    \b
    Examples:
      ocitool diff yesterday.tar today.tar
      ocitool diff yesterday.tar today.tar -p linux/arm64 -v
      ocitool diff layout/ image.tar --exit-code
      ocitool diff yesterday.tar today.tar --format json | jq .added.size
      ctr images export - REF | ocitool diff image.tar -
    """
    from ocitool.api.comparing import diff_archives
    from ocitool.api.opening import SourceOptions

    with exit_codes(form):
        with showing_progress(progress, quiet=quiet) as listener:
            comparison = diff_archives(
                old,
                new,
                platforms=PlatformSelection.parse(platforms) if platforms else None,
                images=ImageFilter(tuple(images or ())),
                source_options=SourceOptions(spool_directory=spool_directory, ratio_limit=max_ratio),
                listener=listener,
            )
        if form is Format.JSON:
            print_json(comparison.to_json(), stream=sys.stdout)
        elif not quiet:
            print_lines(comparison_lines(comparison, verbose=verbose), stream=sys.stdout)
        if comparison.unmatched:
            raise SelectionError(
                f"neither archive has anything that fits {', '.join(comparison.unmatched)}",
                remedy="ocitool inspect lists the images and platforms that are there",
            )
        if exit_code and comparison.differs:
            raise typer.Exit(1)


def comparison_lines(comparison: Comparison, *, verbose: bool = False) -> list[str]:
    """Write the report for people."""
    shown = [image for image in comparison.images if verbose or image.change != "same"]
    if len(shown) > DETAIL_LIMIT and not verbose:
        lines = [*map(_image_line, shown), "(-v prints the platforms of each)"]
    else:
        lines = [line for image in shown for line in _image_lines(image, verbose=verbose)]
    same = sum(image.change == "same" for image in comparison.images)
    if same and not verbose:
        lines.append(f"{format_count(same, 'image')} the same")
    added, shared, removed = map(_amount, (comparison.added, comparison.shared, comparison.removed))
    lines.append(f"NEW has {added} that OLD lacks; both have {shared}; OLD alone has {removed}")
    lines += [*_fault_lines("OLD", comparison.old), *_fault_lines("NEW", comparison.new)]
    return lines


def _image_line(image: ImageChange) -> str:
    counts = Counter(manifest.change.value for manifest in image.manifests)
    words = [f"{count} {change}" for change, count in counts.items()] if len(counts) > 1 else []
    words += ["what its index says, or the order there"] if image.is_index_changed else []
    return f"{printable(image.label)}: {image.change.value}" + (f" ({', '.join(words)})" if words else "")


def _image_lines(image: ImageChange, *, verbose: bool) -> list[str]:
    lines = [_image_line(image)]
    rows = [(f"  {manifest.name}", manifest.change.value, _words(manifest)) for manifest in image.manifests]
    for manifest, line in zip(image.manifests, align(rows), strict=True):
        lines.append(line)
        if verbose:
            lines += _blob_lines(manifest)
    return lines


def _words(manifest: ManifestChange) -> str:
    return "; ".join(filter(None, (_states(manifest), ", ".join(_contents(manifest)))))


def _states(manifest: ManifestChange) -> str:
    """Say how much of it is there, where it is not all."""
    states = ["not listed" if side is None else side.state.value for side in (manifest.old, manifest.new)]
    if set(states) <= {"complete", "not listed"}:
        return ""
    return states[0] if len(set(states)) == 1 else " -> ".join(states)


def _contents(manifest: ManifestChange) -> Iterator[str]:
    if manifest.change == "same":
        return
    if manifest.is_config_changed:
        yield "config changed"
    alone = manifest.change != "changed"
    for change, word in (("added", " added"), ("removed", " removed"), ("same", " shared")):
        blobs = [blob for blob in manifest.blobs if blob.change == change and not blob.is_config]
        if blobs:
            size = format_size(sum(blob.size for blob in blobs))
            yield f"{format_count(len(blobs), 'layer')}{'' if alone else word} ({size})"


def _blob_lines(manifest: ManifestChange) -> list[str]:
    return [f"    {line}" for line in align([_blob_cells(blob) for blob in manifest.blobs], right=frozenset({2}))]


def _blob_cells(blob: BlobChange) -> tuple[str, ...]:
    return (
        _SIGNS[blob.change.value],
        "config" if blob.is_config else "layer",
        format_size(blob.size),
        str(blob.digest),
    )


def _amount(amount: Amount) -> str:
    return f"{format_count(amount.blobs, 'blob')} ({format_size(amount.size)})"


def _fault_lines(which: str, compared: Compared) -> list[str]:
    more = len(compared.faults) - 1
    rest = f" (and {more} more: ocitool verify lists them)" if more > 0 else ""
    return [f"{which} is not as it should be: {printable(fault)}{rest}" for fault in compared.faults[:1]]
