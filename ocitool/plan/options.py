"""What a user asked of a filter, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from ocitool.errors import UsageError
from ocitool.model.reference import ImageFilter
from ocitool.model.renaming import Renaming

if TYPE_CHECKING:
    from ocitool.model.platform_selection import PlatformSelection


class IndexForm(Enum):
    """How index.json refers to the platforms of an image.

    `FLAT` points straight at one manifest, `NESTED` at an image index, `KEEP` at the original index with its
    digest, even where it lists what is no longer there; `AUTO` is flat for one platform, else nested.
    """

    AUTO = "auto"
    NESTED = "nested"
    FLAT = "flat"
    KEEP = "keep"


class Followers(Enum):
    """Whether attestations or referrers go with their subject."""

    FOLLOW = "follow"
    DROP = "drop"


class Missing(Enum):
    """What to do about an image that lacks a wanted platform."""

    ERROR = "error"
    SKIP = "skip"


class Layers(Enum):
    """What becomes of the layers' compression: left as it is, or made anew where it is another one."""

    KEEP = "keep"
    GZIP = "gzip"
    ZSTD = "zstd"


class DockerManifest(Enum):
    """Whether to write the manifest.json that docker's classic store reads."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Reflink(Enum):
    """Whether an output shares blocks with its source, on file systems that can (XFS, btrfs).

    `AUTO` places large blobs so that they can be shared, on any file system, and copies where they are not; `ALWAYS`
    is an error there. `NEVER` places nothing so, and the same content has the same bytes wherever it comes from.
    """

    NEVER = "never"
    AUTO = "auto"
    ALWAYS = "always"


class Contents(Enum):
    """Whether an archive begins with a table of contents, a comment that spares readers far away a scan.

    `AUTO` writes it wherever it is not too large. With `NEVER` an output of short names is plain ustar throughout.
    """

    AUTO = "auto"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """All that decides what a filtered archive holds.

    Attestations and referrers left to None follow where the index form can hold them; an explicit `FOLLOW` asks
    for a form that can, and keeps referrers beside a flat image. `require_signatures` refuses an output that lacks
    anything which refers to what is in it, unless an option says that it is to be dropped. `fix_platforms` lists
    images as the platforms that their configs say.
    """

    platforms: PlatformSelection
    images: ImageFilter = field(default_factory=ImageFilter)
    index: IndexForm = IndexForm.AUTO
    attestations: Followers | None = None
    referrers: Followers | None = None
    require_signatures: bool = False
    fix_platforms: bool = False
    missing: Missing = Missing.ERROR
    docker_manifest: DockerManifest = DockerManifest.AUTO
    layers: Layers = Layers.KEEP
    renaming: Renaming = field(default_factory=Renaming)
    reflink: Reflink = Reflink.NEVER
    contents: Contents = Contents.AUTO

    def __post_init__(self) -> None:
        """Raise `UsageError` for options that contradict each other."""
        if self.require_signatures and self.referrers is Followers.DROP:
            raise UsageError(
                "--require-signatures and --referrers drop contradict each other", remedy="leave one of them out"
            )
        if self.fix_platforms and self.index is IndexForm.KEEP:
            raise UsageError(
                "--fix-platforms changes the index that --index keep is to keep", remedy="leave one of them out"
            )


class SplitBy(Enum):
    """What gets an archive of its own."""

    PLATFORM = "platform"
    IMAGE = "image"
    IMAGE_PLATFORM = "image,platform"


def parse_split_by(text: str) -> SplitBy:
    """Read `image`, `platform` or both with a comma, in any order; raises `UsageError` for anything else."""
    words = sorted(word.strip() for word in text.split(","))
    try:
        return SplitBy(",".join(words))
    except ValueError:
        raise UsageError(
            f"--by {text!r} is none of platform, image, or image,platform", remedy="leave it out for one a platform"
        ) from None


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """How a split divides and names its parts.

    `template` None is the usual one for `by`; `stem` and `extension` are what its fields of those names stand for.
    With `max_size` as many images as fit go into each archive of at most that many bytes before any compression.
    """

    by: SplitBy = SplitBy.PLATFORM
    template: str | None = None
    stem: str = ""
    extension: str = ".tar"
    max_size: int | None = None

    def __post_init__(self) -> None:
        """Raise `UsageError` for parts that would not each import alone."""
        if self.max_size is not None and self.by is SplitBy.IMAGE_PLATFORM:
            raise UsageError(
                "--max-size puts images together, and --by image,platform apart",
                remedy="take --by image or --by platform with it",
            )
