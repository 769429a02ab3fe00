"""The command `merge`."""

from __future__ import annotations

from typing import Annotated

import typer

from ocitool.cli.arguments import takes
from ocitool.cli.filter import print_result
from ocitool.cli.outcome import exit_codes
from ocitool.cli.progress import showing_progress
from ocitool.cli.streams import check_places, report_streams
from ocitool.cli.writing_options import Output, PlatformsOrAll, WritingArguments


@takes(WritingArguments)
def merge_command(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SRC...",
            help="OCI archives, docker-archives, their URLs, or OCI layout folders; - once for standard input.",
            show_default=False,
        ),
    ],
    output: Output,
    shared: WritingArguments,
    platforms: PlatformsOrAll = ["all"],  # noqa: B006 - typer copies it
) -> None:
    """Put several archives into one: images of one name become one multi-platform image.

    Images of other names stand side by side, and every blob is there once.

    \b
    Examples:
      ocitool merge amd64.tar arm64.tar -o image.tar
      ocitool merge parts/*.tar -o image.tar
      ocitool merge app.tar database.tar layout/ -o bundle.tar.zst
      ocitool merge built-amd64.tar built-arm64.tar --name registry.local/app:1.0 -o app.tar
      ocitool merge sparse-amd64.tar sparse-arm64.tar -p available -o image.tar
    """
    from ocitool.api.filtering import merge_archives

    with exit_codes(shared.form), showing_progress(shared.progress, quiet=shared.quiet) as listener:
        write_options = shared.write_options()
        check_places(sources, output, shared.digest_map)
        reports = report_streams(output, dry_run=shared.dry_run)
        result = merge_archives(
            sources,
            output,
            shared.filter_options(platforms, join=True),
            dry_run=shared.dry_run,
            write_options=write_options,
            source_options=shared.source_options(),
            listener=listener,
        )
        print_result(result, reports, shared)
