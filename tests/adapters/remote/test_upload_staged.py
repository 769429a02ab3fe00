"""Uploads through any file system of fsspec: beside their place first, under their name when they are published."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

from ocitool.adapters.remote import background
from ocitool.adapters.remote.staged_upload import StagedUpload
from ocitool.adapters.remote.upload import open_upload
from ocitool.errors import OutputError, UsageError
from tests.sftp_server import PASSWORD, sftp_server
from tests.uploads import random_bytes, upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = random_bytes(700_007)


@pytest.fixture(params=["memory", "local", "sftp"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the URL of an empty folder on each kind of storage; what is written there goes in many blocks."""
    monkeypatch.setattr(background, "BLOCK", 64 * 1024)
    if request.param == "memory":
        yield f"memory://{tmp_path}"
    elif request.param == "local":
        yield f"local://{tmp_path}"
    else:
        with sftp_server(tmp_path) as url:
            yield url


def contents(folder: str) -> dict[str, bytes]:
    from fsspec.core import url_to_fs

    filesystem, path = url_to_fs(folder)
    filesystem.invalidate_cache()
    try:
        names = filesystem.ls(path, detail=False)
    except FileNotFoundError:
        return {}
    return {name.rpartition("/")[2]: filesystem.cat_file(name) for name in names}


@pytest.mark.parametrize("size", [0, 1, len(DATA)])
def test_what_is_written_is_stored(folder: str, size: int) -> None:
    upload(f"{folder}/x.tar", DATA[:size]).close()
    assert contents(folder) == {"x.tar": DATA[:size]}


def test_what_was_there_stays_until_it_is_published(folder: str) -> None:
    upload(f"{folder}/x.tar", b"old").close()
    opened = upload(f"{folder}/x.tar", DATA, publish=False)
    opened.stage()
    assert contents(folder)["x.tar"] == b"old"
    opened.publish()
    opened.close()
    assert contents(folder) == {"x.tar": DATA}


@pytest.mark.parametrize("staged", [True, False])
def test_what_is_closed_before_leaves_nothing(folder: str, staged: bool) -> None:
    upload(f"{folder}/x.tar", b"old").close()
    opened = upload(f"{folder}/x.tar", DATA, publish=False)
    if staged:
        opened.stage()
    opened.close()
    assert contents(folder) == {"x.tar": b"old"}


def test_existing_files_are_refused(folder: str) -> None:
    upload(f"{folder}/x.tar", b"old").close()
    with pytest.raises(OutputError, match="exists already"):
        open_upload(f"{folder}/x.tar", clobber=False)
    opened = upload(f"{folder}/y.tar", DATA, clobber=False, publish=False)
    opened.stage()
    upload(f"{folder}/y.tar", b"other").close()
    with pytest.raises(OutputError, match="exists already"):
        opened.publish()
    opened.close()
    assert contents(folder) == {"x.tar": b"old", "y.tar": b"other"}


def test_withdrawing(folder: str) -> None:
    opened = upload(f"{folder}/x.tar", DATA)
    opened.withdraw()
    opened.close()
    assert contents(folder) == {}
    upload(f"{folder}/x.tar", b"old").close()
    opened = upload(f"{folder}/x.tar", DATA)
    opened.withdraw()
    opened.close()
    assert contents(folder) == {"x.tar": DATA}


def test_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        open_upload(f"local://{tmp_path}/there", clobber=True)


@pytest.mark.parametrize("server", ["local", "sftp"])
def test_missing_folders(tmp_path: Path, server: str) -> None:
    with sftp_server(tmp_path) as url, pytest.raises(OutputError, match="no such folder") as caught:
        upload(f"{url if server == 'sftp' else f'local://{tmp_path}'}/gone/x.tar", DATA)
    assert PASSWORD not in str(caught.value)


def test_wrong_passwords_are_told_without_them(tmp_path: Path) -> None:
    with sftp_server(tmp_path) as url, pytest.raises(OutputError, match="cannot write") as caught:
        open_upload(url.replace(PASSWORD, "something-else") + "/x.tar", clobber=True)
    assert "something-else" not in str(caught.value)
    assert "tester" not in str(caught.value)


