"""The archive has its stream for itself, and closed streams are no accident."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import multi_platform
from tests.command import ocitool

FILTER = "ocitool filter image.tar -p linux/arm64"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "image.tar").write_bytes(multi_platform().pack())
    return tmp_path


def bash(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-uo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "script",
    [
        f"{FILTER} -o - | ocitool verify -",
        f"{FILTER} -o /dev/stdout | ocitool verify -",
        f"{FILTER} -o /dev/fd/3 3>&1 | ocitool verify -",
        f"{FILTER} -o /dev/stderr 2>x.tar; ocitool verify x.tar",
        f"{FILTER} -o /dev/stdout >x.tar; ocitool verify x.tar",
        "cat image.tar | ocitool filter - -p linux/arm64 -o /dev/stdout | ocitool verify -",
        "ocitool filter - -p linux/arm64 -o - <image.tar | ocitool verify -",
        "ocitool filter <(cat image.tar) -p linux/arm64 -o >(cat >x.tar); sleep 1; ocitool verify x.tar",
        "mkfifo f; cat f >x.tar & ocitool filter image.tar -p linux/arm64 -o f; wait; ocitool verify x.tar",
    ],
)
def test_the_archive_is_alone_in_its_stream(script: str, folder: Path) -> None:
    done = bash(script, folder)
    assert done.returncode == 0, done.stderr
    assert ": ok (4 blobs" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("where", ["-", "/dev/stdout", "image.tar", "x.tar"])
def test_the_digest_map_is_a_file_of_its_own(where: str, folder: Path) -> None:
    before = (folder / "image.tar").read_bytes()
    done = ocitool("filter", "image.tar", "-p", "all", "-o", "x.tar", "--digest-map", where, folder=folder)
    assert done.returncode == 2
    assert (folder / "image.tar").read_bytes() == before
    assert not (folder / "x.tar").exists()


@pytest.mark.parametrize(
    "stream", [">&-", "2>&-", ">/dev/full", "2>/dev/full", ">/dev/full 2>&1", "--format json >/dev/full"]
)
def test_a_report_that_cannot_be_written_does_not_undo_the_archive(stream: str, folder: Path) -> None:
    done = bash(f"{FILTER} -o x.tar {stream}", folder)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert bash("ocitool verify x.tar", folder).returncode == 0


def test_a_report_that_is_all_there_is_must_be_written(folder: Path) -> None:
    assert bash("ocitool inspect image.tar >/dev/full", folder).returncode == 6
    assert bash(f"{FILTER} -o x.tar --dry-run >/dev/full", folder).returncode == 6


def test_a_closed_standard_input_is_told(folder: Path) -> None:
    done = bash("ocitool filter - -p all -o x.tar <&-", folder)
    assert done.returncode == 3
    assert done.stderr == "ocitool: standard input: cannot read: Bad file descriptor\n"
    assert not (folder / "x.tar").exists()


@pytest.mark.parametrize(
    "arguments", ["filter image.tar -o x.tar", "filter image.tar -p all -o x --index bogus", "inspect"]
)
def test_usage_errors_are_json_too(arguments: str, folder: Path) -> None:
    for form in ("--format json", "--format=json"):
        done = bash(f"ocitool {arguments} {form}", folder)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith('{"schemaVersion": 1, "kind": "error", "code": "usage", "exitCode": 2')
    assert bash(f"ocitool {arguments}", folder).stderr.startswith("Usage: ocitool ")
