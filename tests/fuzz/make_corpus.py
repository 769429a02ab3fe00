"""Write the seeds of the corpus: small archives of each shape, documents, specifiers.

``python -m tests.fuzz.make_corpus`` makes them again after the builders have changed.
"""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Final

import zstandard

from tests.builders import Layout, multi_platform
from tests.docker_archives import DockerArchive

CORPUS: Final = Path(__file__).parent / "corpus"


def main() -> None:
    """Write every seed with the byte that chooses its target."""
    CORPUS.mkdir(exist_ok=True)
    flat = Layout()
    flat.add(flat.manifest())
    seeds = {
        "archive-nested": b"\0" + multi_platform(("linux/amd64",), attested=True).pack(),
        "archive-flat-pax": b"\0" + flat.pack(tar_format=tarfile.PAX_FORMAT, folders=True),
        "archive-flat-gnu": b"\0" + flat.pack(tar_format=tarfile.GNU_FORMAT, prefix="./"),
        "archive-docker": b"\0" + DockerArchive().image("a:1").image("b:1", layers=("base", "other")).pack(),
        "json-descriptor": b'\1{"mediaType":"a/b","digest":"sha256:'
        + b"0" * 64
        + b'","size":1,"annotations":{"a":"b"}}',
        "json-platform": b'\1{"architecture":"arm64","os":"linux","os.version":"1","os.features":["x"]}',
        "json-escapes": b'\1["\\u00e9",1.5e3,null,true,{"a":[]}]',
        "text-platforms": b"\2linux/arm64/v8,!windows(10.0.*)/amd64,available",
        "text-reference": b"\2ghcr.io:443/team/app:1.0@sha256:" + b"0" * 64,
        "frames": b"\3" + zstandard.compress(b"hello" * 50) + b"\x50\x2a\x4d\x18\2\0\0\0xx",
    }
    for name, data in seeds.items():
        (CORPUS / name).write_bytes(data)


if __name__ == "__main__":
    main()
