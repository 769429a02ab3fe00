"""`--reflink` as its users see it: what is printed, and what it refuses."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ocitool.cli.text import format_size
from ocitool.plan.options import Reflink
from ocitool.plan.steps import ALIGNED_FROM
from tests.builders import multi_platform
from tests.cli.test_schemas import check
from tests.command import ocitool
from tests.disks import SMALLEST, mounted, shared_bytes
from tests.failure.endings import assert_old, old_file, refused
from tests.folders import names_in
from tests.importers.availability import give_up
from tests.laws.filtering import filtered, parts_of
from tests.laws.test_reflink_laws import large_layers

if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHIVE = large_layers({"linux/amd64": [ALIGNED_FROM], "linux/arm64": [100_000]}).pack()


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with mounted(tmp_path_factory.mktemp("xfs"), "xfs", SMALLEST["xfs"], give_up) as disk:
        (disk / "in.tar").write_bytes(ARCHIVE)
        yield disk


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.tar"
    path.write_bytes(ARCHIVE)
    return path


def test_filter_says_what_it_shares(disk: Path) -> None:
    arguments = ("filter", "in.tar", "-p", "linux/arm64", "--reflink", "always", "-o", "out.tar")
    done = ocitool(*arguments, folder=disk)
    assert done.returncode == 0, done.stderr
    shared = shared_bytes(disk / "out.tar")
    assert done.stdout.decode().splitlines()[-1] == f"shares {format_size(shared)} of its blocks with in.tar"
    report = check("filter", ocitool(*arguments, "--format", "json", folder=disk).stdout)
    assert report["shared"] == shared
    check("plan", ocitool(*arguments, "--format", "json", "--dry-run", folder=disk).stdout)


def test_split_says_what_each_part_shares(disk: Path) -> None:
    arguments = ("split", "in.tar", "-d", "parts", "--reflink", "always")
    done = ocitool(*arguments, "--format", "json", folder=disk)
    report = check("split", done.stdout)
    for output in report["outputs"]:
        assert output["shared"] == shared_bytes(disk / output["file"]) > ALIGNED_FROM
    text = ocitool(*arguments, folder=disk).stdout.decode().splitlines()[-1]
    shared = sum(output["shared"] for output in report["outputs"])
    assert text == f"shares {format_size(shared)} of its blocks with in.tar"


def test_merge_says_what_it_shares(disk: Path) -> None:
    ocitool("split", "in.tar", "-d", "halves", "--reflink", "always", folder=disk)
    halves = [f"halves/{name}" for name in names_in(disk / "halves")]
    arguments = ("merge", *halves, "--reflink", "always", "-o", "merged.tar")
    report = check("merge", ocitool(*arguments, "--format", "json", folder=disk).stdout)
    assert report["shared"] == shared_bytes(disk / "merged.tar") > 3 * (ALIGNED_FROM - 8192)
    assert "blocks with its sources" in ocitool(*arguments, folder=disk).stdout.decode()


def test_auto_has_the_same_bytes_on_standard_output(source: Path) -> None:
    done = ocitool("filter", source, "-p", "linux/arm64", "--reflink", "auto", "-o", "-")
    assert done.returncode == 0
    assert done.stdout == filtered(ARCHIVE, ["linux/arm64"], reflink=Reflink.AUTO)
    assert b"shares" not in done.stderr


@pytest.mark.parametrize("more", [(), ("--reflink", "never")])
def test_without_it_nothing_is_different(source: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    ocitool("split", source, "-d", tmp_path / "parts", *more)
    for name, part in parts_of(ARCHIVE).items():
        assert (tmp_path / "parts" / name.replace("image", "in")).read_bytes() == part


@pytest.mark.parametrize(
    ("output", "more", "words"),
    [
        ("-", (), ("standard output", "no file", "--reflink auto")),
        ("/dev/stdout", (), ("no file",)),
        ("/dev/null", (), ("no file",)),
        ("fifo", (), ("fifo", "no file")),
        ("layout/", (), ("folder", "leave out --reflink")),
        ("out.tar.gz", (), ("compressed", "plain tar")),
        ("out.tar", ("--compress", "zstd"), ("compressed", "plain tar")),
    ],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["written", "planned"])
def test_always_is_refused_where_it_can_never_be(
    source: Path, tmp_path: Path, output: str, more: tuple[str, ...], dry: tuple[str, ...], words: tuple[str, ...]
) -> None:
    os.mkfifo(tmp_path / "fifo")
    done = ocitool(
        "filter", source, "-p", "linux/arm64", "--reflink", "always", "-o", output, *more, *dry, folder=tmp_path
    )
    refused(done, 2, *words)
    assert names_in(tmp_path) == ["fifo", "in.tar"]


def test_split_refuses_always_for_compressed_parts(source: Path, tmp_path: Path) -> None:
    for dry in ((), ("--dry-run",)):
        done = ocitool("split", source, "-d", tmp_path / "parts", "--reflink", "always", "--compress", "gzip", *dry)
        refused(done, 2, "compressed", "plain tar")
    assert names_in(tmp_path) == ["in.tar"]


def test_a_file_below_dev_is_a_file(source: Path) -> None:
    """A file system may be mounted anywhere; this one cannot share, which only trying tells."""
    shm = Path("/dev/shm")
    if not shm.is_dir():
        give_up("no /dev/shm here")
    with tempfile.TemporaryDirectory(dir=shm) as folder:
        inside = Path(folder) / "in.tar"
        inside.write_bytes(source.read_bytes())
        output = Path(folder) / "out.tar"
        done = ocitool("filter", inside, "-p", "linux/arm64", "--reflink", "always", "-o", output)
        refused(done, 6, "cannot share blocks", "--reflink auto")


@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["written", "planned"])
def test_what_is_too_small_to_share_is_told(disk: Path, dry: tuple[str, ...]) -> None:
    (disk / "small.tar").write_bytes(multi_platform().pack())
    arguments = ("small.tar", "-p", "linux/arm64", "--reflink", "always", *dry)
    done = ocitool("filter", *arguments, "-o", "small-out.tar", folder=disk)
    assert done.returncode == 0
    assert b"shares no blocks: no blob has 64.0 KiB" in done.stdout
    split = ocitool("split", *arguments, "-d", "small-parts", folder=disk)
    assert b"shares no blocks" in split.stdout
    auto = ocitool("filter", "small.tar", "-p", "linux/arm64", "--reflink", "auto", "-o", "auto.tar", folder=disk)
    assert b"shares" not in auto.stdout


def test_a_dry_run_tells_what_another_file_system_answers(disk: Path, source: Path) -> None:
    for verb in (("filter", source, "-p", "all", "-o", disk / "far.tar"), ("split", source, "-d", disk / "far")):
        planned, written = (ocitool(*verb, "--reflink", "always", *dry) for dry in (("--dry-run",), ()))
        refused(planned, 6, "cannot share blocks", "in.tar", "--reflink auto")
        assert planned.stderr == written.stderr
    near = ocitool("filter", "in.tar", "-p", "all", "-o", "o.tar", "--reflink", "always", "--dry-run", folder=disk)
    assert near.returncode == 0


def test_always_leaves_what_stood_there_where_it_cannot(disk: Path, source: Path, tmp_path: Path) -> None:
    folder = disk / "old"
    folder.mkdir()
    output = old_file(folder / "out.tar")
    done = ocitool("filter", source, "-p", "linux/arm64", "--reflink", "always", "-o", output)
    refused(done, 6, "cannot share blocks", "in.tar", "XFS, btrfs", "--reflink auto")
    assert_old(output)
