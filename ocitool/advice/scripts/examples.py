"""Archives of the usual shapes, for what is said of a command whose archive is not at hand.

They are what `ctr images export` and `docker save` write: OCI layouts with a manifest.json that lists one platform.
They are small and made in memory; nothing is written. Layers are no real ones: no importer's outcome depends on that
as far as it is told here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ocitool.advice.facts import ArchiveFacts
from ocitool.model.descriptor import CONTAINERD_NAME, REF_NAME
from ocitool.model.platform import Platform
from ocitool.plan.preview import preview
from ocitool.plan.steps import Emit, Member, OutputPlan

if TYPE_CHECKING:
    from ocitool.model.json_text import JsonObject, JsonValue

NAME: Final = "docker.io/library/example:1.0"
BARE_NAME: Final = "example"
_OCI: Final = "application/vnd.oci.image."


@dataclass(frozen=True, slots=True)
class Example:
    """An archive and what it is in words, to follow "for"; `is_common` if most archives are like it."""

    words: str
    facts: ArchiveFacts
    is_common: bool = False


@lru_cache(maxsize=16)
def examples(host: Platform, wanted: Platform | None = None, name: str = NAME) -> tuple[Example, ...]:
    """Return archives for a host and for a platform that a command asks for, the commonest first."""
    foreign = wanted if wanted is not None and not host.matches(wanted) else _foreign(host)
    several = (host, foreign, Platform("linux", "s390x"))
    found = [Example("an archive of several platforms", _nested(several, name=name), is_common=True)]
    alone = Example("an archive of the host's platform alone", _flat(host, name=name), is_common=wanted is None)
    return (
        *found,
        alone,
        Example("an archive of one platform that is not the host's, in an index", _nested((foreign,), name=name)),
        Example("an archive of one platform that is not the host's, without an index", _flat(foreign, name=name)),
        Example(
            "an archive of one platform that is not the host's, listed with it (docker save --platform)",
            _flat(foreign, name=name, is_listed=True),
        ),
        Example("an archive that lists platforms it does not hold", _nested(several, name=name, held=several[:1])),
        Example(f"an archive whose image has a bare name ({BARE_NAME!r})", _nested((host, foreign), name=BARE_NAME)),
        Example(
            "an archive that is compressed as a whole",
            ArchiveFacts(_nested(several, name=name).graph, compression="gzip"),
        ),
    )


def _foreign(host: Platform) -> Platform:
    architecture = "amd64" if host.architecture == "arm64" else "arm64"
    return Platform("linux", architecture)


def _nested(platforms: tuple[Platform, ...], *, name: str, held: tuple[Platform, ...] | None = None) -> ArchiveFacts:
    blobs: dict[str, bytes] = {}
    manifests: list[JsonObject] = []
    for platform in platforms:
        own: dict[str, bytes] = {}
        manifests.append(_manifest(own, platform) | {"platform": _platform(platform)})
        if held is None or platform in held:
            blobs |= own
    children: list[JsonValue] = [*manifests]
    index: JsonObject = {"schemaVersion": 2, "mediaType": f"{_OCI}index.v1+json", "manifests": children}
    listed = _listed(blobs, manifests[0], name)
    return _facts(blobs, _blob(blobs, _json(index), f"{_OCI}index.v1+json"), name, listed)


def _flat(platform: Platform, *, name: str, is_listed: bool = False) -> ArchiveFacts:
    blobs: dict[str, bytes] = {}
    descriptor = _manifest(blobs, platform)
    if is_listed:
        descriptor["platform"] = _platform(platform)
    return _facts(blobs, descriptor, name, _listed(blobs, descriptor, name))


def _listed(blobs: dict[str, bytes], descriptor: JsonObject, name: str) -> bytes:
    """Return a manifest.json that lists a manifest."""
    manifest = json.loads(blobs[str(descriptor["digest"])])
    config, *layers = (_entry(blob["digest"]) for blob in (manifest["config"], *manifest["layers"]))
    tags = [name] if ":" in name else []
    return json.dumps([{"Config": config, "RepoTags": tags, "Layers": layers}]).encode()


def _entry(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _facts(blobs: dict[str, bytes], root: JsonObject, name: str, listed: bytes) -> ArchiveFacts:
    root["annotations"] = {CONTAINERD_NAME: name, REF_NAME: name.rpartition(":")[2]}
    index: JsonObject = {"schemaVersion": 2, "mediaType": f"{_OCI}index.v1+json", "manifests": [root]}
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": _json(index)} | {
        _entry(digest): data for digest, data in blobs.items()
    }
    files["manifest.json"] = listed
    members = tuple(Member(path, Emit(data)) for path, data in files.items())
    return ArchiveFacts(preview(OutputPlan(members, name="example.tar"), ()))


def _manifest(blobs: dict[str, bytes], platform: Platform) -> JsonObject:
    layer = f"a layer of {platform.display}".encode()
    config = _platform(platform) | {"rootfs": {"type": "layers", "diff_ids": [_digest(b"unpacked " + layer)]}}
    manifest: JsonObject = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}manifest.v1+json",
        "config": _blob(blobs, _json(config), f"{_OCI}config.v1+json"),
        "layers": [_blob(blobs, layer, f"{_OCI}layer.v1.tar+gzip")],
    }
    return _blob(blobs, _json(manifest), f"{_OCI}manifest.v1+json")


def _platform(platform: Platform) -> JsonObject:
    fields: JsonObject = {"architecture": platform.architecture, "os": platform.os}
    return fields | {"variant": platform.variant} if platform.variant else fields


def _blob(blobs: dict[str, bytes], data: bytes, media_type: str) -> JsonObject:
    digest = _digest(data)
    blobs[digest] = data
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _json(value: JsonObject) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
