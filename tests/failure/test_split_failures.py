"""A split that fails: no part of it appears, and what stood under the names of parts stands there again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ocitool.api import WriteOptions
from ocitool.archive.new_file import NewFile
from ocitool.errors import ChangedSource, OutputError, UsageError
from tests.builders import multi_platform
from tests.failure.endings import (
    CODES,
    IN_THE_MIDDLE,
    OLD,
    WHEN_NAMED,
    Meddler,
    assert_old,
    old_file,
    refused,
    run_piped,
    run_with_signal,
    spoil,
)
from tests.failure.splitting import (
    FOLDERS,
    MEBIBYTE,
    PARTS,
    PLATFORMS,
    assert_none,
    assert_untouched,
    heavy_layout,
    run,
    split,
)
from tests.folders import names_in, unpack

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("form", ["tar", "folder", "folders of a folder", "zstd"])
def test_one_corrupt_blob_leaves_no_part(tmp_path: Path, old_parts: Path, folder: str, form: str) -> None:
    bad, source = spoil(multi_platform()), tmp_path / "in.tar"
    more: list[str] = []
    if form.startswith("folder"):
        unpack(bad, source)
        more = ["--name-template", "{os}-{arch}/"] if form == "folders of a folder" else []
    else:
        source.write_bytes(bad.pack())
        more = ["--compress", "zstd"] if form == "zstd" else []
    assert_none(run(source, tmp_path / folder, *more), 5, old_parts, "layer 2 of 2 of linux/arm64", "corrupt")
    assert run(source, tmp_path / folder, *more, "-p", "linux/amd64,linux/arm", "-q").returncode == 0


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("piped", [True, False])
def test_a_truncated_source_leaves_no_part(
    tmp_path: Path, old_parts: Path, folder: str, share: float, *, piped: bool
) -> None:
    data = multi_platform().pack().rstrip(b"\0")
    data = data[: int(len(data) * share)]
    if piped:
        done = run("-", tmp_path / folder, "--name-template", "in-{os}-{arch}{-variant}{ext}", stdin=data)
    else:
        (tmp_path / "in.tar").write_bytes(data)
        done = run(tmp_path / "in.tar", tmp_path / folder)
    assert_none(done, 3, old_parts, "cut short")


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (("-p", "linux/s390x"), 4, ("linux/s390x", "there is")),
        (("--image", "none"), 4, ("no image matches",)),
        (("--max-size", "512"), 2, ("docker.io/library/lab:1.0 alone needs 20480 bytes", "--max-size", "512")),
        (("--max-size", "512", "--by", "platform"), 2, ("linux/amd64 of docker.io", "alone needs 11264 bytes")),
        (("--max-size", "0"), 2, ("no size '0'", "1900MiB")),
        (("--max-size", "-1"), 2, ("no size '-1'",)),
        (("--max-size", "nonsense"), 2, ("no size 'nonsense'",)),
        (("--max-size", "1GiB", "--by", "image,platform"), 2, ("--max-size puts images together",)),
        (("--by", "nonsense"), 2, ("--by 'nonsense'", "image,platform")),
        (("--name-template", "x/{arch}"), 2, ("names a folder",)),
        (("--name-template", "../{arch}"), 2, ("names a folder",)),
        (("--name-template", "/{arch}"), 2, ("names a folder",)),
        (("--name-template", "{arch}//"), 2, ("names a folder",)),
        (("--name-template", ".."), 2, ("'..', which cannot be the name of a file",)),
        (("--name-template", "{variant}"), 2, ("'', which cannot be the name of a file",)),
        (("--name-template", "{arch"), 2, ("has a brace that is not part of a field",)),
        (("--name-template", "{arch}}"), 2, ("has a brace that is not part of a field",)),
        (("--name-template", "{Arch}"), 2, ("has a brace", "there are stem, ext, os")),
        (("--name-template", "{tag}"), 2, ("has no field {tag}", "there are stem, ext, os")),
        (("--name-template", "{part}"), 2, ("{part} means nothing for parts like these",)),
        (("--name-template", ""), 2, ("--name-template is empty",)),
        (("--name-template", "a" * 300 + "{arch}"), 2, ("cannot be the name of a file",)),
        (("--name-template", "{os}{ext}"), 2, ("linux/amd64 of", "linux/arm64 of", "{-arch}")),
        (("--compress", "zstd", "--name-template", "{arch}/"), 2, ("a folder is not compressed",)),
        (("--force", "--no-clobber"), 2, ("contradict",)),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
)
def test_what_cannot_be_meant_leaves_no_part(
    source: Path, old_parts: Path, more: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    assert_none(run(source, old_parts.with_name("new"), *more), code, old_parts, *words)


def test_a_template_with_a_nul_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names a folder"):
        split(source, tmp_path / "new", template="a\0{arch}")
    assert names_in(tmp_path) == ["in.tar"]


@pytest.mark.parametrize("change", ["touch", "append", "cut", "overwrite"])
@pytest.mark.parametrize("verify", [True, False])
def test_a_source_that_changes(source: Path, old_parts: Path, change: str, *, verify: bool) -> None:
    with pytest.raises(ChangedSource):
        split(
            source,
            old_parts,
            write_options=WriteOptions(verify=verify),
            listener=Meddler(source, change, "splitting"),
        )
    assert_untouched(old_parts)


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("form", ["files", "folders", "compressed"])
@pytest.mark.parametrize(("number", "code"), CODES[:2])
def test_a_signal_in_the_middle(heavy: Path, old_parts: Path, folder: str, form: str, number: int, code: int) -> None:
    more = {"files": (), "folders": ("--name-template", "{arch}/"), "compressed": ("--compress", "gzip:1")}[form]
    hook = IN_COMPRESSION if form == "compressed" else IN_THE_MIDDLE
    done = run_with_signal(hook, number, "split", heavy, "-d", old_parts.with_name(folder), *more)
    assert_none(done, code, old_parts, "interrupted")


IN_COMPRESSION = """
from ocitool.archive.new_file import Appender
original = Appender.write
def write(appender, data):
    original(appender, data)
    os.kill(os.getpid(), number)
