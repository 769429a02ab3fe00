"""Options that all writing commands have: what is kept, in which form, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from ocitool.archive.codec.compress import Compression
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
from ocitool.cli.signals import ignore_signals
from ocitool.errors import UsageError
from ocitool.model.limits import RATIO_LIMIT
from ocitool.model.platform_selection import PlatformSelection
from ocitool.model.reference import ImageFilter
from ocitool.model.renaming import Renaming
from ocitool.plan.options import (
    Contents,
    DockerManifest,
    FilterOptions,
    Followers,
    IndexForm,
    Layers,
    Missing,
    Reflink,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.api.opening import SourceOptions
    from ocitool.api.writing import WriteOptions

_PLATFORMS: Final = "Keep these; repeatable, comma lists: os[/arch[/variant]], linux/*, !P, all, local, available"

Platforms: TypeAlias = Annotated[
    list[str], typer.Option("--platform", "-p", metavar="P", help=f"{_PLATFORMS}.", show_default=False)
]
PlatformsOrAll: TypeAlias = Annotated[
    list[str],
    typer.Option("--platform", "-p", metavar="P", help=f"{_PLATFORMS} (default: all).", show_default=False),
]
Output: TypeAlias = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="File or URL to write, DIR/ for an OCI layout folder, or - for standard output.",
        show_default=False,
    ),
]
Images: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--image", metavar="REF", help="Only these images; repeatable, globs.", show_default=False),
]
Index: TypeAlias = Annotated[
    IndexForm, typer.Option("--index", help="auto: flat for one platform per image, nested for more.")
]
Attestations: TypeAlias = Annotated[
    Followers | None,
    typer.Option(
        "--attestations", help="Default: follow their image where the index form can hold them.", show_default=False
    ),
]
Referrers: TypeAlias = Annotated[
    Followers | None,
    typer.Option(
        "--referrers",
        help="Signatures, SBOMs and the like; default: follow their subject, unless that stands alone (flat).",
        show_default=False,
    ),
]
RequireSignatures: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--require-signatures",
        help="Refuse an output that lacks anything that refers to what is in it, such as the signature of an index.",
    ),
]
FixPlatforms: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--fix-platforms",
        help="List images as the platform that their config says where an index lists none or another.",
    ),
]
MissingPlatforms: TypeAlias = Annotated[
    Missing, typer.Option("--missing", help="What to do about an image that lacks a platform.")
]
DockerManifestMode: TypeAlias = Annotated[
    DockerManifest, typer.Option("--docker-manifest", help="Whether to write manifest.json for docker.")
]
Verify: TypeAlias = Annotated[
    bool, typer.Option("--verify/--no-verify", help="Check the digest of every blob while it is copied.")
]
Renames: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--rename",
        metavar="OLD=NEW",
        help="Give images another name; repeatable, globs: each * of NEW takes what that of OLD matched.",
        show_default=False,
    ),
]
Names: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--name",
        metavar="REF",
        help="Name the only image, or the only one without a name; repeatable for several tags.",
        show_default=False,
    ),
]
Compress: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--compress",
        metavar="FORM",
        help="none, gzip[:LEVEL] or zstd[:LEVEL] for the whole file (default: by OUT's suffix).",
        show_default=False,
    ),
]
LayerCompression: TypeAlias = Annotated[
    Layers, typer.Option("--layers", help="Compress layers anew where they are not so already (new digests).")
]
ReflinkMode: TypeAlias = Annotated[
    Reflink,
    typer.Option(
        "--reflink",
        help="Share blocks with SRC on XFS and btrfs: auto where it can be, always or fail; both put filler before "
        "large blobs. DIR/ has links or clones of a folder's files anyway.",
    ),
]
ContentsMode: TypeAlias = Annotated[
    Contents,
    typer.Option("--contents", help="Begin with a table of contents, a comment for readers that fetch ranges."),
]
DigestMap: TypeAlias = Annotated[
    str | None,
    typer.Option("--digest-map", metavar="FILE", help="Write old and new digests as JSON.", show_default=False),
]
NoClobber: TypeAlias = Annotated[bool, typer.Option("--no-clobber", help="Refuse to replace an existing file.")]
Force: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--force", help="Replace an image layout that stands at DIR/, and nothing else; files are replaced anyway."
    ),
]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Print the plan and write nothing.")]


@dataclass(frozen=True, slots=True)
class WritingArguments:
    """The options of every writing command, as they were given."""

    images: Images = None
    renames: Renames = None
    names: Names = None
    index: Index = IndexForm.AUTO
    attestations: Attestations = None
    referrers: Referrers = None
    require_signatures: RequireSignatures = False
    fix_platforms: FixPlatforms = False
    missing: MissingPlatforms = Missing.ERROR
    docker_manifest: DockerManifestMode = DockerManifest.AUTO
    verify: Verify = True
    compress: Compress = None
    layers: LayerCompression = Layers.KEEP
    reflink: ReflinkMode = Reflink.NEVER
    contents: ContentsMode = Contents.AUTO
    digest_map: DigestMap = None
    no_clobber: NoClobber = False
    force: Force = False
    dry_run: DryRun = False
    form: ReportFormat = Format.TEXT
    quiet: Quiet = False
    verbose: Verbose = False
    progress: Progress = ProgressMode.AUTO
    spool_directory: SpoolDirectory = None
    max_ratio: MaxRatio = RATIO_LIMIT

    def filter_options(self, platforms: Sequence[str], *, join: bool = False) -> FilterOptions:
        """Return what is kept, and in which form; with `join` a new name is that of all images together.

        Raises `UsageError` for what cannot be meant.
        """
        return FilterOptions(
            platforms=PlatformSelection.parse(platforms),
            images=ImageFilter(tuple(self.images or ())),
            renaming=Renaming.parse(self.names or (), self.renames or (), join=join),
            index=self.index,
            attestations=self.attestations,
            referrers=self.referrers,
            require_signatures=self.require_signatures,
            fix_platforms=self.fix_platforms,
            missing=self.missing,
            docker_manifest=self.docker_manifest,
            layers=self.layers,
            reflink=self.reflink,
            contents=self.contents,
        )

    def write_options(self) -> WriteOptions:
        """Return how outputs are written; raises `UsageError` for options that contradict each other."""
        from ocitool.api.writing import WriteOptions

        if self.force and self.no_clobber:
            raise UsageError("--force and --no-clobber contradict each other", remedy="leave one of them out")
        return WriteOptions(
            verify=self.verify,
            clobber=not self.no_clobber,
            force=self.force,
            compression=None if self.compress is None else Compression.parse(self.compress),
            digest_map=None if self.digest_map is None else Path(self.digest_map),
            before_naming=ignore_signals,
        )

    def source_options(self) -> SourceOptions:
        """Return how sources are read."""
        from ocitool.api.opening import SourceOptions

        return SourceOptions(spool_directory=self.spool_directory, ratio_limit=self.max_ratio)
