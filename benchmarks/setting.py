"""What the benchmarks share: options, a corpus in a folder of its own, and the yardsticks of each run."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.corpus import Corpus, make_corpus, write_kept
from benchmarks.measure import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.layers import LayerKind

WANTED: Final = "linux/arm64"
MEMORY_FOLDER: Final = Path("/dev/shm")  # noqa: S108 - pages in memory are what is to be measured
TOOL: Final = (sys.executable, "-m", "ocitool")

BARE: Final = "python"
START: Final = "ocitool --version"
COPY: Final = "cp"


@dataclass(frozen=True, slots=True)
class Setting:
    """A corpus in a folder, the bytes of it that a filter to `WANTED` keeps, and where outputs go."""

    corpus: Corpus
    kept: Path
    folder: Path
    output: Path

    def copy(self, *, synced: bool = False) -> Command:
        """Return the copy of the kept bytes, if asked for until they are on the disk."""
        return self.shell(COPY, f"cp {shlex.quote(str(self.kept))} {shlex.quote(str(self.output))}", synced=synced)

    def shell(self, name: str, line: str, *, synced: bool = False) -> Command:
        """Return a line for the shell that writes the output, if asked for until it is on the disk."""
        after = f" && sync {shlex.quote(str(self.output))}" if synced else ""
        return Command(name, ["sh", "-c", line + after], prepare=self.make_ready)

    def make_ready(self) -> None:
        """Remove the output; have the disk idle, or as much memory as a run may write touched and freed again.

        A virtual machine may give freed memory back to its host, and touching it again costs more than writing to
        it: what runs second would find the pages that the first one paid for.
        """
        self.output.unlink(missing_ok=True)
        if self.folder.is_relative_to(MEMORY_FOLDER):
            with tempfile.TemporaryFile(dir=self.folder) as file:
                os.posix_fallocate(file.fileno(), 0, self.corpus.path.stat().st_size + self.kept.stat().st_size)
        else:
            os.sync()

    def facts(self, options: argparse.Namespace) -> dict[str, object]:
        """Tell what is measured, for the report."""
        return {
            "folder": str(options.folder),
            "archiveBytes": self.corpus.path.stat().st_size,
            "keptBytes": self.kept.stat().st_size,
            "runs": options.runs,
        }


def start_up() -> list[Command]:
    """Return what a start costs: bare Python, and the tool doing nothing."""
    return [Command(BARE, [sys.executable, "-c", "pass"]), Command(START, [*TOOL, "--version"])]


def parse_options(
    description: str | None, *extra: tuple[str, Callable[[str], object], object, str]
) -> argparse.Namespace:
    """Parse the options that all benchmarks have, and `extra` ones as (name, type, default, help)."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layer-mib", type=int, default=1024, help="size of each layer (default 1024)")
    parser.add_argument("--layers", type=int, default=1, help="layers per platform (default 1)")
    parser.add_argument("--runs", type=int, default=5, help="measured rounds after a discarded one (default 5)")
    parser.add_argument("--folder", type=Path, default=MEMORY_FOLDER, help="where the files go (default /dev/shm)")
    parser.add_argument("--json", type=Path, help="write the result there too")
    for name, kind, default, text in extra:
        parser.add_argument(name, type=kind, default=default, help=text)
    return parser.parse_args()


@contextmanager
def prepare(options: argparse.Namespace, kind: LayerKind) -> Iterator[Setting]:
    """Make the corpus in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ocitool-bench-", dir=options.folder) as name:
        folder = Path(name)
        # In a process of its own: a child starts with the peak memory of its parent.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
            corpus = maker.submit(
                make_corpus,
                folder / "multi.tar",
                layer_size=options.layer_mib * 1024 * 1024,
                layers=options.layers,
                kind=kind,
            ).result()
        yield Setting(corpus, write_kept(corpus, WANTED, folder / "kept.bin"), folder, folder / "out.tar")


def remover(path: Path) -> Callable[[], None]:
    """Return what removes a file that may be there."""
    return lambda: path.unlink(missing_ok=True)
