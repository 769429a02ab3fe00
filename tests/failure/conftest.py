"""What the tests of failures start from: archives, and a disk that is soon full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import multi_platform
from tests.disks import mounted
from tests.failure.endings import big_layout, old_file
from tests.failure.splitting import PARTS, heavy_layout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Provide an archive of three platforms."""
    path = tmp_path / "in.tar"
    path.write_bytes(multi_platform().pack())
    return path


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Provide an archive with one large layer."""
    path = tmp_path_factory.mktemp("big") / "big.tar"
    path.write_bytes(big_layout().pack())
    yield path
    path.unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount an ext4 of 4 MiB."""
    with mounted(tmp_path, "ext4", 4 * 1024 * 1024, pytest.skip) as disk:
        yield disk


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide an archive whose platforms have a large layer each."""
    path = tmp_path_factory.mktemp("heavy") / "in.tar"
    path.write_bytes(heavy_layout().pack())
    return path


@pytest.fixture
def old_parts(tmp_path: Path) -> Path:
    """Provide a folder in which something stands under the names of two parts, and something else."""
    folder = tmp_path / "parts"
    folder.mkdir()
    for name in (*PARTS[:2], "letter.txt"):
        old_file(folder / name)
    return folder
