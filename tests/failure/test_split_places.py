"""Where parts of a split go: folders, links, names that are taken, the source itself; and names taken back."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ocitool.api import WriteOptions
from ocitool.archive.new_file import NewFile
from ocitool.errors import OutputError
from tests.builders import multi_platform
from tests.command import ocitool
from tests.failure.endings import (
    OLD,
    assert_old,
    old_file,
    refused,
    spoil,
)
from tests.failure.splitting import (
    PARTS,
    PLATFORMS,
    assert_none,
    assert_untouched,
    run,
    split,
)
from tests.folders import files_of, names_in, unpack
from tests.laws.filtering import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("", 2, ["is empty"]),
        ("-", 2, ["standard output", "./-"]),
        ("no/parts", 6, ["the folder no does not exist", "create it first"]),
        ("in.tar", 6, ["is not a folder"]),
        ("in.tar/parts", 6, ["Not a directory"]),
        ("a" * 300, 6, ["File name too long"]),
        ("loop", 6, ["is not a folder"]),
    ],
)
def test_places_where_no_folder_can_be(source: Path, tmp_path: Path, name: str, code: int, words: list[str]) -> None:
    (tmp_path / "loop").symlink_to("loop")
    before = source.read_bytes()
    refused(ocitool("split", source, "-d", name, folder=tmp_path), code, *words)
    assert source.read_bytes() == before
    assert names_in(tmp_path) == ["in.tar", "loop"]


def test_a_part_that_is_a_folder(source: Path, old_parts: Path) -> None:
    (old_parts / PARTS[2]).mkdir()
    refused(run(source, old_parts), 6, f"{old_parts / PARTS[2]}: is a folder")
    (old_parts / PARTS[2]).rmdir()
    assert_untouched(old_parts)


def test_no_clobber(source: Path, old_parts: Path) -> None:
    refused(run(source, old_parts, "--no-clobber"), 6, f"{old_parts / PARTS[0]}: exists already")
    assert_untouched(old_parts)
    (old_parts / PARTS[0]).unlink()
    refused(run(source, old_parts, "--no-clobber"), 6, f"{old_parts / PARTS[1]}: exists already")
    assert names_in(old_parts) == [PARTS[1], "letter.txt"]
    assert_old(old_parts / PARTS[1])


def test_no_clobber_when_a_file_appears_meanwhile(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last part is taken when the others have their names: those go again, and it stays."""
    folder = tmp_path / "parts"
    monkeypatch.setattr(NewFile, "stage", lambda _file: old_file(folder / PARTS[1]))
    with pytest.raises(OutputError, match="exists already"):
        split(source, folder, write_options=WriteOptions(clobber=False))
    assert names_in(folder) == [PARTS[1]]
    assert_old(folder / PARTS[1])


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else needs root")
@pytest.mark.parametrize("mode", [0o555, 0o755])
def test_a_folder_that_may_not_be_written(source: Path, mode: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        archive, folder = Path(name, "in.tar"), Path(name, "parts")
        archive.write_bytes(source.read_bytes())
        folder.mkdir(mode)
        os.seteuid(65534)
        try:
            for target in (folder, Path(name, "new")):
                with pytest.raises(OutputError, match="Permission denied") as caught:
                    split(archive, target)
                assert str(target) in str(caught.value)
        finally:
            os.seteuid(0)
        assert names_in(Path(name)) == ["in.tar", "parts"]
        assert names_in(folder) == []


def test_links_are_followed_and_stay(source: Path, old_parts: Path, tmp_path: Path) -> None:
    target = old_file(tmp_path / "elsewhere.tar")
    (old_parts / PARTS[0]).unlink()
    (old_parts / PARTS[0]).symlink_to(target)
    (tmp_path / "link").symlink_to(old_parts)
    assert run(source, tmp_path / "link").returncode == 0
    assert (old_parts / PARTS[0]).readlink() == target
    expected = parts_of(source.read_bytes())
    assert target.read_bytes() == expected["image-linux-amd64.tar"]
    assert (old_parts / PARTS[1]).read_bytes() == expected["image-linux-arm-v7.tar"]


@pytest.mark.parametrize("form", ["files", "folders"])
def test_two_names_of_one_place_are_refused(source: Path, tmp_path: Path, form: str) -> None:
    """By its name each is another, but the second would replace the first, and nobody would hear of it."""
    names = ["amd64", "arm64"]
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / names[1]).symlink_to(names[0])
    template = "{arch}" + ("/" if form == "folders" else "")
    refused(run(source, folder, "--name-template", template), 6, names[1], "is the same place as", "remove the link")
    assert names_in(folder) == [names[1]]


