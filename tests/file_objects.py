"""Open files of every kind that a program may hand to the library, each with the same bytes in it."""

from __future__ import annotations

import gzip
import io
import mmap
import os
import socket
import tarfile
import tempfile
import threading
import zipfile
from contextlib import contextmanager
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


FSSPEC: Final[Any] = import_module("fsspec")


class Trickle(io.RawIOBase):
    """A raw stream that gives a few bytes at a time, as sockets do."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._data.read(min(len(buffer), 5000))
        buffer[: len(part)] = part
        return len(part)


class Readable:
    """Nothing but a `read` that returns less than it is asked for now and then."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int, /) -> bytes:
        return self._data.read(max(1, size - 1))


class ShortReads(io.BytesIO):
    """Seekable, and never generous."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size if size is None or size < 0 else min(size, 3000))


def _feed(write: Callable[[bytes], object], close: Callable[[], object], data: bytes) -> threading.Thread:
    def run() -> None:
        try:
            write(data)
        except OSError:
            pass  # nobody reads any more
        finally:
            close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@contextmanager
def _path(data: bytes, folder: Path) -> Iterator[Path]:
    path = folder / f"in{os.urandom(4).hex()}.tar"
    path.write_bytes(data)
    try:
        yield path
    finally:
        path.unlink()


@contextmanager
def buffered(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    with _path(data, folder) as path, path.open("rb") as file:
        yield file


@contextmanager
def unbuffered(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    with _path(data, folder) as path, path.open("rb", buffering=0) as file:
        yield file


@contextmanager
def temporary(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(data)
        file.seek(0)
        yield file


@contextmanager
def named_temporary(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(data)
        file.seek(0)
        yield file


@contextmanager
def memory(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    yield io.BytesIO(data)


@contextmanager
def short_reads(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    yield ShortReads(data)


@contextmanager
def behind_other_bytes(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    file = io.BytesIO(b"not yet" + data)
    file.seek(7)
    yield file


@contextmanager
def file_behind_other_bytes(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    with buffered(b"not yet" + data, folder) as file:
        assert file.read(7) == b"not yet"
        yield file


@contextmanager
def spooled(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    with tempfile.SpooledTemporaryFile(max_size=100_000_000, dir=str(folder)) as file:
        file.write(data)
        file.seek(0)
        yield file


@contextmanager
def mapped(data: bytes, folder: Path) -> Iterator[Any]:
    with mmap.mmap(-1, len(data)) as memory_map:
        memory_map.write(data)
        memory_map.seek(0)
        yield memory_map


@contextmanager
def zip_member(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/in.tar", data)
    with zipfile.ZipFile(buffer) as archive, archive.open("folder/in.tar") as file:
        yield file


@contextmanager
def tar_member(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("in.tar")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as tar:
        file = tar.extractfile("in.tar")
        assert file is not None
        with file:
            yield file


@contextmanager
def gzip_file(data: bytes, folder: Path) -> Iterator[gzip.GzipFile]:
    """It has a descriptor, whose bytes are others than those that it reads."""
    with _path(gzip.compress(data, 1), folder) as path, path.open("rb") as raw, gzip.open(raw) as file:
        yield file


@contextmanager
def fsspec_memory(data: bytes, folder: Path) -> Iterator[Any]:
    system = FSSPEC.filesystem("memory")
    system.pipe("/in.tar", data)
    with system.open("/in.tar", "rb") as file:
        yield file


@contextmanager
def fsspec_local(data: bytes, folder: Path) -> Iterator[Any]:
    with _path(data, folder) as path, FSSPEC.open(str(path), "rb") as file:
        yield file


@contextmanager
def pipe(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    reading, writing = os.pipe()
    out = os.fdopen(writing, "wb")
    feeder = _feed(out.write, out.close, data)
    with os.fdopen(reading, "rb") as file:
        yield file
    feeder.join()


@contextmanager
def made_file_of_a_socket(data: bytes, folder: Path) -> Iterator[IO[bytes]]:
    ours, theirs = socket.socketpair()
    feeder = _feed(theirs.sendall, theirs.close, data)
    with ours, ours.makefile("rb") as file:
        yield file
    feeder.join()


@contextmanager
def trickle(data: bytes, folder: Path) -> Iterator[Any]:
    yield Trickle(data)


@contextmanager
def readable(data: bytes, folder: Path) -> Iterator[Any]:
    yield Readable(data)


IN_PLACE: Final = (buffered, unbuffered, temporary, named_temporary)
SEEKABLE: Final = (memory, short_reads, spooled, mapped, tar_member, fsspec_memory, fsspec_local)
WITHIN: Final = (behind_other_bytes, file_behind_other_bytes)
IN_ORDER: Final = (zip_member, gzip_file, pipe, made_file_of_a_socket, trickle, readable)
KINDS: Final = (*IN_PLACE, *SEEKABLE, *WITHIN, *IN_ORDER)
