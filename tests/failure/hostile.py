"""Archives made to hurt: each with the exit code of `filter` and words of the one line that it deserves."""

from __future__ import annotations

import gzip
import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import zstandard

from ocitool.archive.headers import encode_header, encode_pax, padding
from tests.builders import OCI_INDEX, OCI_MANIFEST, Json, Layout, as_json, multi_platform, sha256
from tests.docker_archives import CLASSIC, GZIP_UNNAMED, DockerArchive

if TYPE_CHECKING:
    from collections.abc import Callable

END: Final = bytes(1024)


@dataclass(frozen=True)
class Hostile:
    """What it is, how to make it, the exit code of `filter -p all`, and words of its message."""

    name: str
    make: Callable[[], bytes]
    code: int
    words: tuple[str, ...]


def entry(name: str, data: bytes = b"x", **fields: Any) -> bytes:
    """Return one entry as Python writes it, whatever the name."""
    buffer = io.BytesIO()
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(info, io.BytesIO(data))
        return buffer.getvalue()[: tar.offset]


def body() -> bytes:
    """Return a good archive without its end blocks."""
    data = multi_platform(("linux/amd64",)).pack()
    return data.rstrip(b"\0") + bytes(-len(data.rstrip(b"\0")) % 512)


def beside(*entries: bytes) -> Callable[[], bytes]:
    return lambda: b"".join(entries) + body() + END


def header(kind: bytes, size: int, name: bytes = b"x") -> bytes:
    """Return a header with a right checksum and whatever size."""
    block = bytearray(encode_header("x", 0))
    block[:100] = name.ljust(100, b"\0")
    block[156:157] = kind
    block[124:136] = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def extended(kind: bytes, payload: bytes) -> bytes:
    return header(kind, len(payload)) + payload + bytes(padding(len(payload)))


def replaced(name: str, data: bytes) -> Callable[[], bytes]:
    """Make a good archive in which one file of the layout has other bytes."""

    def make() -> bytes:
        layout = multi_platform(("linux/amd64",))
        entries = layout.entries() | {name: data}
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for each, content in entries.items():
                info = tarfile.TarInfo(each)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return buffer.getvalue()

    return make


