"""Small image layouts made in memory, for tests and for the demo.

A `Layout` collects blobs and what index.json lists; `pack` writes the tar with Python's own `tarfile`, so that the
reader under test never meets only archives of our writer.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

OCI: Final = "application/vnd.oci.image."
OCI_INDEX: Final = OCI + "index.v1+json"
OCI_MANIFEST: Final = OCI + "manifest.v1+json"
OCI_CONFIG: Final = OCI + "config.v1+json"
OCI_LAYERS_PLAIN: Final = OCI + "layer.v1.tar"
OCI_LAYER: Final = OCI + "layer.v1.tar+gzip"
DOCKER: Final = "application/vnd.docker."
DOCKER_LIST: Final = DOCKER + "distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = DOCKER + "distribution.manifest.v2+json"
DOCKER_CONFIG: Final = DOCKER + "container.image.v1+json"
DOCKER_LAYER: Final = DOCKER + "image.rootfs.diff.tar.gzip"
NAME: Final = "docker.io/library/lab:1.0"

Json = dict[str, Any]


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def as_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def platform(text: str) -> Json:
    """Parse ``os/arch[/variant]`` to a descriptor's platform object."""
    parts = text.split("/")
    return dict(zip(("os", "architecture", "variant"), parts, strict=False))


def layer_tar(name: str, content: bytes) -> bytes:
    """Make the plain tar of a layer with one file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@dataclass
class Layout:
    """An image layout under construction."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    roots: list[Json] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    index_fields: Json = field(default_factory=dict)

    def blob(self, data: bytes, media_type: str, **fields: Any) -> Json:
        digest = sha256(data)
        self.blobs[digest] = data
        return {"mediaType": media_type, "digest": digest, "size": len(data), **fields}

    def layer(self, text: str, *, docker: bool = False) -> tuple[Json, str]:
        """Add a gzip layer; return its descriptor and diff_id."""
        tar = layer_tar("file", text.encode())
        data = gzip.compress(tar, mtime=0)
        return self.blob(data, DOCKER_LAYER if docker else OCI_LAYER), sha256(tar)

    def manifest(
        self,
        platform_text: str = "linux/amd64",
        layers: Sequence[str] = ("base", "own"),
        *,
        docker: bool = False,
        config: Json | None = None,
        **fields: Any,
    ) -> Json:
        """Add an image; return its descriptor with `platform`."""
        made = [self.layer(text, docker=docker) for text in layers]
        value = platform(platform_text) | {
            "config": {"Cmd": ["/bin/true"]},
            "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in made]},
        }
        config_type = DOCKER_CONFIG if docker else OCI_CONFIG
        document = {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
            "config": self.blob(as_json(value | (config or {})), config_type),
            "layers": [descriptor for descriptor, _ in made],
        } | fields
        return self.blob(as_json(document), document["mediaType"], platform=platform(platform_text))

    def attestation(self, subject: Json, text: str = "provenance") -> Json:
        """Add an attestation manifest of `subject`, as BuildKit writes them."""
        statement = self.blob(as_json({"predicate": text, "of": subject["digest"]}), "application/vnd.in-toto+json")
        config = {
            "architecture": "unknown",
            "os": "unknown",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [statement["digest"]]},
        }
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self.blob(as_json(config), OCI_CONFIG),
            "layers": [statement],
        }
        annotations = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": subject["digest"],
        }
        return self.blob(
            as_json(document), OCI_MANIFEST, platform=platform("unknown/unknown"), annotations=annotations
        )

    def artifact(self, text: str, subject: Json | None = None, **fields: Any) -> Json:
        """Add an artifact, a referrer if it has a subject."""
        document: Json = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": "application/vnd.example.sbom",
            "config": self.blob(b"{}", "application/vnd.oci.empty.v1+json"),
            "layers": [self.blob(text.encode(), "text/plain")],
        }
        if subject is not None:
            document["subject"] = {key: subject[key] for key in ("mediaType", "digest", "size")}
        return self.blob(as_json(document), OCI_MANIFEST, **fields)

    def index(self, children: Iterable[Json], *, docker: bool = False, **fields: Any) -> Json:
        """Add an image index over `children`."""
        media_type = DOCKER_LIST if docker else OCI_INDEX
        document = {"schemaVersion": 2, "mediaType": media_type, "manifests": list(children)} | fields
        return self.blob(as_json(document), media_type)

    def add(self, descriptor: Json, name: str | None = NAME, **annotations: str) -> Layout:
        """List a descriptor in index.json, with both name annotations."""
        root = dict(descriptor)
        notes = dict(root.get("annotations", {})) | annotations
        if name is not None:
            notes |= {
                "io.containerd.image.name": name,
                "org.opencontainers.image.ref.name": name.rpartition(":")[2],
            }
        if notes:
            root["annotations"] = notes
        self.roots.append(root)
        return self

    def drop(self, *descriptors: Json) -> Layout:
        """Remove blobs that stay listed."""
        for descriptor in descriptors:
            del self.blobs[descriptor["digest"]]
        return self

    def read(self, descriptor: Json) -> Json:
        """Return the parsed JSON of a blob."""
        document: Json = json.loads(self.blobs[descriptor["digest"]])
        return document

    def entries(self) -> dict[str, bytes]:
        """Return all files of the layout in the order containerd writes them."""
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX} | self.index_fields | {"manifests": self.roots}
        blobs = {f"blobs/{digest.replace(':', '/')}": data for digest, data in sorted(self.blobs.items())}
        files = {"index.json": as_json(index), "oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
        return blobs | files | self.files

    def pack(
        self,
        *,
        order: Callable[[str], Any] | None = None,
        prefix: str = "",
        tar_format: int = tarfile.USTAR_FORMAT,
        folders: bool = False,
        without: Collection[str] = (),
    ) -> bytes:
        """Write the layout as a tar, `without` some of its entries."""
        entries = {name: data for name, data in self.entries().items() if name not in without}
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as tar:
            if folders:
                for name in ("blobs", "blobs/sha256"):
                    info = tarfile.TarInfo(prefix + name)
                    info.type, info.mode = tarfile.DIRTYPE, 0o755
                    tar.addfile(info)
            for name in sorted(entries, key=order) if order else entries:
                info = tarfile.TarInfo(prefix + name)
                info.size = len(entries[name])
                tar.addfile(info, io.BytesIO(entries[name]))
        return buffer.getvalue()


def linked(layout: Layout, kind: bytes) -> bytes:
    """Write a layout with its first layer as a link, symbolic or hard, to a file with another name."""
    index = layout.read(layout.roots[0])
    digest = layout.read(index["manifests"][0])["layers"][0]["digest"]
    place = f"blobs/{digest.replace(':', '/')}"
    buffer = io.BytesIO(Layout(layout.blobs, layout.roots, {"real": layout.blobs[digest]}).pack(without=(place,)))
    with tarfile.open(fileobj=buffer, mode="a", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo(place)
        info.type, info.linkname = kind, "real" if kind == tarfile.LNKTYPE else "../../real"
        tar.addfile(info)
    return buffer.getvalue()


def multi_platform(
    platforms: Sequence[str] = ("linux/amd64", "linux/arm64", "linux/arm/v7"),
    *,
    name: str | None = NAME,
    attested: bool = False,
    own: Callable[[str], str] = "own {}".format,
) -> Layout:
    """Make the usual export: one name, one nested index, a layer shared by all platforms and one of each."""
    layout = Layout()
    children = [layout.manifest(text, ("base", own(text))) for text in platforms]
    if attested:
        children += [layout.attestation(child) for child in children]
    return layout.add(layout.index(children), name)


def short_of_a_diff_id(text: str) -> Layout:
    """Make an image of one platform, in an index, whose config has a diff_id less than there are layers."""
    layout = Layout()
    manifest = layout.manifest(text, ("base", "own"))
    document = layout.read(manifest)
    config = layout.read(document["config"])
    config["rootfs"]["diff_ids"].pop()
    layout.drop(manifest, document["config"])
    document["config"] = layout.blob(as_json(config), document["config"]["mediaType"])
    broken = layout.blob(as_json(document), manifest["mediaType"], platform=manifest["platform"])
    return layout.add(layout.index([broken]))
