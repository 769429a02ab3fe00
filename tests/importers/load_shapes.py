"""Archives of many shapes, as small as may be, for what loads them: docker, podman and skopeo.

Each is a function, made when it is asked for; the host is linux/amd64, what is foreign linux/arm64.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from typing import TYPE_CHECKING, Final

import zstandard

from tests import docker_archives
from tests.builders import NAME, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Json, Layout, as_json, layer_tar, sha256
from tests.docker_archives import DockerArchive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOST: Final = "linux/amd64"
FOREIGN: Final = "linux/arm64"
THIRD: Final = "linux/arm/v7"
OTHER: Final = "docker.io/library/other:2.0"
FAMILIAR: Final = "lab:1.0"
REFERENCE: Final = "org.opencontainers.image.ref.name"
PLACE: Final = "io.containerd.image.name"


def docker_item(layout: Layout, manifest: Json, *tags: str) -> Json:
    """Return what manifest.json says of an image."""
    document = layout.read(manifest)
    config, *layers = (f"blobs/{part['digest'].replace(':', '/')}" for part in _parts(document))
    return {"Config": config, "RepoTags": list(tags) or None, "Layers": layers}


def _parts(document: Json) -> list[Json]:
    return [document["config"], *document["layers"]]


def with_docker(layout: Layout, *items: Json) -> Layout:
    """Add a manifest.json of some items."""
    layout.files["manifest.json"] = as_json(list(items))
    return layout


def without_platform(descriptor: Json) -> Json:
    """Return a descriptor that names no platform."""
    return {key: value for key, value in descriptor.items() if key != "platform"}


def nested(
    platforms: Sequence[str] = (HOST, FOREIGN, THIRD),
    *,
    tags: Sequence[str] | None = None,
    listed: int = 0,
    name: str | None = NAME,
    attested: bool = False,
    without: Callable[[Layout, list[Json]], None] | None = None,
    platforms_listed: bool = True,
    annotations: dict[str, str] | None = None,
) -> Layout:
    """Make one image of some platforms in an index, with a manifest.json of the one `listed` if there are tags."""
    layout = Layout()
    children = [layout.manifest(text, ("base", f"own {text}")) for text in platforms]
    if tags is not None:
        with_docker(layout, docker_item(layout, children[listed], *tags))
    proofs = [layout.attestation(child) for child in children] if attested else []
    entries = children if platforms_listed else [without_platform(child) for child in children]
    layout.add(layout.index([*entries, *proofs]), name, **(annotations or {}))
    if without is not None:
        without(layout, children)
    return layout


def flat(
    platform: str = HOST,
    *,
    tags: Sequence[str] | None = None,
    listed: bool = False,
    name: str | None = NAME,
    docker: bool = False,
    config: Json | None = None,
    annotations: dict[str, str] | None = None,
) -> Layout:
    """Make one image of one platform, which index.json lists itself, with its platform if `listed`."""
    layout = Layout()
    manifest = layout.manifest(platform, docker=docker, config=config)
    if tags is not None:
        with_docker(layout, docker_item(layout, manifest, *tags))
    return layout.add(manifest if listed else without_platform(manifest), name, **(annotations or {}))


def _absent(number: int, *, whole: bool) -> Callable[[Layout, list[Json]], None]:
    """Drop a platform's own blobs and, unless only its layer is to go, its manifest."""

    def drop(layout: Layout, children: list[Json]) -> None:
        document = layout.read(children[number])
        layout.drop(document["layers"][1], *((document["config"], children[number]) if whole else ()))

    return drop


def _lose(*numbers: int) -> Callable[[Layout, list[Json]], None]:
    def drop(layout: Layout, children: list[Json]) -> None:
        for number in numbers:
            _absent(number, whole=True)(layout, children)

    return drop


def _without_config(layout: Layout, children: list[Json]) -> None:
    layout.drop(layout.read(children[0])["config"])


