"""Good and bad documents: one change to a good one each, and exactly what is to be said of it.

A row is a document, the way to one value, what that becomes, and every breach as ``RULE $.path``; no breach, no
problem. The rows on descriptors and digests follow the cases of the image specification's own schema tests
(opencontainers/image-spec, schema/descriptor_test.go, manifest_test.go, imageindex_test.go, config_test.go and
imagelayout_test.go), the rest the text of its rules.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ocitool.check.document import DocumentKind, Surroundings
from ocitool.model.descriptor import REF_NAME
from tests.builders import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
)
from tests.check.sample import ABSENT, EMPTY

if TYPE_CHECKING:
    from ocitool.model.json_text import JsonValue

HEX: Final = "5b0bcabd1ed22e9fb1310cf6c2dec7cdef19f0ad69efa1f392e94a4333501270"
SHA: Final = f"sha256:{HEX}"
OTHER: Final = SHA[:-1] + "1"
EMPTY_SHA: Final = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def _descriptor(media_type: str, **fields: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": SHA, "size": 7682, **fields}


def _manifest(media_type: str, config: str, layer: str) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": _descriptor(config),
        "layers": [_descriptor(layer), _descriptor(layer)],
    }


def _index(media_type: str, manifest: str) -> dict[str, Any]:
    entries = [_descriptor(manifest), _descriptor(manifest, digest=OTHER)]
    for entry, architecture in zip(entries, ("ppc64le", "amd64"), strict=True):
        entry["platform"] = {"architecture": architecture, "os": "linux"}
    return {
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": entries,
        "annotations": {"com.example.key1": "value1"},
    }


GOOD: Final[dict[str, Any]] = {
    "manifest": _manifest(OCI_MANIFEST, OCI_CONFIG, OCI_LAYER),
    "docker": _manifest(DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER),
    "index": _index(OCI_INDEX, OCI_MANIFEST),
    "top": _index(OCI_INDEX, OCI_MANIFEST),
    "list": _index(DOCKER_LIST, DOCKER_MANIFEST),
    "layout": {"imageLayoutVersion": "1.0.0"},
    "save": [{"Config": "c.json", "RepoTags": ["lab:1"], "Layers": ["a/layer.tar"]}],
    "config": {
        "created": "2015-10-31T22:22:56.015925234Z",
        "author": "Alyssa P. Hacker <alyspdev@example.com>",
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "User": "alice",
            "ExposedPorts": {"8080/tcp": {}},
            "Env": ["PATH=/bin", "FOO=oci_is_a"],
            "Entrypoint": ["/bin/my-app-binary"],
            "Cmd": ["--foreground"],
            "Volumes": {"/var/job-result-data": {}},
            "WorkingDir": "/home/alice",
            "Labels": {"com.example.project.git.commit": "45a939b2"},
        },
        "rootfs": {"type": "layers", "diff_ids": [SHA, OTHER]},
        "history": [
            {"created": "2015-10-31T22:22:54.690851953Z", "created_by": "ADD"},
            {"created": "2015-10-31T22:22:55.613815829Z", "created_by": "CMD", "empty_layer": True},
            {"created_by": "COPY"},
        ],
    },
}

KINDS: Final = {
    "manifest": DocumentKind.MANIFEST,
    "docker": DocumentKind.DOCKER_MANIFEST,
    "index": DocumentKind.INDEX,
    "top": DocumentKind.INDEX,
    "list": DocumentKind.MANIFEST_LIST,
    "layout": DocumentKind.LAYOUT,
    "save": DocumentKind.ARCHIVE_MANIFEST,
    "config": DocumentKind.CONFIG,
}


@dataclass(frozen=True)
class Case:
    """A document with all that is wrong in it, as ``RULE $.path``."""

    name: str
    document: str
    value: JsonValue
    breaches: frozenset[str]

    @property
    def kind(self) -> DocumentKind:
        return KINDS[self.document]

    @property
    def around(self) -> Surroundings:
        images = frozenset({SHA, OTHER})
        return Surroundings(is_top=self.document == "top", images=images, crowded=images)


Row = tuple[str, str, object, str]

_LAYER = "$.layers[0]"
_ENTRY = "$.manifests[0]"
_LONG = "1" * 127
_FOREIGN = OCI_LAYER.replace("layer.v1", "layer.nondistributable.v1")
_DOCKER_FOREIGN = DOCKER_LAYER.replace("diff", "foreign.diff")

_DESCRIPTORS: Final[tuple[tuple[str, object, str], ...]] = (
    # The way within a descriptor, its value, the breaches with the way left out.
    ("mediaType", "application/octet-stream", "M14 .mediaType"),
    ("mediaType", f"{_LONG}/{_LONG}", "M14 .mediaType"),
    ("mediaType", ABSENT, "D1 .mediaType"),
    ("mediaType", None, "D2 .mediaType"),
    ("mediaType", 7, "D2 .mediaType"),
    ("mediaType", "", "D2 .mediaType"),
    ("mediaType", "application", "D2 .mediaType"),
    ("mediaType", ".foo/bar", "D2 .mediaType"),
    ("mediaType", "foo/.bar", "D2 .mediaType"),
    ("mediaType", "foo/bar/baz", "D2 .mediaType"),
    ("mediaType", "foo/bar; q=1", "D2 .mediaType"),
    ("mediaType", f"{_LONG}1/bar", "D2 .mediaType"),
    ("mediaType", f"foo/{_LONG}1", "D2 .mediaType"),
    ("mediaType", f"{OCI_LAYER}\n", "D2 .mediaType"),
    ("size", 0, ""),
    ("size", 2**63 - 1, ""),
    ("size", ABSENT, "D12 .size"),
    ("size", None, "D12 .size"),
    ("size", "7682", "D12 .size"),
    ("size", True, "D12 .size"),
    ("size", 7682.5, "D12 .size"),
    ("size", 7682.0, "D12 .size"),
    ("size", -7682, "D13 .size"),
    ("size", 2**63, "D13 .size"),
    ("digest", ABSENT, "D3 .digest"),
    ("digest", None, "D4 .digest"),
    ("digest", [SHA], "D4 .digest"),
    ("digest", f":{HEX}", "D4 .digest"),
    ("digest", "sha256", "D4 .digest"),
    ("digest", "sha256:", "D4 .digest"),
    ("digest", f"SHA256:{HEX}", "D4 .digest"),
    ("digest", f"{SHA}\n", "D4 .digest"),
    ("digest", f"sha256+foo+-b:{HEX}", "D4 .digest"),
    ("digest", f"sha256:{HEX[:-1]}", "D5 .digest"),
    ("digest", f"sha256:{HEX}0", "D5 .digest"),
    ("digest", f"sha256:{HEX[:-1]}g", "D5 .digest"),
    ("digest", f"sha256:{HEX.upper()}", "D6 .digest"),
    ("digest", f"sha256:{HEX.upper()}0", "D5 .digest|D6 .digest"),
    ("digest", f"sha512:{HEX}{HEX}", "D11 .digest"),
    ("digest", f"sha512:{HEX}", "D7 .digest"),
    ("digest", f"sha512:{HEX.upper()}{HEX}", "D6 .digest"),
    ("digest", f"blake3:{HEX}", "D9 .digest"),
    ("digest", f"blake3:{HEX}0", "D8 .digest"),
    ("digest", f"blake3:{HEX.upper()}", "D6 .digest"),
    ("digest", f"sha256+b64:{HEX}", "D9 .digest"),
    ("digest", f"sha256+foo-bar:{HEX}", "D9 .digest"),
    ("digest", f"sha256.foo-bar:{HEX}", "D9 .digest"),
    ("digest", "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", "D9 .digest"),
    ("digest", "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", "D9 .digest"),
    ("digest", "sha256+b64u.unknownlength:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564=", "D9 .digest"),
    ("urls", ["https://example.com/foo"], ""),
    ("urls", [], ""),
    ("urls", None, "J9 .urls"),
    ("urls", ["http://[::1]:80/a%20b?c=d#e"], ""),
    ("urls", ["value"], "D16 .urls[0]"),
    ("urls", ["https://example.com/a", "https://example.com/a\\b"], "D16 .urls[1]"),
    ("urls", ["https://example.com/a%zz"], "D16 .urls[0]"),
    ("urls", ["s3://bucket/key"], "D17 .urls[0]"),
    ("urls", "https://example.com", "D24 .urls"),
    ("urls", [None], "D24 .urls[0]"),
    ("artifactType", OCI_MANIFEST, ""),
    ("artifactType", None, "J9 .artifactType"),
    ("artifactType", "foo/.bar", "D21 .artifactType"),
    ("artifactType", 1, "D21 .artifactType"),
    ("data", None, "J9 .data"),
    ("data", 1, "D19 .data"),
    ("data", "e30", "D19 .data"),
    ("data", "e3_=", "D19 .data"),
    ("data", "e30=e30=", "D19 .data"),
    ("data", "ü", "D19 .data"),
    ("data", "e30=", "D20 .data"),
    ("annotations", {}, ""),
    ("annotations", {"com.example.a": ""}, ""),
    ("annotations", {"org.opencontainers.image.title": "x"}, ""),
    ("annotations", [], "A1 .annotations"),
    ("annotations", "a", "A1 .annotations"),
    ("annotations", {"com.example.a": 1}, "A1 .annotations['com.example.a']"),
    ("annotations", {"com.example.a": None}, "A2 .annotations['com.example.a']"),
    ("annotations", None, "A4 .annotations"),
    ("annotations", {"a": ""}, "A6 .annotations.a"),
    ("annotations", {"": ""}, "A6 .annotations['']"),
    *(
        ("annotations", {key: ""}, f"A8 .annotations['{key}']")
        for key in (
            "org.opencontainers.image.mine",
            "org.opencontainers.foo",
            "org.opencontainers",
            "org.opencontainers.",
        )
    ),
    ("annotations", {"org.opencontainersx.foo": ""}, ""),
    ("annotations", {"org.opencontainers.referrers.filtersApplied": "artifactType"}, ""),
    (
        "annotations",
        {"org.opencontainers.image.created": "2024"},
        "A7 .annotations['org.opencontainers.image.created']",
    ),
    (
        "annotations",
        {"org.opencontainers.image.base.digest": "x"},
        "A7 .annotations['org.opencontainers.image.base.digest']",
    ),
    ("annotations", {"org.opencontainers.image.base.digest": SHA}, ""),
    (
        "annotations",
        {"org.opencontainers.image.ref.name": "1"},
        "L14 .annotations['org.opencontainers.image.ref.name']",
    ),
    ("platform", None, "J9 .platform"),
    ("platform", {"os": "linux", "architecture": "amd64", "more": 1}, ""),
    ("platform", "linux/amd64", "D24 .platform"),
    ("unknown", {"a": None}, ""),
    ("Size", 1, "J8 .Size"),
    ("\N{LATIN SMALL LETTER LONG S}ize", 1, "J8 ['\N{LATIN SMALL LETTER LONG S}ize']"),
)

_PLATFORMS: Final[tuple[tuple[object, str], ...]] = (
    ({"os": "windows", "architecture": "amd64", "os.version": "10.0.14393.1066", "os.features": ["win32k"]}, ""),
    ({"os": "linux", "architecture": "arm", "variant": "v6"}, ""),
    ({"os": "linux", "architecture": "arm", "variant": "v5"}, ""),
    ({"os": "linux", "architecture": "arm64", "variant": "v8.2"}, ""),
    ({"os": "linux", "architecture": "amd64", "variant": "v3"}, ""),
    ({"os": "linux", "architecture": "riscv64", "variant": "rva22u64"}, ""),
    ({"os": "linux", "architecture": "mips64le", "variant": "softfloat"}, ""),
    (
        {"os": "linux", "architecture": "amd64", "variant": None, "os.features": None, "os.version": None},
        "J9 .variant|J9 ['os.features']|J9 ['os.version']",
    ),
    ({"os": "linux", "architecture": "amd64", "variant": ""}, ""),
    ({"os": "linux", "architecture": "amd64", "os.features": []}, ""),
    ({"os": "linux", "architecture": "amd64", "features": ["sse4"]}, ""),
    ({"os": "unknown", "architecture": "unknown"}, ""),
    ({"os": "wasip1", "architecture": "wasm"}, ""),
    ({"os": "linux"}, "X10 .architecture"),
    ({"os": "linux", "architecture": None}, "X10 .architecture"),
    ({"os": "linux", "architecture": ""}, "X10 .architecture"),
    ({"architecture": "amd64"}, "X11 .os"),
    ({"architecture": "amd64", "os": ""}, "X11 .os"),
    ({}, "X10 .architecture|X11 .os"),
    ({"os": "Linux", "architecture": "amd64"}, "X12 .os"),
    ({"os": "linux", "architecture": "x86_64"}, "X12 .architecture"),
    ({"os": "linux", "architecture": "unknown"}, "X12 .architecture"),
    ({"os": "windows", "architecture": "amd64", "os.features": ["win32k", "x"]}, "X13 ['os.features'][1]"),
    ({"os": "linux", "architecture": "amd64", "os.features": ["sse4"]}, ""),
    ({"os": "linux", "architecture": "arm", "variant": "7"}, "X14 .variant"),
    ({"os": "linux", "architecture": "amd64", "variant": "v5"}, "X14 .variant"),
    ({"os": 1, "architecture": "amd64"}, "X19 .os"),
    ({"os": "linux", "architecture": ["amd64"]}, "X19 .architecture"),
    ({"os": "linux", "architecture": "amd64", "os.features": "a"}, "X19 ['os.features']"),
    ({"os": "linux", "architecture": "amd64", "os.features": [1]}, "X19 ['os.features'][0]"),
    ({"os": "linux", "architecture": "amd64", "os.version": 10}, "X19 ['os.version']"),
    ({"os": "linux", "architecture": "amd64", "Variant": "v1"}, "J8 .Variant"),
)

_ROWS: Final[tuple[Row, ...]] = (
    ("manifest", "schemaVersion", ABSENT, "M1 $.schemaVersion"),
    ("manifest", "schemaVersion", 1, "M2 $.schemaVersion"),
    ("manifest", "schemaVersion", "2", "M2 $.schemaVersion"),
    ("manifest", "schemaVersion", 2.0, "M2 $.schemaVersion"),
    ("manifest", "schemaVersion", True, "M2 $.schemaVersion"),
    ("manifest", "mediaType", ABSENT, "M3 $.mediaType"),
    ("manifest", "mediaType", None, "J9 $.mediaType"),
    ("manifest", "mediaType", "invalid", "M4 $.mediaType"),
    ("manifest", "mediaType", "", "M4 $.mediaType"),
    ("manifest", "mediaType", DOCKER_MANIFEST, "M4 $.mediaType"),
    ("manifest", "mediaType", OCI_INDEX, "M4 $.mediaType"),
    ("manifest", "artifactType", "a/b", ""),
    ("manifest", "artifactType", "b", "M6 $.artifactType"),
    ("manifest", "config", ABSENT, "M8 $.config"),
    ("manifest", "config", None, "M8 $.config"),
    ("manifest", "config", {}, "D1 $.config.mediaType|D3 $.config.digest|D12 $.config.size"),
    ("manifest", "config/mediaType", "application/vnd.example+json", ""),
    ("manifest", "config/mediaType", EMPTY, "M5 $.artifactType|M20 $.config"),
    ("manifest", "config", {"mediaType": EMPTY, "digest": EMPTY_SHA, "size": 2}, "M5 $.artifactType"),
    ("manifest", "config/size", "1470", "D12 $.config.size"),
    ("manifest", "config/mediaType", DOCKER_CONFIG, "M22 $.config.mediaType"),
    ("docker", "config/mediaType", OCI_CONFIG, ""),
    ("docker", "config/mediaType", "application/vnd.docker.plugin.v1+json", ""),
    ("manifest", "layers/0/mediaType", f"{OCI_LAYER}+encrypted", f"M14 {_LAYER}.mediaType"),
    ("manifest", "layers/0/mediaType", _FOREIGN.replace("gzip", "zstd"), f"Y8 {_LAYER}.mediaType"),
    (
        *("manifest", "layers/0/mediaType", _FOREIGN.replace("gzip", "xz")),
        f"M14 {_LAYER}.mediaType|Y8 {_LAYER}.mediaType",
    ),
    ("docker", "layers/0/mediaType", OCI_LAYER, ""),
    ("manifest", "layers", ABSENT, "M11 $.layers"),
    ("manifest", "layers", {}, "M11 $.layers"),
    ("manifest", "layers", [None], "M11 $.layers[0]"),
    ("manifest", "layers", None, "J9 $.layers"),
    ("manifest", "layers", [], "M12 $.layers"),
    ("manifest", "layers/0", {"mediaType": EMPTY, "digest": EMPTY_SHA, "size": 2}, f"M14 {_LAYER}.mediaType"),
    ("manifest", "layers/0/mediaType", OCI_LAYER.replace("gzip", "zstd"), ""),
    ("manifest", "layers/0/mediaType", _FOREIGN, f"Y8 {_LAYER}.mediaType"),
    ("manifest", "subject", None, "J9 $.subject"),
    ("manifest", "artifactType", None, "J9 $.artifactType"),
    ("docker", "layers", None, "J9 $.layers"),
    ("index", "mediaType", None, "J9 $.mediaType"),
    ("index", "artifactType", None, "J9 $.artifactType"),
    ("index", "subject", None, "J9 $.subject"),
    ("index", "artifactType", "a/b", ""),
    ("manifest", "annotations", {"com.example.a": "x"}, ""),
    ("manifest", "subject", GOOD["manifest"]["config"], ""),
    ("manifest", "subject", [], "M17 $.subject"),
    ("manifest", "subject", SHA, "M17 $.subject"),
    ("manifest", "manifests", None, "M21 $.manifests"),
    ("manifest", "fsLayers", [], "M21 $.fsLayers"),
    ("manifest", "Layers", [], "J8 $.Layers"),
    ("manifest", "unknown", [[]], ""),
    ("manifest", "", [], "J6 $"),
    ("manifest", "", None, "J6 $"),
    ("docker", "mediaType", OCI_MANIFEST, "M4 $.mediaType"),
    ("docker", "layers/0/mediaType", _DOCKER_FOREIGN, f"Y8 {_LAYER}.mediaType"),
    ("docker", "layers/0/size", -1, f"D13 {_LAYER}.size"),
    ("index", "schemaVersion", ABSENT, "X1 $.schemaVersion"),
    ("index", "schemaVersion", 1, "X1 $.schemaVersion"),
    ("index", "schemaVersion", 2.0, "X1 $.schemaVersion"),
    ("index", "mediaType", ABSENT, "X2 $.mediaType"),
    ("index", "mediaType", DOCKER_LIST, "M4 $.mediaType"),
    ("index", "artifactType", "x/", "X4 $.artifactType"),
    ("index", "manifests", [], ""),
    ("index", "manifests", ABSENT, "X5 $.manifests"),
    ("index", "manifests", None, "X5 $.manifests"),
    ("index", "manifests", {}, "X5 $.manifests"),
    ("index", "manifests/1", SHA, "X6 $.manifests[1]"),
    ("index", "manifests/0/mediaType", "application/customized.manifest+json", f"X7 {_ENTRY}"),
    ("index", "manifests/0/mediaType", "invalid", f"D2 {_ENTRY}.mediaType"),
    ("index", "manifests/0/mediaType", OCI_INDEX, ""),
    ("index", "manifests/0/size", "7682", f"D12 {_ENTRY}.size"),
    ("index", "manifests/0/digest", ABSENT, f"D3 {_ENTRY}.digest"),
    ("index", "manifests/0/platform", ABSENT, f"X9 {_ENTRY}.platform"),
    ("index", "manifests/0/platform", None, f"J9 {_ENTRY}.platform|X9 {_ENTRY}.platform"),
    ("index", "subject", {}, "D1 $.subject.mediaType|D3 $.subject.digest|D12 $.subject.size"),
    ("index", "subject", 1, "X16 $.subject"),
    ("index", f"annotations/{REF_NAME}", "1", f"L14 $.annotations['{REF_NAME}']"),
    ("index", "annotations/com.example.key1", 1, "A1 $.annotations['com.example.key1']"),
    ("index", "config", {}, "M21 $.config"),
    ("index", "layers", [], "M21 $.layers"),
    ("index", "MANIFESTS", [], "J8 $.MANIFESTS"),
    ("index", "", [], "J6 $"),
    ("top", "mediaType", OCI_MANIFEST, "X3 $.mediaType"),
    ("top", "mediaType", 1, "X3 $.mediaType"),
    ("top", "", "x", "L7 $"),
    ("top", "manifests/0/platform", ABSENT, f"X9 {_ENTRY}.platform"),
    ("top", "manifests/0/annotations", {"org.opencontainers.image.ref.name": "docker.io/lab--x/a:1.0@b+c_d"}, ""),
    *(
        (
            "top",
            "manifests/0/annotations",
            {"org.opencontainers.image.ref.name": text},
            f"L15 {_ENTRY}.annotations['org.opencontainers.image.ref.name']",
        )
        for text in ("", "a b", "a/", "/a", "a..b", "a---b", "-a", "ü", "a\n")
    ),
    ("list", "mediaType", OCI_INDEX, "M4 $.mediaType"),
    ("list", "manifests/1/platform/os", ABSENT, "X11 $.manifests[1].platform.os"),
    ("layout", "imageLayoutVersion", ABSENT, "L4 $.imageLayoutVersion"),
    ("layout", "imageLayoutVersion", None, "L4 $.imageLayoutVersion"),
    ("layout", "imageLayoutVersion", 1.0, "L4 $.imageLayoutVersion"),
    ("layout", "imageLayoutVersion", "1.0.0\n", "L4 $.imageLayoutVersion"),
    ("layout", "imageLayoutVersion", "1.0", "L4 $.imageLayoutVersion"),
    ("layout", "more", "x", ""),
    ("layout", "", "1.0.0", "L3 $"),
    ("save", "0/RepoTags", None, ""),
    ("save", "0/Layers", ABSENT, ""),
    ("save", "0/Config", ABSENT, "V25 $[0].Config"),
    ("save", "0/Config", 1, "V25 $[0].Config"),
    ("save", "0/RepoTags", "lab:1", "V25 $[0].RepoTags"),
    ("save", "0/Layers", [1], "V25 $[0].Layers[0]"),
    ("save", "0/config", "", "J8 $[0].config"),
    ("save", "0", None, "V25 $[0]"),
    ("save", "", {}, "V25 $"),
    ("config", "architecture", ABSENT, "C1 $.architecture"),
    ("config", "architecture", None, "C1 $.architecture"),
    ("config", "architecture", "", "C3 $.architecture"),
    ("config", "architecture", "x86", "C3 $.architecture"),
    ("config", "os", ABSENT, "C2 $.os"),
    ("config", "os", 123, "C2 $.os"),
    ("config", "variant", "v9", "C3 $.variant"),
    ("config", "variant", "v2", ""),
    ("config", "variant", None, ""),
    ("config", "variant", 2, "C13 $.variant"),
    ("config", "os.version", None, ""),
    ("config", "os.features", None, ""),
    ("config", "os.features", ["x"], ""),
    ("config", "os.features", "x", "C13 $['os.features']"),
    ("config", "rootfs", ABSENT, "C5 $.rootfs"),
    ("config", "rootfs", None, "C5 $.rootfs"),
    ("config", "rootfs", [], "C5 $.rootfs"),
    ("config", "rootfs/type", ABSENT, "C6 $.rootfs.type"),
    ("config", "rootfs/type", "layers+base", "C6 $.rootfs.type"),
    ("config", "rootfs/type", None, "C6 $.rootfs.type"),
    ("config", "rootfs/diff_ids", ABSENT, "C7 $.rootfs.diff_ids"),
    ("config", "rootfs/diff_ids", {}, "C7 $.rootfs.diff_ids"),
    ("config", "rootfs/diff_ids/1", 1, "C7 $.rootfs.diff_ids[1]"),
    ("config", "rootfs/diff_ids/1", HEX, "C7 $.rootfs.diff_ids[1]"),
    ("config", "rootfs/diff_ids/1", SHA.upper(), "C7 $.rootfs.diff_ids[1]"),
    ("config", "rootfs/diff_ids/1", f"sha512:{HEX}{HEX}", "C17 $.rootfs.diff_ids[1]"),
    ("config", "rootfs/diff_ids/0", f"sha384:{HEX}", "C17 $.rootfs.diff_ids[0]"),
    ("config", "rootfs/diff_ids/0", f"blake3:{HEX}", "C17 $.rootfs.diff_ids[0]"),
    ("config", "rootfs/diff_ids/0", "foo:bar", "C17 $.rootfs.diff_ids[0]"),
    ("config", "rootfs/diff_ids/0", f"sha512:{HEX}", "C7 $.rootfs.diff_ids[0]"),
    ("config", "rootfs/diff_ids/0", f"blake3:{HEX}0", "C7 $.rootfs.diff_ids[0]"),
    ("config", "rootfs/diff_ids", None, "J9 $.rootfs.diff_ids"),
    ("config", "rootfs", {"type": "layers", "diff_ids": []}, "C10 $.history"),
    ("config", "rootfs/diff_ids", [SHA], "C10 $.history"),
    ("config", "rootfs/Type", "x", "J8 $.rootfs.Type"),
    ("config", "history", ABSENT, ""),
    ("config", "history", None, ""),
    ("config", "history", [], ""),
    ("config", "history/1/empty_layer", None, "C10 $.history"),
    ("config", "history/1/empty_layer", "true", "C10 $.history|C13 $.history[1].empty_layer"),
    ("config", "history", "should be an array", "C13 $.history"),
    ("config", "history/0/created", "yesterday", "C11 $.history[0].created"),
    ("config", "history/0/created", None, ""),
    ("config", "created", None, ""),
    ("config", "created", "0001-01-01T00:00:00Z", ""),
    ("config", "created", "2016-12-31T23:59:59.5+23:59", ""),
    ("config", "created", "2016-12-31T23:59:60Z", "C11 $.created"),
    ("config", "created", "2016-12-31t23:59:59z", "C11 $.created"),
    ("config", "created", "2016-12-31T23:59:59+24:00", "C11 $.created"),
    ("config", "created", "2015-10-31", "C11 $.created"),
    ("config", "created", "2015-10-31T22:22:56", "C11 $.created"),
    ("config", "created", "2015-13-31T22:22:56Z", "C11 $.created"),
    ("config", "created", "2015-02-29T22:22:56Z", "C11 $.created"),
    ("config", "created", "2015-10-31T24:00:00Z", "C11 $.created"),
    ("config", "created", "٢٠١٥-10-31T22:22:56Z", "C11 $.created"),
    ("config", "created", 1446330176, "C11 $.created"),
    ("config", "author", 1, "C13 $.author"),
    ("config", "config", None, ""),
    ("config", "config", [], "C13 $.config"),
    ("config", "config/User", 1234, "C13 $.config.User"),
    ("config", "config/ExposedPorts", None, ""),
    ("config", "config/ExposedPorts", ["80"], "C13 $.config.ExposedPorts"),
    ("config", "config/ExposedPorts", {"80": None, "53/udp": {}}, ""),
    ("config", "config/ExposedPorts", {"0": {}}, "C16 $.config.ExposedPorts['0']"),
    ("config", "config/ExposedPorts", {"65536/tcp": {}}, "C16 $.config.ExposedPorts['65536/tcp']"),
    ("config", "config/ExposedPorts", {"80/sctp": {}}, "C16 $.config.ExposedPorts['80/sctp']"),
    ("config", "config/ExposedPorts", {"80": 1}, "C13 $.config.ExposedPorts['80']"),
    ("config", "config/Env", None, ""),
    ("config", "config/Env", ["A="], ""),
    ("config", "config/Env", ["A"], "C12 $.config.Env[0]"),
    ("config", "config/Env", ["=A"], "C12 $.config.Env[0]"),
    ("config", "config/Env", [7353], "C13 $.config.Env[0]"),
    ("config", "config/Entrypoint", None, ""),
    ("config", "config/Entrypoint", "/bin/sh", "C13 $.config.Entrypoint"),
    ("config", "config/Cmd", [None], "C13 $.config.Cmd[0]"),
    ("config", "config/Volumes", ["/var/job-result-data"], "C13 $.config.Volumes"),
    ("config", "config/WorkingDir", {}, "C13 $.config.WorkingDir"),
    ("config", "config/Labels", None, ""),
    ("config", "config/Labels", [], "C14 $.config.Labels"),
    ("config", "config/Labels", {"a": None}, "J9 $.config.Labels.a"),
    ("config", "config/Labels", {"a": ["b"]}, "C14 $.config.Labels.a"),
    ("config", "config/StopSignal", 9, "C13 $.config.StopSignal"),
    ("config", "config/ArgsEscaped", "true", "C13 $.config.ArgsEscaped"),
    ("config", "config/Memory", 2048, ""),
    ("config", "container_config", {"Env": 1}, ""),
    ("config", "OS", "linux", "J8 $.OS"),
    ("config", "Config", {"User": "0"}, "J8 $.Config"),
    ("config", "con\ufb01g", {}, ""),
    ("config", "Created", "2015-10-31T22:22:56Z", "J8 $.Created"),
    ("config", "AUTHOR", "", "J8 $.AUTHOR"),
    ("config", "History", [], "J8 $.History"),
    ("config", "config/cmd", ["x"], "J8 $.config.cmd"),
    ("config", "config/ENTRYPOINT", ["x"], "J8 $.config.ENTRYPOINT"),
    ("config", "config/env", [], "J8 $.config.env"),
    ("config", "config/\u017fhell", [], "J8 $.config['\u017fhell']"),
    ("config", "config/labels", {}, "J8 $.config.labels"),
    ("config", "config/Labels/labels", "", ""),
    ("config", "config/Healthcheck", {}, ""),
    ("config", "history/1/Empty_Layer", False, "J8 $.history[1].Empty_Layer"),
    ("config", "history/0/Comment", "", "J8 $.history[0].Comment"),
    ("config", "container_config", {"cmd": []}, ""),
    ("layout", "imageLayoutVer\ufb06ion", "", ""),
    ("config", "", [], "J6 $"),
)  # fmt: skip


def _with(base: object, way: str, value: object) -> Any:
    """Return a copy of a document with one value changed."""
    result = copy.deepcopy(base)
    if not way:
        return value
    *outer, last = [int(part) if part.isdigit() else part for part in way.split("/")]
    target: Any = result
    for key in outer:
        target = target[key]
    if value is ABSENT:
        del target[last]
    else:
        target[last] = value
    return result


def _case(document: str, way: str, value: object, breaches: str) -> Case:
    text = "absent" if value is ABSENT else ascii(value)
    shown = text if len(text) <= 60 else f"{text[:30]}...{len(text)}...{text[-25:]}"
    expected = frozenset(filter(None, breaches.split("|")))
    return Case(f"{document}/{way}={shown}", document, _with(GOOD[document], way, value), expected)


def _placed(breaches: str, place: str) -> str:
    """Put the way to a descriptor into breaches that leave it out."""
    return "|".join(part.replace(" ", f" {place}", 1) for part in breaches.split("|") if part)


def _cases() -> tuple[Case, ...]:
    rows = [*_ROWS]
    rows += [("manifest", f"layers/0/{way}", value, _placed(text, _LAYER)) for way, value, text in _DESCRIPTORS]
    rows += [
        ("index", "manifests/0/platform", value, _placed(text, f"{_ENTRY}.platform")) for value, text in _PLATFORMS
    ]
    whole = [Case(f"{name} as it is", name, value, frozenset()) for name, value in GOOD.items()]
    return (*whole, *(_case(*row) for row in rows))


CASES: Final = _cases()
