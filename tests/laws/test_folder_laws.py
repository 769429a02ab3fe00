"""An output folder holds, file by file, the bytes of the tar that the same options write."""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from ocitool.api import IndexForm, WriteOptions, filter_archive
from tests.folders import files_of, names_in, unpack
from tests.laws.filtering import filtered, options_of
from tests.strategies import Archive, selected_archives

if TYPE_CHECKING:
    from collections.abc import Sequence


def members(data: bytes) -> tuple[dict[str, bytes], set[str]]:
    """Return the files of a tar and the names of its folders, as Python reads it."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            if (file := tar.extractfile(member)) is not None:
                files[member.name] = file.read()
        return files, {member.name for member in tar if member.isdir()}


def write(source: Path, platforms: Sequence[str], target: Path, *, verify: bool = True, force: bool = False) -> int:
    """Filter `source` to the folder `target`; return the size that is reported."""
    result = filter_archive(
        source, f"{target}/", options_of(platforms), write_options=WriteOptions(verify=verify, force=force)
    )
    return result.size


@settings(max_examples=40)
@given(selected_archives(), st.booleans(), st.booleans())
def test_a_folder_holds_the_members_of_the_tar(
    drawn: tuple[Archive, list[str]], from_folder: bool, verify: bool
) -> None:
    archive, platforms = drawn
    expected = filtered(archive.layout.pack(), platforms)
    files, folders = members(expected)
    with tempfile.TemporaryDirectory() as name:
        source, target, copy = Path(name, "source"), Path(name, "target"), Path(name, "copy.tar")
        if from_folder:
            unpack(archive.layout, source)
        else:
            source.write_bytes(archive.layout.pack())
        size = write(source, platforms, target, verify=verify)
        assert files_of(target) == files
        assert {str(path.relative_to(target)) for path in target.rglob("*") if path.is_dir()} == folders
        assert size == sum(map(len, files.values()))
        # Read back, it is the archive that the tar is.
        filter_archive(target, copy, options_of(["all"], index=IndexForm.KEEP))
        assert copy.read_bytes() == filtered(expected, ["all"], index=IndexForm.KEEP)
        # In place of itself, it stays what it is.
        write(target, ["all"], target, verify=verify, force=True)
        assert files_of(target) == members(filtered(expected, ["all"]))[0]
        assert names_in(Path(name)) == ["copy.tar", "source", "target"]