def _corrupt(number: int) -> Callable[[Layout, list[Json]], None]:
    """Turn one bit of a platform's own layer, in the middle of what is compressed."""

    def flip(layout: Layout, children: list[Json]) -> None:
        digest = layout.read(children[number])["layers"][1]["digest"]
        data = bytearray(layout.blobs[digest])
        data[len(data) // 2] ^= 1
        layout.blobs[digest] = bytes(data)

    return flip


def flat_multi(*, tags: Sequence[str] | None = None) -> Layout:
    """List the platforms of one image one beside the other."""
    layout = Layout()
    made = [layout.manifest(text, ("base", f"own {text}")) for text in (HOST, FOREIGN, THIRD)]
    for manifest in made:
        layout.add(manifest)
    return layout if tags is None else with_docker(layout, docker_item(layout, made[0], *tags))


def several(*, tags: Callable[[str], str] | None = None) -> Layout:
    """Make three images of two platforms each."""
    layout = Layout()
    items = []
    for number in range(3):
        name = f"docker.io/library/image-{number}:1.0"
        children = [layout.manifest(text, ("base", f"{number} {text}")) for text in (HOST, FOREIGN)]
        layout.add(layout.index(children), name)
        if tags is not None:
            items.append(docker_item(layout, children[0], tags(name)))
    return layout if tags is None else with_docker(layout, *items)


def two_names(*, docker: bool) -> Layout:
    """Give one image two names."""
    layout = Layout()
    manifest = layout.manifest(HOST)
    for name in (NAME, OTHER):
        layout.add(without_platform(manifest), name)
    return with_docker(layout, docker_item(layout, manifest, NAME, OTHER)) if docker else layout


def zstd_layers(*, docker: bool) -> Layout:
    """Make an image whose layers are compressed by zstd."""
    layout = Layout()
    tars = [layer_tar("file", text.encode()) for text in ("base", "own")]
    config = {
        "os": "linux",
        "architecture": "amd64",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [sha256(tar) for tar in tars]},
    }
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": layout.blob(as_json(config), OCI_CONFIG),
        "layers": [layout.blob(zstandard.compress(tar), OCI_LAYER.replace("gzip", "zstd")) for tar in tars],
    }
    manifest = layout.blob(as_json(document), OCI_MANIFEST)
    layout.add(manifest)
    return with_docker(layout, docker_item(layout, manifest, NAME)) if docker else layout


def with_referrer(*, docker: bool) -> Layout:
    """List a software bill of materials beside an image."""
    layout = Layout()
    manifest = layout.manifest(HOST)
    layout.add(without_platform(manifest))
    layout.add(layout.artifact("sbom", manifest), None)
    return with_docker(layout, docker_item(layout, manifest, NAME)) if docker else layout


def artifact() -> Layout:
    """List an artifact alone."""
    layout = Layout()
    return layout.add(layout.artifact("sbom"))


def fewer_diff_ids(*, docker: bool) -> Layout:
    """Make an image of two layers whose config knows one."""
    layout = Layout()
    known = layout.read(layout.read(layout.manifest(HOST))["config"])["rootfs"]["diff_ids"]
    short = {"rootfs": {"type": "layers", "diff_ids": known[:1]}}
    return flat(config=short, tags=[NAME] if docker else None)


def stale() -> Layout:
    """Let manifest.json list what is not there."""
    layout = flat()
    gone = "blobs/sha256/" + "0" * 64
    return with_docker(layout, {"Config": gone, "RepoTags": [NAME], "Layers": [gone]})


def broken_index(data: bytes) -> Layout:
    """Make an image with an index.json of some bytes."""
    layout = nested([HOST], tags=[NAME])
    layout.files["index.json"] = data
    return layout


def empty_config() -> Layout:
    """Make an image whose config says nothing."""
    layout = Layout()
    document = layout.read(layout.manifest(HOST)) | {"config": layout.blob(b"{}", OCI_CONFIG)}
    return layout.add(layout.blob(as_json(document), OCI_MANIFEST))


def raw_docker(data: bytes, platform: str = FOREIGN, *, is_flat: bool = False) -> Layout:
    """Make an image with a manifest.json of some bytes."""
    layout = flat(platform) if is_flat else nested([platform])
    layout.files["manifest.json"] = data
    return layout


def _docker_archive(style: str, *tags: str, **fields: str) -> bytes:
    return DockerArchive(style).image(*(tags or (FAMILIAR,)), **fields).pack()


def _two_in_docker_archive() -> bytes:
    return DockerArchive().image(NAME).image(OTHER, layers=("base", "another")).pack()


