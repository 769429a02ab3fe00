"""Thousands of parts at once, however few files a process may have open by default; where it may not, it says so."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ocitool.archive import open_files
from ocitool.errors import OutputError
from tests.builders import Layout
from tests.failure.endings import refused
from tests.folders import names_in

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 1500


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide an archive of many images that share a layer."""
    layout = Layout()
    for number in range(COUNT):
        layout.add(layout.manifest("linux/amd64", ("base", f"own {number}")), f"docker.io/library/app{number:04}:1")
    path = tmp_path_factory.mktemp("bundle") / "bundle.tar"
    path.write_bytes(layout.pack())
    return path


def limited(limits: str, source: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[bytes]:
    """Split by image in a shell that has set limits of open files."""
    command = [sys.executable, "-m", "ocitool", "split", str(source), "-d", str(folder), "--by", "image", "-q", *more]
    return subprocess.run(
        ["sh", "-c", f'{limits} && "$@"', "sh", *command], capture_output=True, check=False, timeout=200
    )


@pytest.mark.parametrize("soft", [256, 1024])
def test_the_soft_limit_is_raised(bundle: Path, tmp_path: Path, soft: int) -> None:
    done = limited(f"ulimit -Sn {soft}", bundle, tmp_path / "parts")
    assert (done.returncode, done.stderr) == (0, b"")
    assert names_in(tmp_path / "parts") == [f"bundle-app{number:04}-1.tar" for number in range(COUNT)]


@pytest.mark.parametrize("hard", [256, 1024])
def test_the_hard_limit_is_told(bundle: Path, tmp_path: Path, hard: int) -> None:
    done = limited(f"ulimit -n {hard}", bundle, tmp_path / "parts")
    refused(done, 6, f"{COUNT} files must be open at once", f"may open {hard}", "ulimit -n", "fewer outputs")
    assert names_in(tmp_path) == []


def test_folders_that_share_a_layer_have_room_too(tmp_path: Path) -> None:
    layout = Layout()
    for number in range(60):
        layout.add(layout.manifest("linux/amd64", ("base", f"own {number}")), f"docker.io/library/app{number:02}:1")
    source = tmp_path / "bundle.tar"
    source.write_bytes(layout.pack())
    template = ("--name-template", "{image}/")
    done = limited("ulimit -Sn 64", source, tmp_path / "parts", *template)
    assert (done.returncode, done.stderr) == (0, b"")
    assert names_in(tmp_path / "parts") == [f"app{number:02}-1" for number in range(60)]
    refused(limited("ulimit -n 128", source, tmp_path / "new", *template), 6, "240 files must be open at once")
    # Enough for what stays open, too little for a layer that all of them share.
    done = limited("ulimit -n 270", source, tmp_path / "new", *template)
    refused(done, 6, "Too many open files", "ulimit -n", "fewer outputs")
    assert names_in(tmp_path) == ["bundle.tar", "parts"]


def test_a_limit_is_raised_no_further_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    unlimited = resource.RLIM_INFINITY
    calls: list[tuple[int, int]] = []
    monkeypatch.setattr(open_files, "_open_now", lambda: 10)
    monkeypatch.setattr(resource, "setrlimit", lambda _which, limits: calls.append(limits))
    for limits, expected in {
        (1024, 4096): [(10 + 2000 + 100 + open_files.SPARE, 4096)],
        (1024, unlimited): [(10 + 2000 + 100 + open_files.SPARE, unlimited)],
        (1024, 2100): [(2100, 2100)],
        (4096, 4096): [],
        (unlimited, unlimited): [],
    }.items():
        calls.clear()
        monkeypatch.setattr(resource, "getrlimit", lambda _which, limits=limits: limits)
        open_files.allow_open_files(2000, passing=100)
        assert calls == expected
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (1024, 2009))
    with pytest.raises(OutputError, match="2000 files must be open at once"):
        open_files.allow_open_files(2000)
