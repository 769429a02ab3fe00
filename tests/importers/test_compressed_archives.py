"""What ocitool compresses imports: directly into containerd 2, through the usual tool into older ones."""

from __future__ import annotations

import gzip
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard

from tests.archive.codec.test_decompress import COMPRESSORS

from .sample import NAME, greeting, host_platform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .containerd import ContainerdServer

UNPACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": zstandard.decompress}
SUFFIX = {"gzip": ".tar.gz", "zstd": ".tar.zst"}


@pytest.mark.parametrize("kind", sorted(SUFFIX))
def test_compressed_archive_imports(
    containerd: ContainerdServer, real_export: Path, tmp_path: Path, kind: str
) -> None:
    archive = tmp_path / f"image{SUFFIX[kind]}"
    subprocess.run(
        [sys.executable, "-m", "ocitool", "filter", real_export, "-p", str(host_platform()), "-q", "-o", archive],
        check=True,
    )
    if not containerd.version.startswith("2."):
        plain = tmp_path / "plain.tar"
        plain.write_bytes(UNPACK[kind](archive.read_bytes()))
        archive = plain
    with containerd.namespace() as namespace:
        done = containerd.ctr("images", "import", str(archive), namespace=namespace)
        assert done.returncode == 0, done.stderr
        assert containerd.images(namespace) == [NAME]
        ran = containerd.run_image(NAME, namespace=namespace)
        assert ran.stdout.strip() == greeting(host_platform()), ran.stderr


@pytest.mark.parametrize("kind", sorted(COMPRESSORS))
def test_a_compressed_export_is_read(
    containerd: ContainerdServer, real_export: Path, tmp_path: Path, kind: str
) -> None:
    packed, target = tmp_path / "export.bin", tmp_path / "host.tar"
    packed.write_bytes(COMPRESSORS[kind](real_export.read_bytes()))
    platform = str(host_platform())
    subprocess.run(
        [sys.executable, "-m", "ocitool", "filter", packed, "-p", platform, "-q", "-o", target], check=True
    )
    with containerd.namespace() as namespace:
        done = containerd.ctr("images", "import", str(target), namespace=namespace)
        assert done.returncode == 0, done.stderr
        assert containerd.images(namespace) == [NAME]
