"""Where the output goes: what is replaced, what is written to, and what stays as it was."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ocitool.api import WriteOptions, filter_archive
from ocitool.archive.new_file import NewFile
from ocitool.errors import OutputError
from tests.command import ocitool
from tests.failure.endings import OLD, assert_old, old_file
from tests.laws.filtering import filtered, options_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def expected(source: Path) -> bytes:
    return filtered(source.read_bytes(), ["linux/arm64"])


def _filter(source: Path | str, output: Path | str, *more: str) -> subprocess.CompletedProcess[bytes]:
    return ocitool("filter", source, "-p", "linux/arm64", "-o", output, *more)


def test_devices(source: Path) -> None:
    assert _filter(source, "/dev/null").returncode == 0
    full = _filter(source, "/dev/full")
    assert full.returncode == 6
    assert full.stderr.count(b"\n") == 1
    assert Path("/dev/null").is_char_device()
    assert Path("/dev/full").is_char_device()


def test_fifo(source: Path, expected: bytes, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(fifo.read_bytes()), daemon=True)
    reader.start()
    assert _filter(source, fifo).returncode == 0
    reader.join(30)
    assert received == [expected]
    assert fifo.is_fifo()


def test_symlink_stays_and_its_target_is_replaced(source: Path, expected: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    target = old_file(folder / "old.tar")
    link = tmp_path / "link.tar"
    link.symlink_to(target)
    assert _filter(source, link).returncode == 0
    assert link.readlink() == target
    assert target.read_bytes() == expected
    assert target.stat().st_mode & 0o7777 == 0o604


def test_dangling_symlink_gets_its_target(source: Path, expected: bytes, tmp_path: Path) -> None:
    link = tmp_path / "link.tar"
    link.symlink_to("new.tar")
    assert _filter(source, link).returncode == 0
    assert link.is_symlink()
    assert (tmp_path / "new.tar").read_bytes() == expected


def test_source_itself(source: Path, expected: bytes) -> None:
    source.chmod(0o640)
    assert _filter(source, source).returncode == 0
    assert source.read_bytes() == expected
    assert source.stat().st_mode & 0o7777 == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o444, 0o751])
def test_mode_of_the_replaced_file_is_kept(source: Path, tmp_path: Path, mode: int) -> None:
    target = tmp_path / "old.tar"
    target.write_bytes(OLD)
    target.chmod(mode)
    assert _filter(source, target).returncode == 0
    assert target.stat().st_mode & 0o7777 == mode


def test_mode_of_a_new_file_is_by_umask(source: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ocitool", "filter", str(source), "-p", "linux/arm64", "-o", "new.tar"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path, umask=0o027)
    assert (tmp_path / "new.tar").stat().st_mode & 0o7777 == 0o640


def test_missing_folder(source: Path, tmp_path: Path) -> None:
    done = _filter(source, tmp_path / "no" / "out.tar")
    assert done.returncode == 6
    assert b"does not exist" in done.stderr
    assert not (tmp_path / "no").exists()


def test_folder(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert _filter(source, folder).returncode == 6
    assert list(folder.iterdir()) == []


def test_no_clobber(source: Path, tmp_path: Path) -> None:
    target = old_file(tmp_path / "old.tar")
    assert _filter(source, target, "--no-clobber").returncode == 6
    assert_old(target)
    assert _filter(source, tmp_path / "new.tar", "--no-clobber").returncode == 0


def test_no_clobber_when_the_file_appears_meanwhile(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "old.tar"
    monkeypatch.setattr(NewFile, "stage", lambda _file: old_file(tmp_path / "old.tar"))
    with pytest.raises(OutputError):
        filter_archive(source, target, options_of(["linux/arm64"]), write_options=WriteOptions(clobber=False))
    assert_old(target)


def test_output_to_standard_output_equals_the_file(source: Path, expected: bytes) -> None:
    done = _filter(source, "-")
    assert done.returncode == 0
    assert done.stdout == expected


@pytest.mark.parametrize("arguments", [["-p", "linux/s390x"], ["-p", "linux/arm64", "--image", "nothing"]])
def test_old_file_survives_a_refusal(source: Path, tmp_path: Path, arguments: list[str]) -> None:
    target = old_file(tmp_path / "old.tar")
    assert ocitool("filter", source, *arguments, "-o", target).returncode == 4
    assert_old(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.tar", "old.tar"]


@pytest.fixture
def fails_at_the_second(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    publish = NewFile.publish
    calls: list[str] = []

    def failing(file: NewFile) -> None:
        calls.append(file.name)
        if len(calls) == 2:
            raise OutputError("cannot write: Operation not permitted", where=file.name)
        publish(file)

    monkeypatch.setattr(NewFile, "publish", failing)
    yield
    assert len(calls) >= 2


@pytest.mark.usefixtures("fails_at_the_second")
def test_several_outputs_are_rolled_back(source: Path, tmp_path: Path) -> None:
    """Naming the second file fails after the first has its name: the old first file must be back."""
    target = old_file(tmp_path / "old.tar")
    with pytest.raises(OutputError):
        filter_archive(
            source, target, options_of(["linux/arm64"]), write_options=WriteOptions(digest_map=tmp_path / "map.json")
        )
    assert_old(target)
    assert not (tmp_path / "map.json").exists()
