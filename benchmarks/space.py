"""How much of a file system is in use, and file systems made for one measurement."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from benchmarks.processes import processes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTERVAL: Final = 0.005
_ATTEMPTS: Final = 5
_PAUSE: Final = 0.2  # seconds


class SpaceWatch:
    """Follow, as a context manager, how many bytes of a file system are in use above what was at the start.

    The file system is asked and not its folders, so that files without a name count too. What others write to it
    counts as well: it should be one of the measurement's own.
    """

    def __init__(self, folder: Path) -> None:
        self.peak = 0
        self._folder = folder
        self._start = used(folder)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    def _follow(self) -> None:
        while not self._ended.wait(_INTERVAL):
            self._look()

    def _look(self) -> None:
        self.peak = max(self.peak, used(self._folder) - self._start)


def used(folder: Path) -> int:
    """Return the bytes in use of the file system that a folder is on."""
    state = os.statvfs(folder)
    return (state.f_blocks - state.f_bfree) * state.f_frsize


def free(folder: Path) -> int:
    """Return the bytes that may be written to the file system that a folder is on."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


@contextmanager
def mounted_memory(folder: Path, size: int) -> Iterator[Path]:
    """Mount a tmpfs of at most `size` bytes as a folder of this one, while the context lasts (root)."""
    place = folder / "memory"
    place.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "ocitool-bench", str(place))
    try:
        yield place
    finally:
        unmount(place)


@contextmanager
def mounted_xfs(folder: Path, size: int) -> Iterator[Path]:
    """Mount an XFS with reflinks, `size` bytes in a sparse file of a folder, while the context lasts (root)."""
    image, place = folder / "xfs.img", folder / "xfs"
    with image.open("wb") as stream:
        stream.truncate(size)
    place.mkdir()
    try:
        _run("mkfs.xfs", "-q", "-m", "reflink=1", str(image))
        _run("mount", "-o", "loop", str(image), str(place))
        try:
            yield place
        finally:
            unmount(place)
    finally:
        image.unlink()


def unmount(place: Path) -> None:
    """End what works in a folder, unmount it and remove it; one still in use is unmounted when its last user ends.

    Raises nothing, so that it never takes the place of what ended a measurement.
    """
    for process in processes_of(place):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    for inner in _mounts_within(place):
        _unmounted(inner, "--lazy")
    for _ in range(_ATTEMPTS):
        if _unmounted(place):
            break
        time.sleep(_PAUSE)
    else:
        if not _unmounted(place, "--lazy"):
            print(f"benchmarks: {place} is still mounted", file=sys.stderr)
    with suppress(OSError):
        place.rmdir()


def _mounts_within(place: Path) -> list[str]:
    """Return what is mounted below a folder, the innermost first: servers leave it when they are killed."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted((mount for mount in mounts if mount.startswith(f"{place}/")), reverse=True)


def _unmounted(place: Path | str, *options: str) -> bool:
    return subprocess.run(["umount", *options, str(place)], check=False, capture_output=True).returncode == 0


def drop_caches() -> None:
    """Bring all that is written to the disks and forget all that was read from them (root)."""
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as control:  # noqa: PTH123 - a switch, not a file
        control.write("3")


def _run(*arguments: str) -> None:
    subprocess.run(arguments, check=True, capture_output=True)
