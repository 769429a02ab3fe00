"""Compressing layers anew ends like everything else: stopped, on a full disk or over damage, nothing stays behind."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.builders import OCI_CONFIG, OCI_LAYERS_PLAIN, OCI_MANIFEST, Layout, as_json, layer_tar, sha256
from tests.command import ocitool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OLD = b"what stood here before"
SIZE = 16 * 1024 * 1024


def noisy_layout(layers: int = 3) -> Layout:
    """Make an image with plain layers that do not compress."""
    layout = Layout()
    tars = [layer_tar("noise", random.Random(number).randbytes(SIZE)) for number in range(layers)]
    config = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [sha256(tar) for tar in tars]},
    }
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": layout.blob(as_json(config), OCI_CONFIG),
        "layers": [layout.blob(tar, OCI_LAYERS_PLAIN) for tar in tars],
    }
    return layout.add(layout.blob(as_json(document), OCI_MANIFEST))


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("noisy") / "noisy.tar"
    path.write_bytes(noisy_layout().pack())
    yield path
    path.unlink()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "old.tar"
    path.write_bytes(OLD)
    return path


def assert_old(path: Path) -> None:
    assert path.read_bytes() == OLD
    assert [found.name for found in path.parent.iterdir()] == ["old.tar"]


SCRIPT = """
import os
from ocitool.archive.spool import SpoolFile
original, seen, killed = SpoolFile.write, [], []
def write(spool, data):
    original(spool, data)
    seen.append(len(data))
    if sum(seen) > 4 * 1024 * 1024 and not killed:
        killed.append(1)  # once: a second signal would cut what is said of the first
        os.kill(os.getpid(), {number})
SpoolFile.write = write
from ocitool.cli.app import run
run()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("layers", ["gzip", "zstd"])
def test_signal(noisy: Path, old: Path, number: int, code: int, layers: str) -> None:
    arguments = ["filter", str(noisy), "-p", "all", "--layers", layers, "-o", str(old)]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(number=int(number)), *arguments],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (code, b"ocitool: interrupted\n")
    assert_old(old)


@pytest.mark.parametrize("verify", ["--verify", "--no-verify"])
def test_damage_is_found_whatever_is_trusted(tmp_path: Path, old: Path, verify: str) -> None:
    layout = noisy_layout(2)
    digest = max(layout.blobs, key=lambda digest: len(layout.blobs[digest]))
    layout.blobs[digest] = layout.blobs[digest][:-1] + b"x"
    source = tmp_path / "bad.tar"
    source.write_bytes(layout.pack())
    done = ocitool("filter", source, "-p", "all", "--layers", "zstd", verify, "-o", old)
    assert done.returncode == 5
    assert b"is corrupt: its bytes hash to" in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert_old(old)


def test_full_disk(noisy: Path, old: Path, small_disk: Path) -> None:
    done = ocitool("filter", noisy, "-p", "all", "--layers", "gzip", "--tmp-dir", small_disk, "-o", old)
    assert done.returncode == 6
    assert b"cannot spool here: No space left on device; name another folder with --tmp-dir" in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert_old(old)
    assert [path.name for path in small_disk.iterdir()] == ["lost+found"]


def test_dry_run_says_what_it_cannot_know(noisy: Path, old: Path) -> None:
    done = ocitool("filter", noisy, "-p", "all", "--layers", "gzip", "-o", old, "--dry-run")
    assert done.returncode == 0
    assert b"3 layer(s) would be compressed anew (gzip)" in done.stderr
    assert_old(old)


def test_sizes_of_the_report_are_those_of_files(noisy: Path, tmp_path: Path) -> None:
    import json

    target = tmp_path / "new.tar"
    done = ocitool("filter", noisy, "-p", "all", "--layers", "zstd", "-o", target, "--format", "json")
    report = json.loads(done.stdout)
    assert report["sourceSize"] == noisy.stat().st_size
    assert report["outputSize"] == target.stat().st_size
