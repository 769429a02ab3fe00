"""The `filter` commands that may make an archive import where it does not as it is."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from ocitool.graph.image import Kind
from ocitool.model.media_type import layer_compression
from ocitool.model.reference import has_reference_separator
from ocitool.plan.filter_command import Rewrite
from ocitool.plan.full_names import new_name, old_name
from ocitool.plan.options import Followers, Layers, Missing
from ocitool.plan.subjects import is_follower

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocitool.advice.facts import ArchiveFacts
    from ocitool.graph.image import Image
    from ocitool.model.platform import Platform

_NAMED_AT_ONCE: Final = 10
"""Images that one command names; more of them are named where the archive is made."""


def mending_rewrites(facts: ArchiveFacts, wanted: Sequence[Platform]) -> tuple[Rewrite, ...]:
    """Return the commands that are worth a look, those that change least first.

    All leave out what is not wanted; names, `--missing skip`, `--referrers drop` and `--layers gzip` come in where
    the archive has what they are for.
    """
    platforms = tuple(dict.fromkeys(platform.display for platform in wanted))
    images = facts.graph.images
    layers = (Layers.KEEP, Layers.GZIP) if _has_zstd_layers(images) else (Layers.KEEP,)
    referrers = (None, Followers.DROP) if any(image.is_artifact for image in images) else (None,)
    found: list[Rewrite] = []
    for choice in product(layers, referrers, (Missing.ERROR, Missing.SKIP), _namings(images)):
        layer, referrer, missing, (name, renames) = choice
        advice = "; ".join(_advice(layer, referrer, missing, is_named=bool(name or renames)))
        found.append(
            Rewrite(advice, platforms, missing=missing, layers=layer, referrers=referrer, name=name, renames=renames)
        )
    return tuple(sorted(found, key=lambda rewrite: len(rewrite.command.split())))


def _advice(layers: Layers, referrers: Followers | None, missing: Missing, *, is_named: bool) -> Iterator[str]:
    yield "ship only what is wanted"
    if missing is Missing.SKIP:
        yield "leave out images that lack it"
    if referrers is Followers.DROP:
        yield "leave out what is no image"
    if layers is Layers.GZIP:
        yield "pack layers as gzip, which gives new digests"
    if is_named:
        yield "give each image its full name"


def _namings(images: Sequence[Image]) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Yield values for `--name` and `--rename`: none, and what gives a full name to all that lack one."""
    yield "", ()
    nameless = [image for image in images if not has_reference_separator(image.name or "")]
    nameless = [image for image in nameless if not is_follower(image)]
    if not nameless or len(nameless) > _NAMED_AT_ONCE:
        return
    if len(nameless) == len(images) == 1:
        yield new_name(nameless[0]), ()
    else:
        yield "", tuple((old_name(image), new_name(image)) for image in nameless)


def _has_zstd_layers(images: Sequence[Image]) -> bool:
    return any(
        layer_compression(layer.media_type) == "zstd"
        for image in images
        for node in image.manifests()
        if node.kind is Kind.IMAGE
        for layer in node.layers
    )
