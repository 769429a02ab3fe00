"""Imports into a program that stands in for ctr: what it gets, byte for byte, and what becomes of its exit code."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import zstandard

from ocitool.adapters.clients import make_client
from ocitool.advice import importers
from ocitool.advice.version import Version
from ocitool.api.filtering import filter_archive
from ocitool.api.import_client import ClientOptions, Identity
from ocitool.api.import_plan import ImportOptions
from ocitool.api.importing import import_archive, target_of
from ocitool.errors import ChangedSource, ImporterError, IntegrityError
from ocitool.model.platform import Platform
from ocitool.plan.filter_command import Rewrite
from ocitool.plan.verbatim import plan_verbatim
from tests.api.simple_importer import SimpleImporter
from tests.api.test_import_plan import zstd_layout
from tests.builders import NAME, OCI_LAYERS_PLAIN, OCI_MANIFEST, Layout, as_json, multi_platform
from tests.laws.filtering import graph_of
from tests.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocitool.api.import_report import ImportResult

BIG = 3 * 1024 * 1024


@pytest.fixture(autouse=True)
def simple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(importers.IMPORTERS, "ctr", SimpleImporter())


def big_layout() -> Layout:
    """Make an image with a layer that is more than a pipe holds."""
    layout = Layout()
    layer = layout.blob(bytes(range(256)) * (BIG // 256), OCI_LAYERS_PLAIN)
    manifest = layout.manifest(layers=())
    document = layout.read(manifest) | {"layers": [layer]}
    return layout.add(layout.index([layout.blob(as_json(document), OCI_MANIFEST, platform=manifest["platform"])]))


def run(stand_in: StandIn, source: Path, options: ImportOptions | None = None) -> ImportResult:
    client = make_client("ctr", ClientOptions(str(stand_in.path)))
    return import_archive(source, options or ImportOptions(), client)


def saved(folder: Path, layout: Layout) -> Path:
    path = folder / "image.tar"
    path.write_bytes(layout.pack())
    return path


@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, zstandard.compress, lzma.compress, bz2.compress],
    ids=["plain", "gzip", "zstd", "xz", "bzip2"],
)
def test_archive_goes_as_it_is(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    data = multi_platform().pack()
    (tmp_path / "image").write_bytes(pack(data))
    stand_in = StandIn(tmp_path / "ctr")
    result = run(stand_in, tmp_path / "image")
    assert (result.exit_code, stand_in.fed) == (0, data)
    assert stand_in.calls[:2] == ["version", "images import -"]


def test_what_is_beside_the_blobs_goes_too(tmp_path: Path) -> None:
    layout = multi_platform()
    layout.files["README"] = b"hello" * 1000
    source = saved(tmp_path, layout)
    source.write_bytes(source.read_bytes() + bytes(4096))
    stand_in = StandIn(tmp_path / "ctr")
    run(stand_in, source)
    assert stand_in.fed == source.read_bytes()


@pytest.mark.parametrize("platforms", ["linux/arm64", "linux/amd64,linux/arm64"])
def test_platforms_are_filtered_on_the_way(tmp_path: Path, platforms: str) -> None:
    source = saved(tmp_path, multi_platform())
    filter_archive(source, tmp_path / "expected.tar", Rewrite("", (platforms,)).options())
    stand_in = StandIn(tmp_path / "ctr")
    result = run(stand_in, source, ImportOptions((platforms,)))
    assert (result.exit_code, stand_in.fed) == (0, (tmp_path / "expected.tar").read_bytes())


def test_folder_becomes_an_archive(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(multi_platform().pack())) as tar:
        tar.extractall(tmp_path / "layout", filter="data")
    filter_archive(tmp_path / "layout", tmp_path / "expected.tar", Rewrite("", ("available",)).options())
    stand_in = StandIn(tmp_path / "ctr")
    run(stand_in, tmp_path / "layout")
    assert stand_in.fed == (tmp_path / "expected.tar").read_bytes()


@pytest.mark.parametrize("code", [1, 7, 137])
def test_exit_code_is_the_importers(tmp_path: Path, code: int) -> None:
    stand_in = StandIn(tmp_path / "ctr", code=code)
    result = run(stand_in, saved(tmp_path, multi_platform()))
    assert (result.exit_code, result.is_done) == (code, False)
    assert [image.stored for image in result.images] == [None]


@pytest.mark.parametrize("code", [0, 3])
def test_importer_that_ends_early(tmp_path: Path, code: int) -> None:
    stand_in = StandIn(tmp_path / "ctr", reads="data = sys.stdin.buffer.read(1000)", code=code)
    assert run(stand_in, saved(tmp_path, big_layout())).exit_code == code


@pytest.mark.parametrize("options", [ImportOptions(), ImportOptions(("linux/amd64",))], ids=["as it is", "filtered"])
def test_corrupt_layer_is_cut(tmp_path: Path, options: ImportOptions) -> None:
    layout = big_layout()
    (digest,) = [digest for digest, data in layout.blobs.items() if len(data) == BIG]
    layout.blobs[digest] = layout.blobs[digest][:-1] + b"x"
    source = saved(tmp_path, layout)
    stand_in = StandIn(tmp_path / "ctr")
    with pytest.raises(IntegrityError, match="linux/amd64"):
        run(stand_in, source, options)
    assert stand_in.fed is not None
    assert len(stand_in.fed) < BIG
    with pytest.raises(tarfile.ReadError):
        _read_whole(stand_in.fed)


def _read_whole(data: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for entry in tar:
            file = tar.extractfile(entry)
            assert file is None or len(file.read()) == entry.size


def test_blob_of_no_image_may_be_anything(tmp_path: Path) -> None:
    layout = multi_platform()
    layout.blobs["sha256:" + "0" * 64] = b"not what it is called"
    stand_in = StandIn(tmp_path / "ctr")
    assert run(stand_in, saved(tmp_path, layout)).exit_code == 0


def test_source_that_changes_is_no_whole_archive(tmp_path: Path) -> None:
    """All blobs have gone through when that is found: the end must not look like one."""
    source = saved(tmp_path, multi_platform())
    reads = f"""
