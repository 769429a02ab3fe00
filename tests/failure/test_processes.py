"""Processes that are stopped, pipes that close, sources that change, disks that are full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard

from ocitool.api import SourceOptions, WriteOptions, filter_archive
from ocitool.errors import ChangedSource, NotAnArchive, OutputError
from tests.builders import multi_platform
from tests.command import ocitool
from tests.failure.endings import (
    BIG,
    CODES,
    IN_THE_MIDDLE,
    WHEN_NAMED,
    Meddler,
    assert_old,
    big_layout,
    old_file,
    run_piped,
    run_with_signal,
    spoil,
)
from tests.laws.filtering import options_of

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "ocitool", "filter"]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return old_file(tmp_path / "old.tar")


@pytest.mark.parametrize(("number", "code"), CODES)
@pytest.mark.parametrize("phase", ["spooling", "copying"])
def test_signal_in_the_middle(old: Path, big: Path, number: int, code: int, phase: str) -> None:
    """Half of the source comes through a pipe, or the archive goes to a reader that stalls; then the signal."""
    spooling = phase == "spooling"
    process = subprocess.Popen(
        [*COMMAND, "-" if spooling else str(big), "-p", "linux/amd64", "-o", str(old) if spooling else "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    if spooling:
        process.stdin.write(big.read_bytes()[: BIG // 2])
        process.stdin.flush()
    else:
        assert len(process.stdout.read(1024 * 1024)) == 1024 * 1024
    process.send_signal(number)
    try:
        process.wait(20)
    finally:
        process.kill()
    assert process.returncode == code
    process.stdin.close()
    rest = process.stdout.read()
    assert process.stderr is not None
    message = process.stderr.read()
    assert b"Traceback" not in message
    if number != signal.SIGKILL:
        assert message == b"ocitool: interrupted\n"
    assert len(rest) < BIG
    process.stdout.close()
    process.stderr.close()
    assert_old(old)


AT_THE_START = """
from ocitool.cli import app
app.app = lambda **_: os.kill(os.getpid(), number)
"""
AT_THE_END = """
import atexit
atexit.register(lambda: os.kill(os.getpid(), number))
"""


def _run(hook: str, number: int, source: Path, output: Path) -> subprocess.CompletedProcess[bytes]:
    return run_with_signal(hook, number, "filter", source, "-p", "linux/amd64", "-o", output)


@pytest.mark.parametrize(("number", "code"), CODES)
def test_signal_while_a_file_is_written(old: Path, big: Path, number: int, code: int) -> None:
    done = _run(IN_THE_MIDDLE, number, big, old)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert_old(old)


@pytest.mark.parametrize(("number", "code"), CODES[:2])
def test_signal_before_the_command_begins(old: Path, big: Path, number: int, code: int) -> None:
    done = _run(AT_THE_START, number, big, old)
    assert b"Traceback" not in done.stderr
    assert done.returncode in {code, -number}
    assert_old(old)


@pytest.mark.parametrize(("number", "code"), CODES[:2])
def test_signal_while_the_program_is_loaded(number: int, code: int) -> None:
    script = f"""
import os, sys

class Finder:
    def find_spec(self, name, path, target=None):
        if name == "ocitool.cli.app":
            os.kill(os.getpid(), {int(number)})

sys.meta_path.insert(0, Finder())
from ocitool.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script, "--version"], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"ocitool: interrupted\n")


@pytest.mark.parametrize("hook", [WHEN_NAMED, AT_THE_END], ids=["when named", "at the end"])
@pytest.mark.parametrize(("number", "code"), CODES[:2])
def test_signal_that_comes_too_late(old: Path, big: Path, number: int, code: int, hook: str) -> None:
    """Once the output has its name nothing is left to undo: success, or the old file back, never a mixture."""
    done = _run(hook, number, big, old)
    assert b"Traceback" not in done.stderr
    if done.returncode == 0:
        assert old.stat().st_size > BIG
    else:
        assert_old(old)


