"""The command `verify`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from ocitool.cli.options import Format, MaxRatio, OptionalSource, Progress, ProgressMode, Quiet, ReportSpoolDirectory
from ocitool.cli.outcome import exit_codes, print_json, print_lines
from ocitool.cli.progress import showing_progress
from ocitool.cli.verify_options import (
    Deep,
    EveryFinding,
    FailOn,
    FailOnOption,
    ListRules,
    Only,
    OnlyImages,
    ProfileName,
    ProfileOption,
    Require,
    VerifyFormat,
    VerifyReportFormat,
    WantedPlatforms,
    make_gates,
)
from ocitool.errors import UsageError
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from ocitool.api.verifying import VerifyOptions
    from ocitool.check.report import Report
    from ocitool.check.rule import Severity


def verify_command(
    source: OptionalSource = None,
    platforms: WantedPlatforms = None,
    images: OnlyImages = None,
    only: Only = False,
    require: Require = None,
    deep: Deep = False,
    profile: ProfileOption = ProfileName.IMPORT,
    fail_on: FailOnOption = FailOn.ERROR,
    list_rules: ListRules = False,
    form: VerifyReportFormat = VerifyFormat.TEXT,
    quiet: Quiet = False,
    verbose: EveryFinding = False,
    progress: Progress = ProgressMode.AUTO,
    spool_directory: ReportSpoolDirectory = None,
    max_ratio: MaxRatio = RATIO_LIMIT,
) -> None:
    """Check an archive before it is shipped: all that is wrong with it, where, and what to do.

    Every blob is hashed. Exits 1 if anything is wrong, after reporting all of it; --list-rules tells the rules.

    \b
    Examples:
      ocitool verify image.tar
      ocitool verify image.tar --deep --fail-on warning
      ocitool verify arm64.tar -p linux/arm64 --only
      ocitool verify bundle.tar -p linux/amd64,linux/arm64 --require images.txt
      ocitool verify image.tar --profile spec --format sarif > verify.sarif
      ocitool verify image.tar --format json | jq '.findings[].message'
      ocitool verify --list-rules
    """
    errors = Format.JSON if form is VerifyFormat.JSON else Format.TEXT
    with exit_codes(errors):
        if list_rules:
            _print_rules(form, verbose=verbose)
            return
        if source is None:
            raise UsageError(
                "no archive is named", remedy="name SRC: a file, a layout folder, or - for standard input"
            )
        # Bad options are told before anything heavy is loaded or read.
        gates = make_gates(source, platforms or (), images or (), require, only=only)
        from ocitool.api.opening import SourceOptions
        from ocitool.api.places import place_name
        from ocitool.api.verifying import VerifyOptions, verify_archive
        from ocitool.check.rule import Profile, Severity
        from ocitool.cli.remedy import fill_remedies

        options = VerifyOptions(Profile(profile.value), gates, deep)
        with showing_progress(progress, quiet=quiet) as listener:
            report = verify_archive(
                source,
                options,
                source_options=SourceOptions(spool_directory=spool_directory, ratio_limit=max_ratio),
                listener=listener,
            )
        name, severity = place_name(source), Severity(fail_on.value)
        report = fill_remedies(report, name)
        if form is VerifyFormat.TEXT:
            _print_text(report, severity, quiet=quiet, verbose=verbose)
        elif form is VerifyFormat.JSON:
            print_json(report.to_json(fail_on=severity), stream=sys.stdout)
        else:
            print_lines([_for_ci(report, form, options, name, severity)], stream=sys.stdout)
        if report.has(severity):
            raise typer.Exit(1)


def _print_rules(form: VerifyFormat, *, verbose: bool) -> None:
    from ocitool.cli.rules_text import rule_lines, rules_json

    if form is VerifyFormat.JSON:
        print_json(rules_json(), stream=sys.stdout)
    elif form is VerifyFormat.TEXT:
        print_lines(rule_lines(verbose=verbose, width=_width()), stream=sys.stdout)
    else:
        raise UsageError(f"rules are not listed as {form.value}", remedy="take --format text or json")


def _print_text(report: Report, fail_on: Severity, *, quiet: bool, verbose: bool) -> None:
    from ocitool.cli.verify_text import Look, report_lines

    look = Look(_width(), colour=_has_colour(), quiet=quiet, verbose=verbose)
    print_lines(report_lines(report, fail_on, look), stream=sys.stdout)


def _for_ci(report: Report, form: VerifyFormat, options: VerifyOptions, source: str, fail_on: Severity) -> str:
    if form is VerifyFormat.SARIF:
        from ocitool.cli.sarif import sarif_text

        return sarif_text(report, source, fail_on)
    from ocitool.cli.junit import junit_text

    return junit_text(report, options, fail_on)


def _width() -> int | None:
    """Return the columns of the terminal; None where there is none, and lines stay whole for grep."""
    if not _is_terminal():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def _has_colour() -> bool:
    import os

    return _is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
