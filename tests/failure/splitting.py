"""What tests of failing splits share: a folder with old parts, and what must be left of it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from ocitool.api.splitting import SplitResult, split_archive, split_options
from tests.builders import OCI_LAYER, Layout, as_json
from tests.command import ocitool
from tests.failure.endings import assert_old, refused
from tests.folders import names_in
from tests.laws.filtering import options_of

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from ocitool.api import WriteOptions
    from ocitool.api.listener import Listener

PLATFORMS: Final = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x")
PARTS: Final = ("in-linux-amd64.tar", "in-linux-arm-v7.tar", "in-linux-arm64.tar")
FOLDERS: Final = ("parts", "new")
"""Where to split to: the folder of the fixture `old_parts`, and one beside it that is not there."""

MEBIBYTE: Final = 1024 * 1024


def run(
    source: Path | str, folder: Path | str, *more: str | Path, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Split as a user does."""
    return ocitool("split", source, "-d", folder, *more, stdin=stdin)


def split(
    source: Path,
    folder: Path,
    *,
    template: str | None = None,
    write_options: WriteOptions | None = None,
    listener: Listener | None = None,
) -> SplitResult:
    """Split in this process, all platforms."""
    return split_archive(
        source,
        folder,
        options_of(["all"]),
        split_options(source, template=template),
        write_options=write_options,
        listener=listener,
    )


def heavy_layout(size: int = 8 * MEBIBYTE, platforms: tuple[str, ...] = PLATFORMS[:3]) -> Layout:
    """Make an image of which each platform has one layer of its own, `size` bytes that do not compress."""
    layout = Layout()
    children = []
    for number, platform in enumerate(platforms):
        child = layout.manifest(platform, ())
        document = layout.read(child)
        document["layers"] = [layout.blob(random.Random(number).randbytes(size), OCI_LAYER)]
        children.append(layout.blob(as_json(document), child["mediaType"], platform=child["platform"]))
    return layout.add(layout.index(children))


def assert_untouched(folder: Path) -> None:
    """Hold a folder to what the fixture `old_parts` made."""
    assert names_in(folder) == [*PARTS[:2], "letter.txt"]
    for name in names_in(folder):
        assert_old(folder / name)


def assert_none(done: subprocess.CompletedProcess[bytes], code: int, old_parts: Path, *words: str) -> None:
    """Hold a split to `old_parts` and to a new folder beside it: it was refused, and neither has changed."""
    refused(done, code, *words)
    assert_untouched(old_parts)
    assert not (old_parts.parent / "new").exists()
