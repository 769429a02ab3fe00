"""What the command prints and refuses, as its users see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import NAME, Layout, multi_platform
from tests.command import ocitool

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "image.tar"
    path.write_bytes(multi_platform().pack())
    return path


def test_report_says_what_was_kept_dropped_and_saved(archive: Path, tmp_path: Path) -> None:
    result = ocitool("filter", archive, "-p", "linux/arm64", "-o", tmp_path / "out.tar")
    assert result.returncode == 0
    lines = result.stdout.decode().splitlines()
    assert lines[0].split()[:3] == ["keep", "linux/arm64", NAME]
    assert lines[1].endswith("platform not selected")
    assert "% less" in lines[-1]
    assert b"note: ctr before 1.3" in result.stderr


def test_quiet_prints_nothing(archive: Path, tmp_path: Path) -> None:
    result = ocitool("filter", archive, "-p", "linux/arm64", "-o", tmp_path / "out.tar", "-q")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


def test_a_table_of_contents_stands_before_the_rest_unless_told_not_to(archive: Path, tmp_path: Path) -> None:
    for mode, options in {"auto": (), "never": ("--contents", "never")}.items():
        assert ocitool("filter", archive, "-p", "all", "-o", tmp_path / mode, *options).returncode == 0
    plain, data = (tmp_path / "never").read_bytes(), (tmp_path / "auto").read_bytes()
    assert data.endswith(plain)
    assert b'comment={"ocitool":"contents","version":1,' in data.removesuffix(plain)
    assert plain.startswith(b"oci-layout\0")


def test_quiet_still_warns(tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(multi_platform(name=None).pack())
    result = ocitool("filter", tmp_path / "image.tar", "-p", "linux/arm64", "-o", tmp_path / "out.tar", "-q")
    assert result.returncode == 0
    assert b"has no name: ctr 1.2 and later store nothing" in result.stderr


@pytest.mark.parametrize("suffix", [".tar.xz", ".tar.bz2", ".tar.lz4"])
def test_a_suffix_that_promises_compression_is_refused(archive: Path, tmp_path: Path, suffix: str) -> None:
    result = ocitool("filter", archive, "-p", "all", "-o", tmp_path / f"out{suffix}")
    assert result.returncode == 2
    assert b"that compression is not written; write .tar, .tar.gz or .tar.zst" in result.stderr
    assert not (tmp_path / f"out{suffix}").exists()


@pytest.mark.parametrize("missing", ["-p", "-o"])
def test_platform_and_output_are_required(archive: Path, missing: str) -> None:
    options = {"-p": "all", "-o": "out.tar"}
    del options[missing]
    result = ocitool("filter", archive, *(part for option in options.items() for part in option))
    assert result.returncode == 2
    assert b"Missing option" in result.stderr


def test_digest_map(archive: Path, tmp_path: Path) -> None:
    result = ocitool(
        "filter", archive, "-p", "linux/arm64", "-o", tmp_path / "out.tar", "--digest-map", tmp_path / "map.json"
    )
    assert result.returncode == 0
    text = (tmp_path / "map.json").read_text()
    layout = multi_platform()
    assert text == f'{{"{layout.roots[0]["digest"]}":"{layout.read(layout.roots[0])["manifests"][1]["digest"]}"}}\n'


def test_digest_map_is_not_left_without_the_archive(tmp_path: Path) -> None:
    layout = multi_platform()
    (tmp_path / "image.tar").write_bytes(layout.pack())
    result = ocitool(
        *("filter", tmp_path / "image.tar", "-p", "linux/s390x"),
        *("-o", tmp_path / "out.tar", "--digest-map", tmp_path / "map.json"),
    )
    assert result.returncode == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.tar"]


def test_names_cannot_reach_the_terminal_as_control_characters(tmp_path: Path) -> None:
    layout = multi_platform(name="docker.io/library/\x1b[31mred:1.0")
    (tmp_path / "image.tar").write_bytes(layout.pack())
    result = ocitool("filter", tmp_path / "image.tar", "-p", "linux/arm64", "-o", tmp_path / "out.tar", "-v")
    assert result.returncode == 5
    assert b"\x1b" not in result.stdout + result.stderr
    assert b"\x1b" not in ocitool("inspect", tmp_path / "image.tar", "-v").stdout


@pytest.mark.parametrize("mode", ["plain", "json", "none", "auto"])
def test_progress_modes(archive: Path, tmp_path: Path, mode: str) -> None:
    result = ocitool("filter", archive, "-p", "all", "-o", tmp_path / "out.tar", "-q", "--progress", mode)
    assert result.returncode == 0
    assert bool(result.stderr) == (mode in {"plain", "json"})
    if mode == "json":
        assert b'"kind": "progress", "phase": "filtering", "done": 0' in result.stderr


def test_image_option_chooses_images(tmp_path: Path) -> None:
    layout = Layout()
    layout.add(layout.index([layout.manifest("linux/amd64", ("a",))]), "docker.io/library/one:1")
    layout.add(layout.index([layout.manifest("linux/amd64", ("b",))]), "docker.io/library/two:1")
    (tmp_path / "image.tar").write_bytes(layout.pack())
    result = ocitool("filter", tmp_path / "image.tar", "-p", "all", "--image", "two", "-o", tmp_path / "out.tar")
    assert result.returncode == 0, result.stderr
    listing = ocitool("inspect", tmp_path / "out.tar").stdout
    assert b"library/two:1" in listing
    assert b"library/one:1" not in listing
    result = ocitool("filter", tmp_path / "image.tar", "-p", "all", "--image", "three", "-o", tmp_path / "x.tar")
    assert result.returncode == 4
    assert b"the archive has docker.io/library/one:1, docker.io/library/two:1" in result.stderr


@pytest.mark.parametrize(
    "command", [["--help"], ["filter", "--help"], ["inspect", "-h"], ["verify", "-h"], ["schema", "-h"]]
)
def test_help(command: list[str]) -> None:
    result = ocitool(*command)
    assert result.returncode == 0
    assert b"Usage: " in result.stdout
    if len(command) == 2:
        assert b"Example" in result.stdout
        assert b"\x08" not in result.stdout


def test_a_flood_of_notes_is_cut_and_said_so(tmp_path: Path) -> None:
    layout = Layout()
    for number in range(30):
        layout.add(layout.manifest("linux/amd64", (str(number),)), None)
    layout.add(layout.artifact("sbom", layout.roots[0]), None)
    (tmp_path / "image.tar").write_bytes(layout.pack())
    arguments = ("filter", tmp_path / "image.tar", "-p", "all", "-o", tmp_path / "out.tar")
    lines = ocitool(*arguments).stderr.decode().splitlines()
    assert len(lines) == 21
    assert lines[-1].endswith("more; -v prints all of them")
    assert ocitool(*arguments, "-v").stderr.count(b"has no name") == 30


def test_names_are_given_and_changed(archive: Path, tmp_path: Path) -> None:
    once, twice = tmp_path / "once.tar", tmp_path / "twice.tar"
    result = ocitool("filter", archive, "-p", "all", "--rename", "docker.io/*=registry.local/*", "-o", once)
    assert (result.returncode, b"registry.local/library/lab:1.0" in result.stdout) == (0, True)
    assert b"note: renamed: docker.io/library/lab:1.0 is now registry.local/library/lab:1.0" in result.stderr
    result = ocitool("filter", once, "-p", "all", "--name", "a:1", "--name", "a:2", "-o", twice)
    assert result.returncode == 0
    listing = ocitool("inspect", twice).stdout
    assert b"docker.io/library/a:1" in listing
    assert b"docker.io/library/a:2" in listing


@pytest.mark.parametrize(
    ("option", "code", "words"),
    [
        (["--rename", "lab"], 2, b"not of the form OLD=NEW"),
        (["--rename", "lab=Lab"], 2, b"lower-case"),
        (["--rename", "other=lab"], 4, b"there is docker.io/library/lab:1.0"),
        (["--name", "lab@sha256:0"], 2, b"--name"),
        (["--name", "a", "--rename", "lab=b"], 2, b"--name and --rename both name"),
    ],
)
def test_names_that_cannot_be_given(
    archive: Path, tmp_path: Path, option: list[str], code: int, words: bytes
) -> None:
    result = ocitool("filter", archive, "-p", "all", "-o", tmp_path / "out.tar", *option)
    assert (result.returncode, result.stderr.count(b"\n")) == (code, 1)
    assert words in result.stderr
    assert not (tmp_path / "out.tar").exists()
