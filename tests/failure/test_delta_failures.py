"""A delta or an apply that fails: nothing half done is left, and what stood at the output is untouched."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard

from ocitool.api import apply_delta, make_delta
from ocitool.errors import ChangedSource
from tests.builders import Layout, multi_platform
from tests.command import ocitool
from tests.deltas import NEW, OLD, delta
from tests.failure.endings import (
    CODES,
    IN_THE_MIDDLE,
    Meddler,
    assert_old,
    big_layout,
    old_file,
    refused,
    run_with_signal,
)
from tests.folders import names_in
from tests.laws.filtering import delta_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Provide what stands at the output."""
    return old_file(tmp_path / "out.tar")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Provide a base, a new archive and the delta between them."""
    (tmp_path / "base.tar").write_bytes(OLD.pack())
    (tmp_path / "new.tar").write_bytes(NEW.pack())
    (tmp_path / "d.tar").write_bytes(delta())
    return tmp_path


@pytest.fixture(scope="module")
def big_delta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide a delta that carries a large layer."""
    path = tmp_path_factory.mktemp("delta") / "d.tar"
    path.write_bytes(delta_of(Layout().pack(), big_layout().pack()))
    return path


@pytest.mark.parametrize(("number", "code"), CODES)
@pytest.mark.parametrize("command", ["delta", "apply"])
def test_a_signal_in_the_middle(
    folder: Path, big: Path, big_delta: Path, old: Path, command: str, number: int, code: int
) -> None:
    source = big if command == "delta" else big_delta
    done = run_with_signal(IN_THE_MIDDLE, number, command, folder / "base.tar", source, "-o", old)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert_old(old)


@pytest.mark.parametrize("command", ["delta", "apply"])
def test_a_closed_pipe(folder: Path, big: Path, big_delta: Path, command: str) -> None:
    source = big if command == "delta" else big_delta
    process = subprocess.Popen(
        [sys.executable, "-m", "ocitool", command, str(folder / "base.tar"), str(source), "-o", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.read(10) == b"PaxHeaders"
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(20) == 6
    process.stderr.close()


@pytest.mark.parametrize("command", ["delta", "apply"])
def test_a_disk_too_small(small_disk: Path, folder: Path, big: Path, big_delta: Path, command: str) -> None:
    target = old_file(small_disk / "old.tar")
    source = big if command == "delta" else big_delta
    refused(ocitool(command, folder / "base.tar", source, "-o", target), 6, "needs", "are free")
    assert_old(target)


@pytest.mark.parametrize("changed", ["base.tar", "new.tar"])
@pytest.mark.parametrize("change", ["touch", "cut"])
def test_a_source_of_a_delta_that_changes(folder: Path, old: Path, changed: str, change: str) -> None:
    """The base too: its blobs are not read, but what it has was."""
    listener = Meddler(folder / changed, change, "making the delta")
    with pytest.raises(ChangedSource) as caught:
        make_delta(folder / "base.tar", folder / "new.tar", old, listener=listener)
    assert caught.value.where == str(folder / changed)
    assert_old(old)


@pytest.mark.parametrize("changed", ["base.tar", "d.tar"])
@pytest.mark.parametrize("change", ["touch", "cut", "overwrite"])
def test_a_source_of_an_apply_that_changes(folder: Path, old: Path, changed: str, change: str) -> None:
    with pytest.raises(ChangedSource) as caught:
        apply_delta(
            folder / "base.tar", folder / "d.tar", old, listener=Meddler(folder / changed, change, "applying")
        )
    assert caught.value.where == str(folder / changed)
    assert_old(old)


@pytest.mark.parametrize("form", ["tar", "zst", "pipe", "folder"])
def test_a_corrupt_base_is_noticed(folder: Path, old: Path, form: str) -> None:
    data = OLD.pack()
    layer = OLD.read(OLD.read(OLD.roots[0])["manifests"][0])["layers"][0]["digest"]
    place = data.index(OLD.blobs[layer]) + 40
    data = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    (folder / "base.tar").write_bytes(zstandard.compress(data) if form == "zst" else data)
    source: Path | str = "-" if form == "pipe" else folder / "base.tar"
    output = folder / "whole/" if form == "folder" else old
    target = f"{output}/" if form == "folder" else output
    done = ocitool("apply", source, folder / "d.tar", "-o", target, stdin=data)
    refused(done, 5, "a blob of the base is corrupt", layer)
    assert_old(old)
    assert names_in(folder) == ["base.tar", "d.tar", "new.tar", "out.tar"]


def test_a_delta_that_comes_through_a_pipe_and_is_cut(folder: Path, old: Path) -> None:
    data = delta()
    for end in (0, 100, 512, 2048, len(data) // 2, len(data) - 1500):
        done = ocitool("apply", folder / "base.tar", "-", "-o", old, stdin=data[:end])
        assert done.returncode == 3, done.stderr
        assert done.stderr.count(b"\n") == 1
        assert_old(old)
    done = ocitool("apply", folder / "base.tar", "-", "-o", old, stdin=zstandard.compress(data)[:-9])
    refused(done, 3, "zstd", "cut short")
    assert_old(old)


def test_a_base_that_is_broken_says_so(folder: Path, old: Path) -> None:
    layout = multi_platform()
    layout.files["oci-layout"] = b'{"imageLayoutVersion":"2.0.0"}'
    (folder / "base.tar").write_bytes(layout.pack())
    for command, other in (("delta", "new.tar"), ("apply", "d.tar")):
        done = ocitool(command, folder / "base.tar", folder / other, "-o", old)
        refused(done, 3, str(folder / "base.tar"), "imageLayoutVersion")
        assert_old(old)


def test_a_new_archive_that_lacks_something_has_no_delta(folder: Path, old: Path) -> None:
    layout = multi_platform(own="rebuilt {}".format)
    layout.drop(layout.read(layout.read(layout.roots[0])["manifests"][1])["layers"][1])
    (folder / "new.tar").write_bytes(layout.pack())
    refused(ocitool("delta", folder / "base.tar", folder / "new.tar", "-o", old), 5, "linux/arm64")
    refused(
        ocitool("delta", folder / "base.tar", folder / "new.tar", "-p", "linux/s390x", "-o", old), 4, "linux/s390x"
    )
    assert_old(old)
