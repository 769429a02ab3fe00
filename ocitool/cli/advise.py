"""The command `advise`."""

from __future__ import annotations

import sys

import typer

from ocitool.cli.advise_options import Host, Importers, Wanted, make_options
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


def advise_command(
    source: OptionalSource = None,
    importers: Importers = None,
    host: Host = None,
    wanted: Wanted = None,
    form: ReportFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    progress: Progress = ProgressMode.AUTO,
    spool_directory: ReportSpoolDirectory = None,
    max_ratio: MaxRatio = RATIO_LIMIT,
) -> None:
    """Tell what each importer will do with an archive, and the exact command that works.

    Layers are not read: verify tells whether their bytes are whole.

    \b
    Examples:
      ocitool advise image.tar
      ocitool advise image.tar --for ctr=2.0.0
      ocitool advise image.tar --for ctr --for docker=28 --host linux/arm64
      ocitool advise image.tar --want linux/arm64 --format json
    """
    with exit_codes(form):
        if source is None:
            raise UsageError(
                "no archive is named", remedy="name SRC: a file, a layout folder, or - for standard input"
            )
        options = make_options(importers or (), host, wanted or ())
        from ocitool.api.advising import advise_archive
        from ocitool.api.opening import SourceOptions
        from ocitool.cli.advise_text import advice_lines

        with showing_progress(progress, quiet=quiet) as listener:
            advice = advise_archive(
                source,
                options,
                source_options=SourceOptions(spool_directory=spool_directory, ratio_limit=max_ratio),
                listener=listener,
            )
        if form is Format.JSON:
            print_json(advice.to_json(), stream=sys.stdout)
        else:
            print_lines(advice_lines(advice, quiet=quiet, verbose=verbose), stream=sys.stdout)
        if importers and not advice.works:
            raise typer.Exit(1)
