"""The command `split`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ocitool.cli.arguments import takes
from ocitool.cli.options import Format, Source
from ocitool.cli.outcome import exit_codes
from ocitool.cli.plan_report import dropped_lines, outlook_lines, print_report, shared_lines, shown_digest
from ocitool.cli.progress import showing_progress
from ocitool.cli.streams import check_places, report_streams
from ocitool.cli.text import align, format_count, format_size, printable
from ocitool.cli.writing_options import PlatformsOrAll, WritingArguments
from ocitool.model.size import parse_size
from ocitool.plan.options import Reflink, SplitBy, parse_split_by

if TYPE_CHECKING:
    from ocitool.api.splitting import SplitResult
    from ocitool.api.writing import Written
    from ocitool.plan.steps import OutputPlan


@takes(WritingArguments)
def split_command(
    source: Source,
    folder: Annotated[
        str,
        typer.Option(
            "--directory",
            "-d",
            metavar="DIR",
            help="Folder for the parts; made if it is not there.",
            show_default=False,
        ),
    ],
    shared: WritingArguments,
    platforms: PlatformsOrAll = ["all"],  # noqa: B006 - typer copies it
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="WHAT",
            help="One part for each platform (the default), image, or image,platform; with --max-size by image.",
            show_default=False,
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            "--name-template",
            metavar="TEXT",
            help="Names of the parts: {stem} {image} {digest} {os} {os_version} {arch} {variant} {part} {ext}; "
            "{-variant} is a hyphen and the variant, or nothing (default: {stem}-{os}-{arch}{-variant}{ext}).",
            show_default=False,
        ),
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option(
            "--max-size",
            metavar="SIZE",
            help="Put as many images into each part as fit, such as 1900MiB; each part imports alone.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write one archive for each platform of an archive, reading it once.

    Each part is what `ocitool filter -p PLATFORM` would write. All of them appear together, or none.

    \b
    Examples:
      ocitool split image.tar -d parts
      ocitool split image.tar -d parts -p linux/amd64,linux/arm64 --compress zstd
      ocitool split bundle.tar -d parts --by image,platform
      ocitool split bundle.tar -d parts --max-size 1900MiB
      ocitool split image.tar -d parts --name-template 'app-{arch}{ext}'
      ocitool split image.tar -d parts --format json | jq -c '{include: [.outputs[] | {file, platform, sha256}]}'
    """
    from ocitool.api.splitting import split_archive, split_options

    with exit_codes(shared.form), showing_progress(shared.progress, quiet=shared.quiet) as listener:
        write_options = shared.write_options()
        check_places([source], f"{folder}/", shared.digest_map)
        result = split_archive(
            source,
            folder,
            shared.filter_options(platforms),
            split_options(
                source,
                by=parse_by(by, packed=max_size is not None),
                template=template,
                compression=write_options.compression,
                max_size=None if max_size is None else parse_size(max_size),
            ),
            checksums=shared.form is Format.JSON,
            dry_run=shared.dry_run,
            write_options=write_options,
            source_options=shared.source_options(),
            listener=listener,
        )
        print_report(
            result.plan,
            lambda: result_lines(result, folder, shared.reflink, verbose=shared.verbose),
            result.to_json if result.written else result.plan.to_json,
            report_streams(folder, dry_run=shared.dry_run),
            shared,
            written=result.written,
        )


def parse_by(text: str | None, *, packed: bool) -> SplitBy:
    """Read what `--by` asks for, or what is usual for parts of one image or platform or of several."""
    if text is None:
        return SplitBy.IMAGE if packed else SplitBy.PLATFORM
    return parse_split_by(text)


def result_lines(result: SplitResult, folder: str, reflink: Reflink, *, verbose: bool) -> list[str]:
    """Write the report for people."""
    rows = [
        _part_cells(plan, output, verbose=verbose)
        for plan, output in zip(result.plan.outputs, result.outputs, strict=True)
    ]
    table = align([("FILE", "PLATFORM", "IMAGE", "DIGEST", "SIZE"), *rows], right=frozenset({4}))
    size = sum(output.size for output in result.outputs)
    verb = "wrote" if result.written else "would write"
    count = format_count(len(rows), "archive")
    outlook = [] if result.written else outlook_lines(result.plan, result.outputs)
    summary = (
        f"{verb} {count} into {printable(folder)}: {format_size(size)} of {format_size(result.plan.source_size)}"
    )
    shared = shared_lines(result.plan, result.outputs, reflink)
    return [*table, *dropped_lines(result.plan), *outlook, summary, *shared]


def _part_cells(plan: OutputPlan, output: Written, *, verbose: bool) -> tuple[str, ...]:
    images = [image for image in plan.images if image.has_platforms] or list(plan.images)
    platforms = list(dict.fromkeys(manifest.platform for manifest in plan.kept if manifest.platform))
    only = images[0] if len(images) == 1 else None
    return (
        plan.name,
        ", ".join(platforms) if len(platforms) <= 2 else format_count(len(platforms), "platform"),
        format_count(len(images), "image") if only is None else only.name or "(unnamed)",
        "" if only is None else shown_digest(only.digest, verbose=verbose),
        format_size(output.size),
    )
