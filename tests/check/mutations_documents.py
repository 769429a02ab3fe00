"""One change for each rule of documents that breaks it and no other, and one that comes near and keeps it.

Most changes are made where nothing else depends on the place: in oci-layout, in the artifact's manifest, in the index
of nothing. `test_mutations_documents` compares with what the sample itself is told.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from tests.builders import DOCKER_CONFIG, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from tests.check.mutation import Mutation
from tests.check.sample import ABSENT, EMPTY, SBOM, Sample, descriptor

if TYPE_CHECKING:
    from collections.abc import Callable

HEX: Final = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
DIGEST: Final = f"sha256:{HEX}"


def _sample(*changes: tuple[str, object]) -> bytes:
    sample = Sample()
    for place, value in changes:
        sample.set(place, value)
    return sample.pack()


def _one(place: str, breaks: object, keeps: object, *also: str) -> Mutation:
    """Set one value to what breaks the rule, and to what keeps it."""
    return _many(((place, breaks),), ((place, keeps),), *also)


def _many(breaks: tuple[tuple[str, object], ...], keeps: tuple[tuple[str, object], ...], *also: str) -> Mutation:
    return Mutation(partial(_sample, *breaks), partial(_sample, *keeps), frozenset(also))


def _layout(breaks: bytes, keeps: bytes) -> Mutation:
    """Write oci-layout in two ways."""
    return Mutation(partial(_bytes, breaks), partial(_bytes, keeps))


def _bytes(text: bytes) -> bytes:
    return Sample().rewrite("layout", lambda _: text).pack()


def _made(breaks: Callable[[Sample], Sample], keeps: Callable[[Sample], Sample], *also: str) -> Mutation:
    return Mutation(lambda: breaks(Sample()).pack(), lambda: keeps(Sample()).pack(), frozenset(also))


def _windows(place: str, features: list[str]) -> tuple[tuple[str, object], ...]:
    platform: dict[str, object] = {"os": "windows", "architecture": "amd64"}
    if place == "index":
        platform["os.features"] = features
        return (("index/manifests/0/platform", platform), ("config/os", "windows"))
    return (
        ("index/manifests/0/platform", platform),
        ("config/os", "windows"),
        ("config/os.features", features),
    )


def _sha512(sample: Sample) -> Sample:
    sample.algorithms["sbom"] = "sha512"
    return sample


def _corrupt() -> bytes:
    """Change a byte of a blob after its digest was taken."""
    data = Sample().pack()
    assert data.count(SBOM) == 1
    return data.replace(SBOM, SBOM[::-1])


SUBJECT: Final = "artifact/subject"

MUTATIONS: Final[dict[str, Mutation]] = {
    # The layout.
    "L2": _made(lambda sample: sample.leave_out("oci-layout"), lambda sample: sample),
    "L3": _layout(b"[]", b'{"imageLayoutVersion":"1.0.0","more":[]}'),
    "L4": _one("layout/imageLayoutVersion", "1.0.1", "1.0.0"),
    # Of what index.json lists nothing is known.
    "L7": _one("top", [], Sample().documents["top"]),
    "L14": _one("artifact/annotations/org.opencontainers.image.ref.name", "1.0", ABSENT),
    "L15": _one("top/manifests/0/annotations/org.opencontainers.image.ref.name", "a..b", "a--b"),
    "Y8": _one(
        "manifest/layers/0/mediaType",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+gzip",
    ),
    # JSON.
    "J1": _layout(b'\xef\xbb\xbf{"imageLayoutVersion":"1.0.0"}', '{"imageLayoutVersion":"1.0.0","x":"ü"}'.encode()),
    "J2": _layout(
        b'{"imageLayoutVersion":"1.0.0","imageLayoutVersion":"1.0.0"}',
        b'{"imageLayoutVersion":"1.0.0","x":{"imageLayoutVersion":"1.0.0"}}',
    ),
    "J3": _layout(b'{"imageLayoutVersion":"1.0.0","x":1e999}', b'{"imageLayoutVersion":"1.0.0","x":1e99}'),
    "J6": _layout(b'{"imageLayoutVersion":"1.0.0"}?', b'{"imageLayoutVersion":"1.0.0"}\n'),
    "J7": _layout(
        b'{"imageLayoutVersion":"1.0.0","x":' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"imageLayoutVersion":"1.0.0","x":' + b"[" * 100 + b"]" * 100 + b"}",
    ),
    "J8": _layout(
        b'{"imageLayoutVersion":"1.0.0","ImageLayoutVersion":"1.0.0"}',
        b'{"imageLayoutVersion":"1.0.0","image_layout_version":"1.0.0"}',
    ),
    "J9": _one(f"{SUBJECT}/artifactType", None, "a/b"),
    # Annotations.
    "A1": _one("artifact/annotations", ["a.b"], {}),
    "A2": _one("artifact/annotations/com.example.a", None, ""),
    "A4": _one("artifact/annotations", None, {}),
    "A6": _one("artifact/annotations/key", "", ABSENT),
    "A7": _one(
        "artifact/annotations/org.opencontainers.image.created", "2024-02-30T12:00:00Z", "2024-02-29T12:00:00+14:00"
    ),
    "A8": _one("artifact/annotations/org.opencontainers.foo", "", ABSENT),
    # Descriptors: the subject, which nothing is copied from.
    "D1": _one(f"{SUBJECT}/mediaType", ABSENT, OCI_MANIFEST),
    "D2": _one(f"{SUBJECT}/mediaType", "manifest", "a/b"),
    "D3": _one(f"{SUBJECT}/digest", ABSENT, "@manifest"),
    "D4": _one(f"{SUBJECT}/digest", "sha256", "@manifest"),
    "D5": _one(f"{SUBJECT}/digest", DIGEST[:-1], "@manifest"),
    "D6": _one(f"{SUBJECT}/digest", "sha256:" + HEX.upper(), "@manifest"),
    "D7": _one(f"{SUBJECT}/digest", "sha512:" + HEX, "@manifest"),
    "D8": _one(f"{SUBJECT}/digest", "blake3:" + HEX + HEX, "@manifest"),
    "D9": _one(f"{SUBJECT}/digest", "blake3:" + HEX, "@manifest"),
    "D11": _made(_sha512, lambda sample: sample),
    "D12": _one(f"{SUBJECT}/size", "7", "@manifest"),
    "D13": _one(f"{SUBJECT}/size", -1, "@manifest"),
    "D14": _one("artifact/layers/0/size", 11, "@sbom"),
    "D15": Mutation(_corrupt, partial(_sample)),
    "D16": _one("artifact/layers/0/urls", ["https://example.com/a b"], ["https://example.com/a%20b"]),
    "D17": _one("artifact/layers/0/urls", ["ftp://example.com/a"], ["HTTP://example.com/a"]),
    "D19": _many(((f"{SUBJECT}/data", "e30"),), (("artifact/config/data", "e30="),)),
    "D20": _many(((f"{SUBJECT}/data", "e30="),), (("artifact/config/data", "e30="),)),
    "D21": _one(f"{SUBJECT}/artifactType", "sbom", "a/sbom"),
    "D24": _one(f"{SUBJECT}/urls", "https://example.com", ["https://example.com"]),
    # Manifests.
    "M1": _one("artifact/schemaVersion", ABSENT, 2),
    "M2": _one("artifact/schemaVersion", 1, 2),
    "M3": _one("artifact/mediaType", ABSENT, OCI_MANIFEST),
    "M4": _one("artifact/mediaType", DOCKER_MANIFEST, OCI_MANIFEST),
    "M5": _one("artifact/artifactType", ABSENT, "a/b"),
    "M6": _one("artifact/artifactType", "a/.b", "a/b"),
    "M8": _one("artifact/config", ABSENT, descriptor("empty", EMPTY)),
    "M11": _one("artifact/layers", {}, [descriptor("sbom", "text/plain")]),
    "M12": _one("artifact/layers", [], [descriptor("sbom", "text/plain")]),
    "M14": _one("manifest/layers/0/mediaType", "a/b", "application/vnd.docker.image.rootfs.diff.tar.gzip"),
    "M17": _one(SUBJECT, "sha256", ABSENT),
    "M20": _one("artifact/config", descriptor("sbom", EMPTY), descriptor("empty", EMPTY)),
    "M21": _one("artifact/manifests", [], ABSENT),
    "M22": _one("manifest/config/mediaType", DOCKER_CONFIG, OCI_CONFIG),
    # Indexes.
    "X1": _one("extra/schemaVersion", 1, 2),
    "X2": _one("extra/mediaType", ABSENT, OCI_INDEX),
    "X3": _one("top/mediaType", OCI_MANIFEST, OCI_INDEX),
    "X4": _one("extra/artifactType", "x", "x/y"),
    "X5": _one("extra/manifests", ABSENT, []),
    "X6": _one("extra/manifests", [7], []),
    "X7": _one("extra/manifests", [descriptor("sbom", "a/b")], []),
    "X9": _one("index/manifests/0/platform", ABSENT, {"os": "linux", "architecture": "amd64"}),
    "X10": _one("index/manifests/0/platform/architecture", ABSENT, "amd64"),
    "X11": _one("index/manifests/0/platform/os", ABSENT, "linux"),
    "X12": _one("index/manifests/0/platform/architecture", "x86_64", "amd64"),
    "X13": _many(_windows("index", ["win32x"]), _windows("index", ["win32k"])),
    "X14": _one("index/manifests/1/platform/variant", "v10", "v9"),
    "X16": _one("extra/subject", [], descriptor("manifest", OCI_MANIFEST)),
    "X18": _one("index/manifests/0/platform/architecture", "386", "amd64"),
    "X19": _one(f"{SUBJECT}/platform", {"os": "linux", "architecture": "arm", "variant": 7}, None),
    # Configs.
    "C1": _one("config/architecture", ABSENT, "amd64"),
    "C2": _one("config/os", ABSENT, "linux"),
    "C3": _one("config/architecture", "x86_64", "amd64"),
    "C4": _many(_windows("config", ["win32x"]), _windows("config", ["win32k"])),
    "C5": _one("config/rootfs", ABSENT, Sample().documents["config"]["rootfs"]),
    "C6": _one("config/rootfs/type", "layer", "layers"),
    "C7": _one("config/rootfs/diff_ids/0", "sha256:0", DIGEST),
    "C9": _one("manifest/layers/2", descriptor("arm", "application/vnd.oci.image.layer.v1.tar+gzip"), ABSENT),
    "C10": _one("config/history/2/empty_layer", False, True),
    "C11": _one("config/created", "2024-02-29 12:00:00Z", "2024-02-29T12:00:00.5-11:30"),
    "C12": _one("config/config/Env/0", "=x", "X="),
    "C13": _one("config/config/User", 0, "0"),
    "C14": _one("config/config/Labels/a", 1, "1"),
    "C16": _one("config/config/ExposedPorts", {"http": {}}, {"80": {}, "53/udp": {}}),
    "C17": _one("config/rootfs/diff_ids/0", "md5:" + HEX, DIGEST),
}
