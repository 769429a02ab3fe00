"""A new folder appears whole or not at all, replaces what it may, and links what is as good as new."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.archive.new_file import NewFile
from ocitool.archive.new_folder import NewFolder
from ocitool.archive.open_range import OpenRange
from ocitool.archive.sink import publish_all
from ocitool.errors import Interrupted, OutputError
from tests.builders import multi_platform
from tests.folders import files_of, names_in, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Make = Callable[..., NewFolder]

NEW = {"oci-layout": b"new", "blobs/sha256/ab": b"blob"}


def fill(folder: NewFolder) -> NewFolder:
    folder.begin()
    folder.make_folder("blobs")
    folder.make_folder("blobs/sha256")
    for name, data in NEW.items():
        with folder.place(name) as place:
            place.write_at(1, data[1:])
            place.write_at(0, data[:1])
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


@pytest.fixture
def old(target: Path) -> dict[str, bytes]:
    return files_of(unpack(multi_platform(), target))


@pytest.fixture
def make(target: Path) -> Iterator[Make]:
    made: list[NewFolder] = []

    def make_one(**fields: Any) -> NewFolder:
        made.append(NewFolder(target, **fields))
        return made[-1]

    yield make_one
    for folder in made:
        folder.close()


def test_nothing_is_there_before_it_is_published(make: Make, target: Path) -> None:
    folder = fill(make())
    folder.stage()
    assert not target.exists()
    folder.publish()
    folder.close()
    assert files_of(target) == NEW
    assert names_in(target.parent) == ["target"]


def test_nothing_is_left_of_what_is_not_published(make: Make, target: Path) -> None:
    fill(make()).close()
    assert names_in(target.parent) == []


def test_names_are_made_once_and_never_through_a_link(make: Make, target: Path, tmp_path: Path) -> None:
    folder = fill(make())
    (staging,) = tmp_path.iterdir()
    (staging / "index.json").symlink_to(tmp_path / "outside")
    for name in ("index.json", "oci-layout"):
        with pytest.raises(OutputError, match="File exists"), folder.place(name):
            pass
    (staging / "blobs" / "sha512").symlink_to(tmp_path)
    with pytest.raises(OutputError, match="File exists"):
        folder.make_folder("blobs/sha512")
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("mode", [0o700, 0o2750, 0o555])
def test_the_mode_of_an_empty_folder_is_kept(make: Make, target: Path, mode: int) -> None:
    target.mkdir()
    target.chmod(mode)
    folder = fill(make())
    folder.stage()
    folder.publish()
    folder.close()
    assert target.stat().st_mode & 0o7777 == mode
    assert files_of(target) == NEW


def test_a_folder_that_fills_meanwhile_is_not_replaced(make: Make, target: Path) -> None:
    folder = fill(make())
    folder.stage()
    target.mkdir()
    (target / "mine").touch()
    with pytest.raises(OutputError, match="is not empty"):
        folder.publish()
    folder.close()
    assert names_in(target.parent) == ["target"]
    assert names_in(target) == ["mine"]


@pytest.mark.parametrize("place", [".", "blobs", "blobs/sha256"])
def test_what_is_added_meanwhile_is_not_deleted(make: Make, old: dict[str, bytes], target: Path, place: str) -> None:
    folder = fill(make(force=True))
    folder.stage()
    (target / place / "mine").write_text("mine")
    with pytest.raises(OutputError, match="mine"):
        folder.publish()
    folder.close()
    assert files_of(target) == old | {os.path.normpath(f"{place}/mine"): b"mine"}
    assert names_in(target.parent) == ["target"]


def test_a_layout_is_replaced_by_force_alone(make: Make, old: dict[str, bytes], target: Path) -> None:
    with pytest.raises(OutputError, match="is not empty"):
        make()
    folder = fill(make(force=True))
    folder.stage()
    assert files_of(target) == old
    folder.publish()
    folder.close()
    assert files_of(target) == NEW
    assert names_in(target.parent) == ["target"]


def test_force_needs_nothing_to_replace(make: Make, target: Path) -> None:
    folder = fill(make(force=True))
    folder.stage()
    folder.publish()
    folder.close()
    assert files_of(target) == NEW


def fail_renaming_to(monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException) -> None:
    rename = os.rename

    def failing(source: str, destination: str, **fields: Any) -> None:
        # What is moved aside gets the name back: only the new folder is refused.
        if destination == name and source.endswith(".part") and failures.pop():
            raise error
        rename(source, destination, **fields)

    failures = [False, True]
    monkeypatch.setattr(os, "rename", failing)


@pytest.mark.parametrize("error", [OSError(errno.EIO, os.strerror(errno.EIO)), Interrupted(2)])
def test_the_old_layout_is_back_when_the_new_one_gets_no_name(
    make: Make, old: dict[str, bytes], target: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    inode = target.stat().st_ino
    folder = fill(make(force=True))
    folder.stage()
    fail_renaming_to(monkeypatch, "target", error)
    with pytest.raises((OutputError, Interrupted)):
        folder.publish()
    folder.close()
    assert files_of(target) == old
    assert target.stat().st_ino == inode
    assert names_in(target.parent) == ["target"]


def test_where_the_old_layout_is_if_it_cannot_be_put_back(
    make: Make, old: dict[str, bytes], target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(make(force=True))
    folder.stage()
    rename = os.rename

    def failing(source: str, destination: str, **fields: Any) -> None:
        if destination == "target":
            raise OSError(errno.EIO, "broken")
        rename(source, destination, **fields)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OutputError, match="cannot put back what stood here: broken; it is now ") as caught:
        folder.publish()
    folder.close()
    (aside,) = target.parent.iterdir()
    assert aside.name in str(caught.value)
    assert files_of(aside) == old


def publish_with_a_file_that_fails(folder: NewFolder, file: NewFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_file: NewFile) -> None:
        raise OutputError("no name")

    monkeypatch.setattr(NewFile, "publish", failing)
    folder.stage()
    file.stage()
    with pytest.raises(OutputError, match="no name"):
        publish_all([folder, file])
    folder.close()
    file.close()


@pytest.mark.parametrize("before", ["nothing", "empty", "layout"])
def test_all_or_nothing_over_a_file_beside_it(
    make: Make, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    if before == "empty":
        target.mkdir(mode=0o750)
    elif before == "layout":
        unpack(multi_platform(), target)
    expected = None if before == "nothing" else (files_of(target), target.stat().st_mode)
    folder = fill(make(force=before == "layout"))
    publish_with_a_file_that_fails(folder, NewFile(tmp_path / "map.json"), monkeypatch)
    assert names_in(tmp_path) == ([] if expected is None else ["target"])
    if expected is not None:
        assert (files_of(target), target.stat().st_mode) == expected


def test_nothing_is_published_that_did_not_reach_the_disk(
    make: Make, old: dict[str, bytes], target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(make(force=True))
    folder.stage()

    def failing(_descriptor: int) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OutputError, match="broken"):
        folder.publish()
    folder.close()
    assert files_of(target) == old
    assert names_in(target.parent) == ["target"]


def test_removing_goes_on_when_it_is_interrupted(make: Make, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fill(make())
    rmtree, interrupts = shutil.rmtree, [Interrupted(2), Interrupted(15)]

    def interrupted(path: str, **fields: Any) -> None:
        if interrupts:
            raise interrupts.pop()
        rmtree(path, **fields)

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    with pytest.raises(Interrupted):
        folder.close()
    assert names_in(target.parent) == []


def linking(folder: NewFolder, source: Path, *, is_whole: bool = True) -> bool:
    with OpenRange(os.open(source, os.O_RDONLY), 0, is_whole=is_whole) as opened:
        return folder.link("index.json", opened)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"content")
    return path


@pytest.mark.parametrize(
    ("mode", "is_linked"),
    [(0o644, True), (0o444, True), (0o755, True), (0o664, False), (0o600, False), (0o666, False)],
)
def test_a_link_is_as_good_as_a_new_file(
    make: Make, source: Path, target: Path, mode: int, *, is_linked: bool
) -> None:
    source.chmod(mode)
    umask = os.umask(0o022)
    try:
        folder = fill(make())
    finally:
        os.umask(umask)
    linking(folder, source)
    assert (source.stat().st_nlink == 2) == is_linked


def test_a_part_of_a_file_is_not_linked(make: Make, source: Path) -> None:
    assert not linking(fill(make()), source, is_whole=False)


def test_a_file_without_a_name_is_not_linked(make: Make, source: Path) -> None:
    folder = fill(make())
    with OpenRange(os.open(source, os.O_RDONLY), 0, is_whole=True) as opened:
        source.unlink()
        if folder.link("index.json", opened):
            pytest.skip("this file system clones")
    with folder.place("index.json") as place:
        place.write_at(0, b"copied")


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file away needs root")
def test_a_file_of_somebody_else_is_not_linked(make: Make, source: Path) -> None:
    os.chown(source, 65534, 65534)
    linking(fill(make()), source)
    assert source.stat().st_nlink == 1
