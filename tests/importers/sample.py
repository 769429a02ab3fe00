"""Build a true multi-platform image and pass it through real containerd exports.

The image holds Debian's static busybox of four architectures, so its host platform can
be run for real. Every platform has one layer of its own above one layer all share, the
shape in which a filter that drops too much does visible harm.
"""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .cache import cached_folder
from .debian import DebianError, Suite
from .layout import (
    CONFIG_TYPE,
    INDEX_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    Blobs,
    Document,
    blob_path,
    digest_of,
    encode,
    layer_tar,
    write_archive,
)

if TYPE_CHECKING:
    from pathlib import Path

    from .containerd import ContainerdServer

NAME = "docker.io/library/lab:1.0"
SAMPLE_SUITE = "bookworm"
SAMPLE_VERSION = 1
CREATED = "2024-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class SamplePlatform:
    """Pair a platform of the sample with the Debian architecture it is built from."""

    debian: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        """Return the usual spelling, such as ``linux/arm/v7``."""
        return "/".join(filter(None, ("linux", self.architecture, self.variant)))

    def document(self) -> Document:
        """Return the fields as descriptors and configs spell them."""
        fields: Document = {"architecture": self.architecture, "os": "linux"}
        return {**fields, "variant": self.variant} if self.variant else fields


PLATFORMS: tuple[SamplePlatform, ...] = (
    SamplePlatform("amd64", "amd64"),
    SamplePlatform("arm64", "arm64", "v8"),
    SamplePlatform("armhf", "arm", "v7"),
    SamplePlatform("i386", "386"),
)
MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armhf", "i686": "i386"}


def host_platform() -> SamplePlatform:
    """Return the platform of the sample this machine runs natively."""
    native = MACHINES[os.uname().machine]
    return next(platform for platform in PLATFORMS if platform.debian == native)


def greeting(platform: SamplePlatform) -> str:
    """Return the line a container of ``platform`` prints."""
    return f"hello from {platform}"


def sample_archive() -> Path:
    """Return the OCI archive of the sample as built here; equal bytes on every build."""
    folder = cached_folder("samples", f"v{SAMPLE_VERSION}", _build)
    return folder / "sample.tar"


def multi_platform_export(server: ContainerdServer) -> Path:
    """Return what ``ctr images export --all-platforms`` of this server writes."""
    return _export(server, "multi", "--all-platforms")


def sparse_export(server: ContainerdServer) -> Path:
    """Return an export of the host platform alone.

    Its index still lists the other platforms, whose blobs are absent.
    """
    return _export(server, "sparse", "--platform", str(host_platform()))


def flat_archive(target: Path) -> Path:
    """Write the host platform as an archive that every engine reads, and return it.

    index.json names the manifest itself, and a manifest.json serves docker and podman.
    """
    write_archive(target, *_flat_documents())
    return target


def _export(server: ContainerdServer, kind: str, *flags: str) -> Path:
    """Import the sample into a namespace of ``server`` and export it with ``flags``."""

    def fill(draft: Path) -> None:
        source = str(sample_archive())
        with server.namespace() as namespace:
            imported = server.ctr("images", "import", "--all-platforms", "--no-unpack", source, namespace=namespace)
            exported = server.export(NAME, draft / "export.tar", *flags, namespace=namespace)
            for step, result in (("import", imported), ("export", exported)):
                if result.returncode != 0:
                    raise RuntimeError(f"{server.label}: {step} of the sample: {result.stderr}")

    key = f"{server.label}-{server.version}-{kind}-v{SAMPLE_VERSION}"
    return cached_folder("exports", key, fill) / "export.tar"


def _build(draft: Path) -> None:
    """Write the sample as an OCI archive into the cache folder ``draft``."""
    blobs = Blobs()
    manifests = [{**_add_image(blobs, platform), "platform": platform.document()} for platform in PLATFORMS]
    index: Document = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": manifests}
    top = blobs.add(INDEX_TYPE, encode(index))
    write_archive(draft / "sample.tar", blobs, [_named(top)], None)


def _flat_documents() -> tuple[Blobs, list[Document], list[Document]]:
    """Return blobs, index.json entries and manifest.json entries of the host image."""
    blobs = Blobs()
    top = _add_image(blobs, host_platform())
    manifest = json.loads(blobs.by_digest[str(top["digest"])])
    entry: Document = {
        "Config": blob_path(manifest["config"]["digest"]),
        "RepoTags": [NAME],
        "Layers": [blob_path(layer["digest"]) for layer in manifest["layers"]],
    }
    return blobs, [_named(top)], [entry]


def _add_image(blobs: Blobs, platform: SamplePlatform) -> Document:
    """Add layers, config and manifest of one platform; return the manifest's descriptor."""
    layers = {
        "shared files": layer_tar({"etc/lab-release": b"lab 1.0\n"}, {}),
        "busybox": layer_tar({"bin/busybox": _busybox(platform)}, {"bin/sh": "busybox"}),
    }
    config = {
        "created": CREATED,
        **platform.document(),
        "config": {
            "Env": ["PATH=/bin"],
            "Cmd": ["/bin/busybox", "echo", *greeting(platform).split()],
        },
        "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers.values()]},
        "history": [{"created": CREATED, "created_by": step} for step in layers],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": blobs.add(CONFIG_TYPE, encode(config)),
        "layers": [blobs.add(LAYER_TYPE, gzip.compress(layer, mtime=0)) for layer in layers.values()],
    }
    return blobs.add(MANIFEST_TYPE, encode(manifest))


def _busybox(platform: SamplePlatform) -> bytes:
    """Return Debian's static busybox of one architecture."""
    tree = Suite(SAMPLE_SUITE, platform.debian).tree(("busybox-static",))
    for folder in ("bin", "usr/bin"):
        path = tree.root / folder / "busybox"
        if path.is_file():
            return path.read_bytes()
    raise DebianError(f"{SAMPLE_SUITE} has no static busybox for {platform.debian}")


def _named(descriptor: Document) -> Document:
    """Return ``descriptor`` with the annotations that name the image."""
    annotations = {
        "io.containerd.image.name": NAME,
        "org.opencontainers.image.ref.name": NAME.rpartition(":")[2],
    }
    return {**descriptor, "annotations": annotations}
