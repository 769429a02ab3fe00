"""Layers and images for the tests of `--deep`, made with Python's own tarfile."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import zstandard

from ocitool.api.verifying import VerifyOptions, verify_archive
from ocitool.check.catalogue import RULES
from ocitool.check.rule import Profile, Stage
from tests.builders import (
    NAME,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_LAYERS_PLAIN,
    OCI_MANIFEST,
    Layout,
    as_json,
    platform,
    sha256,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ocitool.check.report import Finding, Report

OCI_LAYER_ZSTD: Final = "application/vnd.oci.image.layer.v1.tar+zstd"
FILE, FOLDER, SYMBOLIC, HARD = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
EM_X86_64: Final = 62
EM_AARCH64: Final = 183


def member(name: str, data: bytes = b"", kind: bytes = FILE, **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    info.mode = 0o755 if kind == FOLDER else 0o644
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def symbolic(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, kind=SYMBOLIC, linkname=target)


def hard(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, kind=HARD, linkname=target)


def tar_of(*members: tuple[tarfile.TarInfo, bytes], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def elf(machine: int, *, bits: int = 64, big: bool = False) -> bytes:
    """Make the header of a program, with a little behind it."""
    ident = b"\x7fELF" + bytes([bits // 32, 1 + big, 1]) + bytes(9)
    return ident + struct.pack(">HH" if big else "<HH", 2, machine) + bytes(100)


@dataclass(frozen=True)
class Packed:
    """A layer as it is listed: its bytes, its media type, what its config says it unpacks to."""

    data: bytes
    media_type: str = OCI_LAYER
    diff_id: str = ""


def gzipped(tar: bytes, diff_id: str = "") -> Packed:
    return Packed(gzip.compress(tar, mtime=0), OCI_LAYER, diff_id or sha256(tar))


def plain(tar: bytes, diff_id: str = "") -> Packed:
    return Packed(tar, OCI_LAYERS_PLAIN, diff_id or sha256(tar))


def zstd(tar: bytes, diff_id: str = "") -> Packed:
    return Packed(zstandard.compress(tar), OCI_LAYER_ZSTD, diff_id or sha256(tar))


@dataclass
class ImageOf:
    """One image of given layers; `config` is its part of that name."""

    layers: tuple[Packed, ...]
    config: dict[str, Any] = field(default_factory=dict)
    platform: str = "linux/amd64"

    def add_to(self, layout: Layout) -> dict[str, Any]:
        """Add it; return its descriptor."""
        config = platform(self.platform) | {
            "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in self.layers]},
        }
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": layout.blob(as_json(config), OCI_CONFIG),
            "layers": [layout.blob(layer.data, layer.media_type) for layer in self.layers],
        }
        return layout.blob(as_json(document), OCI_MANIFEST, platform=platform(self.platform))

    def pack(self) -> bytes:
        """Make an archive with this image alone, of which nothing else is to be said."""
        layout = Layout()
        descriptor = self.add_to(layout)
        del descriptor["platform"]
        document = layout.read(descriptor)
        config, *layers = (
            f"blobs/{part['digest'].replace(':', '/')}" for part in (document["config"], *document["layers"])
        )
        layout.files["manifest.json"] = as_json([{"Config": config, "RepoTags": [NAME], "Layers": layers}])
        return layout.add(descriptor).pack()


def deep_report(data: bytes, folder: Path, **options: Any) -> Report:
    """Verify with `deep`, as strict as can be."""
    path = folder / "image.tar"
    path.write_bytes(data)
    return verify_archive(path, VerifyOptions(profile=Profile.STRICT, deep=True), **options)


def layer_findings(report: Report) -> list[Finding]:
    """Return what is found of layers and their bytes."""
    return [
        finding
        for finding in report.findings
        if RULES[finding.rule].stage is Stage.DEEP or finding.rule in {"D14", "D15", "L12", "Y3"}
    ]


def layer_rules(report: Report) -> set[str]:
    return {finding.rule for finding in layer_findings(report)}
