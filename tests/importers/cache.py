"""Keep fetched engines and built samples between test runs.

Fetching three Debian suites costs a minute; a warm cache costs milliseconds. Every
entry is a folder that appears whole or not at all, so an interrupted run, or several
test workers at once, never leave a half-written engine behind.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CACHE_VARIABLE = "OCITOOL_IMPORTER_CACHE"


def cache_root() -> Path:
    """Return the cache folder, created if absent.

    The path is resolved because relocated programs carry it inside themselves.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    root = Path(chosen) if chosen else Path.home() / ".cache" / "ocitool-importers"
    root.mkdir(parents=True, exist_ok=True)
    return root.resolve()


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the machine-wide lock called ``name``.

    Test workers are separate processes, so only a file lock orders them.
    """
    path = cache_root() / "locks" / f"{name}.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def cached_folder(kind: str, key: str, fill: Callable[[Path], None]) -> Path:
    """Return the folder ``kind/key``, filling it first if it is not there yet.

    ``fill`` writes into a temporary neighbour which is then renamed: the presence of
    the final name is the proof that filling ended well. It is told the folder it
    fills, whose name changes afterwards, so it must not record that path.
    """
    final = cache_root() / kind / key
    if final.is_dir():
        return final
    with locked(f"{kind}-{key}"):
        if final.is_dir():
            return final
        final.parent.mkdir(parents=True, exist_ok=True)
        for abandoned in final.parent.glob(f".{key}-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=final.parent))
        try:
            fill(draft)
            draft.chmod(0o755)
            draft.rename(final)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    return final
