"""Rules of images that are whole and well-formed in themselves: names, platforms, what docker reads, who refers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocitool.check.docker_manifest import docker_manifest_problems
from ocitool.check.names import name_problems
from ocitool.check.platforms import platform_problems
from ocitool.check.report import Place, Problem
from ocitool.check.subjects import subject_problems
from ocitool.graph.image import Kind
from ocitool.model.media_type import layer_compression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.check.checked import CheckedArchive
    from ocitool.graph.image import Image


def image_problems(archive: CheckedArchive) -> Iterator[Problem]:
    """Yield what importers make of images, one area after the other."""
    yield from name_problems(archive)
    yield from platform_problems(archive)
    for image in archive.graph.images:
        yield from _compression_problems(image)
    yield from docker_manifest_problems(archive)
    yield from subject_problems(archive)


def _compression_problems(image: Image) -> Iterator[Problem]:
    """Find layers that old engines do not unpack (I10), once for an image."""
    layers = {
        layer.digest
        for node in image.manifests()
        if node.kind is Kind.IMAGE
        for layer in node.layers
        if layer_compression(layer.media_type) == "zstd"
    }
    if layers:
        yield Problem(
            "I10",
            f"{image.label} has {len(layers)} layer(s) of zstd: ctr below 1.5 and docker below 23 do not unpack them",
            Place("", "", image.label),
        )
