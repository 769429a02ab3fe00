"""Layers compressed anew: what they hold and the configs stay; the rest is consistent and the same each time."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ocitool.api import FilterOptions, Layers, Missing, PlatformSelection, filter_archive
from ocitool.errors import SelectionError
from tests.builders import DOCKER_MANIFEST, sha256
from tests.docker_archives import STYLES, DockerArchive
from tests.laws.walker import MANIFEST_WORDS, Walked
from tests.strategies import Archive, archives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocitool.api import FilterResult

MAGIC = {Layers.GZIP: b"\x1f\x8b", Layers.ZSTD: b"\x28\xb5\x2f\xfd"}


def recompress(data: bytes, layers: Layers, *wanted: str, **fields: Any) -> tuple[bytes, FilterResult]:
    """Filter `data` through the API, as spools are needed."""
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name, "in.tar"), Path(name, "out.tar")
        source.write_bytes(data)
        selection = PlatformSelection.parse(wanted or ["available"])
        options = FilterOptions(selection, missing=Missing.SKIP, layers=layers, **fields)
        result = filter_archive(source, target, options)
        assert [path.name for path in Path(name).iterdir() if path.name not in {"in.tar", "out.tar"}] == []
        return target.read_bytes(), result


def unpacked(data: bytes) -> bytes:
    """Return the plain bytes of a layer."""
    if data.startswith(MAGIC[Layers.GZIP]):
        return gzip.decompress(data)
    if data.startswith(MAGIC[Layers.ZSTD]):
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data


def images(walked: Walked) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield manifest and config of every image."""
    import json

    for descriptor in walked.descriptors():
        if any(word in descriptor["mediaType"] for word in MANIFEST_WORDS) and "list" not in descriptor["mediaType"]:
            manifest = json.loads(walked.blobs[descriptor["digest"]])
            config = json.loads(walked.blobs[manifest["config"]["digest"]])
            if "rootfs" in config and config["os"] != "unknown":  # which attestations have as well
                assert manifest["mediaType"] == descriptor["mediaType"]
                yield manifest, config


def assert_recompressed(output: bytes, layers: Layers) -> None:
    walked = Walked(output)
    walked.assert_right()
    for manifest, config in images(walked):
        blobs = [walked.blobs[layer["digest"]] for layer in manifest["layers"]]
        assert [sha256(unpacked(blob)) for blob in blobs] == config["rootfs"]["diff_ids"]
        assert all(blob.startswith(MAGIC[layers]) for blob in blobs)
        assert all(layer["mediaType"].endswith(layers.value) for layer in manifest["layers"])


def configs(data: bytes) -> set[str]:
    return {manifest["config"]["digest"] for manifest, _ in images(Walked(data))}


@given(archives(), st.sampled_from([Layers.GZIP, Layers.ZSTD]))
def test_contents_and_configs_stay(archive: Archive, layers: Layers) -> None:
    try:
        output, result = recompress(archive.data, layers)
    except SelectionError:
        return
    assert_recompressed(output, layers)
    kept, _ = recompress(archive.data, Layers.KEEP)
    assert configs(output) == configs(kept)
    assert recompress(archive.data, layers)[0] == output
    assert recompress(output, layers)[0] == output
    assert not any(str(new) == str(old) for old, new in result.digest_map.items())


@given(archives(artifacts=False))
def test_there_and_back(archive: Archive) -> None:
    """Gzip of the same contents is the same, whichever way it came."""
    try:
        forth, _ = recompress(archive.data, Layers.ZSTD)
    except SelectionError:
        return
    assert DOCKER_MANIFEST.encode() not in b"".join(Walked(forth).blobs.values())
    back, _ = recompress(forth, Layers.GZIP)
    assert_recompressed(back, Layers.GZIP)
    assert configs(back) == configs(forth)


@given(st.sampled_from(STYLES), st.sampled_from([Layers.GZIP, Layers.ZSTD]))
def test_docker_archives_too(style: str, layers: Layers) -> None:
    archive = DockerArchive(style).image("a:1").image("b:1", layers=("base", "other"))
    output, _ = recompress(archive.pack(), layers)
    assert_recompressed(output, layers)
    assert configs(output) == {sha256(config) for config in archive.configs}
