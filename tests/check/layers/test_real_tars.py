"""Tars as GNU tar writes them, of files that are really there."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
import tarfile
from typing import TYPE_CHECKING, Final

import pytest

from tests.check.layers.test_watcher import seen, watch

if TYPE_CHECKING:
    from pathlib import Path

TAR: Final = shutil.which("tar")
pytestmark = pytest.mark.skipif(TAR is None, reason="needs tar")


def packed(folder: Path, target: Path, *options: str) -> bytes:
    subprocess.run(["tar", "-C", folder, *options, "-cf", target, "."], check=True, capture_output=True)
    return target.read_bytes()


@pytest.mark.parametrize("form", ["v7", "ustar", "oldgnu", "gnu", "posix"])
def test_a_real_tree_is_clean(tmp_path: Path, form: str) -> None:
    tree, target = tmp_path / "tree", tmp_path / "out.tar"
    shutil.copytree(
        sysconfig.get_path("stdlib"), tree, ignore=shutil.ignore_patterns("test", "site-packages", "__pycache__")
    )
    (tree / "python").symlink_to("../../bin/python")
    (tree / "again").hardlink_to(tree / "os.py")
    if form != "v7":  # which has no room for long names
        (tree / ("long" * 50)).mkdir()
        (tree / ("long" * 20) / ("name" * 20)).parent.mkdir()
        (tree / ("long" * 20) / ("name" * 20)).write_bytes(b"x" * 3000)
        if form == "ustar":
            (tree / ("long" * 50)).rmdir()
    tar = watch(packed(tree, target, f"--format={form}"), [1000, 7, 1 << 16])
    with tarfile.open(target) as oracle:
        assert tar.entries == len(oracle.getmembers()) > 500
    assert tar.fault == ""
    # The link leads out if the tree is taken for the root of an image, which is no fault as nothing lies behind it.
    assert seen(tar) == {}


@pytest.mark.parametrize(
    "options", [["--format=gnu"], ["--format=posix"], ["--format=posix", "--sparse-version=0.1"]]
)
def test_sparse_files_as_gnu_tar_writes_them(tmp_path: Path, options: list[str]) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    with (tree / "holes").open("wb") as file:
        for number in range(50):  # more than the header has room for
            file.seek(number << 17)
            file.write(b"x" * 4096)
    (tree / "zfull").write_bytes(b"x" * 5000)
    tar = watch(packed(tree, tmp_path / "out.tar", "--sparse", "--sort=name", *options))
    rule = "Y12" if "--format=gnu" in options else "Y4"  # as containerd unpacks the one and not the other
    assert (tar.fault, tar.entries, seen(tar)) == ("", 3, {rule: 1})
    assert tar.sightings[rule].examples == [b"./holes"]
