"""Tars that no layout makes: docker-archives, and entries that occur twice."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.builders import NAME, as_json, layer_tar, platform, sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.builders import Layout


@dataclass(frozen=True, slots=True)
class TarFile:
    """A regular file of a tar, or a symbolic link if it has a target."""

    name: str
    data: bytes = b""
    link: str = ""


def packed(files: Iterable[TarFile]) -> bytes:
    """Return a tar of files in their order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for file in files:
            info = tarfile.TarInfo(file.name)
            info.size = len(file.data)
            if file.link:
                info.type, info.linkname = tarfile.SYMTYPE, file.link
            tar.addfile(info, io.BytesIO(file.data))
    return buffer.getvalue()


def repacked(layout: Layout, *twice: str) -> bytes:
    """Return the tar of a layout with some of its entries at the end once more."""
    entries = layout.entries()
    return packed(
        [*(TarFile(name, data) for name, data in entries.items()), *(TarFile(n, entries[n]) for n in twice)]
    )


def docker_archive(platform_text: str, tags: Sequence[str] = (NAME,), *, linked: bool = False) -> list[TarFile]:
    """Return what docker up to 24 saves of an image of two layers, the second a link to the first if `linked`."""
    base, own = layer_tar("file", b"base"), layer_tar("file", b"own")
    layers = [TarFile("0/layer.tar", base), TarFile("1/layer.tar", own)]
    if linked:
        layers[1] = TarFile("1/layer.tar", link="../0/layer.tar")
    contents = (base, base) if linked else (base, own)
    config = as_json(
        platform(platform_text)
        | {"rootfs": {"type": "layers", "diff_ids": [sha256(content) for content in contents]}}
    )
    name = f"{sha256(config).partition(':')[2]}.json"
    item = {"Config": name, "RepoTags": list(tags) or None, "Layers": [layer.name for layer in layers]}
    return [*layers, TarFile(name, config), TarFile("manifest.json", as_json([item]))]
