"""The command `inspect`."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocitool.cli.options import (
    Format,
    MaxRatio,
    Progress,
    ProgressMode,
    Quiet,
    ReportSpoolDirectory,
    Source,
    Verbose,
    local_path,
)
from ocitool.cli.outcome import exit_codes, print_json, print_lines
from ocitool.cli.progress import showing_progress
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from ocitool.cli.picture_file import PictureFile
    from ocitool.graph.inventory import Inventory


class InspectFormat(Enum):
    """The form of this report, which may be a tree too."""

    TEXT = "text"
    TREE = "tree"
    JSON = "json"


def inspect_command(
    source: Source,
    form: Annotated[InspectFormat, typer.Option("--format", help="Form of the report.")] = InspectFormat.TEXT,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            parser=local_path,
            help="Draw platforms and layers to FILE.svg or FILE.png; needs pip install 'ocitool[plot]'.",
            show_default=False,
        ),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    progress: Progress = ProgressMode.AUTO,
    spool_directory: ReportSpoolDirectory = None,
    max_ratio: MaxRatio = RATIO_LIMIT,
) -> None:
    """Show images and platforms: what is complete, what it weighs, what is shared, what filter would save.

    \b
    Examples:
      ocitool inspect image.tar
      ocitool inspect image.tar --format tree
      ocitool inspect image.tar --plot sizes.svg
      ocitool inspect image.tar --format json | jq '.images[].manifests[].platform'
      ctr images export - REF | ocitool inspect -
    """
    from ocitool.api.inspecting import inspect_archive
    from ocitool.api.opening import SourceOptions

    errors = Format.JSON if form is InspectFormat.JSON else Format.TEXT
    with exit_codes(errors), _opened_picture(plot, source) as picture:
        with showing_progress(progress, quiet=quiet) as listener:
            inventory = inspect_archive(
                source,
                source_options=SourceOptions(spool_directory=spool_directory, ratio_limit=max_ratio),
                listener=listener,
            )
        if picture is not None:
            picture.draw(inventory)
        if form is InspectFormat.JSON:
            print_json(inventory.to_json(), stream=sys.stdout)
        elif not quiet:
            print_lines(_lines(inventory, form, verbose=verbose), stream=sys.stdout)
        if picture is not None:
            picture.publish()


def _opened_picture(path: Path | None, source: str) -> AbstractContextManager[PictureFile | None]:
    if path is None:
        return nullcontext()
    from ocitool.cli.picture_file import opened_picture

    return opened_picture(path, source)


def _lines(inventory: Inventory, form: InspectFormat, *, verbose: bool) -> list[str]:
    if form is InspectFormat.TREE:
        from ocitool.cli.inventory_tree import choose_lines, tree_lines

        return tree_lines(inventory, verbose=verbose, drawing=choose_lines(sys.stdout.encoding))
    from ocitool.cli.inventory_text import inventory_lines

    return inventory_lines(inventory, verbose=verbose)
