"""Whether what a measured command wrote is what it was asked for: speed that leaves things out is worth nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.measure import CommandFailed

if TYPE_CHECKING:
    from pathlib import Path


def check_archive(name: str, archive: Path, platforms: str | None = None) -> None:
    """Have an archive verified, with just these platforms if any are named; raises `CommandFailed` of `name`."""
    only = [] if platforms is None else ["-p", platforms, "--only"]
    done = _ocitool("verify", str(archive), *only)
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())
        raise CommandFailed(name, f"wrote what does not verify: {said}")


def check_usable(name: str, archive: Path, platform: str, most: int) -> None:
    """Hold an archive of another program to one platform that can be used, in `most` bytes; raises `CommandFailed`.

    Others write what not every rule of `verify` is kept by.
    """
    done = _ocitool("filter", str(archive), "-p", platform, "--dry-run", "-q", "-o", os.devnull)
    if done.returncode != 0:
        raise CommandFailed(name, f"wrote what cannot be used: {done.stderr.strip()}")
    if archive.stat().st_size > most:
        raise CommandFailed(name, "kept more than was asked for")


def _ocitool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "ocitool", *arguments], check=False, capture_output=True, text=True)
