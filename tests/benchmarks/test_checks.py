"""What is written has to be what was asked for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from benchmarks.checks import check_archive, check_usable
from benchmarks.corpus import Recipe, make_corpus
from benchmarks.layers import PLAIN_NOISE
from benchmarks.measure import CommandFailed
from benchmarks.reads import files_made

if TYPE_CHECKING:
    from pathlib import Path


def test_an_archive_has_to_be_whole_and_hold_just_what_was_asked_for(tmp_path: Path) -> None:
    recipe = Recipe(2_000, kind=PLAIN_NOISE, platforms=("linux/amd64", "linux/arm64"))
    path = make_corpus(tmp_path / "multi.tar", recipe).path
    size = path.stat().st_size
    check_archive("split", path)
    check_archive("merge", path, "linux/amd64,linux/arm64")
    check_usable("skopeo", path, "linux/arm64", size)
    with pytest.raises(CommandFailed, match=r"filter wrote what does not verify: .*linux/amd64"):
        check_archive("filter", path, "linux/arm64")
    with pytest.raises(CommandFailed, match="skopeo kept more"):
        check_usable("skopeo", path, "linux/arm64", size - 1)
    with pytest.raises(CommandFailed, match=r"skopeo wrote what cannot be used: .*s390x"):
        check_usable("skopeo", path, "linux/s390x", size)
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(b"content") + 1_000] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(CommandFailed, match="does not verify"):
        check_archive("filter", path)


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace here")
def test_files_that_are_made_are_told_and_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("x")
    made = files_made(["sh", "-c", f"cat {tmp_path}/there > {tmp_path}/new; cat /dev/null > /no/such/place || true"])
    assert made == (f"{tmp_path}/new",)
