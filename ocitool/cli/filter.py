"""The command `filter`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.cli.arguments import takes
from ocitool.cli.options import Source  # noqa: TC001 - typer reads it from the signature
from ocitool.cli.outcome import exit_codes
from ocitool.cli.plan_report import digest_lines, manifest_lines, outlook_lines, print_report, shared_lines
from ocitool.cli.progress import showing_progress
from ocitool.cli.streams import check_places, report_streams
from ocitool.cli.text import format_size, percent_less, printable
from ocitool.cli.writing_options import Output, Platforms, WritingArguments

if TYPE_CHECKING:
    from ocitool.api.filtering import FilterResult
    from ocitool.cli.streams import ReportStreams
    from ocitool.plan.options import Reflink


@takes(WritingArguments)
def filter_command(source: Source, platforms: Platforms, output: Output, shared: WritingArguments) -> None:
    """Keep the chosen platforms of an archive and drop the rest, verified on the way.

    \b
    Examples:
      ocitool filter image.tar -p linux/arm64 -o arm64.tar
      ocitool filter image.tar -p linux/amd64,linux/arm64 -o two.tar
      ocitool filter image.tar -p available -o repaired.tar
      ocitool filter image.tar -p all --layers gzip -o for-old-engines.tar
      ocitool filter bundle.tar.zst -p linux/arm64 -o arm64.tar.zst
      ocitool filter image.tar -p linux/arm64 -o layout-arm64/
      ocitool filter s3://builds/nightly.tar -p linux/arm64 -o s3://releases/nightly-arm64.tar
      ocitool filter image.tar -p linux/arm64 --reflink auto -o arm64.tar
      ocitool filter signed.tar -p linux/arm64 --index keep --require-signatures -o arm64.tar
      ocitool filter image.tar -p linux/arm64 --name registry.local/lab:1.0 -o arm64.tar
      ocitool filter bundle.tar -p linux/arm64 --rename 'docker.io/*=registry.local/*' -o arm64.tar
      ctr images export --local --all-platforms - REF | ocitool filter - -p local -o - | ssh HOST ctr images import -
      ssh HOST cat bundle.tar.zst | ocitool filter - -p linux/arm64 -o arm64.tar
    """
    from ocitool.api.filtering import filter_archive

    with exit_codes(shared.form), showing_progress(shared.progress, quiet=shared.quiet) as listener:
        write_options = shared.write_options()
        check_places([source], output, shared.digest_map)
        reports = report_streams(output, dry_run=shared.dry_run)
        result = filter_archive(
            source,
            output,
            shared.filter_options(platforms),
            dry_run=shared.dry_run,
            write_options=write_options,
            source_options=shared.source_options(),
            listener=listener,
        )
        print_result(result, reports, shared)


def print_result(result: FilterResult, reports: ReportStreams, shared: WritingArguments) -> None:
    """Print the report of a command that writes one archive."""
    print_report(
        result.plan,
        lambda: result_lines(result, shared.reflink, verbose=shared.verbose),
        result.to_json if result.written else result.plan.to_json,
        reports,
        shared,
        written=result.written,
    )


def result_lines(result: FilterResult, reflink: Reflink, *, verbose: bool) -> list[str]:
    """Write the report for people."""
    return [
        *manifest_lines(result.plan),
        *digest_lines(result.plan.outputs[0], verbose=verbose),
        *([] if result.written else outlook_lines(result.plan, [result.output])),
        _summary(result),
        *shared_lines(result.plan, [result.output], reflink),
    ]


def _summary(result: FilterResult) -> str:
    plan, output = result.plan, result.output
    before = plan.source_size
    # Compressed or not, archives are compared as they are without that.
    after = plan.size if output.is_compressed else output.size
    percent = percent_less(before, after)
    saved = f", {percent} % less" if percent else ""
    name = "standard output" if output.path == "-" else printable(output.path)
    verb = "wrote" if result.written else "would write"
    size = format_size(output.size)
    if output.is_compressed:
        size += f", unpacked {format_size(after)}" if result.written else " before compression"
    return f"{verb} {name}: {size} of {format_size(before)}{saved}"
