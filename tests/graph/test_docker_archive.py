"""docker-archives give the graph that an OCI layout of the same image gives; what is wrong concerns one image."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.archive.reader import scan_archive
from ocitool.errors import DocumentError, NotAnArchive, TruncatedArchive, UnsupportedArchive
from ocitool.graph.build import build_graph
from ocitool.graph.image import ArchiveForm, ImageGraph, Kind, ManifestNode, State
from ocitool.model.media_type import OCI_LAYERS
from tests.builders import Layout, as_json, layer_tar, sha256
from tests.docker_archives import CLASSIC, CRANE, DIGESTS, GZIP_UNNAMED, SKOPEO, STYLES, ZSTD_UNNAMED, DockerArchive
from tests.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Sequence


def graph_of(data: bytes) -> ImageGraph:
    source = BytesSource(data)
    return build_graph(scan_archive(source), source)


def nodes_of(archive: DockerArchive) -> list[ManifestNode]:
    return [node for image in graph_of(archive.pack()).images for node in image.manifests()]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_style_is_one_image(style: str, tar_format: int) -> None:
    archive = DockerArchive(style).image("lab:1.0")
    graph = graph_of(archive.pack(tar_format=tar_format))
    assert graph.form is ArchiveForm.DOCKER_ARCHIVE
    assert graph.faults == ()
    assert graph.other_files == ()
    (image,) = graph.images
    (node,) = image.manifests()
    assert image.name == "docker.io/library/lab:1.0"
    assert (node.state, node.kind) == (State.COMPLETE, Kind.IMAGE)
    assert node.platform is not None
    assert node.platform.display == "linux/amd64"
    assert node.config is not None
    assert str(node.config.digest) == sha256(archive.configs[0])
    compression = {CRANE: "gzip", GZIP_UNNAMED: "gzip", ZSTD_UNNAMED: "zstd"}.get(style, "none")
    assert {layer.media_type for layer in node.layers} == {OCI_LAYERS[compression]}
    for descriptor in node.contents:
        entry = graph.blobs[descriptor.digest]
        source = archive.pack(tar_format=tar_format)[entry.data_offset : entry.data_offset + entry.size]
        assert sha256(source) == str(descriptor.digest)
    if compression == "none":
        assert [str(layer.digest) for layer in node.layers] == [
            sha256(layer_tar("file", text)) for text in (b"base", b"own")
        ]


def test_the_manifest_is_what_docker_25_would_have_written() -> None:
    """Same config, same layers, same order of fields: the digest that docker's own OCI layout has."""
    archive = DockerArchive(SKOPEO).image("lab:1.0")
    (node,) = nodes_of(archive)
    assert node.config is not None
    expected = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": sha256(archive.configs[0]),
            "size": len(archive.configs[0]),
        },
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": sha256(tar), "size": len(tar)}
            for tar in (layer_tar("file", b"base"), layer_tar("file", b"own"))
        ],
    }
    assert graph_of(archive.pack()).documents[node.descriptor.digest] == as_json(expected)


def test_a_layer_that_occurs_twice_is_a_link() -> None:
    archive = DockerArchive(CLASSIC).image("a:1").image("b:1", layers=("base", "other"))
    assert archive.links
    one, other = nodes_of(archive)
    assert (one.state, other.state) == (State.COMPLETE, State.COMPLETE)
    assert one.layers[0].digest == other.layers[0].digest


@pytest.mark.parametrize(
    "target", ["../absent/layer.tar", "/etc/passwd", "../../../../etc/passwd", "layer.tar", "", "x" * 4000]
)
def test_links_are_followed_nowhere_else(target: str) -> None:
    archive = DockerArchive(CLASSIC).image("a:1").image("b:1", layers=("base", "other"))
    name = next(iter(archive.links))
    archive.links[name] = target
    # The layer has another place in the archive, which its diff_id tells, so the images stay whole.
    assert [
        node.state
        for image in graph_of(archive.pack(tar_format=tarfile.GNU_FORMAT)).images
        for node in image.manifests()
    ] == [
        State.COMPLETE,
        State.COMPLETE,
    ]
    alone = DockerArchive(CLASSIC).image("a:1")
    name, data = next((name, data) for name, data in alone.files.items() if name.endswith("layer.tar"))
    del alone.files[name]
    alone.links[name] = target
    assert data
    (node,) = [
        node for image in graph_of(alone.pack(tar_format=tarfile.GNU_FORMAT)).images for node in image.manifests()
    ]
    if target in {"../absent/layer.tar", "x" * 4000}:
        assert (node.state, len(node.missing)) == (State.PARTIAL, 1)
    else:
        assert node.state is State.CORRUPT
        assert "not followed" in str(node.damages[0])


