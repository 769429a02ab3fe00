"""Small file systems of a kind and size of their own, mounted from a file."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import NoReturn

    GiveUp = Callable[[str], NoReturn]

OPTIONS = {"ext4": ("-O", "^has_journal"), "xfs": ("-m", "reflink=1"), "btrfs": ()}
SMALLEST = {"xfs": 320 * 1024 * 1024, "btrfs": 160 * 1024 * 1024}
"""Bytes that the file systems whose files share blocks need, and about a hundred mebibytes for data."""


def shared_bytes(path: Path) -> int:
    """Return the bytes of a file whose blocks another file has too, as the file system tells."""
    done = subprocess.run(["filefrag", "-v", "-b1", path], capture_output=True, text=True, check=True)
    extents = [line.split(":") for line in done.stdout.splitlines() if "shared" in line]
    return sum(int(extent[3]) for extent in extents)


def free_bytes(folder: Path) -> int:
    """Return what the file system of a folder has free, once all that is to be written is."""
    os.sync()
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


@contextmanager
def mounted(folder: Path, kind: str, size: int, give_up: GiveUp) -> Iterator[Path]:
    """Mount a new file system of `size` bytes in `folder`, or call `give_up` with the reason why not."""
    if os.geteuid() != 0:
        give_up("mounting needs root")
    if shutil.which(f"mkfs.{kind}") is None or shutil.which("mount") is None:
        give_up(f"no mkfs.{kind} or mount here")
    image, disk = folder / "disk.img", folder / "disk"
    with image.open("wb") as stream:
        stream.truncate(size)
    subprocess.run([f"mkfs.{kind}", "-q", *OPTIONS[kind], str(image)], check=True, capture_output=True)
    disk.mkdir()
    done = subprocess.run(["mount", "-o", "loop", str(image), str(disk)], check=False, capture_output=True)
    if done.returncode != 0:
        give_up(f"cannot mount: {done.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)
        image.unlink()
