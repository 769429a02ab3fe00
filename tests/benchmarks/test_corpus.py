"""Archives to measure with are archives that are right."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from benchmarks import layers
from benchmarks.corpus import Recipe, make_corpus, many_platforms, write_kept, write_layers
from benchmarks.layers import GZIP_TEXT, GZIP_TREE, PLAIN_NOISE, PLAIN_TEXT, STORED_NOISE, LayerKind, write_layer
from ocitool.api import FilterOptions, PlatformSelection, filter_archive
from tests.command import ocitool

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {
    "stored-noise": STORED_NOISE,
    "plain-noise": PLAIN_NOISE,
    "plain-text": PLAIN_TEXT,
    "gzip-text": GZIP_TEXT,
    "gzip-tree": GZIP_TREE,
}
SIZE = 70_000


@pytest.fixture(autouse=True)
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pools repeat within a small layer, and a tree of two files instead of the machine's."""
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "a").write_bytes(b"a" * 40_000)
    (tree / "sub" / "b").write_bytes(bytes(40_000))
    (tree / "link").symlink_to("a")
    monkeypatch.setattr(layers, "TREE", tree)
    monkeypatch.setattr(layers, "POOL_SIZE", 20_000)
    monkeypatch.setattr(layers, "_STRIDE", 7_000)
    layers._tree_piece.cache_clear()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_verified_and_filtered(kind: LayerKind, tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path / "multi.tar", Recipe(SIZE, 2, kind))
    checked = ocitool("verify", "--deep", "--format", "json", corpus.path)
    assert checked.returncode == 0, checked.stdout
    options = FilterOptions(PlatformSelection.parse(["linux/arm64"]))
    kept = filter_archive(corpus.path, tmp_path / "out.tar", options).plan.size
    assert 0 <= kept - corpus.size("linux/arm64") < 16 * 1024
    assert write_kept(corpus, "linux/arm64", tmp_path / "kept").stat().st_size == corpus.size("linux/arm64")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_digests_are_those_of_blob_and_plain_tar(kind: LayerKind) -> None:
    file = io.BytesIO()
    layer = write_layer(file, kind, SIZE, "linux/arm64 0")
    blob = file.getvalue()
    plain = blob if kind.level is None else gzip.decompress(blob)
    assert (len(blob), hashlib.sha256(blob).hexdigest()) == (layer.size, layer.blob)
    assert hashlib.sha256(plain).hexdigest() == layer.plain
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        assert sum(member.size for member in tar) >= SIZE


def test_layers_of_a_tree_differ_by_their_seed_alone() -> None:
    made = []
    for seed in ("linux/arm64 0", "linux/amd64 0"):
        file = io.BytesIO()
        write_layer(file, GZIP_TREE, SIZE, seed)
        made.append(gzip.decompress(file.getvalue()))
    assert made[0] != made[1]
    assert made[0][512:] == made[1][512:]


def test_images_have_names_and_platforms_of_their_own(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path / "multi.tar", Recipe(100, kind=PLAIN_NOISE, platforms=many_platforms(6), images=3))
    report = json.loads(ocitool("inspect", "--format", "json", corpus.path).stdout)
    assert len(report["images"]) == 3
    assert {len(image["manifests"]) for image in report["images"]} == {6}
    assert len({image["name"] for image in report["images"]}) == 3


def test_layers_are_written_one_by_one(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path / "multi.tar", Recipe(1_000, 2, PLAIN_NOISE))
    files = write_layers(corpus, tmp_path / "layers")
    assert len(files) == 8
    assert {hashlib.sha256(file.read_bytes()).hexdigest() for file in files} == {file.name[7:] for file in files}
