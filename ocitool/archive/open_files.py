"""Room for many open files at once: the soft limit of the process is raised as far as the hard one allows."""

from __future__ import annotations

import os
import resource
from typing import Final

from ocitool.archive.place import MORE_OPEN_FILES
from ocitool.errors import OutputError

SPARE: Final = 128
"""Open files beside those asked for: sources, spools, and what each thread opens for a moment."""


def allow_open_files(count: int, *, passing: int = 0) -> None:
    """Let this process keep `count` more files open, and if possible `passing` ones beside them at times.

    A limit that is raised stays so. Raises `OutputError` if it may not be.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    least = _open_now() + count
    if hard != resource.RLIM_INFINITY and hard < least:
        raise OutputError(
            f"{count} files must be open at once, and this process may open {hard}", remedy=MORE_OPEN_FILES
        )
    wanted = least + passing + SPARE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(hard, wanted), hard)
        )


def _open_now() -> int:
    try:
        return len(os.listdir("/dev/fd")) - 1  # noqa: PTH208 - without the one that lists them
    except OSError:
        return 0
