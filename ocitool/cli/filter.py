"""The command `filter`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ocitool.archive.codec.compress import Compression
from ocitool.cli.options import (
    Format,
    MaxRatio,
    Progress,
    ProgressMode,
    Quiet,
    ReportFormat,
    Source,
    SpoolDirectory,
    Verbose,
)
from ocitool.cli.outcome import exit_codes, print_error, print_json, print_lines
from ocitool.cli.progress import showing_progress
from ocitool.cli.signals import ignore_signals
from ocitool.cli.streams import ReportStreams, check_places, report_streams
from ocitool.cli.text import align, format_size, printable
from ocitool.errors import OutputError, UsageError
from ocitool.model.limits import RATIO_LIMIT
from ocitool.model.platform_selection import PlatformSelection
from ocitool.model.reference import ImageFilter
from ocitool.plan.note import Level
from ocitool.plan.options import DockerManifest, FilterOptions, Followers, IndexForm, Layers, Missing

if TYPE_CHECKING:
    from ocitool.api.filtering import FilterResult
    from ocitool.model.digest import Digest
    from ocitool.plan.steps import Plan


NOTE_LIMIT: Final = 20
"""Notes printed without `-v`; bundles of hundreds of images may earn hundreds."""


def filter_command(
    source: Source,
    platforms: Annotated[
        list[str],
        typer.Option(
            "--platform",
            "-p",
            metavar="P",
            help="Keep these; repeatable, comma lists: os[/arch[/variant]], linux/*, !P, all, local, available.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="File to write, DIR/ for an OCI layout folder, or - for standard output.",
            show_default=False,
        ),
    ],
    images: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="REF", help="Only these images; repeatable, globs.", show_default=False),
    ] = None,
    index: Annotated[
        IndexForm, typer.Option("--index", help="auto: flat for one platform per image, nested for more.")
    ] = IndexForm.AUTO,
    attestations: Annotated[
        Followers | None,
        typer.Option(
            "--attestations",
            help="Default: follow their image where the index form can hold them.",
            show_default=False,
        ),
    ] = None,
    missing: Annotated[
        Missing, typer.Option("--missing", help="What to do about an image that lacks a platform.")
    ] = Missing.ERROR,
    docker_manifest: Annotated[
        DockerManifest, typer.Option("--docker-manifest", help="Whether to write manifest.json for docker.")
    ] = DockerManifest.AUTO,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Check the digest of every blob while it is copied.")
    ] = True,
    compress: Annotated[
        str | None,
        typer.Option(
            "--compress",
            metavar="FORM",
            help="none, gzip[:LEVEL] or zstd[:LEVEL] for the whole file (default: by OUT's suffix).",
            show_default=False,
        ),
    ] = None,
    layers: Annotated[
        Layers,
        typer.Option("--layers", help="Compress layers anew where they are not so already (new digests)."),
    ] = Layers.KEEP,
    digest_map: Annotated[
        Path | None,
        typer.Option(
            "--digest-map", metavar="FILE", help="Write old and new digests of indexes as JSON.", show_default=False
        ),
    ] = None,
    no_clobber: Annotated[bool, typer.Option("--no-clobber", help="Refuse to replace an existing file.")] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Replace an image layout that stands at DIR/, and nothing else; files are replaced anyway.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and write nothing.")] = False,
    form: ReportFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    progress: Progress = ProgressMode.AUTO,
    spool_directory: SpoolDirectory = None,
    max_ratio: MaxRatio = RATIO_LIMIT,
) -> None:
    """Keep the chosen platforms of an archive and drop the rest, verified on the way.

    \b
    Examples:
      ocitool filter image.tar -p linux/arm64 -o arm64.tar
      ocitool filter image.tar -p linux/amd64,linux/arm64 -o two.tar
      ocitool filter image.tar -p available -o repaired.tar
      ocitool filter image.tar -p all --layers gzip -o for-old-engines.tar
      ocitool filter bundle.tar.zst -p linux/arm64 -o arm64.tar.zst
      ocitool filter image.tar -p linux/arm64 -o layout-arm64/
      ctr images export --local --all-platforms - REF | ocitool filter - -p local -o - | ssh HOST ctr images import -
    """
    from ocitool.api.filtering import filter_archive
    from ocitool.api.opening import SourceOptions

    with exit_codes(form), showing_progress(progress, quiet=quiet) as listener:
        if force and no_clobber:
            raise UsageError("--force and --no-clobber contradict each other", remedy="leave one of them out")
        check_places(source, output, digest_map)
        reports = report_streams(output, dry_run=dry_run)
        result = filter_archive(
            source,
            output,
            FilterOptions(
                platforms=PlatformSelection.parse(platforms),
                images=ImageFilter(tuple(images or ())),
                index=index,
                attestations=attestations,
                missing=missing,
                docker_manifest=docker_manifest,
                layers=layers,
            ),
            verify=verify,
            clobber=not no_clobber,
            force=force,
            dry_run=dry_run,
            compression=None if compress is None else Compression.parse(compress),
            digest_map=digest_map,
            source_options=SourceOptions(spool_directory=spool_directory, ratio_limit=max_ratio),
            listener=listener,
            before_naming=ignore_signals,
        )
        _print_result(result, form, reports, quiet=quiet, verbose=verbose)


def _print_result(result: FilterResult, form: Format, reports: ReportStreams, *, quiet: bool, verbose: bool) -> None:
    plan = result.plan
    notes = [
        f"{note.level.value}: {printable(note.message)}"
        for note in plan.notes
        if not quiet or note.level is Level.WARNING
    ]
    if len(notes) > NOTE_LIMIT and not verbose:
        notes[NOTE_LIMIT:] = [f"note: and {len(notes) - NOTE_LIMIT} more; -v prints all of them"]
    try:
        if form is Format.JSON:
            print_json(result.to_json() if result.written else plan.to_json(), stream=reports.report)
            return
        if not quiet:
            print_lines(_result_lines(result, verbose=verbose), stream=reports.report)
        print_lines(notes, stream=reports.notes)
    except OutputError as error:
        if not result.written:
            raise
        # The archive is whole and has its name: that is what the exit code speaks of.
        print_error(error, form)


def _result_lines(result: FilterResult, *, verbose: bool) -> list[str]:
    plan = result.plan
    rows = [
        *(("keep", row.platform or row.kind, row.image, format_size(row.size), "") for row in plan.kept),
        *(("drop", row.platform or row.kind, row.image, format_size(row.size), row.reason) for row in plan.dropped),
    ]
    lines = align(rows, right=frozenset({3}))
    for image in plan.images:
        if image.digest != image.original:
            name = printable(image.name or "(unnamed)")
            old, new = (_digest(digest, verbose=verbose) for digest in (image.original, image.digest))
            lines.append(f"{name}: {old} is now {new} ({image.form})")
    if verbose:
        roots = {image.original for image in plan.images}
        lines += [f"{old} is now {new}" for old, new in plan.digest_map.items() if old not in roots]
    return [*lines, _summary(plan, result)]


def _summary(plan: Plan, result: FilterResult) -> str:
    before = plan.source_size
    # Compressed or not, archives are compared as they are without that.
    after = plan.size if result.is_compressed else result.size
    saved = f", {100 - 100 * after // before} % less" if after < before else ""
    output = "standard output" if result.output == "-" else printable(result.output)
    verb = "wrote" if result.written else "would write"
    size = (
        f"{format_size(result.size)}, unpacked {format_size(after)}" if result.is_compressed else format_size(after)
    )
    return f"{verb} {output}: {size} of {format_size(before)}{saved}"


def _digest(digest: Digest, *, verbose: bool) -> str:
    return str(digest) if verbose else f"{digest.algorithm}:{digest.short}"
