"""A folder is the same archive as the tar of it, and nothing is followed out of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given

from ocitool.api import Missing, filter_archive, verify_archive
from ocitool.archive.entry import EntryKind
from ocitool.archive.layout_directory import OPEN_LIMIT, DirectorySource
from ocitool.errors import ArchiveError, ChangedSource, NotAnArchive, SelectionError, UnsafeEntry
from ocitool.model.limits import FOLDER_LIMIT
from tests.builders import multi_platform
from tests.command import ocitool
from tests.folders import unpack
from tests.laws.filtering import filtered, options_of
from tests.strategies import Archive, archives


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return unpack(multi_platform(), tmp_path / "layout")


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def blob(folder: Path) -> Path:
    return max((folder / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)


@given(archives())
def test_a_folder_gives_the_bytes_of_its_tar(archive: Archive) -> None:
    with tempfile.TemporaryDirectory() as name:
        source, target = unpack(archive.layout, Path(name, "layout")), Path(name, "out.tar")
        try:
            filter_archive(source, target, options_of(["available"], missing=Missing.SKIP))
        except SelectionError:
            return
        assert target.read_bytes() == filtered(archive.layout.pack(), ["available"], missing=Missing.SKIP)


def test_every_file_has_its_range(folder: Path) -> None:
    (folder / "empty").touch()
    with DirectorySource(folder) as source:
        for entry in source.scan().entries:
            data = (folder / entry.name).read_bytes()
            assert source.read_at(entry.data_offset, entry.size) == data
            assert source.read_at(entry.data_offset, entry.size + 100) == data
            if len(data) > 2:
                assert source.read_at(entry.data_offset + 1, 2) == data[1:3]


def test_more_files_than_may_be_open(tmp_path: Path) -> None:
    for number in range(3 * OPEN_LIMIT):
        (tmp_path / f"{number:04}").write_text(str(number))
    before = open_files()
    with DirectorySource(tmp_path) as source:
        for _ in range(2):
            for entry in source.scan().entries:
                assert source.read_at(entry.data_offset, entry.size) == str(int(entry.name)).encode()
        assert open_files() <= before + OPEN_LIMIT + 2
    assert open_files() == before


def test_the_kernel_gets_the_file_of_a_range(folder: Path) -> None:
    before = open_files()
    with DirectorySource(folder) as source:
        for entry in source.scan().entries:
            opened = source.open_range(entry.data_offset, entry.size)
            assert opened is not None
            with opened:
                assert (opened.offset, opened.is_whole) == (0, True)
                assert os.pread(opened.descriptor, entry.size, 0) == (folder / entry.name).read_bytes()
            opened = source.open_range(entry.data_offset + 1, 2)
            assert opened is not None
            with opened:
                assert (opened.offset, opened.is_whole) == (1, False)
            assert source.open_range(entry.data_offset + 1, entry.size) is None
    assert open_files() == before


def test_a_linked_blob_is_not_read(folder: Path, tmp_path: Path) -> None:
    victim = blob(folder)
    victim.rename(tmp_path / "outside")
    victim.symlink_to(tmp_path / "outside")
    with DirectorySource(folder) as source:
        (kind,) = {entry.kind for entry in source.scan().entries if entry.name.endswith(victim.name)}
        assert kind is EntryKind.LINK
    with pytest.raises(UnsafeEntry, match="a link in the place of a file"):
        filter_archive(folder, tmp_path / "out.tar", options_of(["all"]))
    assert not verify_archive(folder).ok


@pytest.mark.parametrize("name", ["blobs", "blobs/sha256"])
def test_a_linked_folder_is_refused(name: str, folder: Path, tmp_path: Path) -> None:
    (folder / name).rename(tmp_path / "outside")
    (folder / name).symlink_to(tmp_path / "outside")
    with pytest.raises(UnsafeEntry, match=f"{name} is a link"):
        DirectorySource(folder)


def test_devices_and_pipes_are_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "blobs/sha256" / ("0" * 64))
    assert ocitool("verify", folder).returncode == 1
    assert ocitool("filter", folder, "-p", "all", "-o", "/dev/null").returncode == 3


@pytest.mark.parametrize("change", ["append", "replace", "remove"])
def test_a_file_that_changes_is_told(change: str, folder: Path) -> None:
    victim = blob(folder)
    with DirectorySource(folder) as source:
        source.check_unchanged()
        data = victim.read_bytes()
        victim.unlink()
        if change != "remove":
            victim.write_bytes(data + b"x" * (change == "append"))
        with pytest.raises(ChangedSource, match=victim.name):
            source.check_unchanged()
        (entry,) = [entry for entry in source.scan().entries if entry.name.endswith(victim.name)]
        with pytest.raises(ArchiveError):
            source.read_at(entry.data_offset, 1)


def test_what_a_tar_would_be_refused_for(folder: Path) -> None:
    (folder / "a\\b").touch()
    with pytest.raises(UnsafeEntry, match="backslash"):
        DirectorySource(folder)


def test_folders_of_blobs_are_bounded(folder: Path) -> None:
    for number in range(FOLDER_LIMIT):
        (folder / "blobs" / str(number)).mkdir()
    with pytest.raises(UnsafeEntry, match=f"more than {FOLDER_LIMIT} folders"):
        DirectorySource(folder)


def test_a_name_that_is_too_long_is_told() -> None:
    done = ocitool("inspect", "a" * 300)
    assert done.returncode == 3
    assert b"File name too long" in done.stderr


def test_a_folder_that_is_no_layout(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotAnArchive, match="holds no image layout"):
        filter_archive(tmp_path, tmp_path / "out.tar", options_of(["all"]))