Appender.write = write
"""
WHILE_SAVING = """
from ocitool.archive.new_file import NewFile
original, calls = NewFile.stage, []
def stage(file):
    original(file)
    calls.append(file)
    if len(calls) == 2:
        os.kill(os.getpid(), number)
NewFile.stage = stage
"""
WHILE_THE_FOLDER_IS_MADE = """
import pathlib
original = pathlib.Path.mkdir
def mkdir(path, *arguments, **fields):
    original(path, *arguments, **fields)
    os.kill(os.getpid(), number)
pathlib.Path.mkdir = mkdir
"""


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize(("number", "code"), CODES[:2])
def test_a_signal_while_saving(source: Path, old_parts: Path, folder: str, number: int, code: int) -> None:
    done = run_with_signal(WHILE_SAVING, number, "split", source, "-d", old_parts.with_name(folder))
    assert_none(done, code, old_parts, "interrupted")


@pytest.mark.parametrize(("number", "code"), CODES[:2])
def test_a_signal_while_the_folder_is_made(source: Path, old_parts: Path, number: int, code: int) -> None:
    done = run_with_signal(WHILE_THE_FOLDER_IS_MADE, number, "split", source, "-d", old_parts.with_name("new"))
    assert_none(done, code, old_parts, "interrupted")


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize(("number", "code"), CODES[:2])
def test_a_signal_when_the_parts_are_named_comes_too_late(
    source: Path, old_parts: Path, folder: str, number: int, code: int
) -> None:
    target = old_parts.with_name(folder)
    done = run_with_signal(WHEN_NAMED, number, "split", source, "-d", target, "-q")
    assert done.returncode == 0, code
    assert done.stderr == b""
    assert set(PARTS) <= set(names_in(target))
    assert all((target / name).stat().st_size > 9000 for name in PARTS)


@pytest.mark.parametrize("form", ["files", "folders"])
def test_a_kill_leaves_the_old_files_and_nothing_of_a_name(heavy: Path, old_parts: Path, form: str) -> None:
    more = ("--name-template", "{arch}/") if form == "folders" else ()
    done = run_with_signal(IN_THE_MIDDLE, signal.SIGKILL, "split", heavy, "-d", old_parts, *more)
    assert done.returncode == -signal.SIGKILL
    left = [name for name in names_in(old_parts) if name.startswith(".")]
    assert bool(left) == (form == "folders")  # files have no name before the end
    assert names_in(old_parts) == [*left, *PARTS[:2], "letter.txt"]
    for name in PARTS[:2]:
        assert (old_parts / name).read_bytes() == OLD


@pytest.mark.parametrize(("number", "code"), CODES[:2])
def test_a_signal_while_a_pipe_is_spooled(heavy: Path, old_parts: Path, number: int, code: int) -> None:
    target = old_parts.with_name("new")
    command = [sys.executable, "-m", "ocitool", "split", "-", "-d", str(target), "--name-template", "{arch}{ext}"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(heavy.read_bytes()[: 12 * MEBIBYTE])
    process.stdin.flush()
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert_none(subprocess.CompletedProcess(command, process.returncode, out, err), code, old_parts, "interrupted")


@pytest.mark.parametrize("folder", ["", "new"])
@pytest.mark.parametrize("form", ["a file", "a pipe"])
def test_a_disk_too_small_for_all_parts(small_disk: Path, tmp_path: Path, folder: str, form: str) -> None:
    """Each part would fit, and so does the spool; all parts together do not."""
    source = tmp_path / "in.tar"
    source.write_bytes(heavy_layout(MEBIBYTE, PLATFORMS).pack())
    old = old_file(small_disk / "in-linux-arm64.tar")
    if form == "a pipe":
        more: list[str | Path] = ["--name-template", "in-{os}-{arch}{ext}", "--tmp-dir", tmp_path]
        done = run_piped(source, "split", "-", "-d", small_disk / folder, *more)
    else:
        done = run(source, small_disk / folder)
    refused(done, 6, "needs", "are free", "free some space")
    assert_old(old)
    assert names_in(small_disk) == ["in-linux-arm64.tar", "lost+found"]


def test_a_disk_too_small_for_the_spool(small_disk: Path, heavy: Path) -> None:
    done = run_piped(heavy, "split", "-", "-d", small_disk / "new", "--name-template", "{arch}{ext}")
    refused(done, 6, "cannot spool here", "--tmp-dir")
    assert names_in(small_disk) == ["lost+found"]


@pytest.mark.parametrize("form", ["files", "folders", "compressed"])
def test_a_disk_that_is_full_in_the_middle(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    from ocitool.archive.codec.compress import Compression
    from ocitool.archive.new_folder import NewFolder

    source, folder = tmp_path / "in.tar", small_disk / "new"
    source.write_bytes(heavy_layout(2 * MEBIBYTE).pack())
    monkeypatch.setattr(NewFile, "require_space", lambda _file, _size: None)
    monkeypatch.setattr(NewFolder, "require_space", lambda _folder, _size: None)
    options = WriteOptions(compression=Compression.parse("gzip:1") if form == "compressed" else None)
    with pytest.raises(OutputError, match="No space left"):
        split(source, folder, template="{arch}/" if form == "folders" else "{arch}{ext}", write_options=options)
    assert names_in(small_disk) == ["lost+found"]
    assert os.statvfs(small_disk).f_bavail > 500
