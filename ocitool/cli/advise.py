"""The command `advise`: on an archive, on an error message, or on scripts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from ocitool.cli.advise_options import (
    ErrorText,
    From,
    Host,
    Importers,
    Scripts,
    To,
    Wanted,
    check_options,
    make_options,
    one_platform,
)
from ocitool.cli.options import (
    Format,
    MaxRatio,
    OptionalSource,
    Progress,
    ProgressMode,
    Quiet,
    ReportFormat,
    ReportSpoolDirectory,
    Verbose,
)
from ocitool.cli.outcome import exit_codes, print_json, print_lines
from ocitool.cli.progress import showing_progress
from ocitool.errors import UsageError
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ocitool.api.listener import Listener
    from ocitool.api.opening import SourceOptions
    from ocitool.model.json_text import JsonObject


def advise_command(
    source: OptionalSource = None,
    importers: Importers = None,
    host: Host = None,
    wanted: Wanted = None,
    error: ErrorText = None,
    scripts: Scripts = None,
    old: From = None,
    new: To = None,
    form: ReportFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    progress: Progress = ProgressMode.AUTO,
    spool_directory: ReportSpoolDirectory = None,
    max_ratio: MaxRatio = RATIO_LIMIT,
) -> None:
    """Tell what each importer will do with an archive, and the exact command that works.

    Layers are not read: verify tells whether their bytes are whole. With --error a message is explained, with
    --script commands are found that another version breaks (exit 1 if any does).

    \b
    Examples:
      ocitool advise image.tar
      ocitool advise image.tar --for ctr=2.0.0
      ocitool advise image.tar --for ctr --for docker=28 --host linux/arm64
      ocitool advise image.tar --want linux/arm64 --format json
      ctr images import image.tar 2>&1 | ocitool advise image.tar --error -
      ocitool advise --script deploy.sh --script .gitlab-ci.yml --from 1.7 --to 2.0
    """
    with exit_codes(form):
        check_options(source, importers, wanted, error, scripts, old, new)
        from ocitool.api.opening import SourceOptions

        opening = SourceOptions(spool_directory=spool_directory, ratio_limit=max_ratio)
        with showing_progress(progress, quiet=quiet) as listener:
            if scripts:
                report, lines, fails = _on_scripts(scripts, source, old, new, host, opening, listener)
            elif error is not None:
                report, lines, fails = _on_error(error, source, host, opening, listener)
            elif source is not None:
                options = make_options(importers or (), host, wanted or ())
                report, lines, fails = _on_archive(source, options, opening, listener, quiet=quiet, verbose=verbose)
            else:
                raise UsageError(
                    "no archive is named", remedy="name SRC: a file, a layout folder, or - for standard input"
                )
        if form is Format.JSON:
            print_json(report, stream=sys.stdout)
        else:
            print_lines(lines, stream=sys.stdout)
        if fails:
            raise typer.Exit(1)
