"""A program that uses the library as its types allow; what it must refuse is marked, and mypy holds that, too."""

from __future__ import annotations

import io
import sys
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ocitool.api import (
    Advice,
    Compression,
    Digest,
    FilterOptions,
    FilterResult,
    ImageFilter,
    Inventory,
    Listener,
    OcitoolError,
    Output,
    Platform,
    PlatformSelection,
    ReadableFile,
    Report,
    Source,
    SourceOptions,
    WritableFile,
    WriteOptions,
    advise_archive,
    filter_archive,
    inspect_archive,
    merge_archives,
    verify_archive,
)

if TYPE_CHECKING:
    import mmap
    import tempfile
    import zipfile
    from collections.abc import Mapping
    from http.client import HTTPResponse


class Body:
    """A file of this program's own."""

    def __init__(self, data: bytes) -> None:
        self._parts = [data]

    def read(self, size: int, /) -> bytes:
        data = b"".join(self._parts)
        self._parts = [data[size:]]
        return data[:size]

    def write(self, data: bytes, /) -> int:
        self._parts.append(data)
        return len(data)


class Quiet:
    def start(self, phase: str, total: int | None) -> None: ...

    def advance(self, count: int) -> None: ...

    def finish(self) -> None: ...


def keep(source: Source, output: Output, platform: str) -> Mapping[Digest, Digest]:
    listener: Listener = Quiet()
    options = FilterOptions(PlatformSelection.parse(platform), images=ImageFilter(("lab",)))
    result: FilterResult = filter_archive(source, output, options, listener=listener)
    size: int = result.size
    assert size
    return result.digest_map


def every_kind_is_a_source(  # only mypy runs it
    raw: io.FileIO,
    buffered: io.BufferedReader,
    binary: IO[bytes],
    spooled: tempfile.SpooledTemporaryFile[bytes],
    member: zipfile.ZipExtFile,
    mapped: mmap.mmap,
    response: HTTPResponse,
) -> None:
    sources: list[Source] = [raw, buffered, binary, spooled, member, mapped, response, sys.stdin.buffer]
    sources += ["image.tar", "-", "s3://bucket/image.tar", Path("image.tar"), Body(b""), io.BytesIO()]
    outputs: list[Output] = [raw, binary, spooled, sys.stdout.buffer, io.BytesIO(), Body(b""), "-", Path("out.tar")]
    for source, output in zip(sources, outputs, strict=False):
        keep(source, output, "linux/arm64")
    with urllib.request.urlopen("https://example.org/image.tar") as body:
        inspect_archive(body)


def what_mypy_refuses() -> None:
    options = FilterOptions(PlatformSelection.parse("all"))
    inspect_archive(b"image.tar")  # type: ignore[arg-type]
    inspect_archive(sys.stdin)  # type: ignore[arg-type]
    filter_archive(io.StringIO(), "out.tar", options)  # type: ignore[arg-type]
    filter_archive("image.tar", sys.stdout, options)  # type: ignore[arg-type]
    filter_archive("image.tar", None, options)  # type: ignore[arg-type]
    filter_archive("image.tar", "out.tar", FilterOptions(["linux/arm64"]))  # type: ignore[arg-type]
    merge_archives(7, "out.tar", options)  # type: ignore[arg-type]


def main(archive: bytes) -> list[str]:
    readable: ReadableFile = Body(archive)
    writable: WritableFile = Body(b"")
    digests = keep(readable, writable, "linux/arm64")
    inventory: Inventory = inspect_archive(io.BytesIO(archive), source_options=SourceOptions())
    report: Report = verify_archive(io.BytesIO(archive))
    advice: Advice = advise_archive(io.BytesIO(archive))
    host: Platform = advice.host
    packed = io.BytesIO()
    options = FilterOptions(PlatformSelection.parse("all"))
    merge_archives([io.BytesIO(archive)], packed, options, write_options=WriteOptions(compression=Compression()))
    try:
        keep(io.BytesIO(b"nothing"), io.BytesIO(), "all")
    except OcitoolError as error:
        return [str(old) for old in digests] + [host.os, error.code, str(report.ok), *map(str, inventory.images)]
    return []
