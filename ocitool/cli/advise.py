"""The command `advise`: on an archive, on an error message, or on scripts."""

from __future__ import annotations

import sys

import typer

from ocitool.cli.advise_options import (
    NEW,
    OLD,
    ErrorText,
    From,
    Host,
    Importers,
    Scripts,
    To,
    Wanted,
    check_options,
    make_options,
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
from ocitool.model.limits import RATIO_LIMIT


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
      ocitool advise image.tar --for ctr=2.1.9 --error 'no unpack platforms defined'
      ocitool advise --script deploy.sh --script .gitlab-ci.yml --from 1.7 --to 2.0
    """
    with exit_codes(form):
        check_options(source, error, scripts or (), importers or (), wanted or (), only_scripts=(old, new))
        from ocitool.api.opening import SourceOptions
        from ocitool.cli.advise_reports import on_archive, on_error, on_scripts

        opening = SourceOptions(spool_directory=spool_directory, ratio_limit=max_ratio)
        with showing_progress(progress, quiet=quiet) as listener:
            if scripts:
                report = on_scripts(scripts, source, (old or OLD, new or NEW), host, opening, listener)
            elif error is not None:
                report = on_error(error, source, importers or (), host, opening, listener)
            else:
                options = make_options(importers or (), host, wanted or ())
                report = on_archive(str(source), options, opening, listener, quiet=quiet, verbose=verbose)
        if form is Format.JSON:
            print_json(report.document, stream=sys.stdout)
        else:
            print_lines(report.lines, stream=sys.stdout)
        if report.fails:
            raise typer.Exit(1)
