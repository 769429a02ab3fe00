"""The command `filter`."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from ocitool.cli.outcome import exit_codes
from ocitool.cli.plan_report import digest_lines, manifest_lines, outlook_lines, print_report
from ocitool.cli.progress import showing_progress
from ocitool.cli.streams import check_places, report_streams
from ocitool.cli.text import format_size, percent_less, printable
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

if TYPE_CHECKING:
    from ocitool.api.filtering import FilterResult


def filter_command(
    source: Source,
    platforms: Platforms,
    output: Output,
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
    """Keep the chosen platforms of an archive and drop the rest, verified on the way.

    \b
    Examples:
      ocitool filter image.tar -p linux/arm64 -o arm64.tar
      ocitool filter image.tar -p linux/amd64,linux/arm64 -o two.tar
      ocitool filter image.tar -p available -o repaired.tar
      ocitool filter image.tar -p all --layers gzip -o for-old-engines.tar
      ocitool filter bundle.tar.zst -p linux/arm64 -o arm64.tar.zst
      ocitool filter image.tar -p linux/arm64 -o layout-arm64/
      ocitool filter signed.tar -p linux/arm64 --index keep --require-signatures -o arm64.tar
      ocitool filter image.tar -p linux/arm64 --name registry.local/lab:1.0 -o arm64.tar
      ocitool filter bundle.tar -p linux/arm64 --rename 'docker.io/*=registry.local/*' -o arm64.tar
      ctr images export --local --all-platforms - REF | ocitool filter - -p local -o - | ssh HOST ctr images import -
    """
    from ocitool.api.filtering import filter_archive
    from ocitool.api.opening import SourceOptions

    with exit_codes(form), showing_progress(progress, quiet=quiet) as listener:
        writing = write_options(
            verify=verify, no_clobber=no_clobber, force=force, compress=compress, digest_map=digest_map
        )
        check_places([source], output, digest_map)
        reports = report_streams(output, dry_run=dry_run)
        result = filter_archive(
            source,
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
            reports,
            form=form,
            written=result.written,
            quiet=quiet,
            verbose=verbose,
        )


def result_lines(result: FilterResult, *, verbose: bool) -> list[str]:
    """Write the report for people."""
    return [
        *manifest_lines(result.plan),
        *digest_lines(result.plan.outputs[0], verbose=verbose),
        *([] if result.written else outlook_lines(result.plan, result.output.size)),
        _summary(result),
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
    size = (
        f"{format_size(output.size)}, unpacked {format_size(after)}" if output.is_compressed else format_size(after)
    )
    return f"{verb} {name}: {size} of {format_size(before)}{saved}"
