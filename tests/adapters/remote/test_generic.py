"""Other backends of fsspec, by their own calls: in memory, and what is wrong with a scheme."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.adapters.remote.store import FsspecStore
from ocitool.api import filter_archive
from ocitool.archive.source import FileSource, Incoming
from ocitool.errors import ArchiveError, ChangedSource, UsageError
from tests.adapters.remote.reading import open_far, patient
from tests.builders import multi_platform
from tests.laws.filtering import filtered, options_of
from tests.sftp_server import PASSWORD, sftp_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = multi_platform().pack() + bytes(100_000)


@pytest.fixture
def memory() -> Iterator[Any]:
    import fsspec

    files = fsspec.filesystem("memory")
    files.pipe_file("/archives/a.tar", DATA)
    yield files
    files.rm("/archives", recursive=True)


def test_a_backend_that_nobody_here_knows_works(memory: Any, tmp_path: Path) -> None:
    filter_archive("memory://archives/a.tar", tmp_path / "out.tar", options_of(["linux/arm64"]))
    assert (tmp_path / "out.tar").read_bytes() == filtered(DATA, ["linux/arm64"])


def test_what_is_not_there(memory: Any) -> None:
    with pytest.raises(ArchiveError, match=r"memory://archives/b\.tar: no such object"):
        open_far("memory://archives/b.tar")


def test_a_folder_is_no_object(memory: Any) -> None:
    with pytest.raises(ArchiveError, match="is a folder"):
        open_far("memory://archives")


def test_what_is_replaced_is_seen_at_the_end(memory: Any) -> None:
    source = open_far("memory://archives/a.tar")
    source.check_unchanged()
    memory.pipe_file("/archives/a.tar", DATA + b"more")
    with pytest.raises(ChangedSource):
        source.check_unchanged()


def test_what_became_shorter_is_an_error(memory: Any) -> None:
    source = open_far("memory://archives/a.tar")
    memory.pipe_file("/archives/a.tar", DATA[:1000])
    with pytest.raises(ArchiveError, match="cut short"):
        source.read_at(80_000, 10)


def test_what_is_compressed_comes_in_order(memory: Any) -> None:
    packed = gzip.compress(DATA, mtime=0)
    memory.pipe_file("/archives/a.tar.gz", packed)
    opened = FsspecStore(patient()).open_source("memory://archives/a.tar.gz")
    assert isinstance(opened, Incoming)
    assert opened.compression == "gzip"
    assert b"".join(iter(lambda: opened.stream.read(1000), b"")) == packed


def test_an_object_whose_length_nobody_tells_comes_in_order(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told = type(memory).info

    def info(self: Any, path: str, **options: Any) -> dict[str, Any]:
        return {**told(self, path, **options), "size": None}

    monkeypatch.setattr(type(memory), "info", info)
    opened = FsspecStore(patient()).open_source("memory://archives/a.tar")
    assert isinstance(opened, Incoming)
    assert b"".join(iter(lambda: opened.stream.read(5000), b"")) == DATA
    opened.stream.close()


def test_a_moment_of_trouble_is_overcome(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_far("memory://archives/a.tar")
    read, failures = type(memory).cat_file, [OSError("reset"), EOFError()]

    def cat_file(self: Any, path: str, **options: Any) -> bytes:
        if failures:
            raise failures.pop()
        data: bytes = read(self, path, **options)
        return data

    monkeypatch.setattr(type(memory), "cat_file", cat_file)
    assert source.read_at(80_000, 10) == DATA[80_000:80_010]


def test_a_refusal_says_where_credentials_come_from(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_far("memory://archives/a.tar")

    def cat_file(*_: Any, **__: Any) -> bytes:
        raise PermissionError

    monkeypatch.setattr(type(memory), "cat_file", cat_file)
    with pytest.raises(ArchiveError, match=r"may not be read.*FSSPEC_MEMORY"):
        source.read_at(80_000, 10)


def test_a_file_url_is_a_file(tmp_path: Path) -> None:
    place = tmp_path / "an archive.tar"
    place.write_bytes(DATA)
    opened = FsspecStore().open_source(place.as_uri())
    assert isinstance(opened, FileSource)
    assert opened.name == str(place)
    opened.close()
    with pytest.raises(UsageError, match="another machine"):
        FsspecStore().open_source("file://host/a.tar")


def test_an_unknown_scheme_is_told() -> None:
    with pytest.raises(UsageError, match="nothing that is installed serves nosuch://"):
        FsspecStore().open_source("nosuch://host/a.tar")


def test_what_is_no_url_is_told() -> None:
    with pytest.raises(UsageError, match="not a URL"):
        FsspecStore().open_source("https://host:port/a.tar")


def test_sftp_reads_whole_ranges_and_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(DATA)
    with sftp_server(tmp_path) as url:
        source = open_far(f"{url}/a.tar")
        assert PASSWORD not in source.name
        assert source.size == len(DATA)
        source.will_read([(70_000, 80_000)])  # past its end
        assert source.read_at(70_000, 80_000) == DATA[70_000:]
        source.check_unchanged()
        (tmp_path / "a.tar").write_bytes(DATA[:-1])
        with pytest.raises(ChangedSource):
            source.check_unchanged()
        source.close()
        with pytest.raises(ArchiveError, match="no such object"):
            open_far(f"{url}/b.tar")