def rooted(descriptor: Json, **blobs: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        layout = Layout()
        layout.blobs.update({sha256(data): data for data in blobs.values()})
        return layout.add(descriptor).pack()

    return make


def linked(kind: bytes) -> bytes:
    """Make an archive with a link in the place of a blob."""
    layout = multi_platform(("linux/amd64",))
    digest, data = max(layout.blobs.items(), key=lambda item: len(item[1]))
    del layout.blobs[digest]
    link = entry(f"blobs/{digest.replace(':', '/')}", b"", type=kind, linkname="../../real")
    return link + entry("real", data) + layout.pack()


def manifest_that_is_an_index() -> bytes:
    layout = Layout()
    child = layout.manifest()
    both = layout.read(child) | {"manifests": [child]}
    return layout.add(layout.blob(as_json(both), OCI_MANIFEST)).pack()


def config_that_is_a_layer() -> bytes:
    """A config listed under a layer's media type: no config is left that says what the image is."""
    layout = Layout()
    document = layout.read(layout.manifest())
    document["config"]["mediaType"] = document["layers"][0]["mediaType"]
    layout.blobs.pop(sha256(as_json(layout.read(layout.manifest()))), None)
    return layout.add(
        layout.blob(as_json(document), OCI_MANIFEST, platform={"os": "linux", "architecture": "x"})
    ).pack()


def own_child() -> bytes:
    """An index cannot list itself by digest, but it can claim to."""
    index = as_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
    digest = sha256(index)
    cycle = index.replace(b"[]", as_json([{"mediaType": OCI_INDEX, "digest": digest, "size": len(index)}]))
    layout = Layout(blobs={digest: cycle})
    return layout.add({"mediaType": OCI_INDEX, "digest": digest, "size": len(cycle)}).pack()


def fan_out() -> bytes:
    layout = Layout()
    node = layout.manifest()
    for _ in range(6):
        node = layout.index([node] * 20)
    return layout.add(node).pack()


def many_descriptors() -> bytes:
    layout = Layout()
    child = layout.manifest()
    return layout.add(layout.index([child] * 20_001)).pack()


def deep(levels: int) -> bytes:
    return b'{"schemaVersion":2,"manifests":[],"x":' + b"[" * levels + b"]" * levels + b"}"


def docker_bomb() -> bytes:
    """A layer of a docker-archive that no name vouches for, of 2 GiB of zeros."""
    archive = DockerArchive(GZIP_UNNAMED).image("lab:1")
    packer = zstandard.ZstdCompressor().compressobj()
    part = bytes(16 * 1024 * 1024)
    packed = b"".join(packer.compress(part) for _ in range(128)) + packer.flush()
    archive.files[archive.items[0]["Layers"][0]] = packed
    return archive.pack()


def bomb() -> bytes:
    packer = zstandard.ZstdCompressor().compressobj()
    part = encode_header("zeros", 2 * 1024**3) + bytes(16 * 1024 * 1024 - 512)
    zeros = bytes(16 * 1024 * 1024)
    return packer.compress(part) + b"".join(packer.compress(zeros) for _ in range(128)) + packer.flush()


def far_link() -> bytes:
    archive = DockerArchive(CLASSIC).image("lab:1")
    name = archive.items[0]["Layers"][1]
    del archive.files[name]
    archive.links[name] = "../../../../../../etc/passwd"
    return archive.pack()


HOSTILE: Final = (
    Hostile("an absolute name", beside(entry("/etc/passwd")), 3, ("absolute name '/etc/passwd'",)),
    Hostile("a name that leaves its folder", beside(entry("blobs/../../x")), 3, ("has '..' in it",)),
    Hostile("a backslash", beside(entry("blobs\\x")), 3, ("backslash",)),
    Hostile("a NUL in a name", beside(extended(b"x", encode_pax({"path": "a\0b"})) + entry("x")), 3, ("NUL",)),
    Hostile("a long name", beside(entry("x" * 5000)), 3, ("too many bytes",)),
    Hostile("a symbolic link for a blob", lambda: linked(tarfile.SYMTYPE), 3, ("link in the place of a file",)),
    Hostile("a hard link for a blob", lambda: linked(tarfile.LNKTYPE), 3, ("link in the place of a file",)),
    Hostile("a device for a blob", lambda: linked(tarfile.CHRTYPE), 3, ("special file in the place of a file",)),
    Hostile("a FIFO for a blob", lambda: linked(tarfile.FIFOTYPE), 3, ("special file in the place of a file",)),
    Hostile("a sparse entry", beside(entry("x", type=b"S")), 3, ("sparse",)),
    Hostile(
        "a sparse entry of PAX",
        beside(extended(b"x", encode_pax({"GNU.sparse.major": "1"})) + entry("x")),
        3,
        ("sparse",),
    ),
    Hostile("two index.json", beside(entry("index.json", b"{}")), 3, ("two entries of this name", "index.json")),
    Hostile("a wrong checksum", lambda: body() + b"x" * 512 + END, 3, ("checksum is wrong", "at offset", "damaged")),
    Hostile("a base-256 size beyond the file", beside(header(b"0", 2**40)), 3, ("cut short", "more bytes")),
    Hostile("an impossible base-256 size", beside(header(b"0", 2**80)), 3, ("impossible size",)),
    Hostile(
        "a PAX size beyond the file",
        beside(extended(b"x", encode_pax({"size": str(2**50)})) + entry("x")),
        3,
        ("cut short",),
    ),
    Hostile("a PAX bomb", beside(header(b"x", 2**30)), 3, ("extension header of 1073741824 bytes",)),
    Hostile(
        "thousands of global headers",
        beside(extended(b"g", encode_pax({"comment": "x"})) * 5000),
        3,
        ("extension headers in a row",),
    ),
    Hostile("JSON of 100,000 levels", replaced("index.json", deep(100_000)), 3, ("index.json", "nested deeper")),
    Hostile("JSON of 300 levels", replaced("index.json", deep(300)), 3, ("index.json", "nested deeper")),
    Hostile(
        "a document of more than 20 MiB", replaced("index.json", b" " * (20 * 1024**2 + 1)), 3, ("20971520", "index")
    ),
    Hostile("a document of commas", replaced("index.json", b"[" + b"0," * 600_000 + b"0]"), 3, ("more than 500000",)),
    Hostile("two keys of one name", replaced("index.json", b'{"a":1,"a":2}'), 3, ("'a' occurs twice",)),
    Hostile("JSON that is cut", replaced("index.json", b'{"a":'), 3, ("index.json", "not JSON")),
    Hostile("JSON that is not UTF-8", replaced("index.json", b'{"a":"\xff"}'), 3, ("not UTF-8",)),
    Hostile("a bad oci-layout", replaced("oci-layout", b"[]"), 3, ("oci-layout",)),
    Hostile("a bad manifest.json", replaced("manifest.json", b"{"), 3, ("manifest.json",)),
    Hostile("an index that lists itself", own_child, 5, ("is corrupt",)),
    Hostile("an index of indexes of indexes", fan_out, 3, ("more than",)),
    Hostile("20,001 descriptors", many_descriptors, 3, ("20001 descriptors",)),
    Hostile(
        "a digest with slashes",
        rooted({"mediaType": OCI_MANIFEST, "digest": "sha256:../../etc/passwd", "size": 1}),
        3,
        ("is not a digest",),
    ),
    Hostile(
        "a digest of an unknown algorithm",
        rooted({"mediaType": OCI_MANIFEST, "digest": "md5:" + "0" * 32, "size": 1}),
        3,
        ("not supported",),
    ),
    Hostile(
        "a negative size",
        rooted({"mediaType": OCI_MANIFEST, "digest": "sha256:" + "0" * 64, "size": -1}),
        3,
        ("without a valid size",),
    ),
    Hostile("a manifest that is an index too", manifest_that_is_an_index, 3, ("has manifests",)),
    Hostile("a config claimed to be a layer", config_that_is_a_layer, 0, ()),
    Hostile(
        "everything under a folder",
        lambda: multi_platform().pack(prefix="export/"),
        3,
        ("under the folder 'export'", "tar -C export -cf"),
    ),
    Hostile("a bomb", bomb, 3, ("grows to more than 1000 times", "--max-ratio")),
    Hostile("a bomb in a docker-archive", docker_bomb, 5, ("grows to more than 1000 times",)),
    Hostile("a truncated gzip", lambda: gzip.compress(body() + END)[:-5], 3, ("gzip", "cut short")),
    Hostile("a link out of a docker-archive", far_link, 5, ("is a link out of the archive", "--dereference")),
)