class Committed(MemoryFile):  # type: ignore[misc]
    """A file as Google's storage has them: there when it is committed."""

    def __init__(self, filesystem: Committing, path: str, *, fails: str) -> None:
        super().__init__(filesystem, path)
        self._fails = fails

    def write(self, data: Any) -> Any:
        if self._fails == "write":
            raise OSError(5, "Input/output error")
        return super().write(data)

    def commit(self) -> None:
        if self._fails == "commit":
            raise OSError(5, "Input/output error")
        super().commit()

    def discard(self) -> None:
        self.fs.discarded.append(self.path)


class Committing(MemoryFileSystem):  # type: ignore[misc]
    protocol = ("gs", "gcs")
    cachable = False

    def __init__(self, *, fails: str = "") -> None:
        super().__init__(global_store=False)
        self.modes: list[str] = []
        self.discarded: list[str] = []
        self._fails = fails

    def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        assert options == {"autocommit": False}
        self.modes.append(mode)
        return Committed(self, self._strip_protocol(path), fails=self._fails)


def fill(filesystem: Committing, *, clobber: bool = True) -> StagedUpload:
    opened = StagedUpload(filesystem, "/bucket/x.tar", "gs://bucket/x.tar", clobber=clobber)
    opened.begin(len(DATA))
    opened.write(DATA)
    return opened


def write_all(opened: StagedUpload) -> None:
    opened.write(DATA)
    opened.stage()
    opened.publish()


class TestCommitting:
    @pytest.mark.parametrize("clobber", [True, False])
    def test_it_appears_under_its_name_alone(self, clobber: bool) -> None:
        filesystem = Committing()
        opened = fill(filesystem, clobber=clobber)
        opened.stage()
        assert filesystem.store == {}
        opened.publish()
        opened.close()
        assert list(filesystem.store) == ["/bucket/x.tar"]
        assert filesystem.modes == ["wb" if clobber else "xb"]
        assert filesystem.discarded == []

    def test_it_is_discarded(self) -> None:
        filesystem = Committing()
        fill(filesystem).close()
        assert filesystem.store == {}
        assert filesystem.discarded == ["/bucket/x.tar"]

    @pytest.mark.parametrize("fails", ["write", "commit"])
    def test_failures(self, fails: str) -> None:
        filesystem = Committing(fails=fails)
        opened = StagedUpload(filesystem, "/bucket/x.tar", "gs://bucket/x.tar", clobber=True)
        with (
            pytest.raises(OutputError, match=r"gs://bucket/x\.tar: cannot write: Input/output error"),
            closing(opened),
        ):
            write_all(opened)
        assert filesystem.store == {}
        assert filesystem.discarded == ["/bucket/x.tar"]


class Broken(MemoryFileSystem):  # type: ignore[misc]
    """Stores less than it is given."""

    cachable = False

    def __init__(self) -> None:
        super().__init__(global_store=False)

    def cp_file(self, path1: str, path2: str, **options: Any) -> None:
        super().cp_file(path1, path2, **options)
        self.store[path2].truncate(10)


def test_what_is_stored_short_is_removed() -> None:
    filesystem = Broken()
    opened = StagedUpload(filesystem, "/bucket/x.tar", "x.tar", clobber=True)
    opened.write(DATA)
    opened.stage()
    with pytest.raises(OutputError, match=f"stored 10 bytes of {len(DATA)}"):
        opened.publish()
    opened.close()
    assert filesystem.store == {}


def test_no_thread_is_left(tmp_path: Path) -> None:
    before = threading.active_count()
    upload(f"memory://{tmp_path}/x.tar", DATA).close()
    upload(f"memory://{tmp_path}/y.tar", DATA, publish=False).close()
    assert threading.active_count() == before


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_web_servers_are_not_written_to(scheme: str) -> None:
    with pytest.raises(UsageError, match="cannot be written to") as caught:
        open_upload(f"{scheme}://me:secret@host/x.tar?X-Amz-Signature=abc", clobber=True)
    assert "secret" not in str(caught.value)
    assert "abc" not in str(caught.value)


def test_unknown_schemes() -> None:
    with pytest.raises(UsageError, match="serves nonsense://"):
        open_upload("nonsense://x/y.tar", clobber=True)


def test_libraries_that_are_missing() -> None:
    with pytest.raises(UsageError, match="gs:// needs a library") as caught:
        open_upload("gs://x/y.tar", clobber=True)
    assert "pip install gcsfs" in caught.value.remedy
