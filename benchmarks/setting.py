"""What the measurements share: an archive in a folder of its own, and the yardsticks of each run."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.apart import apart
from benchmarks.checks import check_archive
from benchmarks.corpus import Corpus, Recipe, make_corpus, write_kept
from benchmarks.machine import file_system
from benchmarks.measure import Command, Role
from benchmarks.measurement import Skip
from benchmarks.space import mounted_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WANTED: Final = "linux/arm64"
MEMORY_FOLDER: Final = Path("/dev/shm")  # noqa: S108 - pages in memory are what is to be measured
DISK_FOLDER: Final = Path("/var/tmp")  # noqa: S108 - a folder that is on a disk everywhere
TOOL: Final = (sys.executable, "-m", "ocitool")
MIB: Final = 2**20
TINY: Final = Recipe(layer_size=1024)
GIB: Final = 2**30

BARE: Final = "python"
TYPER: Final = "python with typer"
VERSION: Final = "ocitool --version"
START: Final = "filter of next to nothing"
"""What ratios of moving bytes leave out: all that a filter does but for the bytes."""

HASH: Final = "openssl dgst -sha256"
COPY: Final = "cp"
VERIFIED: Final = "filter"
UNVERIFIED: Final = "filter --no-verify"


@dataclass(frozen=True, slots=True)
class Setting:
    """An archive in a folder, the bytes of it that a filter to `WANTED` keeps, and where outputs go.

    `tiny` is another archive, of next to nothing.
    """

    corpus: Corpus
    tiny: Path
    kept: Path
    folder: Path
    output: Path

    @property
    def kept_size(self) -> int:
        """Bytes that a filter keeps."""
        return self.kept.stat().st_size

    @property
    def size(self) -> int:
        """Bytes of the archive."""
        return self.corpus.path.stat().st_size

    def hash(self) -> Command:
        """Return the hashing of the kept bytes, on one core."""
        return Command(HASH, ["openssl", "dgst", "-sha256", str(self.kept)], role=Role.YARDSTICK)

    def copy(self, *, synced: bool = False) -> Command:
        """Return the copy of the kept bytes, if asked for until they are on the disk."""
        line = f"cp {shlex.quote(str(self.kept))} {shlex.quote(str(self.output))}"
        return self.shell(COPY, line, synced=synced, role=Role.YARDSTICK)

    def check(self, name: str) -> Callable[[], None]:
        """Return what holds the output to the kept platform, whole and verified."""
        return partial(check_archive, name, self.output, WANTED)

    def shell(self, name: str, line: str, *, role: Role, synced: bool = False) -> Command:
        """Return a line for the shell that writes the output, if asked for until it is on the disk."""
        after = f" && sync {shlex.quote(str(self.output))}" if synced else ""
        check = self.check(name) if role is Role.TOOL else None
        return Command(name, ["sh", "-c", line + after], prepare=self.make_ready, role=role, check=check)

    def start(self, *options: str) -> Command:
        """Return the filter of next to nothing, which writes where the others do."""
        return Command(START, filtering(self.tiny, self.output, *options), prepare=self.make_ready, role=Role.START)

    def filter(self, name: str, *options: str) -> Command:
        """Return the filter of the archive to `WANTED`."""
        arguments = filtering(self.corpus.path, self.output, *options)
        return Command(name, arguments, prepare=self.make_ready, check=self.check(name))

    def make_ready(self) -> None:
        """Remove the output; have the disk idle, or as much memory as a run will write touched and freed again."""
        self.output.unlink(missing_ok=True)
        settle(self.folder, self.kept_size)

    def facts(self) -> dict[str, object]:
        """Tell what is measured, for the report."""
        return {"archiveBytes": self.size, "keptBytes": self.kept_size}


def filtering(source: Path, output: Path, *options: str) -> list[str]:
    """Return the command that filters a file to `WANTED`."""
    return [*TOOL, "filter", str(source), "-p", WANTED, "-q", *options, "-o", str(output)]


def settle(folder: Path, size: int) -> None:
    """Have the disk of a folder idle, or `size` bytes of its memory touched and freed again.

    A virtual machine may give freed memory back to its host, and touching it again costs more than writing to it:
    what runs second would find the pages that the first one paid for.
    """
    if not folder.is_relative_to(MEMORY_FOLDER):
        os.sync()
    elif size > 0:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, size)


def bare() -> Command:
    """Return what an empty Python costs."""
    return Command(BARE, [sys.executable, "-c", "pass"], role=Role.START)


def bare_with_typer() -> Command:
    """Return what Python costs with the library that reads options."""
    return Command(TYPER, [sys.executable, "-c", "import typer"], role=Role.START)


def version() -> Command:
    """Return what the tool costs that does nothing."""
    return Command(VERSION, [*TOOL, "--version"], role=Role.START)


@contextmanager
def workspace(parent: Path) -> Iterator[Path]:
    """Make a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ocitool-bench-", dir=parent) as name:
        yield Path(name)


def make_archive(path: Path, recipe: Recipe) -> Corpus:
    """Write an archive in a process of its own: what is measured starts with the peak memory of its parent."""
    return apart(make_corpus, path, recipe)


def make_setting(folder: Path, recipe: Recipe) -> Setting:
    """Write an archive into a folder, and the bytes of it that a filter keeps."""
    corpus = make_archive(folder / "multi.tar", recipe)
    tiny = make_archive(folder / "tiny.tar", TINY).path
    return Setting(corpus, tiny, write_kept(corpus, WANTED, folder / "kept.bin"), folder, folder / "out.tar")


@contextmanager
def prepared(parent: Path, recipe: Recipe) -> Iterator[Setting]:
    """Write an archive and the bytes that a filter keeps into a folder that is gone afterwards."""
    with workspace(parent) as folder:
        yield make_setting(folder, recipe)


@contextmanager
def memory_workspace(parent: Path, room: int) -> Iterator[tuple[Path, tuple[Skip, ...]]]:
    """Make a folder in memory that is gone afterwards, for `room` bytes and, as root, a file system of its own.

    There, what others write does not count as what a measured command keeps on disk.
    """
    with workspace(parent) as folder:
        if os.geteuid() != 0 or file_system(folder) != "tmpfs":
            yield folder, (Skip("a file system of its own", "that needs root and a tmpfs; what others write counts"),)
            return
        with mounted_memory(folder, room + 64 * MIB) as place:
            yield place, ()


def remover(path: Path) -> Callable[[], None]:
    """Return what removes a file that may be there."""
    return lambda: path.unlink(missing_ok=True)
