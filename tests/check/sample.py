"""One small archive taken apart: every document of it can be changed before digests and sizes are filled in.

`@config` stands for the digest and for the size of what `config` becomes, and so for each part: what is changed keeps
its place in the image, and what nothing names any more is left out.
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.builders import (
    NAME,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Json,
    Layout,
    as_json,
    layer_tar,
    platform,
    sha256,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ABSENT: Final = object()
"""What a field is changed to that is taken out."""

EMPTY: Final = "application/vnd.oci.empty.v1+json"
SBOM: Final = b"{'bill':1}"
_ORDER: Final = ("config", "other_config", "manifest", "other", "artifact", "extra", "index", "top", "layout")


def descriptor(part: str, media_type: str, **fields: Any) -> Json:
    return {"mediaType": media_type, "digest": f"@{part}", "size": f"@{part}", **fields}


def _layers(*texts: str) -> dict[str, bytes]:
    return {text: gzip.compress(layer_tar("file", text.encode()), mtime=0) for text in texts}


def _config(platform_text: str, *texts: str) -> Json:
    return platform(platform_text) | {
        "created": "2024-02-29T12:00:00Z",
        "config": {"Env": ["PATH=/bin"], "Cmd": ["/bin/true"], "ExposedPorts": {"80/tcp": {}}, "Labels": {"a": "b"}},
        "rootfs": {"type": "layers", "diff_ids": [sha256(layer_tar("file", text.encode())) for text in texts]},
        "history": [{"created": "2024-02-29T12:00:00Z", "created_by": text} for text in texts]
        + [{"created_by": "CMD", "empty_layer": True}],
    }


def _manifest(config: str, *texts: str) -> Json:
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(config, OCI_CONFIG),
        "layers": [descriptor(text, OCI_LAYER) for text in texts],
    }


def _documents() -> dict[str, Any]:
    return {
        "config": _config("linux/amd64", "base", "own"),
        "other_config": _config("linux/arm64", "base", "arm"),
        "manifest": _manifest("config", "base", "own"),
        "other": _manifest("other_config", "base", "arm"),
        "artifact": {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": "application/vnd.example.sbom",
            "config": descriptor("empty", EMPTY),
            "layers": [descriptor("sbom", "text/plain")],
            "subject": descriptor("manifest", OCI_MANIFEST),
            "annotations": {"org.opencontainers.image.created": "2024-02-29T12:00:00Z"},
        },
        "extra": {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []},
        "index": {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [
                descriptor("manifest", OCI_MANIFEST, platform=platform("linux/amd64")),
                descriptor("other", OCI_MANIFEST, platform=platform("linux/arm64")),
                descriptor("artifact", OCI_MANIFEST, artifactType="application/vnd.example.sbom"),
                descriptor("extra", OCI_INDEX),
            ],
        },
        "top": {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [
                descriptor(
                    "index",
                    OCI_INDEX,
                    annotations={
                        "io.containerd.image.name": NAME,
                        "org.opencontainers.image.ref.name": NAME.rpartition(":")[2],
                    },
                )
            ],
        },
        "layout": {"imageLayoutVersion": "1.0.0"},
    }


@dataclass
class Sample:
    """An index of two platforms, an artifact that refers to the first one, and an index of nothing."""

    documents: dict[str, Any] = field(default_factory=_documents)
    blobs: dict[str, bytes] = field(
        default_factory=lambda: _layers("base", "own", "arm") | {"empty": b"{}", "sbom": SBOM}
    )
    raw: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    algorithms: dict[str, str] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)

    def set(self, place: str, value: object) -> Sample:
        """Change one value; `place` is a document and the way in it, such as ``index/manifests/0/size``."""
        name, *way = place.split("/")
        if not way:
            self.documents[name] = value
            return self
        target = self.documents[name]
        keys: list[Any] = [int(part) if part.isdigit() and not isinstance(target, str) else part for part in way]
        for key in keys[:-1]:
            target = target[key]
        if value is ABSENT:
            if isinstance(target, dict):
                target.pop(keys[-1], None)
            elif keys[-1] < len(target):
                del target[keys[-1]]
        elif isinstance(target, list) and keys[-1] == len(target):
            target.append(value)
        else:
            target[keys[-1]] = value
        return self

    def leave_out(self, *names: str) -> Sample:
        """Pack no entries of these names."""
        self.left_out |= set(names)
        return self

    def rewrite(self, name: str, change: Callable[[bytes], bytes]) -> Sample:
        """Change the bytes of a document, after all digests in it are filled in."""
        self.raw[name] = change
        return self

    def pack(self) -> bytes:
        """Fill in digests and sizes from the inside out; write the archive."""
        used: dict[str, tuple[str, int]] = {}
        layout = Layout()
        made = dict(self.blobs)
        for name in _ORDER:
            text = as_json(self._filled(copy.deepcopy(self.documents[name]), made, used))
            made[name] = self.raw.get(name, bytes)(text)
        layout.blobs = {digest: made[name] for name, (digest, _) in used.items()}
        layout.files = {"index.json": made["top"], "oci-layout": made["layout"], **self.files}
        return layout.pack(tar_format=tarfile.PAX_FORMAT, without=self.left_out)

    def _filled(self, value: Any, made: dict[str, bytes], used: dict[str, tuple[str, int]]) -> Any:
        if isinstance(value, list):
            return [self._filled(item, made, used) for item in value]
        if not isinstance(value, dict):
            return value
        result = {key: self._filled(item, made, used) for key, item in value.items()}
        for key, kind in (("digest", 0), ("size", 1)):
            text = result.get(key)
            if isinstance(text, str) and text.startswith("@"):
                name = text[1:]
                algorithm = self.algorithms.get(name, "sha256")
                if name not in used:
                    used[name] = (f"{algorithm}:{hashlib.new(algorithm, made[name]).hexdigest()}", len(made[name]))
                result[key] = used[name][kind]
        return result
