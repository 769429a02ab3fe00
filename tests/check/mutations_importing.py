"""For each rule about images, names, the tar and manifest.json: what breaks it alone, and what comes near.

All are archives of an image that unpacks, so that real importers can be shown them too.
"""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
from typing import TYPE_CHECKING, Final

import zstandard

from tests.builders import NAME, OCI_LAYER, OCI_MANIFEST, Json, Layout, as_json, platform, sha256
from tests.check.mutation import Mutation
from tests.docker_archives import CLASSIC, DockerArchive
from tests.laws.filtering import delta_of, filtered

if TYPE_CHECKING:
    from collections.abc import Sequence

OTHER: Final = "docker.io/library/other:2.0"
AMD64: Final = "linux/amd64"
ARM64: Final = "linux/arm64"
FULL_NAME: Final = "io.containerd.image.name"
REF_NAME: Final = "org.opencontainers.image.ref.name"


def docker_item(layout: Layout, manifest: Json, *tags: str) -> Json:
    """Return what manifest.json says of an image."""
    document = layout.read(manifest)
    config, *layers = (
        "blobs/" + part["digest"].replace(":", "/") for part in (document["config"], *document["layers"])
    )
    return {"Config": config, "RepoTags": list(tags), "Layers": layers}


def with_docker(layout: Layout, *items: Json) -> Layout:
    """Give an archive the manifest.json that docker reads."""
    layout.files["manifest.json"] = as_json(list(items))
    return layout


def without_platform(descriptor: Json) -> Json:
    return {key: value for key, value in descriptor.items() if key != "platform"}


def flat(layout: Layout, manifest: Json, name: str | None = NAME, **annotations: str) -> Layout:
    """List a manifest in index.json in the form that imports everywhere."""
    return layout.add(without_platform(manifest), name, **annotations)


def sound(*, tags: Sequence[str] = (NAME,), name: str | None = NAME, **annotations: str) -> Layout:
    """Make an archive of one image that nothing is wrong with."""
    layout = Layout()
    manifest = layout.manifest(AMD64)
    return with_docker(flat(layout, manifest, name, **annotations), docker_item(layout, manifest, *tags))


def nested(*platforms: str, attested: bool = False) -> Layout:
    """Make an archive of one image of several platforms."""
    layout = Layout()
    children = [layout.manifest(text, ("base", f"own {text}")) for text in platforms]
    others = [layout.attestation(child) for child in children] if attested else []
    layout.add(layout.index([*children, *others]))
    return with_docker(layout, docker_item(layout, children[0], NAME))


def two(first: str | None = NAME, second: str | None = OTHER) -> Layout:
    """Make an archive of two images."""
    layout = Layout()
    items = []
    for name, text in ((first, "one"), (second, "two")):
        manifest = layout.manifest(AMD64, ("base", text))
        flat(layout, manifest, name)
        items.append(docker_item(layout, manifest, *((name,) if name else ())))
    return with_docker(layout, *items)


def listed_twice(*, same_name: bool, platforms: tuple[str, str]) -> bytes:
    """List two manifests one by one, as `platforms`."""
    layout = Layout()
    manifests = [layout.manifest(text, ("base", f"own {number}")) for number, text in enumerate(platforms)]
    names = (NAME, NAME if same_name else OTHER)
    for manifest, name in zip(manifests, names, strict=True):
        layout.add(manifest, name)
    items = [docker_item(layout, manifest, name) for manifest, name in zip(manifests, names, strict=True)]
    return with_docker(layout, *items[: len(set(names))]).pack()


def with_platform() -> bytes:
    """List a manifest itself, and with its platform."""
    layout = Layout()
    manifest = layout.manifest(AMD64)
    return with_docker(layout.add(manifest), docker_item(layout, manifest, NAME)).pack()


def in_one_index(*platforms: str) -> bytes:
    """List manifests that differ in an index, each as the platform given."""
    layout = Layout()
    manifests = [layout.manifest(text, ("base", f"own {number}")) for number, text in enumerate(platforms)]
    layout.add(layout.index(manifests))
    return with_docker(layout, docker_item(layout, manifests[0], NAME)).pack()


def listed_as(listed: str, configured: str) -> bytes:
    layout = Layout()
    manifest = layout.manifest(configured) | {"platform": platform(listed)}
    layout.add(layout.index([manifest]))
    return with_docker(layout, docker_item(layout, manifest, NAME)).pack()


