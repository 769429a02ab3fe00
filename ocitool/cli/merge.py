"""The command `merge`."""

from __future__ import annotations

from typing import Annotated

import typer

from ocitool.cli.filter import result_lines
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
from ocitool.cli.plan_report import print_report
from ocitool.cli.progress import showing_progress
from ocitool.cli.streams import check_places, report_streams
from ocitool.cli.writing_options import (
    Attestations,
    Compress,
    DigestMap,
    DockerManifestMode,
    DryRun,
    FixPlatforms,
    Force,
    Images,
    Index,
    LayerCompression,
    MissingPlatforms,
    Names,
    NoClobber,
    Output,
    Platforms,
    Referrers,
    Renames,
    RequireSignatures,
    Verify,
    filter_options,
    write_options,
)
from ocitool.model.limits import RATIO_LIMIT
from ocitool.plan.options import DockerManifest, IndexForm, Layers, Missing


def merge_command(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SRC...",
            help="OCI archives, docker-archives or OCI layout folders; - once for standard input.",
            show_default=False,
        ),
    ],
    output: Output,
    platforms: Platforms = ["all"],  # noqa: B006 - typer copies it
    images: Images = None,
    renames: Renames = None,
    names: Names = None,
    index: Index = IndexForm.AUTO,
    attestations: Attestations = None,
    referrers: Referrers = None,
    require_signatures: RequireSignatures = False,
    fix_platforms: FixPlatforms = False,
    missing: MissingPlatforms = Missing.ERROR,
    docker_manifest: DockerManifestMode = DockerManifest.AUTO,
    verify: Verify = True,
    compress: Compress = None,
    layers: LayerCompression = Layers.KEEP,
    digest_map: DigestMap = None,
    no_clobber: NoClobber = False,
    force: Force = False,
    dry_run: DryRun = False,
    form: ReportFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    progress: Progress = ProgressMode.AUTO,
    spool_directory: SpoolDirectory = None,
    max_ratio: MaxRatio = RATIO_LIMIT,
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
    from ocitool.api.opening import SourceOptions

    with exit_codes(form), showing_progress(progress, quiet=quiet) as listener:
        writing = write_options(
            verify=verify, no_clobber=no_clobber, force=force, compress=compress, digest_map=digest_map
        )
        check_places(sources, output, digest_map)
        result = merge_archives(
            sources,
            output,
            filter_options(
                platforms=platforms,
                images=images,
                renames=renames,
                names=names,
                index=index,
                attestations=attestations,
                referrers=referrers,
                require_signatures=require_signatures,
                fix_platforms=fix_platforms,
                missing=missing,
                docker_manifest=docker_manifest,
                layers=layers,
                join=True,
            ),
            dry_run=dry_run,
            write_options=writing,
            source_options=SourceOptions(spool_directory=spool_directory, ratio_limit=max_ratio),
            listener=listener,
        )
        print_report(
            result.plan,
            lambda: result_lines(result, verbose=verbose),
            result.to_json if result.written else result.plan.to_json,
            report_streams(output, dry_run=dry_run),
            form=form,
            written=result.written,
            quiet=quiet,
            verbose=verbose,
        )
