"""An image layout may be replaced, and nothing that holds anything else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ocitool.archive.replaceable import check_replaceable
from ocitool.errors import OutputError
from tests.builders import multi_platform
from tests.folders import unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return unpack(multi_platform(), tmp_path / "target")


def check(folder: Path, *, force: bool = True) -> int | None:
    parent = os.open(folder.parent, os.O_RDONLY)
    try:
        return check_replaceable(parent, folder.name, "target/", force=force)
    finally:
        os.close(parent)


def test_nothing_is_replaceable(tmp_path: Path) -> None:
    assert check(tmp_path / "nothing", force=False) is None


@pytest.mark.parametrize("force", [True, False])
def test_an_empty_folder_is_replaceable(tmp_path: Path, *, force: bool) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty").chmod(0o750)
    assert check(tmp_path / "empty", force=force) == 0o750


def test_a_layout_is_replaceable_by_force(folder: Path) -> None:
    for name in ("manifest.json", "repositories", f"blobs/sha512/{'a' * 128}"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    assert check(folder) is not None
    with pytest.raises(
        OutputError, match="is not empty; choose another name, or replace an image layout with --force"
    ):
        check(folder, force=False)


def is_a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere").parent.parent / "elsewhere")
    path.symlink_to("../elsewhere")


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file": (lambda folder: (folder / "letter.txt").touch(), "holds letter.txt"),
    "a hidden file": (lambda folder: (folder / ".git").touch(), r"holds \.git"),
    "a folder": (lambda folder: (folder / "photos").mkdir(), "holds photos"),
    "a folder in the place of a file": (lambda folder: (folder / "repositories").mkdir(), "holds repositories"),
    "a link": (lambda folder: (folder / "manifest.json").symlink_to("/etc/passwd"), "holds manifest.json"),
    "a linked folder": (lambda folder: is_a_link(folder / "blobs"), "holds blobs"),
    "a file among the algorithms": (lambda folder: (folder / "blobs/x").touch(), "holds blobs/x"),
    "an unknown algorithm": (lambda folder: (folder / "blobs/md5").mkdir(), "holds blobs/md5"),
    "a file that is no blob": (lambda folder: (folder / "blobs/sha256/x").touch(), "holds blobs/sha256/x"),
    "a folder among the blobs": (lambda folder: (folder / "blobs/sha256/y").mkdir(), "holds blobs/sha256/y"),
    "a folder like a blob": (
        lambda folder: (folder / "blobs/sha256" / ("0" * 64)).mkdir(),
        f"holds blobs/sha256/{'0' * 64}",
    ),
    "a pipe": (lambda folder: os.mkfifo(folder / "repositories"), "holds repositories"),
    "no oci-layout": (lambda folder: (folder / "oci-layout").unlink(), "has no oci-layout"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_more_or_less_than_a_layout_is_not(folder: Path, name: str) -> None:
    spoil, message = FOREIGN[name]
    spoil(folder)
    with pytest.raises(OutputError, match=rf"is no image layout: it {message}; --force replaces an image layout and"):
        check(folder)


def test_a_file_is_not(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is not a folder"):
        check(tmp_path / "file")


def test_the_folder_this_runs_in_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(OutputError, match="runs in"):
        check(tmp_path / "here")
