"""The command `delta`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ocitool.cli.arguments import takes
from ocitool.cli.outcome import exit_codes
from ocitool.cli.plan_report import blob_words, digest_lines, manifest_lines, print_report
from ocitool.cli.progress import showing_progress
from ocitool.cli.streams import check_places, report_streams
from ocitool.cli.text import format_size, percent_less, printable
from ocitool.cli.writing_options import Output, PlatformsOrAll, WritingArguments

if TYPE_CHECKING:
    from ocitool.api.deltas import DeltaResult


@takes(WritingArguments)
def delta_command(
    old: Annotated[
        str,
        typer.Argument(metavar="OLD", help="The archive that the other side has, or its URL.", show_default=False),
    ],
    new: Annotated[
        str,
        typer.Argument(
            metavar="NEW", help="The archive that it is to have, or its URL; - for one of both.", show_default=False
        ),
    ],
    output: Output,
    shared: WritingArguments,
    platforms: PlatformsOrAll = ["all"],  # noqa: B006 - typer copies it
) -> None:
    """Write only what OLD lacks of NEW; apply makes NEW of both again, as filter would write it.

    \b
    Examples:
      ocitool delta yesterday.tar today.tar -o today.delta.tar
      ocitool delta yesterday.tar today.tar -o today.delta.tar.zst
      ocitool delta yesterday.tar today.tar -p linux/arm64 -o arm64.delta.tar
      ocitool delta yesterday.tar today.tar --dry-run -o -
      ocitool delta old.tar new.tar -o - | ssh EDGE 'ocitool apply old.tar - -o new.tar'
    """
    from ocitool.api.deltas import make_delta

    with exit_codes(shared.form), showing_progress(shared.progress, quiet=shared.quiet) as listener:
        write_options = shared.write_options()
        check_places([old, new], output, shared.digest_map)
        reports = report_streams(output, dry_run=shared.dry_run)
        result = make_delta(
            old,
            new,
            output,
            shared.filter_options(platforms),
            dry_run=shared.dry_run,
            write_options=write_options,
            source_options=shared.source_options(),
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


def _lines(result: DeltaResult, *, verbose: bool) -> list[str]:
    carried, shared = blob_words(result.listed.in_delta()), blob_words(result.listed.in_base())
    return [
        *manifest_lines(result.plan),
        *digest_lines(result.plan.outputs[0], verbose=verbose),
        f"carries {carried}; OLD has {shared}",
        _summary(result),
    ]


def _summary(result: DeltaResult) -> str:
    output = result.output
    name = "standard output" if output.path == "-" else printable(output.path)
    verb = "wrote" if result.written else "would write"
    percent = percent_less(result.whole_size, result.plan.size)
    saved = f", {percent} % less" if percent else ""
    size = format_size(output.size)
    if output.is_compressed:
        size += f", unpacked {format_size(result.plan.size)}" if result.written else " before compression"
    return f"{verb} {name}: {size} for {format_size(result.whole_size)}{saved}"