def test_names() -> None:
    archive = DockerArchive(CLASSIC)
    archive.image("lab:1.0", "registry.example:5000/a/b:2", "lab").image(layers=("untagged",))
    graph = graph_of(archive.pack())
    assert [image.name for image in graph.images] == [
        "docker.io/library/lab:1.0",
        "registry.example:5000/a/b:2",
        "docker.io/library/lab:latest",
        None,
    ]
    annotations = graph.images[1].roots[0].node.descriptor.annotations
    assert annotations["org.opencontainers.image.ref.name"] == "2"


def test_platforms_of_one_name_are_one_image() -> None:
    archive = DockerArchive(CLASSIC).image("lab:1.0").image("lab:1.0", os_arch="linux/arm64")
    (image,) = graph_of(archive.pack()).images
    assert [str(node.platform and node.platform.display) for node in image.manifests()] == [
        "linux/amd64",
        "linux/arm64",
    ]


def _without(archive: DockerArchive, suffix: str) -> DockerArchive:
    name = next(name for name in archive.files if name.endswith(suffix))
    del archive.files[name]
    return archive


@pytest.mark.parametrize(("suffix", "missing"), [("layer.tar", 1), (".json", 1)])
def test_what_is_missing_makes_it_partial(suffix: str, missing: int) -> None:
    (node,) = nodes_of(_without(DockerArchive(CLASSIC).image("lab:1.0"), suffix))
    assert (node.state, len(node.missing)) == (State.PARTIAL, missing)


def test_cut_between_two_entries_is_truncated() -> None:
    archive = _without(DockerArchive(CLASSIC).image("lab:1.0"), "layer.tar")
    with pytest.raises(TruncatedArchive):
        graph_of(archive.pack(end=False))
    assert graph_of(DockerArchive(CLASSIC).image("lab:1.0").pack(end=False)).images


def _damaged(style: str, suffix: str) -> DockerArchive:
    archive = DockerArchive(style).image("bad:1").image("good:1", layers=("fine",))
    name = next(name for name in archive.files if name.endswith(suffix))
    data = bytearray(archive.files[name])
    data[len(data) // 2] ^= 1
    archive.files[name] = bytes(data)
    return archive


@pytest.mark.parametrize(
    ("style", "suffix", "message"),
    [
        (CLASSIC, ".json", "corrupt: its bytes hash to"),
        (GZIP_UNNAMED, "layer.tar", "layer"),
        (ZSTD_UNNAMED, "layer.tar", "layer"),
        (CRANE, ".tar.gz", "layer"),
        (DIGESTS, "", ""),
    ],
)
def test_damage_is_of_one_image(style: str, suffix: str, message: str) -> None:
    bad, good = nodes_of(_damaged(style, suffix))
    assert good.state is State.COMPLETE
    if style == DIGESTS:  # a plain layer is held to its diff_id when it is copied
        assert bad.state is State.COMPLETE
    else:
        assert bad.state is State.CORRUPT
        assert message in str(bad.damages[0])


def _with_config(**fields: Any) -> DockerArchive:
    return DockerArchive(CLASSIC).image("bad:1", **fields).image("good:1", layers=("fine",))


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (_with_config(rootfs={"type": "layers", "diff_ids": [sha256(b"")]}), "2 layers, its config 1 diff_ids"),
        (_with_config(rootfs={"type": "layers", "diff_ids": ["x", "y"]}), "'x' is not a digest"),
        (_with_config(rootfs={"type": "layers"}), "has no diff_ids"),
        (_with_config(rootfs=None), "has no diff_ids"),
        (_with_config(architecture=7), "architecture"),
        (_with_config(OS="windows"), "'OS'"),
        (DockerArchive(CLASSIC).image("Not A Name").image("good:1"), "no image name"),
    ],
)
def test_bad_configs_and_names_are_of_one_image(archive: DockerArchive, message: str) -> None:
    graph = graph_of(archive.pack())
    assert graph.faults == ()
    bad, good = [node for image in graph.images for node in image.manifests()]
    assert (bad.state, good.state) == (State.CORRUPT, State.COMPLETE)
    assert message in str(bad.damages[0])


def test_a_config_named_by_nothing_that_is_missing() -> None:
    archive = DockerArchive(CLASSIC).image("bad:1")
    archive.items[0]["Config"] = "config.json"
    (node,) = nodes_of(archive)
    assert node.state is State.CORRUPT
    assert "'config.json' is not in the archive" in str(node.damages[0])


def test_a_config_may_have_any_name() -> None:
    archive = DockerArchive(CLASSIC).image("lab:1")
    archive.files["some/config"] = archive.files.pop(archive.items[0]["Config"])
    archive.items[0]["Config"] = "./some/config"
    (node,) = nodes_of(archive)
    assert node.state is State.COMPLETE