def with_artifact(listed: str) -> bytes:
    """List an artifact, as `listed`, before an image for amd64."""
    layout = Layout()
    manifest = layout.manifest(AMD64)
    layout.add(layout.index([layout.artifact("sbom") | {"platform": platform(listed)}, manifest]))
    return with_docker(layout, docker_item(layout, manifest, NAME)).pack()


def without_image(*, attested: bool) -> bytes:
    """Name an index that lists nothing, or an attestation alone."""
    layout = Layout()
    return layout.add(layout.index([layout.attestation({"digest": sha256(b"gone")})] if attested else [])).pack()


def index_in_index(*, with_image: bool) -> bytes:
    """List an index in an index, with the only image or with a referrer beside that."""
    layout = Layout()
    manifest = layout.manifest(AMD64)
    if with_image:
        layout.add(layout.index([layout.index([manifest])]))
    else:
        layout.add(layout.index([manifest, layout.index([layout.artifact("sbom", manifest)])]))
    return with_docker(layout, docker_item(layout, manifest, NAME)).pack()


def pinned(*, right: bool) -> bytes:
    """Name an image by a digest, its own or another."""
    digest = sound().roots[0]["digest"] if right else sha256(b"another")
    return sound(tags=(), name=f"docker.io/library/lab@{digest}").pack()


def ref_name(value: str) -> bytes:
    """Name an image by nothing but its reference."""
    return sound(name=None, **{REF_NAME: value}).pack()


def full_name(value: str, *tags: str) -> bytes:
    """Give an image a name that may be none, and a tag; `tags` are those of manifest.json."""
    return sound(tags=tags, name=None, **{FULL_NAME: value, REF_NAME: "1.0"}).pack()


def with_referrer(subject: Json | None = None) -> bytes:
    """Put an SBOM without a name beside an image."""
    layout = sound()
    return layout.add(layout.artifact("sbom", subject or layout.roots[0]), None).pack()


def without_docker(layout: Layout) -> Layout:
    del layout.files["manifest.json"]
    return layout


def named_artifact() -> bytes:
    """Put an SBOM with a name of its own beside an image."""
    layout = sound()
    return layout.add(layout.artifact("sbom", layout.roots[0]), "docker.io/library/lab:sbom").pack()


def artifact_alone() -> bytes:
    layout = Layout()
    return layout.add(layout.artifact("sbom"), "docker.io/library/sbom:1.0").pack()


def with_files(layout: Layout, files: dict[str, bytes]) -> bytes:
    layout.files |= files
    return layout.pack()


def zstd_layers() -> bytes:
    layout = Layout()
    manifest = layout.manifest(AMD64)
    document = layout.read(manifest)
    layers = [
        layout.blob(zstandard.compress(gzip.decompress(layout.blobs[layer["digest"]])), OCI_LAYER[:-4] + "zstd")
        for layer in document["layers"]
    ]
    layout.drop(manifest, *document["layers"])
    made = layout.blob(as_json(document | {"layers": layers}), OCI_MANIFEST)
    return with_docker(layout.add(made), docker_item(layout, made, NAME)).pack()


def external_layer(*, there: bool) -> bytes:
    """Make a layer external; docker would load none that is not there."""
    layout = Layout()
    manifest = layout.manifest(AMD64)
    document = layout.read(manifest)
    foreign = document["layers"][0] | {
        "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "urls": ["https://example.com/layer"],
    }
    layout.drop(manifest)
    made = layout.blob(as_json(document | {"layers": [foreign, *document["layers"][1:]]}), OCI_MANIFEST)
    if not there:
        return layout.drop(foreign).add(made).pack()
    return with_docker(layout.add(made), docker_item(layout, made, NAME)).pack()


def first_layer(layout: Layout) -> str:
    """Return the digest of the last layer of the only image."""
    digest: str = layout.read(layout.roots[0])["layers"][-1]["digest"]
    return digest


