"""What a folder holds, to compare it with tars and with what it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import Layout


def unpack(layout: Layout, folder: Path) -> Path:
    """Write the files of a layout into a new folder."""
    for name, data in layout.entries().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    """Return all regular files below a folder by name; nothing else but folders may be there."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        assert not path.is_symlink()
        if not path.is_dir():
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def names_in(folder: Path) -> list[str]:
    """Return what stands in a folder, hidden or not."""
    return sorted(path.name for path in folder.iterdir())


def linked(folder: Path) -> set[str]:
    """Return the names of the files that have another name somewhere."""
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.stat().st_nlink > 1
    }