@pytest.mark.parametrize("compression", ["bz2", "xz"])
def test_compressions_without_a_media_type(compression: str) -> None:
    import bz2
    import lzma

    archive = DockerArchive(CLASSIC).image("lab:1")
    name = archive.items[0]["Layers"][0]
    plain = archive.files[name]
    archive.files[name] = bz2.compress(plain) if compression == "bz2" else lzma.compress(plain)
    (node,) = nodes_of(archive)
    assert node.state is State.CORRUPT
    assert "compressed with" in str(node.damages[0])


@pytest.mark.parametrize(
    "value",
    [{}, None, "text", [1], [{"Config": 1}], [{"Config": "a", "Layers": [1]}], [{"Config": "a", "RepoTags": "b"}]],
)
def test_a_manifest_json_that_is_none(value: object) -> None:
    archive = DockerArchive(CLASSIC).image("lab:1")
    data = archive.pack().replace(as_json(archive.items), as_json(value).ljust(len(as_json(archive.items))))
    with pytest.raises(DocumentError) as caught:
        graph_of(data)
    assert caught.value.where == "manifest.json"


def test_an_index_that_lists_something_counts_first() -> None:
    layout = Layout()
    layout.add(layout.manifest())
    layout.files["manifest.json"] = as_json(DockerArchive(CLASSIC).image("other:1").items)
    assert graph_of(layout.pack()).form is ArchiveForm.OCI_LAYOUT


def _tar(names: Sequence[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["repositories", "0123/layer.tar"], UnsupportedArchive, "docker before 1.10"),
        (["bin/sh", "etc/passwd", "usr/bin/env", "var/run", "tmp/x"], NotAnArchive, "docker export"),
        (["image/manifest.json"], NotAnArchive, "under the folder 'image'"),
        (["oci-layout", "manifest.json"], NotAnArchive, "without its index.json"),
        (["readme"], NotAnArchive, "holds no image layout"),
    ],
)
def test_what_it_is_instead(names: list[str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        graph_of(_tar(names))


@pytest.mark.parametrize(
    ("kind", "target", "name", "message"),
    [
        (tarfile.LNKTYPE, "elsewhere", None, "is a hard link, which is not followed"),
        (tarfile.SYMTYPE, "../middle", None, "is a link to another link"),
        (None, "", "/absolute/layer.tar", "has an absolute name"),
        (None, "", "linked/layer.tar", "lies under a folder that is a link"),
    ],
)
def test_links_that_are_not_followed_are_called_that(
    kind: bytes | None, target: str, name: str | None, message: str
) -> None:
    archive = DockerArchive(CLASSIC).image("lab:1", layers=("only",))
    layer = archive.items[0]["Layers"][0]
    plain = archive.files.pop(layer)
    archive.items[0]["Layers"][0] = name or layer
    buffer = io.BytesIO(archive.pack())
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        for entry, link in ((layer, target), ("middle", "elsewhere"), ("linked", "folder")):
            info = tarfile.TarInfo(entry)
            info.type, info.linkname = kind or tarfile.SYMTYPE, link
            tar.addfile(info)
        info = tarfile.TarInfo("elsewhere")
        info.size = len(plain)
        tar.addfile(info, io.BytesIO(plain))
    (node,) = [node for image in graph_of(buffer.getvalue()).images for node in image.manifests()]
    assert node.state is State.CORRUPT
    assert message in str(node.damages[0])
    assert "pack the archive again" in node.damages[0].remedy


def test_an_image_without_a_platform_is_one_all_the_same() -> None:
    (node,) = nodes_of(DockerArchive(CLASSIC).image("lab:1", os="", architecture=""))
    assert (node.kind, node.platform, node.state) == (Kind.IMAGE, None, State.COMPLETE)


def test_bombs_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    from ocitool.archive.codec import ratio

    monkeypatch.setattr(ratio, "RATIO_FREE", 3 * 1024 * 1024)
    archive = DockerArchive(GZIP_UNNAMED)
    for number in range(4):
        archive.image(f"lab:{number}", layers=(f"{number}" * 1_000_000,))
    source = BytesSource(archive.pack())
    graph = build_graph(scan_archive(source), source, ratio_limit=10)
    states = [node.state for image in graph.images for node in image.manifests()]
    assert states[0] is State.COMPLETE
    assert states[-1] is State.CORRUPT


def test_values_of_configs_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    from ocitool.errors import ArchiveError
    from ocitool.graph import content

    monkeypatch.setattr(content, "TOTAL_VALUE_LIMIT", 150)
    archive = DockerArchive(CLASSIC)
    for number in range(3):
        archive.image(f"lab:{number}", history=[number] * 60)
    with pytest.raises(ArchiveError, match="hold more than 150 values"):
        graph_of(archive.pack())