SHAPES: Final[dict[str, Callable[[], bytes]]] = {
    "nested-multi": lambda: nested().pack(),
    "nested-multi docker": lambda: nested(tags=[NAME]).pack(),
    "nested-multi docker familiar": lambda: nested(tags=[FAMILIAR]).pack(),
    "nested-multi docker of a foreign platform": lambda: nested(tags=[NAME], listed=1).pack(),
    "nested-host": lambda: nested([HOST]).pack(),
    "nested-foreign": lambda: nested([FOREIGN]).pack(),
    "nested-foreign docker": lambda: nested([FOREIGN], tags=[NAME]).pack(),
    "nested-foreign docker familiar": lambda: nested([FOREIGN], tags=[FAMILIAR]).pack(),
    "nested-host docker of a bad tag": lambda: nested([HOST], tags=["UPPER:1.0"]).pack(),
    "nested-host index not JSON": lambda: broken_index(b"{").pack(),
    "flat-host config empty": lambda: empty_config().pack(),
    "nested-foreign docker empty": lambda: raw_docker(b"[]").pack(),
    "nested-foreign docker null": lambda: raw_docker(b"null").pack(),
    "flat-host docker null": lambda: raw_docker(b"null", HOST, is_flat=True).pack(),
    "flat-host docker not JSON": lambda: raw_docker(b"{", HOST, is_flat=True).pack(),
    "flat-host docker stale": lambda: stale().pack(),
    "flat-host": lambda: flat().pack(),
    "flat-host docker": lambda: flat(tags=[NAME]).pack(),
    "flat-host listed": lambda: flat(listed=True).pack(),
    "flat-host of docker's types": lambda: flat(docker=True, tags=[NAME]).pack(),
    "flat-foreign": lambda: flat(FOREIGN).pack(),
    "flat-foreign listed": lambda: flat(FOREIGN, listed=True).pack(),
    "flat-foreign docker": lambda: flat(FOREIGN, tags=[NAME]).pack(),
    "flat-multi": lambda: flat_multi().pack(),
    "flat-multi docker": lambda: flat_multi(tags=[NAME]).pack(),
    "several": lambda: several().pack(),
    "several docker": lambda: several(tags=str).pack(),
    "several docker familiar": lambda: several(tags=lambda name: name.rpartition("/")[2]).pack(),
    "two-names": lambda: two_names(docker=False).pack(),
    "two-names docker": lambda: two_names(docker=True).pack(),
    "unnamed": lambda: nested(name=None).pack(),
    "unnamed docker": lambda: nested(name=None, tags=[]).pack(),
    "bare-tag": lambda: flat(name=None, annotations={REFERENCE: "1.0"}).pack(),
    "bare-name": lambda: flat(name=None, annotations={PLACE: "lab", REFERENCE: "1.0"}).pack(),
    "familiar-name": lambda: flat(name=None, annotations={PLACE: FAMILIAR, REFERENCE: "1.0"}).pack(),
    "full-reference": lambda: flat(name=None, annotations={REFERENCE: NAME}).pack(),
    "zstd-layers": lambda: zstd_layers(docker=False).pack(),
    "zstd-layers docker": lambda: zstd_layers(docker=True).pack(),
    "outer-gzip": lambda: gzip.compress(nested(tags=[NAME]).pack(), mtime=0),
    "outer-zstd": lambda: zstandard.compress(nested(tags=[NAME]).pack()),
    "outer-xz": lambda: lzma.compress(nested(tags=[NAME]).pack()),
    "outer-bzip2": lambda: bz2.compress(nested(tags=[NAME]).pack()),
    "missing-platforms": lambda: nested(without=_lose(1, 2)).pack(),
    "missing-platforms docker": lambda: nested(tags=[NAME], without=_lose(1, 2)).pack(),
    "missing-386": lambda: nested([HOST, "linux/386"], without=_lose(1)).pack(),
    "missing-host": lambda: nested(without=_lose(0)).pack(),
    "partial-host": lambda: nested(without=_absent(0, whole=False)).pack(),
    "partial-host docker": lambda: nested(tags=[NAME], without=_absent(0, whole=False)).pack(),
    "partial-foreign docker": lambda: nested(tags=[NAME], without=_absent(1, whole=False)).pack(),
    "without-config docker": lambda: nested(tags=[NAME], without=_without_config).pack(),
    "corrupt-host": lambda: nested(without=_corrupt(0)).pack(),
    "corrupt-host docker": lambda: nested(tags=[NAME], without=_corrupt(0)).pack(),
    "corrupt-foreign docker": lambda: nested(tags=[NAME], without=_corrupt(1)).pack(),
    "attested": lambda: nested(attested=True).pack(),
    "attested docker": lambda: nested(tags=[NAME], attested=True).pack(),
    "platforms-not-listed": lambda: nested([FOREIGN, HOST], platforms_listed=False).pack(),
    "referrer": lambda: with_referrer(docker=False).pack(),
    "referrer docker": lambda: with_referrer(docker=True).pack(),
    "artifact": lambda: artifact().pack(),
    "windows docker": lambda: flat("windows/amd64", tags=[NAME]).pack(),
    "nested-windows": lambda: nested(["windows/amd64"]).pack(),
    "fewer-diff-ids": lambda: fewer_diff_ids(docker=False).pack(),
    "fewer-diff-ids docker": lambda: fewer_diff_ids(docker=True).pack(),
    "without-oci-layout docker": lambda: flat(tags=[NAME]).pack(without=["oci-layout"]),
    "docker-archive of docker before 25": lambda: _docker_archive(docker_archives.CLASSIC),
    "docker-archive of docker 25 without a tag": lambda: _docker_archive(docker_archives.DIGESTS),
    "docker-archive of skopeo": lambda: _docker_archive(docker_archives.SKOPEO, NAME),
    "docker-archive of crane": lambda: _docker_archive(docker_archives.CRANE, NAME),
    "docker-archive of zstd layers": lambda: _docker_archive(docker_archives.ZSTD_UNNAMED),
    "docker-archive of a foreign platform": lambda: _docker_archive(docker_archives.SKOPEO, NAME, os_arch=FOREIGN),
    "docker-archive in gzip": lambda: gzip.compress(_docker_archive(docker_archives.SKOPEO, NAME), mtime=0),
    "docker-archive in zstd": lambda: zstandard.compress(_docker_archive(docker_archives.SKOPEO, NAME)),
    "docker-archive in xz": lambda: lzma.compress(_docker_archive(docker_archives.SKOPEO, NAME)),
    "docker-archive of two images": _two_in_docker_archive,
}
"""By what is special about it; ` docker` stands for a manifest.json in an OCI layout."""