data = sys.stdin.buffer.read(1)
os.utime({str(source)!r}, (1, 1))
data += sys.stdin.buffer.read()
"""
    source.write_bytes(saved(tmp_path, big_layout()).read_bytes())
    size = source.stat().st_size
    stand_in = StandIn(tmp_path / "ctr", reads=reads)
    with pytest.raises(ChangedSource):
        run(stand_in, source)
    assert stand_in.fed is not None
    assert len(stand_in.fed) < size
    assert stand_in.fed.endswith(b"\xff")


def test_nothing_is_started_for_what_cannot_be_read(tmp_path: Path) -> None:
    layout = multi_platform()
    layout.drop(layout.read(layout.read(layout.roots[0])["manifests"][0])["layers"][1])
    stand_in = StandIn(tmp_path / "ctr")
    with pytest.raises(IntegrityError):
        run(stand_in, saved(tmp_path, layout), ImportOptions(("linux/amd64",)))
    assert stand_in.calls == ["version"]


def test_daemon_is_asked_before_the_archive_is_read(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path / "ctr", version_code=1, complaint="refused")
    with pytest.raises(ImporterError):
        run(stand_in, tmp_path / "no such file")


def test_what_is_there_afterwards(tmp_path: Path) -> None:
    layout = multi_platform()
    manifest = layout.read(layout.read(layout.roots[0])["manifests"][0])
    blobs = [manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]
    digest = layout.roots[0]["digest"]
    source = saved(tmp_path, layout)
    stand_in = StandIn(tmp_path / "ctr").holds((NAME, digest), blobs=(*blobs, digest))
    result = run(stand_in, source)
    (found,) = result.images
    assert found.stored is not None
    assert (found.stored.digest, found.stored.is_unpacked, found.whole, found.lacking) == (
        digest,
        True,
        ("linux/amd64",),
        (),
    )
    assert result.is_done
    (lacking,) = run(stand_in.holds((NAME, digest), blobs=tuple(blobs[:-1])), source).images
    assert (lacking.whole, lacking.lacking, lacking.is_there) == ((), ("linux/amd64",), False)
    result = run(stand_in.holds(), source)
    assert [image.stored for image in result.images] == [None]
    assert not result.is_done


def test_layers_that_were_packed_anew_make_another_image(tmp_path: Path) -> None:
    """The one that is listed in the archive is from before, then."""
    source = saved(tmp_path, zstd_layout())
    stand_in = StandIn(tmp_path / "ctr")
    run(stand_in, source)
    assert stand_in.fed is not None
    fed = graph_of(stand_in.fed)
    (made,), (before,) = (
        [str(root.node.descriptor.digest) for root in image.roots]
        for image in (*fed.images, *graph_of(source.read_bytes()).images)
    )
    assert made != before
    blobs = tuple(map(str, fed.blobs))
    assert run(stand_in.holds((NAME, made), blobs=blobs), source).is_done
    (found,) = run(stand_in.holds((NAME, before), blobs=blobs), source).images
    assert (found.is_other, found.is_there) == (True, False)


def test_verbatim_has_every_byte_once() -> None:
    layout = multi_platform(attested=True)
    data = layout.pack()
    graph = graph_of(data)
    verbatim = plan_verbatim(graph, len(data))
    position = 0
    for step in verbatim.steps():
        assert step.offset == position
        position += step.content.size
    assert position == len(data)
    assert {str(blob.digest) for blob in verbatim.blobs} == set(layout.blobs)


def test_store_of_docker_decides_which_importer_it_is() -> None:
    identity = Identity(Version(28), Version(28), Platform("linux", "amd64"))
    assert target_of("docker", identity).importer == "docker"
    assert target_of("docker", replace(identity, is_containerd_store=True)).importer == "docker-containerd"