def test_a_digest_map_under_the_name_of_a_part_is_refused(source: Path, old_parts: Path) -> None:
    with pytest.raises(OutputError, match="is the same place as"):
        split(source, old_parts, write_options=WriteOptions(digest_map=old_parts / PARTS[0]))
    assert_untouched(old_parts)


@pytest.mark.parametrize("place", ["no/map.json", "in.tar/map.json", "", "/dev/full"])
def test_a_digest_map_that_cannot_be_written_leaves_no_part(source: Path, old_parts: Path, place: str) -> None:
    target = place if place.startswith("/") else old_parts.parent / place
    done = run(source, old_parts.with_name("new"), "--digest-map", target)
    assert_none(done, 6, old_parts, str(target))


def test_a_source_in_the_folder_of_its_parts_stays(old_parts: Path) -> None:
    source = old_parts / "in.tar"
    source.write_bytes(multi_platform().pack())
    assert ocitool("split", "in.tar", "-d", ".", folder=old_parts).returncode == 0
    assert names_in(old_parts) == [*PARTS, "in.tar", "letter.txt"]
    assert source.read_bytes() == multi_platform().pack()
    assert_old(old_parts / "letter.txt")


@pytest.mark.parametrize("spoiled", [True, False])
def test_a_source_under_the_name_of_a_part(old_parts: Path, *, spoiled: bool) -> None:
    """It is read to its end before anything gets a name, and replaced only by what was verified."""
    source = old_parts / PARTS[2]
    good = multi_platform()
    source.write_bytes((spoil(multi_platform()) if spoiled else good).pack())
    before = source.read_bytes()
    done = run(source, old_parts, "--name-template", "in-{os}-{arch}{-variant}{ext}")
    if spoiled:
        refused(done, 5, "corrupt")
        assert source.read_bytes() == before
        assert_old(old_parts / PARTS[0])
    else:
        assert done.returncode == 0
        assert source.read_bytes() == parts_of(good.pack())["image-linux-arm64.tar"]


@pytest.mark.parametrize("force", [True, False])
def test_a_layout_folder_under_the_name_of_a_part(tmp_path: Path, *, force: bool) -> None:
    source = unpack(multi_platform(), tmp_path / "parts" / "arm64")
    before = files_of(source)
    done = run(source, tmp_path / "parts", "--name-template", "{arch}/", *(["--force"] if force else []))
    if force:
        assert done.returncode == 0, done.stderr
        assert names_in(tmp_path / "parts") == ["amd64", "arm", "arm64"]
        assert files_of(source).keys() < before.keys() | {"manifest.json"}
    else:
        refused(done, 6, "is not empty")
        assert names_in(tmp_path / "parts") == ["arm64"]
        assert files_of(source) == before


def fail_to_rename(monkeypatch: pytest.MonkeyPatch) -> None:
    replace, calls = Path.replace, []

    def failing(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) == 3:
            raise OSError(1, "Operation not permitted")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", failing)


def fail_to_save_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail when the third file has its name already."""
    fsync, calls = os.fsync, []

    def failing(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112
            calls.append(descriptor)
            if len(calls) == 3:
                raise OSError(5, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)


def without_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behave as a file system that has no hard links, such as that of a USB stick."""
    link = os.link

    def failing(source: str | Path, target: str | Path, **fields: Any) -> None:
        if not str(source).startswith("/proc/"):
            raise OSError(1, "Operation not permitted")
        link(source, target, **fields)

    monkeypatch.setattr(os, "link", failing)


def fail_to_rename_without_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    without_hard_links(monkeypatch)
    fail_to_rename(monkeypatch)


@pytest.mark.parametrize("fail", [fail_to_rename, fail_to_save_the_name, fail_to_rename_without_hard_links])
def test_when_the_third_of_four_cannot_be_named_all_are_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[[pytest.MonkeyPatch], None]
) -> None:
    source, folder = tmp_path / "in.tar", tmp_path / "parts"
    source.write_bytes(multi_platform(PLATFORMS).pack())
    folder.mkdir()
    names = [f"in-linux-{name}.tar" for name in ("amd64", "arm64", "arm-v7", "s390x")]
    old = [old_file(folder / names[number]) for number in (0, 2, 3)]
    fail(monkeypatch)
    with pytest.raises(OutputError, match="cannot write"):
        split(source, folder)
    monkeypatch.undo()
    assert names_in(folder) == sorted(path.name for path in old)
    for path in old:
        assert_old(path)
    split(source, folder)
    assert names_in(folder) == sorted(names)
    assert all(OLD not in path.read_bytes() for path in folder.iterdir())


def test_old_files_are_replaced_where_there_are_no_hard_links(
    source: Path, old_parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_hard_links(monkeypatch)
    split(source, old_parts)
    assert names_in(old_parts) == sorted([*PARTS, "letter.txt"])
    assert all((old_parts / name).stat().st_size > 9000 for name in PARTS)
