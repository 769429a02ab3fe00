"""The command `apply`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ocitool.archive.codec.compress import Compression
from ocitool.cli.arguments import takes
from ocitool.cli.options import (
    Format,
    MaxRatio,
    Progress,
    ProgressMode,
    Quiet,
    ReportFormat,
    SpoolDirectory,
    Verbose,
)
from ocitool.cli.outcome import exit_codes
from ocitool.cli.plan_report import blob_words, print_report, shown_digest
from ocitool.cli.progress import showing_progress
from ocitool.cli.signals import ignore_signals
from ocitool.cli.streams import report_streams
from ocitool.cli.text import align, format_size, printable
from ocitool.cli.writing_options import (  # noqa: TC001 - typer reads them from the signature
    Compress,
    DryRun,
    Force,
    NoClobber,
    Output,
)
from ocitool.errors import UsageError
from ocitool.model.limits import RATIO_LIMIT

if TYPE_CHECKING:
    from ocitool.api.deltas import ApplyResult
    from ocitool.api.writing import WriteOptions


@dataclass(frozen=True, slots=True)
class ApplyArguments:
    """The options of the command: how the output is written, not what is in it, which the delta says."""

    compress: Compress = None
    no_clobber: NoClobber = False
    force: Force = False
    dry_run: DryRun = False
    form: ReportFormat = Format.TEXT
    quiet: Quiet = False
    verbose: Verbose = False
    progress: Progress = ProgressMode.AUTO
    spool_directory: SpoolDirectory = None
    max_ratio: MaxRatio = RATIO_LIMIT

    def write_options(self) -> WriteOptions:
        """Return how the output is written; raises `UsageError` for options that contradict each other."""
        from ocitool.api.writing import WriteOptions

        if self.force and self.no_clobber:
            raise UsageError("--force and --no-clobber contradict each other", remedy="leave one of them out")
        return WriteOptions(
            clobber=not self.no_clobber,
            force=self.force,
            compression=None if self.compress is None else Compression.parse(self.compress),
            before_naming=ignore_signals,
        )


@takes(ApplyArguments)
def apply_command(
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD", help="What the delta was made against, in any form, or its URL.", show_default=False
        ),
    ],
    delta: Annotated[
        str,
        typer.Argument(
            metavar="D", help="What ocitool delta wrote, or its URL; - for one of both.", show_default=False
        ),
    ],
    output: Output,
    shared: ApplyArguments,
) -> None:
    """Make an archive whole of a delta and what it was made against, every blob verified.

    \b
    Examples:
      ocitool apply yesterday.tar today.delta.tar -o today.tar
      ocitool apply yesterday.tar today.delta.tar.zst -o today.tar.zst
      ocitool apply layout/ today.delta.tar -o today/
      ocitool apply yesterday.tar today.delta.tar --dry-run -o -
      ocitool apply yesterday.tar today.delta.tar -o - | ctr images import -
    """
    from ocitool.api.deltas import apply_delta
    from ocitool.api.opening import SourceOptions

    with exit_codes(shared.form), showing_progress(shared.progress, quiet=shared.quiet) as listener:
        write_options = shared.write_options()
        reports = report_streams(output, dry_run=shared.dry_run)
        result = apply_delta(
            old,
            delta,
            output,
            dry_run=shared.dry_run,
            write_options=write_options,
            source_options=SourceOptions(spool_directory=shared.spool_directory, ratio_limit=shared.max_ratio),
            listener=listener,
        )
        print_report(
            result.plan,
            lambda: _lines(result, verbose=shared.verbose),
            result.to_json if result.written else result.plan.to_json,
            reports,
            shared,
            written=result.written,
        )


def _lines(result: ApplyResult, *, verbose: bool) -> list[str]:
    rows = [
        (image.name or "(unnamed)", image.form, shown_digest(image.digest, verbose=verbose))
        for image in result.plan.images
    ]
    carried, shared = blob_words(result.listed.in_delta()), blob_words(result.listed.in_base())
    output = result.output
    name = "standard output" if output.path == "-" else printable(output.path)
    verb = "wrote" if result.written else "would write"
    packed = " before compression" if output.is_compressed and not result.written else ""
    size = format_size(output.size) + packed
    return [*align(rows), f"{verb} {name}: {size}; {shared} from OLD, {carried} from the delta"]