def test_closed_pipe(big: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, str(big), "-p", "linux/amd64", "-o", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.read(1)
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(20) == 6
    process.stderr.close()


@pytest.mark.parametrize("command", [["inspect"], ["verify"], ["filter", "-p", "all", "-o", "/dev/null"]])
def test_report_into_a_closed_pipe(tmp_path: Path, command: list[str]) -> None:
    source = tmp_path / "in.tar"
    source.write_bytes(multi_platform().pack())
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ocitool", command[0], str(source), *command[1:]],
            stdout=write,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(write)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert b"Broken" not in done.stderr


def test_corrupt_layer_is_named(tmp_path: Path, old: Path) -> None:
    source = tmp_path / "in.tar"
    source.write_bytes(spoil(multi_platform()).pack())
    done = ocitool("filter", source, "-p", "linux/arm64", "-o", old)
    assert done.returncode == 5
    assert b"layer 2 of 2 of linux/arm64" in done.stderr
    assert b"docker.io/library/lab:1.0" in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert_old(old)
    assert ocitool("filter", source, "-p", "linux/amd64", "-o", old).returncode == 0


@pytest.mark.parametrize("verify", [True, False])
def test_corrupt_big_layer_into_a_pipe_is_visibly_cut(tmp_path: Path, *, verify: bool) -> None:
    layout = big_layout(3 * 1024 * 1024)
    digest = max(layout.blobs, key=lambda key: len(layout.blobs[key]))
    layout.blobs[digest] = b"\1" + layout.blobs[digest][1:]
    source = tmp_path / "in.tar"
    source.write_bytes(layout.pack())
    done = ocitool("filter", source, "-p", "linux/amd64", "-o", "-", "--verify" if verify else "--no-verify")
    assert done.returncode == (5 if verify else 0)
    assert (len(done.stdout) < 3 * 1024 * 1024) == verify


@pytest.mark.parametrize("change", ["touch", "append", "cut", "overwrite"])
def test_source_that_changes(tmp_path: Path, old: Path, change: str) -> None:
    source = tmp_path / "in.tar"
    source.write_bytes(multi_platform().pack())
    with pytest.raises(ChangedSource) as caught:
        filter_archive(source, old, options_of(["linux/amd64"]), listener=Meddler(source, change))
    assert caught.value.exit_code == 3
    assert_old(old)


@pytest.mark.parametrize("change", ["touch", "append"])
def test_source_that_changes_leaves_a_pipe_visibly_cut(tmp_path: Path, change: str) -> None:
    """Unverified bytes of a source that moved must not look like a whole archive: no end blocks."""
    source = tmp_path / "in.tar"
    source.write_bytes(multi_platform().pack())
    target = tmp_path / "pipe"
    with target.open("wb") as stream, pytest.raises(ChangedSource):
        filter_archive(
            source,
            "-",
            options_of(["linux/amd64"]),
            listener=Meddler(source, change),
            write_options=WriteOptions(verify=False, standard_output=stream.fileno()),
        )
    assert not target.read_bytes().endswith(bytes(1024))


def test_full_disk_is_told_before_the_first_byte(small_disk: Path, big: Path) -> None:
    target = old_file(small_disk / "old.tar")
    done = ocitool("filter", big, "-p", "linux/amd64", "-o", target)
    assert done.returncode == 6
    assert b"are free" in done.stderr
    assert_old(target)
    assert sorted(path.name for path in small_disk.iterdir()) == ["lost+found", "old.tar"]


def test_full_disk_in_the_middle(small_disk: Path, big: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ocitool.archive.new_file import NewFile

    target = old_file(small_disk / "old.tar")
    monkeypatch.setattr(NewFile, "require_space", lambda _file, _size: None)
    for verify in (True, False):
        with pytest.raises(OutputError, match="No space left"):
            filter_archive(big, target, options_of(["linux/amd64"]), write_options=WriteOptions(verify=verify))
        assert_old(target)
    assert os.statvfs(small_disk).f_bavail > 100


@pytest.mark.parametrize("beside", [True, False])
def test_full_disk_for_the_spool(small_disk: Path, big: Path, tmp_path: Path, *, beside: bool) -> None:
    target = old_file(small_disk / "old.tar") if beside else tmp_path / "out.tar"
    more: list[str | Path] = [] if beside else ["--tmp-dir", small_disk]
    done = run_piped(big, "filter", "-", "-p", "linux/amd64", "-o", target, *more)
    assert done.returncode == 6
    assert b"--tmp-dir" in done.stderr
    assert done.stderr.count(b"ocitool:") == 1
    if beside:
        assert_old(target)
    else:
        assert not target.exists()


def test_pipe_that_breaks_off_is_truncated(tmp_path: Path, old: Path) -> None:
    data = multi_platform().pack()
    done = ocitool("filter", "-", "-p", "linux/amd64", "-o", old, stdin=data[: len(data) // 3])
    assert done.returncode == 3
    assert b"cut short" in done.stderr
    assert_old(old)


def test_spool_has_no_name(tmp_path: Path, old: Path) -> None:
    read, write = os.pipe()
    os.close(write)
    try:
        with pytest.raises(NotAnArchive, match="is empty"):
            filter_archive(
                "-", old, options_of(["linux/amd64"]), source_options=SourceOptions(read, spool_directory=tmp_path)
            )
    finally:
        os.close(read)
    assert [path.name for path in tmp_path.iterdir()] == ["old.tar"]


def test_a_spool_that_says_its_size_is_not_begun_where_it_does_not_fit(
    small_disk: Path, big: Path, tmp_path: Path
) -> None:
    packed = tmp_path / "big.tar.zst"
    packed.write_bytes(zstandard.compress(big.read_bytes()))
    done = ocitool("filter", packed, "-p", "linux/amd64", "--tmp-dir", small_disk, "-o", tmp_path / "out.tar")
    assert done.returncode == 6
    assert b"cannot spool here: needs" in done.stderr
    assert b"--tmp-dir" in done.stderr


@pytest.mark.parametrize("output", ["", "folder/.", "."])
def test_names_that_no_file_can_have(big: Path, tmp_path: Path, output: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "something").touch()
    done = ocitool("filter", big, "-p", "linux/amd64", "-o", output, folder=tmp_path)
    assert done.returncode == (6 if output else 2)
    assert done.stderr.count(b"\n") == 1
    assert (tmp_path / "folder" / "something").exists()
