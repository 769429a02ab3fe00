"""Archives of the shapes that the matrix was measured with, and those beside them."""

from __future__ import annotations

import bz2
import gzip
import lzma

import zstandard

from tests.builders import (
    Layout,
)

from .advice_parts import (
    FOREIGN,
    HOST,
    THREE,
    ZSTD_LAYER,
    compressed_layer,
    nested,
    own_parts,
    shape,
    with_layers,
    without_platform,
)


@shape("nested-multi")
def _() -> Layout:
    return nested(*THREE)


@shape("nested-host")
def _() -> Layout:
    return nested(HOST)


@shape("nested-foreign")
def _() -> Layout:
    return nested(FOREIGN)


@shape("flat-host")
def _() -> Layout:
    layout = Layout()
    return layout.add(without_platform(layout.manifest(HOST)))


@shape("flat-foreign")
def _() -> Layout:
    layout = Layout()
    return layout.add(without_platform(layout.manifest(FOREIGN)))


@shape("flat-foreign-platform")
def _() -> Layout:
    layout = Layout()
    return layout.add(layout.manifest(FOREIGN))


@shape("flat-host-platform")
def _() -> Layout:
    layout = Layout()
    return layout.add(layout.manifest(HOST))


@shape("flat-multi")
def _() -> Layout:
    layout = Layout()
    for text in THREE:
        layout.add(layout.manifest(text, ("base", f"own {text}")))
    return layout


@shape("missing-platforms")
def _() -> Layout:
    layout = nested(*THREE)
    for child in layout.read(layout.roots[0])["manifests"][1:]:
        layout.drop(*own_parts(layout, child))
    return layout


@shape("missing-386")
def _() -> Layout:
    layout = nested(HOST, "linux/386", FOREIGN)
    for child in layout.read(layout.roots[0])["manifests"][1:]:
        layout.drop(*own_parts(layout, child))
    return layout


@shape("nested-attested")
def _() -> Layout:
    return nested(*THREE, attested=True)


@shape("zstd-layers")
def _() -> Layout:
    layout = Layout()
    children = []
    for text in THREE:
        layers = [compressed_layer(layout, each, ZSTD_LAYER) for each in ("base", f"own {text}")]
        children.append(with_layers(layout, layers, text))
    return layout.add(layout.index(children))


@shape("outer-gzip")
def _() -> bytes:
    return gzip.compress(nested(*THREE).pack(), mtime=0)


@shape("outer-zstd")
def _() -> bytes:
    return zstandard.compress(nested(*THREE).pack())


@shape("outer-xz")
def _() -> bytes:
    return lzma.compress(nested(*THREE).pack())


@shape("outer-bzip2")
def _() -> bytes:
    return bz2.compress(nested(*THREE).pack())


@shape("unnamed")
def _() -> Layout:
    return nested(*THREE, name=None)


@shape("bare-name")
def _() -> Layout:
    layout = nested(HOST)
    layout.roots[0]["annotations"]["io.containerd.image.name"] = "lab"
    return layout


@shape("bad-docker-manifest")
def _() -> Layout:
    layout = nested(HOST)
    layout.files["manifest.json"] = b'[{"Config":'
    return layout


@shape("docker-manifest-of-another-form")
def _() -> Layout:
    layout = nested(HOST)
    layout.files["manifest.json"] = b'{"Config":"blobs"}'
    return layout