def blob_name(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def flipped(data: bytes) -> bytes:
    """Change a bit in the middle, where compressed data is."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def corrupt_layer() -> bytes:
    layout = sound()
    layout.blobs[first_layer(layout)] = flipped(layout.blobs[first_layer(layout)])
    return layout.pack()


def unlisted(*, right: bool) -> bytes:
    layout = sound()
    layout.blobs[sha256(b"stray")] = b"stray" if right else b"strain"
    return layout.pack()


def wrong_size(difference: int) -> bytes:
    layout = Layout()
    manifest = layout.manifest(AMD64)
    document = layout.read(manifest)
    document["config"]["size"] += difference
    layout.drop(manifest)
    made = layout.blob(as_json(document), OCI_MANIFEST)
    return with_docker(layout.add(made), docker_item(layout, made, NAME)).pack()


def without_layer() -> bytes:
    layout = sound()
    del layout.blobs[first_layer(layout)]
    return layout.pack()


def empty_index(*, folders: bool) -> bytes:
    return Layout().pack(folders=folders)


def entries_of(layout: Layout) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Return what a layout is packed as, to be packed in another way."""
    result = []
    for name, data in layout.entries().items():
        info = tarfile.TarInfo(name)
        info.size = len(data)
        result.append((info, data))
    return result


def packed(entries: list[tuple[tarfile.TarInfo, bytes]], *, end: bool = True) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
        length = tar.offset
    return buffer.getvalue() if end else buffer.getvalue()[:length]


def linked(name: str) -> bytes:
    """Put a link in the place of one file, to where its content was once."""
    entries = [(info, data) for info, data in entries_of(sound()) if info.name != name]
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.SYMTYPE, "../../elsewhere"
    return packed([*entries, (link, b"")])


def link_beside() -> bytes:
    link = tarfile.TarInfo("latest")
    link.type, link.linkname = tarfile.SYMTYPE, "index.json"
    return packed([*entries_of(sound()), (link, b"")])


def again(content: bytes | None = None) -> bytes:
    """Repeat the last layer of an image, with its own content or another."""
    layout = sound()
    name, data = blob_name(first_layer(layout)), layout.blobs[first_layer(layout)]
    repeated = tarfile.TarInfo(name)
    repeated.size = len(data if content is None else content)
    return packed([*entries_of(layout), (repeated, data if content is None else content)])


def without_index() -> bytes:
    return packed(
        [(info, data) for info, data in entries_of(sound()) if info.name not in {"index.json", "manifest.json"}]
    )


def stale_config() -> bytes:
    """Let manifest.json name an image that is in the archive, but not in its index."""
    layout = sound()
    return with_docker(layout, docker_item(layout, layout.manifest(AMD64, ("base", "of yesterday")), NAME)).pack()


def stale_tag(*, named: bool) -> bytes:
    """Let manifest.json give an image another name than index.json does."""
    layout = sound()
    return with_docker(layout, docker_item(layout, layout.roots[0], "lab:1.0" if named else OTHER)).pack()


def attestation_of(*, there: bool) -> bytes:
    layout = Layout()
    manifest = layout.manifest(AMD64)
    subject = manifest if there else Layout().manifest(ARM64)
    layout.add(layout.index([manifest, layout.attestation(subject)]))
    return with_docker(layout, docker_item(layout, manifest, NAME)).pack()


def repo_tags(*tags: str) -> bytes:
    layout = two()
    items = [docker_item(layout, root, tag) for root, tag in zip(layout.roots, tags, strict=True)]
    return with_docker(layout, *items).pack()


def v1(variant: str) -> bytes:
    return in_one_index(f"{AMD64}/{variant}")


def rebuilt_delta() -> bytes:
    """Return a delta to an image that has a layer of its base."""
    layout = Layout()
    manifest = layout.manifest(AMD64, ("base", "rebuilt"))
    new = with_docker(flat(layout, manifest), docker_item(layout, manifest, NAME))
    return delta_of(sound().pack(), new.pack())


MUTATIONS: Final[dict[str, Mutation]] = {
    "L1": Mutation(
        lambda: empty_index(folders=False),
        lambda: empty_index(folders=True),
        also=frozenset({"I15"}),  # any blob that is listed and there brings the folder along
    ),
    "L6": Mutation(without_index, lambda: sound().pack()),
    "L9": Mutation(lambda: unlisted(right=False), lambda: unlisted(right=True)),
    "L10": Mutation(
        lambda: with_files(sound(), {"blobs/sha256/no-digest.txt~": b"x"}),
        lambda: with_files(sound(), {"blobs.txt": b"x"}),
    ),
    "L11": Mutation(lambda: unlisted(right=True), lambda: unlisted(right=False)),
    "L16": Mutation(lambda: DockerArchive(CLASSIC).image(NAME).pack(), lambda: sound().pack()),
    "L12": Mutation(without_layer, lambda: external_layer(there=False)),
    "L17": Mutation(rebuilt_delta, lambda: with_files(sound(), {"delta.json": b"{}"})),
    "D14": Mutation(lambda: wrong_size(1), lambda: wrong_size(0)),
    "D15": Mutation(corrupt_layer, lambda: unlisted(right=False)),
    "X15": Mutation(lambda: in_one_index(AMD64, AMD64), lambda: in_one_index(AMD64, f"{AMD64}/v2")),
    "X18": Mutation(lambda: listed_as(ARM64, AMD64), lambda: listed_as(ARM64, "linux/arm64/v8")),
    "T1": Mutation(lambda: linked(blob_name(first_layer(sound()))), link_beside),
    "T3": Mutation(lambda: again(b"another"), again),
    "T4": Mutation(again, lambda: again(b"another")),
    "T5": Mutation(lambda: packed(entries_of(sound()), end=False), lambda: packed(entries_of(sound()))),
    "T6": Mutation(
        lambda: with_files(sound(), {"README": b"x", "notes/today": b"y"}),
        lambda: with_files(sound(), {"repositories": b"{}"}),
    ),
    "T7": Mutation(lambda: gzip.compress(sound().pack(), mtime=0), lambda: sound().pack()),
    "T8": Mutation(lambda: lzma.compress(sound().pack()), lambda: zstandard.compress(sound().pack())),
    "T9": Mutation(lambda: filtered(sound().pack(), ["all"]) + bytes(512), lambda: filtered(sound().pack(), ["all"])),
    "V25": Mutation(lambda: stale_tag(named=False), lambda: stale_tag(named=True)),
    "V26": Mutation(lambda: attestation_of(there=False), lambda: attestation_of(there=True)),
    "I1": Mutation(lambda: sound(tags=(), name=None).pack(), lambda: two(second=None).pack()),
    "I2": Mutation(lambda: two(second=None).pack(), with_referrer),
    "I3": Mutation(lambda: full_name("lab"), lambda: full_name("lab:1.0", "lab:1.0")),
    "I4": Mutation(
        lambda: listed_twice(same_name=True, platforms=(AMD64, AMD64)),
        lambda: listed_twice(same_name=False, platforms=(AMD64, AMD64)),
    ),
    "I5": Mutation(lambda: ref_name("1.0"), lambda: ref_name(NAME)),
    "I6": Mutation(with_platform, lambda: sound().pack()),
    "I7": Mutation(
        lambda: listed_twice(same_name=True, platforms=(AMD64, ARM64)), lambda: nested(AMD64, ARM64).pack()
    ),
    "I8": Mutation(lambda: v1("v1"), lambda: v1("v2")),
    "I9": Mutation(lambda: without_docker(sound()).pack(), artifact_alone),
    "I17": Mutation(named_artifact, with_referrer),
    "I10": Mutation(zstd_layers, lambda: sound().pack()),
    "I12": Mutation(
        lambda: external_layer(there=False),
        lambda: external_layer(there=True),
        also=frozenset({"Y8", "M14"}),  # only types that are deprecated may be external
    ),
    "I14": Mutation(lambda: sound(name="lab:1.0").pack(), lambda: sound(tags=("lab:1.0",)).pack()),
    "I15": Mutation(lambda: empty_index(folders=True), lambda: sound().pack()),
    "I18": Mutation(lambda: without_image(attested=False), lambda: nested(AMD64, attested=True).pack()),
    "I19": Mutation(lambda: index_in_index(with_image=True), lambda: index_in_index(with_image=False)),
    "I20": Mutation(lambda: pinned(right=False), lambda: pinned(right=True)),
    "I21": Mutation(lambda: sound(name="docker.io/library/LAB:1.0", tags=()).pack(), lambda: sound().pack()),
    "I16": Mutation(lambda: repo_tags("lab:1.0", "other:2.0"), lambda: repo_tags(NAME, OTHER)),
}
"""Every rule of this area by id."""
