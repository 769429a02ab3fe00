"""The commands that mend what messages are about, the best first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.advice.messages.exports import ALL, ONE
from ocitool.plan.filter_command import Rewrite
from ocitool.plan.full_names import new_name, old_name
from ocitool.plan.options import Followers, Layers, Missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.graph.image import Image

EXPORT_ALL: Final = f"export it again after a full pull: {ALL}"
EXPORT_PLATFORM: Final = f"export it again after a pull for the platform: {ONE}"
TRANSFER: Final = "compare its size and checksum with the original, and transfer it again"
_IMAGES_IN_COMMAND: Final = 8


def what_is_there(advice: str = "keep the complete platforms only", otherwise: str = "") -> Iterator[Rewrite]:
    """Yield what leaves out all that is not whole."""
    for missing in (Missing.ERROR, Missing.SKIP):
        yield Rewrite(advice, ("available",), missing=missing, otherwise=otherwise)


def one_platform(platforms: Sequence[str], otherwise: str = "") -> Iterator[Rewrite]:
    """Yield what keeps one platform alone, which imports on a host of any platform; the first that can be kept."""
    for platform in platforms:
        for missing in (Missing.ERROR, Missing.SKIP):
            yield Rewrite(f"keep {platform} alone", (platform,), missing=missing, otherwise=otherwise)


def written_again(advice: str = "write it again", output: str = "OUT", otherwise: str = "") -> Iterator[Rewrite]:
    """Yield what writes all of it again, or what is whole of it."""
    yield Rewrite(advice, output=output, otherwise=otherwise)
    for missing in (Missing.ERROR, Missing.SKIP):
        text = f"{advice}, with the complete platforms"
        yield Rewrite(text, ("available",), missing=missing, output=output, otherwise=otherwise)


def with_gzip() -> Iterator[Rewrite]:
    """Yield what compresses layers in the way that every importer reads."""
    for platforms in (("all",), ("available",)):
        yield Rewrite("compress them with gzip", platforms, layers=Layers.GZIP)


def without_attestations() -> Iterator[Rewrite]:
    """Yield what leaves attestations out."""
    for platforms in (("all",), ("available",)):
        yield Rewrite("leave attestations out", platforms, attestations=Followers.DROP)


def without_artifacts() -> Iterator[Rewrite]:
    """Yield what leaves out what refers to images."""
    for platforms in (("all",), ("available",)):
        yield Rewrite("leave artifacts out", platforms, referrers=Followers.DROP, attestations=Followers.DROP)


def fixed_platforms() -> Iterator[Rewrite]:
    """Yield what lists images as the platforms that their configs say."""
    for platforms in (("all",), ("available",)):
        yield Rewrite("list what the configs say", platforms, fix_platforms=True)


def one_image(images: Sequence[Image]) -> Iterator[Rewrite]:
    """Yield what keeps one image alone."""
    for image in images[:_IMAGES_IN_COMMAND]:
        if image.name:
            for platforms in (("all",), ("available",)):
                yield Rewrite("keep one image in an archive", platforms, images=(image.name,))


def with_names(images: Sequence[Image]) -> Iterator[Rewrite]:
    """Yield what gives images full names."""
    if not images or len(images) > _IMAGES_IN_COMMAND:
        return
    advice = "give it a full name" if len(images) == 1 else "give each a full name"
    for platforms in (("all",), ("available",)):
        if len(images) == 1:
            yield Rewrite(advice, platforms, name=new_name(images[0]))
        renames = tuple((old_name(image), new_name(image)) for image in images)
        yield Rewrite(advice, platforms, renames=renames)
