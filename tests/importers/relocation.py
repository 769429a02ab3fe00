"""Make programs of another Debian suite run from a folder of this machine.

A program of a newer suite needs that suite's C library, whose loader must be of the
same build. Starting it through the loader by hand, or with LD_LIBRARY_PATH, breaks as
soon as it starts itself again through /proc/self/exe (runc, shims, docker, podman) or
starts a program of the machine. So loader and search path are written into a copy.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ELF_MAGIC = b"\x7fELF"
PATCHER = "usr/bin/patchelf"
LIBRARY_ROOTS = ("lib", "usr/lib")
HEADER_BYTES = 8192


class RelocationError(RuntimeError):
    """Say that a program cannot be made to run outside its suite."""


def relocate(draft: Path, final: Path, programs: Sequence[Path], patcher: Path) -> None:
    """Write loader and library path below ``final`` into ``programs`` of ``draft``.

    ``draft`` becomes ``final`` later, so the paths written do not exist yet. ``patcher``
    is the unpacked tree of patchelf.
    """
    present = [program for program in programs if _is_dynamic(program)]
    loader = final / _loader(draft).relative_to(draft)
    search = ":".join(str(final / folder.relative_to(draft)) for folder in _folders(draft))
    patch = [
        str(_loader(patcher)),
        "--library-path",
        ":".join(str(folder) for folder in _folders(patcher)),
        str(patcher / PATCHER),
        "--set-interpreter",
        str(loader),
        "--force-rpath",
        "--set-rpath",
        search,
    ]
    for program in present:
        result = subprocess.run([*patch, str(program)], check=False, capture_output=True, text=True, timeout=120)
        if result.returncode != 0:
            raise RelocationError(f"{program.name}: {result.stderr.strip()}")


def _loader(root: Path) -> Path:
    """Return the dynamic loader of an unpacked suite."""
    for folder in _folders(root):
        for loader in sorted(folder.glob("ld-linux*.so.*")):
            return loader
    raise RelocationError(f"no dynamic loader below {root}")


def _folders(root: Path) -> Iterator[Path]:
    """Yield the multiarch library folders of an unpacked suite.

    Suites before the merge of /lib into /usr/lib use both.
    """
    for name in LIBRARY_ROOTS:
        yield from sorted((root / name).glob("*-linux-gnu*"))


def _is_dynamic(program: Path) -> bool:
    """Tell whether ``program`` is an ELF file that names a dynamic loader."""
    if not program.is_file() or program.is_symlink():
        return False
    with program.open("rb") as handle:
        if handle.read(4) != ELF_MAGIC:
            return False
        handle.seek(0)
        return b"/ld-linux" in handle.read(HEADER_BYTES)
