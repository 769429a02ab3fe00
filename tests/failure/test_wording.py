"""Errors read well: one line, what and where and what to do, the documented code."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
from typing import TYPE_CHECKING

import pytest
import zstandard

from tests.builders import multi_platform
from tests.command import ocitool

if TYPE_CHECKING:
    from pathlib import Path


def _old_docker_archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in {"repositories": b"{}", "0123/json": b"{}"}.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    return buffer.getvalue()


def _other_tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("readme.txt"))
    return buffer.getvalue()


PLAIN = multi_platform().pack()
CASES = {
    "no tar": (b"#!/bin/sh\necho hello\n" * 100, ["not a tar"]),
    "a short text": (b"hello", ["not a tar"]),
    "gzip cut short": (gzip.compress(PLAIN)[:-9], ["gzip", "cut short", "again"]),
    "zstd cut short": (zstandard.compress(PLAIN)[:-1], ["zstd", "cut short", "again"]),
    "xz damaged": (lzma.compress(PLAIN)[:40] + b"x" + lzma.compress(PLAIN)[41:], ["xz", "damaged", "again"]),
    "bzip2 with a tail": (bz2.compress(PLAIN) + b"junk", ["bzip2", "followed by something", "again"]),
    "empty": (b"", ["empty"]),
    "old docker-archive": (_old_docker_archive(), ["docker before 1.10", "save it again"]),
    "under a folder": (multi_platform().pack(prefix="image/"), ["'image'", "repack"]),
    "another tar": (_other_tar(), ["no image layout"]),
}


def _assert_one_line(stderr: bytes, words: list[str]) -> None:
    text = stderr.decode()
    assert text.startswith("ocitool: ")
    assert text.count("\n") == 1
    assert "Traceback" not in text
    for word in words:
        assert word in text


@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("command", ["filter", "inspect", "verify"])
def test_unreadable_sources(tmp_path: Path, name: str, command: str) -> None:
    data, words = CASES[name]
    source = tmp_path / "source.tar"
    source.write_bytes(data)
    more: list[str | Path] = ["-p", "linux/amd64", "-o", tmp_path / "out.tar"] if command == "filter" else []
    done = ocitool(command, source, *more)
    assert done.returncode == 3
    _assert_one_line(done.stderr, [str(source), *words])
    assert not (tmp_path / "out.tar").exists()


def test_folder_as_source(tmp_path: Path) -> None:
    done = ocitool("filter", tmp_path, "-p", "linux/amd64", "-o", tmp_path / "out.tar")
    assert done.returncode == 3
    _assert_one_line(done.stderr, ["holds no image layout", "docker save"])


def test_no_such_source(tmp_path: Path) -> None:
    done = ocitool("filter", tmp_path / "no.tar", "-p", "linux/amd64", "-o", tmp_path / "out.tar")
    assert done.returncode == 3
    _assert_one_line(done.stderr, ["no such file"])


def test_platform_that_is_not_there_lists_what_is(tmp_path: Path) -> None:
    source = tmp_path / "in.tar"
    source.write_bytes(PLAIN)
    done = ocitool("filter", source, "-p", "linux/s390x", "-o", tmp_path / "out.tar")
    assert done.returncode == 4
    _assert_one_line(done.stderr, ["linux/s390x", "linux/amd64", "linux/arm64", "linux/arm/v7"])


@pytest.mark.parametrize("name", ["empty", "old docker-archive", "under a folder"])
def test_json_errors_are_one_object(tmp_path: Path, name: str) -> None:
    source = tmp_path / "source.tar"
    source.write_bytes(CASES[name][0])
    done = ocitool("filter", source, "-p", "linux/amd64", "-o", tmp_path / "out.tar", "--format", "json")
    assert done.returncode == 3
    assert done.stdout == b""
    error = json.loads(done.stderr)
    assert {"schemaVersion", "kind", "code", "message", "where", "remedy"} <= error.keys()
    assert list(error)[:2] == ["schemaVersion", "kind"]
    assert (error["kind"], error["exitCode"]) == ("error", 3)


@pytest.mark.parametrize("arguments", [[], ["-p", "linux/amd64"], ["-p", "nonsense/", "-o", "out.tar"]])
def test_usage(tmp_path: Path, arguments: list[str]) -> None:
    source = tmp_path / "in.tar"
    source.write_bytes(PLAIN)
    done = ocitool("filter", source, *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert not (tmp_path / "out.tar").exists()


def test_control_characters_of_an_archive_do_not_reach_the_terminal(tmp_path: Path) -> None:
    source = tmp_path / "in.tar"
    source.write_bytes(multi_platform(name="evil\x1b[2J/name:\n1").pack())
    done = ocitool("filter", source, "-p", "linux/s390x", "-o", tmp_path / "out.tar")
    assert done.returncode == 4
    assert b"\x1b" not in done.stderr
    assert done.stderr.count(b"\n") == 1
