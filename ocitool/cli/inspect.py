"""The command `inspect`."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ocitool.cli.options import Format, MaxRatio, Progress, ProgressMode, Quiet, ReportSpoolDirectory, Source, Verbose
from ocitool.cli.outcome import exit_codes, print_json, print_lines
from ocitool.cli.progress import showing_progress
from ocitool.model.limits import RATIO_LIMIT


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
    from ocitool.cli.inventory_text import inventory_lines
    from ocitool.cli.inventory_tree import choose_lines, tree_lines
    from ocitool.cli.picture_file import opened_picture

    errors = Format.JSON if form is InspectFormat.JSON else Format.TEXT
    with exit_codes(errors), opened_picture(plot, source) as picture:
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
        elif form is InspectFormat.TREE and not quiet:
            lines = tree_lines(inventory, verbose=verbose, drawing=choose_lines(sys.stdout.encoding))
            print_lines(lines, stream=sys.stdout)
        elif not quiet:
            print_lines(inventory_lines(inventory, verbose=verbose), stream=sys.stdout)
        if picture is not None:
            picture.publish()
